"""What a rule reports."""

from __future__ import annotations

from enum import StrEnum

from armready.core.fix import Fix
from armready.core.source import Location
from armready.core.startup import dataclass


class Severity(StrEnum):
    """What happens on arm64: `ERROR` it fails or runs the wrong code, `WARNING` likely, or slow, `INFO` advice."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the most severe."""
        return list(Severity).index(self)

    def at_most(self, other: Severity) -> Severity:
        """The milder of the two."""
        return max(self, other, key=lambda each: each.rank)


class Confidence(StrEnum):
    """How it is known: `HIGH` the text or a dated fact proves it, `MEDIUM` deduced from a name or pattern, `LOW` unknown."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the surest."""
        return list(Confidence).index(self)

    def at_most(self, other: Confidence) -> Confidence:
        """The less sure of the two."""
        return max(self, other, key=lambda each: each.rank)


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a finding, and what it has to do with it."""

    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stops arm64, at one place.

    Attributes:
        code: of the rule.
        name: of the rule.
        severity: what happens on arm64.
        confidence: how it is known.
        message: one sentence.
        location: the place.
        related: other places that belong to it.
        fix: how to mend it.
        cause: what it shares with other findings of the rule that one change mends; empty: what it says in its file.
        places: how many findings are told in it.
    """

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    location: Location
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    cause: str = ""
    places: int = 1

    @property
    def path(self) -> str:
        """The file it stands in."""
        return self.location.path

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """File order, then place, then code: the order of every report."""
        return (self.path, self.location.span.start, self.location.span.end, self.code, self.message)
