"""What the stages hand to each other: plain, picklable records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, overload

from armready.records import dataclass

if TYPE_CHECKING:
    from armready.classify import Kind
    from armready.finding import Finding
    from armready.suppressions import Suppression


def name_of(fact: type) -> str:
    """The name of a type of facts, for those who have not imported it."""
    return f"{fact.__module__}:{fact.__qualname__}"


class Facts(Sequence[object]):
    """The facts of a file. What comes from the cache or from another process stays pickled until somebody looks at it: few do.

    Attributes:
        types: the names of their types.
    """

    __slots__ = ("_facts", "_packed", "types")

    def __init__(self, facts: Iterable[object] = ()) -> None:
        self._facts: tuple[object, ...] | None = tuple(facts)
        self._packed = b""
        self.types = frozenset(map(name_of, {type(fact) for fact in self._facts}))

    @classmethod
    def packed(cls, types: frozenset[str], packed: bytes) -> Facts:
        """Facts that are pickled already."""
        made = cls()
        made._facts, made._packed, made.types = None, packed, types
        return made

    def of(self, wanted: type[Any]) -> list[Any]:
        """Those of one type."""
        return [fact for fact in self._all() if type(fact) is wanted] if name_of(wanted) in self.types else []

    def _all(self) -> tuple[object, ...]:
        if self._facts is None:
            from pickle import loads

            self._facts = loads(self._packed)
        return self._facts or ()

    @overload
    def __getitem__(self, index: int) -> object: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[object, ...]: ...
    def __getitem__(self, index: int | slice) -> object:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Facts) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(self._all())

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.types:
            return (Facts, ())
        if not self._packed:
            from pickle import HIGHEST_PROTOCOL, dumps

            self._packed = dumps(self._facts, HIGHEST_PROTOCOL)
        return (Facts.packed, (self.types, self._packed))


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class FileResult:
    """All that the first pass says of one file.

    Attributes:
        path: relative to the root.
        kind: what it is; None when nothing here reads it.
        findings: of the file rules, before suppressions.
        facts: for the project rules.
        suppressions: the ignore comments in it.
        problems: why it, or a part of it, could not be read.
    """

    path: str
    kind: Kind | None = None
    findings: tuple[Finding, ...] = ()
    facts: Facts = NO_FACTS
    suppressions: tuple[Suppression, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A file that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The one filtered list that all reporters get, with what was left out of it.

    Attributes:
        findings: sorted, after suppressions, baseline and filters.
        files: how many files were looked at.
        scanned: how many of them some rule could read.
        unparsed: files that could not be read.
        hidden: findings of low confidence or rules that are off, not shown.
        below: findings under `--min-severity`, by level.
        ignored: findings silenced by a comment or the configuration.
        baselined: findings that the baseline knows.
        tolerated: those of `findings` that are newer than the baseline only because a rule or a fact is; they fail nothing.
        summaries: one line each that sums up the infos of a rule, shown or not.
        paths: the files that were read as something, sorted.
    """

    findings: tuple[Finding, ...] = ()
    files: int = 0
    scanned: int = 0
    unparsed: tuple[Unparsed, ...] = ()
    hidden: int = 0
    below: dict[str, int] = field(default_factory=dict)
    ignored: int = 0
    baselined: int = 0
    summaries: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tolerated: frozenset[Finding] = frozenset()
