"""Results of the first pass, kept between runs.

A result is used again only if the file's contents are the same, or its time stamp, size and inode are and the time stamp is older than
the cache (the rule by which git trusts its index). One file per repository and settings; it names the version of the code and of the
facts that wrote it, and is worthless to any other. A broken cache is an empty one; concurrent runs replace the file as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from armready import __version__
from armready.tree import WatchedTree, digest_of

if TYPE_CHECKING:
    from armready.config import Settings
    from armready.finding import Finding
    from armready.results import FileResult, Unparsed
    from armready.tree import Tree

_FORMAT = 2
_RACY_NS = 2_000_000_000


class Stamp(NamedTuple):
    """What tells two states of a file apart without reading it."""

    modified_ns: int
    size: int
    inode: int


class SecondPass(NamedTuple):
    """What the project rules said, and what the tree answered them: they say the same for the same files and the same answers."""

    findings: list[Finding]
    problems: tuple[Unparsed, ...]
    complete: bool
    answers: dict[tuple[str, str, int | None], object]


class Entry(NamedTuple):
    """What is known of one file."""

    stamp: Stamp
    digest: bytes
    result: FileResult


def folder() -> Path:
    """Where caches live: below `XDG_CACHE_HOME`, or `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "armready" / "results"


def size() -> int:
    """The bytes that all caches take, those of look-ups too."""
    return sum(path.stat().st_size for path in folder().parent.rglob("*") if path.is_file())


def clean() -> None:
    """Delete all caches, those of look-ups too."""
    import shutil

    shutil.rmtree(folder().parent, ignore_errors=True)


def stamp_of(path: str) -> Stamp | None:
    """The stamp of a file on disk."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)


class Cache:
    """The cache of one repository under one set of settings."""

    def __init__(self, root: Path, settings: Settings) -> None:
        import pickle

        key = digest_of(repr((str(root), settings)).encode()).hex()
        self._file = folder() / f"{key}.pickle"
        self._maker = _maker(settings.rules_path)
        self._written_ns = 0
        self._entries: dict[str, Entry] = {}
        self._second: SecondPass | None = None
        self._stale = False
        try:
            with self._file.open("rb") as handle:
                if pickle.load(handle) == self._maker:
                    self._written_ns = os.fstat(handle.fileno()).st_mtime_ns
                    self._entries, self._second = pickle.load(handle)
        except Exception:
            self._entries, self._second = {}, None

    def by_stamp(self, path: str, stamp: Stamp) -> FileResult | None:
        """The result of a file that was not touched since."""
        entry = self._entries.get(path)
        trusted = entry is not None and entry.stamp == stamp and stamp.modified_ns + _RACY_NS < self._written_ns
        return entry.result if trusted and entry is not None else None

    def by_digest(self, path: str, digest: bytes) -> FileResult | None:
        """The result of a file that was touched and has the same contents."""
        entry = self._entries.get(path)
        return entry.result if entry is not None and entry.digest == digest else None

    def entry(self, path: str) -> Entry | None:
        """What is known of a file."""
        return self._entries.get(path)

    def replace(self, entries: dict[str, Entry]) -> None:
        """Take over what is known of the files of this run. Other results, or those of other files, make the second pass stale."""
        kept = self._entries
        self._stale = entries.keys() != kept.keys() or any(entries[path] is not entry for path, entry in kept.items())
        if self._stale and _results(entries) != _results(kept):
            self._second = None
        self._entries = entries

    def second_pass(self, tree: Tree, *, complete: bool) -> SecondPass | None:
        """What the project rules said of the same files, if the tree still answers as it did."""
        second = self._second
        if second is None or second.complete != complete:
            return None
        watched = WatchedTree(tree)
        return second if all(watched.ask(question) == answer for question, answer in second.answers.items()) else None

    def store(self, second: SecondPass) -> None:
        """Write the cache if anything in it is new; what cannot be written is not missed."""
        if not self._stale and second is self._second:
            return
        import pickle
        import tempfile

        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, temporary = tempfile.mkstemp(dir=self._file.parent)
            with open(descriptor, "wb") as handle:
                pickle.dump(self._maker, handle)
                pickle.dump((self._entries, second), handle, protocol=pickle.HIGHEST_PROTOCOL)
            os.replace(temporary, self._file)
        except OSError:
            return


def _results(entries: dict[str, Entry]) -> dict[str, FileResult]:
    return {path: entry.result for path, entry in entries.items()}


def _maker(rules_path: Iterable[str]) -> tuple[object, ...]:
    """What a cache depends on beside the scanned file: the version, and the code and facts as they stand on disk."""
    package = Path(__file__).parent
    rules = package / "rules" if (package / "rules").is_dir() else package.parent / "rules"
    newest, count = 0, 0
    for top in (str(package), str(rules), *rules_path):
        for where, _, names in os.walk(top):
            for name in names:
                if name.endswith((".py", ".tsv")):
                    newest, count = max(newest, os.stat(os.path.join(where, name)).st_mtime_ns), count + 1
    return (_FORMAT, __version__, newest, count)
