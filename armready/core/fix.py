"""What a fix is: edits on spans of the original text, with a declared applicability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from armready.core.source import Location, Span
from armready.core.startup import dataclass


class Applicability(StrEnum):
    """How far a fix may be trusted.

    `SAFE`: for amd64 the commands and results stay the same, and arm64 rests on high confidence.
    `UNSAFE`: it changes what amd64 does, or rests on something that is not known offline.
    `DISPLAY`: shown, never applied.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"

    @property
    def rank(self) -> int:
        """0 for the most trusted."""
        return list(Applicability).index(self)

    def at_least(self, other: Applicability) -> Applicability:
        """The less trusted of the two: gates only ever lower a fix."""
        return max(self, other, key=lambda each: each.rank)


class Edit(NamedTuple):
    """Replace the text at `location` by `text`. An empty span inserts, an empty text deletes."""

    location: Location
    text: str

    @property
    def path(self) -> str:
        """The file that the edit changes."""
        return self.location.path

    @property
    def span(self) -> Span:
        """The characters that the edit replaces."""
        return self.location.span


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that are made all together or not at all.

    Attributes:
        title: what it does, as a sentence without a final period: "Remove the --platform flag".
        edits: in any order; no two may overlap.
        applicability: how far it may be trusted.
        notes: what the user must know or do: why it is not safe, what to run afterwards.
    """

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability = Applicability.SAFE
    notes: tuple[str, ...] = ()

    def demoted(self, to: Applicability, why: str) -> Fix:
        """The same fix, trusted at most as far as `to`, with the reason."""
        return replace(self, applicability=self.applicability.at_least(to), notes=(*self.notes, why))


def apply_edits(text: str, edits: Sequence[Edit], within: Span | None = None) -> str:
    """Return the text, or the part of it that holds all of the edits, as the edits change it.

    Raises:
        ValueError: two edits overlap, so that the result would depend on their order.
    """
    position, end = within or (0, len(text))
    pieces = []
    for edit in sorted(edits, key=lambda each: (each.span, each.text)):
        if edit.span.start < position:
            raise ValueError(f"edits overlap at {edit.span.start}")
        pieces += [text[position : edit.span.start], edit.text]
        position = edit.span.end
    return "".join((*pieces, text[position:end]))
