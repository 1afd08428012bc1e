"""What the stages hand to each other: plain records."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import field
from typing import TYPE_CHECKING, Any

from armready.core.codec import decode, encode
from armready.core.errors import DamagedCacheError
from armready.core.startup import dataclass

if TYPE_CHECKING:
    from armready.core.classify import Kind
    from armready.core.finding import Finding
    from armready.core.suppressions import Suppression


def name_of(fact: type) -> str:
    """The name of a type of facts, for those who have not imported it."""
    return f"{fact.__module__}:{fact.__qualname__}"


class Facts:
    """The facts of a file, type by type. What comes from the cache or from another process stays encoded: few look at it."""

    __slots__ = ("_encoded", "_made")

    def __init__(self, facts: Iterable[object] = ()) -> None:
        self._made: dict[str, list[object]] = {}
        self._encoded: dict[str, bytes] = {}
        for fact in facts:
            self._made.setdefault(name_of(type(fact)), []).append(fact)

    @classmethod
    def of_encoded(cls, encoded: dict[str, bytes]) -> Facts:
        """Facts that are encoded already, by the names of their types."""
        made = cls()
        made._encoded = encoded
        return made

    @property
    def types(self) -> Collection[str]:
        """The names of their types."""
        return self._made or self._encoded

    def of(self, wanted: type[Any]) -> list[Any]:
        """Those of one type.

        Raises:
            DamagedCacheError: what was kept of them is something else.
        """
        name = name_of(wanted)
        if name in self._made:
            return self._made[name]
        if name not in self._encoded:
            return []
        try:
            return decode(self._encoded[name], list[wanted])  # type: ignore[valid-type]
        except ValueError as error:
            raise DamagedCacheError(f"facts of the type {name}: {error}") from error

    def encoded(self) -> dict[str, bytes]:
        """All of them, encoded.

        Raises:
            ValueError: one of them cannot be.
        """
        return {name: self._encode(name) for name in self.types}

    def stand_in(self, name: str) -> bytes:
        """Bytes that are the same for the same facts of one type; none where there are none."""
        try:
            return self._encode(name)
        except ValueError:
            return repr(self._made[name]).encode("utf-8", "surrogatepass")

    def _encode(self, name: str) -> bytes:
        if name in self._made and name not in self._encoded:
            self._encoded[name] = encode(self._made[name])
        return self._encoded.get(name, b"")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Facts) or set(self.types) != set(other.types):
            return False
        return all(self.stand_in(name) == other.stand_in(name) for name in self.types)

    def __hash__(self) -> int:
        return hash(frozenset(self.types))

    def __reduce__(self) -> tuple[Any, ...]:
        try:
            return (Facts.of_encoded, (self.encoded(),)) if self.types else (Facts, ())
        except ValueError:
            return (Facts, ([fact for made in self._made.values() for fact in made],))


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Failure:
    """A mistake of armready itself, for which a run is never clean.

    Attributes:
        path: the file; empty when it is about all of them.
        where: the rule's code, or the part of armready that failed.
        error: what happened.
    """

    path: str
    where: str
    error: str

    @classmethod
    def of(cls, path: str, where: str, error: Exception) -> Failure:
        """The failure that an exception stands for."""
        return cls(path, where, f"{type(error).__name__}: {error}")

    @property
    def message(self) -> str:
        """All but the file, in words."""
        return f"internal error in {self.where}: {self.error}"


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
        failures: of rules and readers on it.
    """

    path: str
    kind: Kind | None = None
    findings: tuple[Finding, ...] = ()
    facts: Facts = NO_FACTS
    suppressions: tuple[Suppression, ...] = ()
    problems: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


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
        failures: of armready itself; where there are any, the list is not complete.
        hidden: findings of low confidence or rules that are off, not shown.
        below: findings under `--min-severity`, by level.
        ignored: findings silenced by a comment or the configuration.
        baselined: findings that the baseline knows.
        tolerated: those of `findings` that are newer than the baseline only because a rule or a fact is; they fail nothing.
        summaries: one line each that sums up the infos of a rule, shown or not.
        paths: the files that were read as something, sorted.
        kinds: how many files of each kind there are.
    """

    findings: tuple[Finding, ...] = ()
    files: int = 0
    scanned: int = 0
    unparsed: tuple[Unparsed, ...] = ()
    failures: tuple[Failure, ...] = ()
    hidden: int = 0
    below: dict[str, int] = field(default_factory=dict)
    ignored: int = 0
    baselined: int = 0
    summaries: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tolerated: frozenset[Finding] = frozenset()
    kinds: dict[Kind, int] = field(default_factory=dict)
