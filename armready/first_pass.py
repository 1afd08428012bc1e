"""The first pass: what one file is, and what its rules and collectors say of it.

`check_file` is a pure function of its arguments: it can be cached by content and run in another process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from armready.cache import stamp_of
from armready.classify import Kind, classify, kind_by_name, needs_content
from armready.errors import DamagedCacheError, ParseProblem
from armready.facts import COLLECTORS
from armready.file import File
from armready.limits import check_limits
from armready.results import NO_FACTS, Facts, Failure, FileResult
from armready.rule import FileRule
from armready.source import Source
from armready.suppressions import NEEDLE, find_suppressions
from armready.tree import DiskTree, digest_of

if TYPE_CHECKING:
    from armready.cache import Cache, Entry, Stamp
    from armready.config import Settings
    from armready.finding import Finding
    from armready.registry import Registry
    from armready.tree import Tree

Item = TypeVar("Item")

# How much of a file whose name says nothing is looked at first.
HEAD = 65_536

# Bytes of files with a telling name above which starting processes pays off, where each file counts as some more (docs/performance.md).
WORTH_A_POOL = 300_000
_BYTES_OF_A_FILE = 400

# Bytes from which on a file is read by a process of its own even if it is the only one, so that no file can end the run.
LARGE = 1_000_000


def first_pass(tree: Tree, paths: Sequence[str], registry: Registry, *, jobs: int = 1, cache: Cache | None = None) -> dict[str, FileResult]:
    """The results of many files, in the order of `paths`; by several processes where there is enough to do.

    Args:
        tree: where the files are.
        paths: relative to its root.
        registry: the rules.
        jobs: how many processes may be used.
        cache: results of earlier runs over the same tree on disk.
    """
    stamps = {path: stamp_of(os.path.join(tree.root, path)) for path in paths} if isinstance(tree, DiskTree) else {}
    results = {path: result for path in paths if cache and (stamp := stamps.get(path)) and (result := cache.by_stamp(path, stamp))}
    missing = [path for path in paths if path not in results]
    known = {path: entry for path in missing if cache and (entry := cache.entry(path))}
    read: dict[str, Read] = {}
    if isinstance(tree, DiskTree) and (apart := _apart(missing, stamps, jobs)):
        from armready.parallel import check_in_processes

        read = check_in_processes(tree, apart, stamps, registry.settings, known, jobs)
    for path in missing:
        each = read.get(path) or read_and_check(tree, path, registry, known.get(path), digested=cache is not None)
        results[path] = each.result
        if cache and each.lasting and (stamp := stamps.get(path)):
            cache.add(path, stamp, each.digest, each.result)
    return {path: results[path] for path in paths}


def _apart(paths: Sequence[str], stamps: Mapping[str, Stamp | None], jobs: int) -> Sequence[str]:
    """The files that other processes read: all where that pays off, else the large ones."""
    sizes = {path: stamp.size for path in paths if (stamp := stamps.get(path))}
    if jobs > 1 and sum(size + _BYTES_OF_A_FILE for path, size in sizes.items() if kind_by_name(path)) > WORTH_A_POOL:
        return paths
    return [path for path, size in sizes.items() if size > LARGE and (kind_by_name(path) or needs_content(path))]


class Read(NamedTuple):
    """The result of a file, and the digest of what was read of it; empty when nobody asked for it."""

    result: FileResult
    digest: bytes

    @property
    def lasting(self) -> bool:
        """Whether the same file gives the same result next time; one that failed, or could not be read at all, may do better then."""
        return not self.result.failures and (bool(self.digest) or not self.result.problems)


def read_and_check(tree: Tree, path: str, registry: Registry, known: Entry | None = None, *, digested: bool = False) -> Read:
    """Read one file and run the first pass on it. Whatever is wrong with it becomes a note.

    A file whose name says nothing is read no further than its head if that says nothing either.
    """
    settings = registry.settings
    forced = _forced_kind(path, settings)
    named = forced or kind_by_name(path)
    if named is None and not needs_content(path):
        return Read(FileResult(path), b"")
    try:
        data = tree.read(path, HEAD if named is None else settings.max_file_size + 1)
        if named is None and len(data) == HEAD and _kind_of_head(path, data) is not None:
            data = tree.read(path, settings.max_file_size + 1)
    except ParseProblem as problem:
        return Read(FileResult(path, problems=(str(problem),)), b"")
    if len(data) > settings.max_file_size:
        return Read(FileResult(path, problems=(f"larger than {settings.max_file_size} bytes (max-file-size)",)), b"")
    digest = digest_of(data) if digested else b""
    if known is not None and known.digest == digest:
        return Read(known.result, digest)
    return Read(check_file(path, data, registry, forced), digest)


def _kind_of_head(path: str, head: bytes) -> Kind | None:
    if b"\0" in head:
        return None
    return classify(path, head.decode("utf-8", "replace"))


def _forced_kind(path: str, settings: Settings) -> Kind | None:
    if not settings.kinds:
        return None
    from armready.discovery import matches

    return next((Kind(kind) for glob, kind in settings.kinds.items() if matches(path, glob)), None)


def check_file(path: str, data: bytes, registry: Registry, kind: Kind | None = None) -> FileResult:
    """The first pass: findings, facts and ignore comments of one file. Depends on nothing but its arguments.

    Raises:
        MemoryError: see `guarded`.
    """
    notes = Notes(path)
    for result in guarded(lambda: (_check(path, data, registry, kind, notes),), "the reader", notes):
        return result
    return FileResult(path, kind or kind_by_name(path), problems=tuple(notes.problems), failures=tuple(notes.failures))


def _check(path: str, data: bytes, registry: Registry, kind: Kind | None, notes: Notes) -> FileResult:
    if kind is None and kind_by_name(path) is None and b"\0" in data[:HEAD]:
        return FileResult(path)
    try:
        source = Source.decode(path, data)
    except ParseProblem as problem:
        return FileResult(path, kind_by_name(path), problems=(str(problem),) if kind_by_name(path) else ())
    kind = kind or classify(path, source.text[:HEAD])
    if kind is None:
        return FileResult(path)
    try:
        check_limits(kind, source.text)
    except ParseProblem as problem:
        return FileResult(path, kind, problems=(str(problem),))
    lowered = (data if source.encoding in ("utf-8", "latin-1") else source.text.encode("utf-8", "replace")).lower()

    present: dict[bytes, bool] = {}

    def relevant(needles: tuple[bytes, ...]) -> bool:
        for needle in needles:
            if needle not in present:
                present[needle] = needle in lowered
            if present[needle]:
                return True
        return not needles

    file = File(source, kind, registry.settings)
    findings: list[Finding] = []
    for entry in registry.file_rules(kind):
        if relevant(entry.needles):
            findings.extend(guarded(lambda entry=entry: cast("type[FileRule]", entry.load())().check(file), entry.code, notes))  # type: ignore[misc]
    facts: list[object] = []
    for collector in COLLECTORS:
        if kind in collector.kinds and relevant(collector.needles):
            facts.extend(guarded(lambda collector=collector: collector.load()(file), collector.function, notes))  # type: ignore[misc]
    suppressions = tuple(find_suppressions(source)) if NEEDLE in lowered else ()
    made = Facts(facts) if facts else NO_FACTS
    problems = tuple(dict.fromkeys((*notes.problems, *file.problems)))
    return FileResult(path, kind, tuple(findings), made, suppressions, problems, tuple(notes.failures))


class Notes:
    """What cannot be known of a file, or of all of them: because of what it is, and because armready failed."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.problems: dict[str, None] = {}
        self.failures: dict[Failure, None] = {}

    def __bool__(self) -> bool:
        return bool(self.problems or self.failures)


def guarded(produce: Callable[[], Iterable[Item]], where: str, notes: Notes) -> list[Item]:
    """What `produce` yields. A parse problem, or a mistake of ours, is noted and costs nothing but its own result.

    Raises:
        MemoryError: there is no more; what a part of the file would say then depends on the machine.
        DamagedCacheError: what it was to work on is not what an earlier run kept.
    """
    try:
        return list(produce())
    except ParseProblem as problem:
        notes.problems[str(problem)] = None
    except (MemoryError, DamagedCacheError):
        raise
    except Exception as error:
        notes.failures[Failure.of(notes.path, where, error)] = None
    return []
