"""`--changed-since REV`: which lines of the files differ from a revision.

git only hands out the old blobs (`git.py`); the comparison is ours, so that no filter or external diff of the repository has a part in it.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from armready.core.errors import ParseProblem, UsageError
from armready.core.finding import Finding
from armready.core.source import Location
from armready.core.tree import Tree
from armready.run.git import Repository

# Above this product of differing line counts the comparison takes each line by itself, which is linear.
_MAX_PRODUCT = 2_000_000
# A command line has an end.
_PATHS_AT_ONCE = 200

Range = tuple[int, int]


@dataclass
class Changed:
    """The difference between a revision and the files.

    Attributes:
        repository: what is asked for the old contents.
        tree: the files as they are.
        blobs: path -> object name in the revision, relative to the root.
    """

    repository: Repository
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
        return changed_lines(self.repository.ask("cat-file", "blob", blob), new)

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
    repository = Repository(root, shorthand="@{" in revision)
    commit = _ask(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise UsageError(f"--changed-since {revision}: no such revision here{_hint(repository)}")
    base = _ask(repository, "merge-base", commit, "HEAD")
    if base is None:
        raise UsageError(f"--changed-since {revision}: it has no common ancestor with HEAD here{_hint(repository)}")
    return Changed(repository, tree, _blobs(repository, base.split()[0]))


def _blobs(repository: Repository, commit: str, *paths: str) -> dict[str, str]:
    """Path -> object name of the files of a commit, below the root; all of them, or those named."""
    listed = repository.ask("ls-tree", "-r", "-z", f"{commit}:{repository.prefix}", "--", *paths)
    blobs = {}
    for entry in listed.split(b"\0"):
        head, _, path = entry.partition(b"\t")
        if b" blob " in head:
            blobs[os.fsdecode(path)] = head.split(b" ")[2].decode()
    return blobs


def uncommitted(root: Path, contents: Mapping[str, bytes]) -> tuple[str, ...]:
    """Of files with their contents, those that differ from the last commit; none where there is no commit to compare with."""
    paths = list(contents)
    blobs: dict[str, str] = {}
    try:
        repository = Repository(root)
        for start in range(0, len(paths), _PATHS_AT_ONCE):
            blobs |= _blobs(repository, "HEAD", *paths[start : start + _PATHS_AT_ONCE])
    except UsageError:
        return ()

    def differs(path: str, data: bytes) -> bool:
        blob = blobs.get(path)
        return blob is None or blob not in (object_name(data, blob), object_name(data.replace(b"\r\n", b"\n"), blob))

    return tuple(path for path, data in contents.items() if differs(path, data))


def _hint(repository: Repository) -> str:
    if _ask(repository, "rev-parse", "--is-shallow-repository") != "true":
        return ""
    ways = "git fetch --unshallow, fetch-depth: 0 in actions/checkout, GIT_DEPTH: 0 in GitLab"
    return f"; the clone is shallow, so fetch the history first ({ways})"


def _ask(repository: Repository, *arguments: str) -> str | None:
    try:
        return repository.ask(*arguments).decode().strip()
    except UsageError:
        return None
