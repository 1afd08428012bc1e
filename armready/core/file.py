"""One file as rules see it: its text, its kind, the settings, and each parse made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from armready.core.errors import ParseProblem
from armready.core.fix import Edit
from armready.core.source import Location, Source, Span

if TYPE_CHECKING:
    from armready.core.classify import Kind
    from armready.core.config import Settings

Parsed = TypeVar("Parsed")


class File:
    """A file in the first pass. Everything a rule derives from it goes through `parse`, so that it is derived once."""

    def __init__(self, source: Source, kind: Kind, settings: Settings) -> None:
        self.source = source
        self.kind = kind
        self.settings = settings
        self.problems: list[str] = []
        self._parsed: dict[Callable[..., Any], Any] = {}

    @property
    def path(self) -> str:
        """The path relative to the root, with forward slashes."""
        return self.source.path

    @property
    def text(self) -> str:
        """The decoded text, newlines as they stand in the file."""
        return self.source.text

    def parse(self, parser: Callable[[File], Parsed]) -> Parsed:
        """`parser(file)`, computed at most once, however many rules ask for it.

        Raises:
            ParseProblem: as `parser` does, again on each call.
        """
        if parser not in self._parsed:
            try:
                self._parsed[parser] = parser(self)
            except ParseProblem as problem:
                self._parsed[parser] = problem
        result = self._parsed[parser]
        if isinstance(result, ParseProblem):
            raise result
        return result  # type: ignore[no-any-return]

    def note(self, problem: str) -> None:
        """Record that a part of the file could not be read, while the rest goes on."""
        if problem not in self.problems:
            self.problems.append(problem)

    def location(self, span: Span) -> Location:
        """The location of a span of this file."""
        return self.source.location(span)

    def replace(self, span: Span, text: str) -> Edit:
        """An edit that puts `text` in the place of `span`, with the line endings of the file."""
        if self.source.newline != "\n":
            text = text.replace("\r\n", "\n").replace("\n", self.source.newline)
        return Edit(self.source.location(span), text)

    def insert(self, offset: int, text: str) -> Edit:
        """An edit that inserts `text` at `offset`."""
        return self.replace(Span(offset, offset), text)

    def delete(self, span: Span) -> Edit:
        """An edit that removes `span`."""
        return self.replace(span, "")

    def delete_lines(self, span: Span) -> Edit:
        """An edit that removes every line `span` touches, line endings included."""
        first, last = self.source.line_index(span.start), self.source.line_index(max(span.start, span.end - 1))
        return self.delete(Span(self.source.full_line_span(first).start, self.source.full_line_span(last).end))

    def insert_line_above(self, offset: int, line: str) -> Edit:
        """An edit that puts `line` (without a line ending) above the line that holds `offset`."""
        start = self.source.line_starts[self.source.line_index(offset)]
        return self.insert(start, line + self.source.newline)
