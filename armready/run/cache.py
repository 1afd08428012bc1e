"""Results kept between runs.

A result of the first pass is used again only if the file's contents are the same, or its time stamp, size and inode are and the time
stamp was old when it was taken (the rule by which git trusts its index). What a project rule said is used again if the answers to all
that it had asked are the same (`Graph.answer`). So each record proves itself, and it does not matter which run wrote which.

One folder per repository and settings holds `_SHARDS` files of results and one of the second pass. Each begins with the digest of
itself and of the code that made it: a broken file, one of other code, or one that holds anything but such records (`codec`) is an empty
one. A file is replaced as a whole, if anything in it is new.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from zlib import crc32

from armready.core.classify import Kind
from armready.core.codec import decode, encode
from armready.core.finding import Finding
from armready.core.results import NO_FACTS, Facts, FileResult
from armready.core.suppressions import Suppression
from armready.core.tree import digest_of
from armready.run.private_files import PrivateFiles, accepted_location, location

if TYPE_CHECKING:
    from armready.core.config import Settings
    from armready.core.project import Graph, Project
    from armready.core.tree import Answers

Value = TypeVar("Value")

_DIGEST = 16
_RACY_NS = 2_000_000_000
_SECOND = "second"
_SHARDS = "0123456789abcdef"
_RESULTS = "results"


class Stamp(NamedTuple):
    """What tells two states of a file apart without reading it."""

    modified_ns: int
    size: int
    inode: int


class Entry(NamedTuple):
    """What is known of one file. Without a stamp only its contents count."""

    stamp: Stamp | None
    digest: bytes
    result: FileResult


class Told(NamedTuple):
    """What a project rule said, and the names of those who asked for it: the rule and the derivations that it used."""

    findings: tuple[Finding, ...]
    asked_by: frozenset[str]


class _Record(NamedTuple):
    """An entry as it is written; its path is the key."""

    stamp: Stamp | None
    digest: bytes
    kind: Kind | None
    findings: tuple[Finding, ...]
    facts: dict[str, bytes]
    suppressions: tuple[Suppression, ...]
    problems: tuple[str, ...]


class _Answer(NamedTuple):
    """A question and what stood for its answer, as they are written."""

    what: str
    path: str
    how: str
    stand_in: bool | bytes | None


def folder() -> Path:
    """Where the results of all repositories are."""
    return location() / _RESULTS


def size() -> int:
    """The bytes that all caches take, those of look-ups too."""
    return sum(path.stat().st_size for path in location().rglob("*") if path.is_file())


def clean() -> None:
    """Delete all caches, those of look-ups too."""
    import shutil

    shutil.rmtree(location(), ignore_errors=True)


def stamp_of(path: str) -> Stamp | None:
    """The stamp of a file on disk."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino)


class SecondPass:
    """What the project rules say: what they said before, as long as all answers are the same, or what they are heard to say now."""

    def __init__(self, told: Mapping[str, Told], answers: Mapping[str, Answers]) -> None:
        self._before = told
        self._answers_before = answers
        self._same: dict[str, bool] = {}
        self._told: dict[str, Told] = {}
        self._answers: dict[str, Answers] = {}
        self.is_new = False

    def recall(self, code: str, graph: Graph) -> tuple[Finding, ...] | None:
        """What a rule said before; None when it has to be asked again."""
        told = self._before.get(code)
        if told is None or not all(self._is_same(name, graph) for name in told.asked_by):
            return None
        self._told[code] = told
        return told.findings

    def remember(self, code: str, findings: Iterable[Finding], project: Project) -> None:
        """Keep what a rule says now."""
        found = project.answers()
        self._told[code] = Told(tuple(findings), frozenset(found))
        self._answers |= found
        self.is_new = True

    def _is_same(self, name: str, graph: Graph) -> bool:
        if name not in self._same:
            answers = self._answers_before.get(name)
            self._same[name] = answers is not None and _same_answers(answers, graph)
        return self._same[name]

    def state(self) -> tuple[dict[str, Told], dict[str, Answers]]:
        """What this run leaves for the next one. A derivation asked before and now keeps both, for rules that were not asked now."""
        names = frozenset[str]().union(*(told.asked_by for told in self._told.values()))
        before = {name: self._answers_before[name] for name in names if self._same.get(name)}
        return self._told, {name: merged(before.get(name, {}), self._answers.get(name, {})) for name in names}


class Cache:
    """The cache of one repository under one set of settings.

    Args:
        root: the repository.
        settings: of the run.
        code: folders of rules that are not armready's own.

    Raises:
        RefusedCacheError: the folder is not the user's alone.
    """

    def __init__(self, root: Path, settings: Settings, code: Iterable[str] = ()) -> None:
        name = digest_of(repr((str(root), settings)).encode("utf-8", "surrogatepass")).hex()
        self._files = PrivateFiles(accepted_location(root), f"{_RESULTS}/{name}")
        self._maker = _maker(code)
        self._began_ns = time.time_ns()
        self._shards: dict[str, dict[str, _Record]] = {}
        self._changed: set[str] = set()

    @cached_property
    def second_pass(self) -> SecondPass:
        """What is known of the project rules."""
        told, answers = self._read(_SECOND, tuple[dict[str, Told], dict[str, list[_Answer]]]) or ({}, {})
        return SecondPass(told, {name: {each[:3]: each.stand_in for each in given} for name, given in answers.items()})

    def entry(self, path: str) -> Entry | None:
        """What is known of a file."""
        record = self._shard(_shard_of(path)).get(path)
        if record is None:
            return None
        stamp, digest, kind, findings, facts, suppressions, problems = record
        known = Facts.of_encoded(facts) if facts else NO_FACTS
        return Entry(
            stamp, digest, FileResult(path=path, kind=kind, findings=findings, facts=known, suppressions=suppressions, problems=problems)
        )

    def by_stamp(self, path: str, stamp: Stamp) -> FileResult | None:
        """The result of a file that was not touched since."""
        entry = self.entry(path)
        return entry.result if entry is not None and entry.stamp == stamp else None

    def add(self, path: str, stamp: Stamp, digest: bytes, result: FileResult) -> None:
        """Keep what is known of a file; its stamp was taken in this run, before it was read. What cannot be encoded is not kept."""
        is_old = stamp.modified_ns + _RACY_NS < self._began_ns
        shard = _shard_of(path)
        kept = self._shard(shard)
        kept.pop(path, None)
        self._changed.add(shard)
        if (facts := _encoded(result.facts)) is None:
            return
        record = _Record(
            stamp=stamp if is_old else None,
            digest=digest,
            kind=result.kind,
            findings=result.findings,
            facts=facts,
            suppressions=result.suppressions,
            problems=result.problems,
        )
        if _can_be_kept((path, record)):
            kept[path] = record

    def save(self, known: Container[str] | None) -> None:
        """Write what is new; what cannot be written is not missed.

        Args:
            known: the files that there are, so that the others are forgotten; None: not all are known.
        """
        if known is not None:
            self._forget_others(known)
        with suppress(OSError):
            for name in sorted(self._changed):
                self._write(name, self._shards[name])
            if self.second_pass.is_new:
                told, answers = self.second_pass.state()
                rows = {name: [(*question, answer) for question, answer in given.items()] for name, given in answers.items()}
                self._write(_SECOND, tuple({key: value for key, value in each.items() if _can_be_kept(value)} for each in (told, rows)))

    def _forget_others(self, known: Container[str]) -> None:
        for name in _SHARDS:
            shard = self._shard(name)
            for path in [path for path in shard if path not in known]:
                del shard[path]
                self._changed.add(name)

    def _shard(self, name: str) -> dict[str, _Record]:
        if name not in self._shards:
            self._shards[name] = self._read(name, dict[str, _Record]) or {}
        return self._shards[name]

    def _read(self, name: str, of: type[Value]) -> Value | None:
        data = memoryview(self._files.read(name) or b"")
        if data[:_DIGEST] != self._seal(data[_DIGEST:]):
            return None
        try:
            return decode(data[_DIGEST:], of)
        except ValueError:
            return None

    def _write(self, name: str, content: object) -> None:
        body = encode(content)
        self._files.write(name, self._seal(body) + body)

    def _seal(self, body: bytes | memoryview) -> bytes:
        return digest_of(self._maker + digest_of(body))


def _same_answers(answers: Answers, graph: Graph) -> bool:
    try:
        return all(graph.answer(question) == answer for question, answer in answers.items())
    except ValueError:
        return False


def _encoded(facts: Facts) -> dict[str, bytes] | None:
    try:
        return facts.encoded()
    except ValueError:
        return None


def _can_be_kept(value: object) -> bool:
    try:
        encode(value)
    except ValueError:
        return False
    return True


def merged(before: Answers, now: Answers) -> Answers:
    """Both; a question that was answered in two ways is never answered the same again."""
    return {**before, **now, **{question: None for question in before.keys() & now.keys() if before[question] != now[question]}}


def _shard_of(path: str) -> str:
    return _SHARDS[crc32(path.encode("utf-8", "surrogatepass")) % len(_SHARDS)]


def _maker(code: Iterable[str]) -> bytes:
    """What a result depends on beside the scanned file and the settings: the code, the facts, and the packages that are installed."""
    package = Path(__file__).parent.parent
    rules = package / "rules" if (package / "rules").is_dir() else package.parent / "rules"
    parts = [
        sys.version,
        *sorted(name for place in sys.path if os.path.isdir(place) for name in os.listdir(place) if name.endswith(".dist-info")),
    ]
    for top in (str(package), str(rules), *code):
        for where, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".py", ".tsv")):
                    path = os.path.join(where, name)
                    parts += [path, digest_of(Path(path).read_bytes()).hex()]
    return digest_of("\0".join(parts).encode("utf-8", "surrogatepass"))
