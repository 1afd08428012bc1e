"""One file in the first pass: read, classified, and asked by its rules and collectors.

`check_file` is a pure function of its arguments: it can be cached by content and run in another process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from armready.core.classify import HEAD, Kind, classify, holds_only_definitions, is_comment, kind_by_name, kind_of, needs_content
from armready.core.errors import DamagedCacheError, ParseProblem
from armready.core.facts import COLLECTORS
from armready.core.file import File
from armready.core.limits import check_limits
from armready.core.needles import Lowered
from armready.core.results import NO_FACTS, Facts, Failure, FileResult
from armready.core.rule import FileRule
from armready.core.source import Source
from armready.core.suppressions import NEEDLE, find_suppressions
from armready.core.tree import digest_of

if TYPE_CHECKING:
    from armready.core.config import Settings
    from armready.core.finding import Finding
    from armready.core.tree import Tree
    from armready.run.cache import Entry
    from armready.run.registry import Registry

Item = TypeVar("Item")


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
        if named is None and len(data) == HEAD and _is_worth_reading(path, data):
            data = tree.read(path, settings.max_file_size + 1)
    except ParseProblem as problem:
        return Read(FileResult(path, problems=(str(problem),)), b"")
    if len(data) > settings.max_file_size:
        return Read(FileResult(path, problems=(f"larger than {settings.max_file_size} bytes (max-file-size)",)), b"")
    digest = digest_of(data) if digested else b""
    if known is not None and known.digest == digest:
        return Read(known.result, digest)
    return Read(check_file(path, data, registry, forced), digest)


def _is_worth_reading(path: str, head: bytes) -> bool:
    """Whether the beginning of a file says what it is, or nothing yet."""
    if b"\0" in head:
        return False
    text = head.decode("utf-8", "replace")
    return is_comment(text) or classify(path, text) is not None


def _forced_kind(path: str, settings: Settings) -> Kind | None:
    if not settings.kinds:
        return None
    from armready.run.discovery import matches

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
    kind = kind or kind_of(path, source.text)
    if kind is None:
        return FileResult(path)
    try:
        check_limits(kind, source.text)
    except ParseProblem as problem:
        return FileResult(path, kind, problems=(str(problem),))
    if kind is Kind.KUBERNETES and holds_only_definitions(source.text):
        return FileResult(path, kind)
    lowered = (data if source.encoding in ("utf-8", "latin-1") else source.text.encode("utf-8", "replace")).lower()
    text = Lowered(lowered, registry.finder(kind))
    file = File(source, kind, registry.settings)
    findings: list[Finding] = []
    for entry in registry.file_rules(kind):
        if text.may_hold(entry.needles):
            findings.extend(guarded(lambda entry=entry: cast("type[FileRule]", entry.load())().check(file), entry.code, notes))  # type: ignore[misc]
    facts: list[object] = []
    for collector in COLLECTORS:
        if kind in collector.kinds and text.may_hold(collector.needles):
            facts.extend(guarded(lambda collector=collector: collector.load()(file), collector.function, notes))  # type: ignore[misc]
    suppressions = tuple(find_suppressions(source)) if NEEDLE in lowered else ()
    made = Facts(facts) if facts else NO_FACTS
    problems = tuple(dict.fromkeys((*notes.problems, *file.problems)))
    return FileResult(
        path=path,
        kind=kind,
        findings=tuple(findings),
        facts=made,
        suppressions=suppressions,
        problems=problems,
        failures=tuple(notes.failures),
    )


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
