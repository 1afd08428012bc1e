"""What is known of the architectures of an image."""

from __future__ import annotations

from enum import StrEnum

from armready.core.finding import Confidence
from armready.core.startup import dataclass


class Has(StrEnum):
    """Whether an image exists for an architecture."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """What a verdict rests on."""

    NAME = "name"
    USER = "user"
    REGISTRY = "registry"
    BUILDS = "builds"
    TABLE = "table"
    OFFICIAL = "official"
    WINDOWS = "windows"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one reference.

    Attributes:
        arm64: whether it exists for linux/arm64.
        amd64: whether it exists for linux/amd64.
        confidence: of both; LOW for what nobody checked.
        as_of: the day of the fact, ISO, possibly without day or month; empty for names and the user's own facts.
        reason: a clause without a final period that names the image, what is known and the date of it.
        alternatives: references with arm64 to use instead, nearest first; those of the same image keep the spelling of its prefix.
        basis: where it comes from.
        advice: what to do when there is no alternative to name; may be empty.
    """

    arm64: Has
    amd64: Has
    confidence: Confidence
    as_of: str
    reason: str
    alternatives: tuple[str, ...] = ()
    basis: Basis = Basis.NONE
    advice: str = ""

    @property
    def multi_arch(self) -> bool:
        """A fact, not a guess: it exists for both."""
        return self.arm64 is Has.YES and self.amd64 is Has.YES and self.confidence is Confidence.HIGH


def has(known: bool) -> Has:
    """Say yes or no."""
    return Has.YES if known else Has.NO
