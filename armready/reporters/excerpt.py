"""The line that a finding points at, made safe and cut to fit, with the place of its caret."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len

from armready.core.source import Location, Source
from armready.reporters.base import escape

_TAB = "    "
_ELLIPSIS = "…"


class Excerpt(NamedTuple):
    """One source line in three escaped parts; concatenated they are the line, perhaps cut at either end.

    Attributes:
        line: its 1-based number.
        before: what stands before the marked part.
        marked: what the finding points at, as far as it stands on this line.
        after: the rest of the line.
        more: how many further lines the finding covers.
    """

    line: int
    before: str
    marked: str
    after: str
    more: int

    @property
    def text(self) -> str:
        """The whole line."""
        return self.before + self.marked + self.after

    @property
    def carets(self) -> str:
        """A line of carets for under it."""
        return " " * cell_len(self.before) + "^" * max(cell_len(self.marked), 1)


def crop(text: str, width: int) -> str:
    """The beginning of a text, at most `width` columns wide, with an ellipsis where something was cut."""
    if cell_len(text) <= width:
        return text
    taken, used = [], 0
    for each in text:
        used += cell_len(each)
        if used > width - 1:
            break
        taken.append(each)
    return "".join(taken) + _ELLIPSIS


def crop_left(text: str, width: int) -> str:
    """The end of a text, as `crop`."""
    return text if cell_len(text) <= width else crop(text[::-1], width)[::-1]


def excerpt(source: Source, location: Location, width: int) -> Excerpt | None:
    """The first line of `location`, at most `width` columns wide; None when the file is no longer what was scanned."""
    span = location.span
    if span.end > len(source.text):
        return None
    first = source.line_index(span.start)
    line = source.line_span(first)
    last = source.line_index(max(span.start, span.end - 1))
    end = max(min(span.end, line.end), min(span.start, line.end))
    before, marked, after = (
        _plain(source.text[a:b]) for a, b in ((line.start, min(span.start, line.end)), (span.start, end), (end, line.end))
    )
    marked = crop(marked, width - min(cell_len(before), width // 4))
    before = crop_left(before, max(width - cell_len(marked) - min(cell_len(after), width // 8), min(cell_len(before), width // 4)))
    after = crop(after, max(width - cell_len(before) - cell_len(marked), 0)) if after else after
    return Excerpt(line=first + 1, before=before, marked=marked, after=after, more=last - first)


def _plain(text: str) -> str:
    return escape(text.replace("\t", _TAB))
