"""Text with positions: what every parser reads and every edit refers to.

Offsets count characters of the decoded text, half-open, newlines as they stand in the file. A byte order mark,
the encoding and the newline style are kept apart so that writing gives back every untouched byte.
"""

from __future__ import annotations

import codecs
from bisect import bisect_right
from typing import NamedTuple

from armready.core.errors import ParseProblem
from armready.core.startup import dataclass, lazy

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Span(NamedTuple):
    """A half-open range of characters in a decoded text."""

    start: int
    end: int

    def contains(self, other: Span) -> bool:
        """Whether `other` lies inside this span."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a character, or an insertion point lies strictly inside the other."""
        return self.start < other.end and other.start < self.end

    def shift(self, by: int) -> Span:
        """The same range, `by` characters further on."""
        return Span(self.start + by, self.end + by)


class Region(NamedTuple):
    """A span as people count: 1-based lines and columns, columns in characters, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Location(NamedTuple):
    """A place in a file of the repository. `path` is relative to the root, with forward slashes."""

    path: str
    span: Span
    region: Region


@dataclass(frozen=True)
class Source:
    """The decoded text of one file."""

    path: str
    text: str
    encoding: str = "utf-8"
    bom: bytes = b""

    @classmethod
    def decode(cls, path: str, data: bytes) -> Source:
        """Decode `data`; bytes that are not UTF-8 are read as Latin-1, which keeps each byte.

        Raises:
            ParseProblem: the data is binary, or does not decode in the encoding that its byte order mark names.
        """
        for bom, encoding in _BOMS:
            if data.startswith(bom):
                try:
                    return cls(path, data[len(bom) :].decode(encoding), encoding, bom)
                except UnicodeDecodeError as error:
                    raise ParseProblem(f"not {encoding} text: {error.reason}") from error
        if b"\0" in data:
            raise ParseProblem("binary file")
        try:
            return cls(path, data.decode("utf-8"))
        except UnicodeDecodeError:
            return cls(path, data.decode("latin-1"), "latin-1")

    def encode(self, text: str) -> bytes:
        """The bytes of `text` in this file's encoding.

        Raises:
            ParseProblem: the encoding has no such character.
        """
        try:
            return self.bom + text.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise ParseProblem(f"{self.encoding} cannot hold the new text: {error.reason}") from error

    @lazy
    def newline(self) -> str:
        """The line ending of the file: that of its first line, `\\n` when there is none."""
        end = self.text.find("\n")
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"

    @lazy
    def line_starts(self) -> list[int]:
        """The offset at which each line begins; `\\n` alone ends a line."""
        starts = [0]
        find = self.text.find
        at = find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = find("\n", at + 1)
        return starts

    @lazy
    def lines(self) -> list[str]:
        """The lines without their line endings."""
        lines = self.text.split("\n")
        return [line.removesuffix("\r") for line in lines] if "\r" in self.text else lines

    def line_index(self, offset: int) -> int:
        """The 0-based line that holds `offset`."""
        return bisect_right(self.line_starts, offset) - 1

    def line_span(self, index: int) -> Span:
        """The span of a 0-based line without its line ending."""
        start = self.line_starts[index]
        end = self.line_starts[index + 1] - 1 if index + 1 < len(self.line_starts) else len(self.text)
        if end > start and self.text[end - 1] == "\r":
            end -= 1
        return Span(start, end)

    def full_line_span(self, index: int) -> Span:
        """The span of a 0-based line with its line ending."""
        start = self.line_starts[index]
        return Span(start, self.line_starts[index + 1] if index + 1 < len(self.line_starts) else len(self.text))

    def is_comment(self, line: int) -> bool:
        """Whether a line holds nothing but a `#` comment."""
        return self.slice(self.line_span(line)).lstrip().startswith("#")

    def comments_above(self, line: int) -> int:
        """The first of the comment lines that touch a line from above; the line itself where there is none."""
        while line > 0 and self.is_comment(line - 1):
            line -= 1
        return line

    def region(self, span: Span) -> Region:
        """The lines and columns of `span`."""
        start, end = self.line_index(span.start), self.line_index(span.end)
        starts = self.line_starts
        return Region(start + 1, span.start - starts[start] + 1, end + 1, span.end - starts[end] + 1)

    def location(self, span: Span) -> Location:
        """The location of `span` in this file."""
        return Location(self.path, span, self.region(span))

    def slice(self, span: Span) -> str:
        """The text of `span`."""
        return self.text[span.start : span.end]

    def indent_at(self, offset: int) -> str:
        """The white space at the beginning of the line that holds `offset`."""
        start = self.line_starts[self.line_index(offset)]
        end = start
        while end < len(self.text) and self.text[end] in " \t":
            end += 1
        return self.text[start:end]
