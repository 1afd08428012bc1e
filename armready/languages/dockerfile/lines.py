"""The logical lines of a Dockerfile, read as BuildKit reads them.

A logical line is what remains of an instruction once continuations are joined: comment lines and blank lines between them are gone.
Each keeps the way back to the file, and the heredocs that follow it. This reader is the truth for places.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial

from armready.core.embedded import Embedded, Segment
from armready.core.source import Source, Span
from armready.core.startup import dataclass, regex

BLANKS = " \t\v\f\r"

_DIRECTIVE = regex(r"#[ \t]*([a-zA-Z][a-zA-Z0-9]*)[ \t]*=[ \t]*(\S.*)")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_HEREDOC_HOSTS = regex(r"\s*(?:onbuild\s+)?(?:add|copy|run)\s", re.IGNORECASE)
_HEREDOC_WORD = regex(r"(?<!\d)(\d*)<<(-?)([^<]+)")
_QUOTED = regex(r"""[^\s"'\\]+|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|\s+|.""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A heredoc of a RUN, COPY or ADD.

    Attributes:
        name: the delimiter without its quotes.
        expands: the delimiter is not quoted, so that variables in the body are expanded.
        strips_tabs: written `<<-`: leading tabs of the body do not count.
        body: the lines of the body, line endings included.
        end: the span of the line with the closing delimiter.
    """

    name: str
    expands: bool
    strips_tabs: bool
    body: Span
    end: Span


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """One instruction's text.

    Attributes:
        code: the joined text, mapped to the file.
        first: the 0-based line on which it begins.
        last: the 0-based line on which its text ends.
        heredocs: the heredocs that follow.
    """

    code: Embedded
    first: int
    last: int
    heredocs: tuple[Heredoc, ...] = ()


def cut(code: Embedded, start: int, end: int | None = None) -> Embedded:
    """A part of embedded text, mapped to the same host."""
    stop = len(code.text) if end is None else end
    index = max(bisect_left(code.segments, (start + 1,)) - 1, 0)
    segments = []
    for inner, host, length in code.segments[index:]:
        if inner >= stop:
            break
        low, high = max(inner, start), min(inner + length, stop)
        if low < high:
            segments.append(Segment(low - start, host + low - inner, high - low))
    return Embedded(code.text[start:stop], tuple(segments), code.encode)


def shell_words(text: str) -> Iterator[Span]:
    """The spans of the words of a line, split at white space outside of quotes."""
    start: int | None = None
    at = 0
    for match in _QUOTED.finditer(text):
        at = match.end()
        if match.group()[0].isspace():
            if start is not None:
                yield Span(start, match.start())
                start = None
        elif start is None:
            start = match.start()
    if start is not None:
        yield Span(start, at)


def _encode(escape: str, newline: str, fragment: str) -> str | None:
    """Write shell text in an instruction: only continued lines may break."""
    lines = fragment.split("\n")
    if any(not line.endswith("\\") for line in lines[:-1]) or fragment.endswith("\\"):
        return None
    return newline.join([line[:-1] + escape for line in lines[:-1]] + lines[-1:])


class LineReader:
    """Splits one file. After `lines()` the parser directives are known."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lines = source.lines
        self.escape = "\\"
        self.directives: dict[str, str] = {}
        self.directive_lines = 0
        self._read_directives()

    def _read_directives(self) -> None:
        for index, line in enumerate(self._lines):
            match = _DIRECTIVE.fullmatch(line.strip(" \t"))
            if match is None or match[1].lower() not in _DIRECTIVES:
                break
            self.directives.setdefault(match[1].lower(), match[2].rstrip())
            self.directive_lines = index + 1
        if self.directives.get("escape") == "`":
            self.escape = "`"

    def lines(self) -> Iterator[LogicalLine]:
        """The logical lines in order."""
        index = 0
        while index < len(self._lines):
            text = self._lines[index].lstrip(BLANKS)
            if not text or text[0] == "#":
                index += 1
                continue
            line = self._read(index)
            yield line
            index = self.after(line)

    @cached_property
    def _encode(self) -> Callable[[str], str | None]:
        return partial(_encode, self.escape, self._source.newline)

    def after(self, line: LogicalLine) -> int:
        """The 0-based line that follows a logical line and its heredocs."""
        return self._source.line_index(line.heredocs[-1].end.start) + 1 if line.heredocs else line.last + 1

    def _read(self, first: int) -> LogicalLine:
        """The instruction that begins on a line; most end there too."""
        whole = self._lines[first]
        if self.escape not in whole:
            text = whole.lstrip(BLANKS)
            start = self._source.line_starts[first] + len(whole) - len(text)
            code = Embedded(text, (Segment(0, start, len(text)),), self._encode)
            return LogicalLine(code, first, first, self._heredocs(text, first + 1))
        return self._join(first)

    def _join(self, first: int) -> LogicalLine:
        parts: list[str] = []
        segments: list[Segment] = []
        inner, last, index = 0, first, first
        while index < len(self._lines):
            text = self._lines[index]
            host = self._source.line_starts[index]
            stripped = text.lstrip(BLANKS)
            if index > first and (not stripped or stripped[0] == "#"):
                index += 1
                continue
            if index == first:
                host += len(text) - len(stripped)
                text = stripped
            continued = self._continued(text)
            if continued is not None:
                text = continued
            if text:
                parts.append(text)
                segments.append(Segment(inner, host, len(text)))
                inner += len(text)
            last = index
            index += 1
            if continued is None:
                break
        code = Embedded("".join(parts), tuple(segments), self._encode)
        return LogicalLine(code, first, last, self._heredocs(code.text, last + 1))

    def _continued(self, text: str) -> str | None:
        """What stands in front of the escape character that ends a line; None where the line ends the instruction."""
        code = text.rstrip(" \t")
        return code[:-1] if code[-1:] == self.escape and code[-2:-1] != self.escape else None

    def _heredocs(self, text: str, index: int) -> tuple[Heredoc, ...]:
        if "<<" not in text or not _HEREDOC_HOSTS.match(text):
            return ()
        found: list[Heredoc] = []
        for span in shell_words(text):
            match = _HEREDOC_WORD.fullmatch(text[span.start : span.end])
            if match is None:
                continue
            name = re.sub(r"[\"'\\]", "", match[3])
            end = self._closing(name, index, strips_tabs=bool(match[2]))
            if end is None:
                return ()
            starts = self._source.line_starts
            found.append(
                Heredoc(
                    name=name,
                    expands=name == match[3],
                    strips_tabs=bool(match[2]),
                    body=Span(starts[index], starts[end]),
                    end=self._source.line_span(end),
                )
            )
            index = end + 1
        return tuple(found)

    def _closing(self, name: str, start: int, *, strips_tabs: bool) -> int | None:
        lines = (self._untabbed if strips_tabs else self._exact).get(name, ())
        at = bisect_right(lines, start - 1)
        return lines[at] if at < len(lines) else None

    @cached_property
    def _exact(self) -> Mapping[str, list[int]]:
        """Line -> the indices at which it stands."""
        return _places(self._lines)

    @cached_property
    def _untabbed(self) -> Mapping[str, list[int]]:
        """The same without leading tabs."""
        return _places(line.lstrip("\t") for line in self._lines)


def _places(lines: Iterable[str]) -> Mapping[str, list[int]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        places[line].append(index)
    return places
