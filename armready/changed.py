"""`--changed-since REV`: which lines of the files differ from a revision.

git only hands out the old blobs; the comparison is ours. So nothing that a repository can configure runs: no external diff, textconv or
clean filter, no fsmonitor, no hook, no lazy fetch from a remote.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from armready.errors import ParseProblem, UsageError
from armready.finding import Finding
from armready.source import Location
from armready.tree import Tree

_OFF = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_TIMEOUT = 120
# Above this product of differing line counts the comparison takes each line by itself, which is linear.
_MAX_PRODUCT = 2_000_000

Range = tuple[int, int]


@dataclass
class Changed:
    """The difference between a revision and the files.

    Attributes:
        root: the root of the repository.
        tree: the files as they are.
        blobs: path -> object name in the revision, relative to the root.
    """

    root: Path
    tree: Tree
    blobs: Mapping[str, str]
    _ranges: dict[str, tuple[Range, ...]] = field(default_factory=dict)

    def touches(self, location: Location) -> bool:
        """Whether a location shares a line with the change."""
        if location.path not in self._ranges:
            self._ranges[location.path] = self._compare(location.path)
        first, last = location.region.line, location.region.end_line
        return any(start <= last and first <= end for start, end in self._ranges[location.path])

    def concerns(self, finding: Finding) -> bool:
        """Whether a finding, or a place that belongs to it, lies on a changed line."""
        return self.touches(finding.location) or any(self.touches(each.location) for each in finding.related)

    def _compare(self, path: str) -> tuple[Range, ...]:
        try:
            new = self.tree.read(path)
        except ParseProblem:
            return ()
        blob = self.blobs.get(path)
        if blob is None:
            return () if self._renamed(new) else ((1, new.count(b"\n") + 2),)
        if blob == object_name(new, blob):
            return ()
        return changed_lines(_git(["cat-file", "blob", blob], self.root), new)

    def _renamed(self, new: bytes) -> bool:
        """Whether a file of the revision that is gone now had just this content."""
        some = next(iter(self.blobs.values()), "")
        name = object_name(new, some)
        return any(blob == name and not self.tree.exists(path) for path, blob in self.blobs.items())


def object_name(data: bytes, like: str) -> str:
    """The name that git gives to a blob, by the hash that the name `like` was made with."""
    algorithm = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    return algorithm(b"blob %d\0" % len(data) + data).hexdigest()


def changed_lines(old: bytes, new: bytes) -> tuple[Range, ...]:
    """The 1-based ranges of lines of `new` that are not in `old`; a deletion counts for the lines around it, line endings do not count."""
    before, after = (data.replace(b"\r\n", b"\n").split(b"\n") for data in (old, new))
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    left, right = before[start : len(before) - end], after[start : len(after) - end]
    if not left and not right:
        return ()
    if len(left) * len(right) > _MAX_PRODUCT:
        return _lines_not_in(left, right, start)
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return tuple(
        (start + first + 1, start + last) if last > first else (start + first, start + first + 1)
        for kind, _, _, first, last in blocks
        if kind != "equal"
    )


def _common(left: Sequence[bytes], right: Sequence[bytes]) -> int:
    return next((index for index, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def _lines_not_in(left: Sequence[bytes], right: Sequence[bytes], start: int) -> tuple[Range, ...]:
    old, new = Counter(left), Counter(right)
    return tuple((start + number, start + number) for number, line in enumerate(right, 1) if new[line] > old[line])


def changed_since(revision: str, root: Path, tree: Tree) -> Changed:
    """What differs between the merge base of `revision` and HEAD, and the files.

    Raises:
        UsageError: there is no git, no repository, no such revision, or the clone is too shallow to know.
    """
    _git(["rev-parse", "--git-dir"], root)
    commit = _ask(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"], root)
    if commit is None:
        raise UsageError(f"--changed-since {revision}: no such revision here{_hint(root)}")
    base = _ask(["merge-base", commit, "HEAD"], root)
    if base is None:
        raise UsageError(f"--changed-since {revision}: it has no common ancestor with HEAD here{_hint(root)}")
    blobs = {}
    for entry in _git(["ls-tree", "-r", "-z", base.split()[0]], root).split(b"\0"):
        head, _, path = entry.partition(b"\t")
        if b" blob " in head:
            blobs[os.fsdecode(path)] = head.split(b" ")[2].decode()
    return Changed(root, tree, blobs)


def uncommitted(root: Path, contents: Mapping[str, bytes]) -> tuple[str, ...]:
    """Of files with their contents, those that differ from the last commit; none where there is no commit to compare with."""
    try:
        listed = _git(["ls-tree", "-r", "-z", "--full-tree", "HEAD"], root)
    except UsageError:
        return ()
    blobs = {
        os.fsdecode(path): head.split()[2].decode() for head, _, path in (each.partition(b"\t") for each in listed.split(b"\0")) if path
    }

    def differs(path: str, data: bytes) -> bool:
        blob = blobs.get(path)
        return blob is None or blob not in (object_name(data, blob), object_name(data.replace(b"\r\n", b"\n"), blob))

    return tuple(path for path, data in contents.items() if differs(path, data))


def _hint(root: Path) -> str:
    if _ask(["rev-parse", "--is-shallow-repository"], root) != "true":
        return ""
    ways = "git fetch --unshallow, fetch-depth: 0 in actions/checkout, GIT_DEPTH: 0 in GitLab"
    return f"; the clone is shallow, so fetch the history first ({ways})"


def _ask(arguments: list[str], root: Path) -> str | None:
    try:
        return _git(arguments, root).decode().strip()
    except UsageError:
        return None


def _git(arguments: list[str], root: Path) -> bytes:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | _ENVIRONMENT
    try:
        done = subprocess.run(["git", *_OFF, *arguments], cwd=root, env=environment, capture_output=True, check=False, timeout=_TIMEOUT)
    except FileNotFoundError as error:
        raise UsageError("--changed-since needs git") from error
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"git {arguments[0]} took longer than {_TIMEOUT} seconds") from error
    if done.returncode != 0:
        problem = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"git {arguments[0]}: {problem[0] if problem else 'failed'}")
    return done.stdout
