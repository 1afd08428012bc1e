"""Text of one language inside the text of another, with the way back.

A `RUN` line, an item of a `script:` list, a Makefile recipe and a Jenkins `sh` step all hold shell. `Embedded` is that
shell as the shell will read it, and knows for each run of its characters where it stands in the host file and how an
inserted fragment has to be written there. The proof of an edit is that decoding the new host text gives the
intended inner text; where the map is not exact there is no span, and so no fix.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import NamedTuple

from armready.core.source import Span
from armready.core.startup import dataclass


class Segment(NamedTuple):
    """`length` characters that are equal in the inner text at `inner` and in the host text at `host`."""

    inner: int
    host: int
    length: int


# Encoders are functions of modules, or partials of them: a record that holds one is still data that can be pickled.


def verbatim(fragment: str) -> str | None:
    """Write a fragment as it is."""
    return fragment


def on_one_line(fragment: str) -> str | None:
    """Write a fragment that stays on one line as it is."""
    return None if "\n" in fragment else fragment


def never(fragment: str) -> str | None:
    """Write nothing: the host is only read."""
    del fragment
    return None


def with_breaks(newline: str, fragment: str) -> str | None:
    """Write a fragment with the host's own line breaks, and the indent behind them."""
    return fragment.replace("\n", newline)


def _through(inner: Embedded, outer: Embedded, fragment: str) -> str | None:
    once = inner.encode(fragment)
    return None if once is None else outer.encode(once)


@dataclass(frozen=True)
class Embedded:
    """Inner text, mapped to its host.

    Attributes:
        text: the decoded inner text.
        segments: runs of equal text in inner order. Characters outside of all segments (escapes and line folds)
            have no exact place in the host.
        encode: writes an inner fragment in the host's notation; None when it cannot be written there.
        check: the inner text as it would be decoded if a host span were replaced by a text; None when it could not be.
        layers: this text mapped to the layer above it, and that layer mapped to the host, where there are two.
    """

    text: str
    segments: tuple[Segment, ...]
    encode: Callable[[str], str | None] = field(default=verbatim, compare=False)
    check: Callable[[Span, str], str | None] | None = field(default=None, compare=False)
    layers: tuple[Embedded, Embedded] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def whole(cls, text: str, start: int = 0) -> Embedded:
        """Text that stands in its host unchanged, from the host offset `start` on."""
        return cls(text, (Segment(0, start, len(text)),) if text else ())

    def host_offset(self, inner: int, *, after: bool = False) -> int | None:
        """The host offset of an inner offset, or None where the map is not exact.

        At the border of two segments, `after` chooses the end of the earlier one (for the end of a span).
        """
        index = bisect_left(self.segments, (inner + 1,)) - 1
        if index < 0:
            return None
        segment = self.segments[index]
        if after and inner == segment.inner and index > 0:
            before = self.segments[index - 1]
            if before.inner + before.length == inner:
                return before.host + before.length
        if inner <= segment.inner + segment.length:
            return segment.host + inner - segment.inner
        return None

    def host_span(self, inner: Span) -> Span | None:
        """The host span of an inner one; what lies between in the host (line breaks, indents) is included."""
        if len(self.segments) == 1:
            first, host, length = self.segments[0]
            exact = first <= inner.start <= inner.end <= first + length
            return Span(inner.start + host - first, inner.end + host - first) if exact else None
        start = self.host_offset(inner.start)
        end = self.host_offset(inner.end, after=inner.end > inner.start)
        return None if start is None or end is None or end < start else Span(start, end)

    def nearest_host_span(self, inner: Span) -> Span:
        """A host span to point at, exact or not: never use it for an edit."""
        exact = self.host_span(inner)
        if exact is not None:
            return exact
        if not self.segments:
            return Span(0, 0)
        index = max(bisect_left(self.segments, (inner.start + 1,)) - 1, 0)
        first = self.segments[index]
        last = self.segments[min(index + 1, len(self.segments) - 1)]
        start = first.host + min(max(inner.start - first.inner, 0), first.length)
        return Span(start, max(start, last.host))

    def edit(self, inner: Span, fragment: str) -> tuple[Span, str] | None:
        """The host span and the host text that replace an inner span by `fragment`; None where that cannot be proved."""
        if self.layers is not None:
            middle = self.layers[0].edit(inner, fragment)
            return None if middle is None else self.layers[1].edit(*middle)
        host, written = self.host_span(inner), self.encode(fragment)
        if host is None or written is None:
            return None
        if self.check is not None and self.check(host, written) != self.text[: inner.start] + fragment + self.text[inner.end :]:
            return None
        return host, written

    def through(self, outer: Embedded) -> Embedded:
        """This text, whose host is the inner text of `outer`, mapped to the host of `outer`."""
        segments: list[Segment] = []
        for inner, middle, length in self.segments:
            position, end = middle, middle + length
            for part in outer.segments:
                start = max(position, part.inner)
                stop = min(end, part.inner + part.length)
                if start < stop:
                    segments.append(Segment(inner + start - middle, part.host + start - part.inner, stop - start))

        return Embedded(self.text, tuple(segments), partial(_through, self, outer), layers=(self, outer))
