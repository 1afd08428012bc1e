"""HCL as Docker Bake reads it: blocks with labels, attributes, and the exact places of both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Span

_BLANK = re.compile(r"[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_STRING_PARTS = re.compile(r"[^\"\\$%{}\n]+")
_HEREDOC = re.compile(r"<<-?([A-Za-z_][\w-]*)[ \t]*\r?\n")
_OPENING, _CLOSING = "([{", ")]}"
_MAX_DEPTH = 200


@dataclass(frozen=True)
class Attribute:
    """`name = value`.

    Attributes:
        name: its name.
        span: from the name to the end of the value.
        value: the expression.
    """

    name: str
    span: Span
    value: Span


@dataclass(frozen=True)
class Block:
    """`kind "label" { … }`.

    Attributes:
        kind: its first word.
        labels: without their quotes.
        span: from the kind to the closing brace.
        opening: the offset behind the opening brace.
        attributes: by name.
        blocks: within it.
    """

    kind: str
    labels: tuple[str, ...]
    span: Span
    opening: int
    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()


def parse_hcl(file: File) -> tuple[Block, ...]:
    """The blocks of a file, in order.

    Raises:
        ParseProblem: it is not HCL.
    """
    parser = _Parser(file.text)
    _attributes, blocks = parser.body(0)
    if parser.at < len(file.text):
        raise ParseProblem(f"a brace that opens nothing at offset {parser.at}")
    return blocks


def literal(text: str, span: Span) -> str | None:
    """The text of an expression that is one quoted string, its templates as written; None for other ones."""
    inner = text[span.start + 1 : span.end - 1]
    if span.end - span.start < 2 or text[span.start] != '"' or "\n" in inner:
        return None
    parser = _Parser(text, span.start)
    parser.string()
    return inner.replace('\\"', '"').replace("\\\\", "\\") if parser.at == span.end else None


def elements(text: str, span: Span) -> tuple[Span, ...] | None:
    """The places of the elements of an expression that is one list; None for other ones."""
    if text[span.start : span.start + 1] != "[":
        return None
    parser = _Parser(text, span.start + 1)
    found: list[Span] = []
    while True:
        parser.blank()
        if text[parser.at : parser.at + 1] == "]":
            return tuple(found) if parser.at + 1 == span.end else None
        start = parser.at
        end = parser.expression(stop_at_comma=True)
        if end == start or end > span.end:
            return None
        found.append(Span(start, end))
        parser.blank()
        if text[parser.at : parser.at + 1] == ",":
            parser.at += 1


class _Parser:
    """A position in the text that only moves forward."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    def blank(self) -> None:
        """Skip white space and comments."""
        while (found := _BLANK.match(self.text, self.at)) is not None:
            self.at = found.end()

    def body(self, depth: int) -> tuple[dict[str, Attribute], tuple[Block, ...]]:
        """Attributes and blocks up to a closing brace or the end."""
        if depth > _MAX_DEPTH:
            raise ParseProblem("blocks stand too deep in each other")
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        while True:
            self.blank()
            if self.at >= len(self.text) or self.text[self.at] == "}":
                return attributes, tuple(blocks)
            start = self.at
            name = _NAME.match(self.text, self.at) or self._quoted_name()
            if name is None:
                raise ParseProblem(f"neither an attribute nor a block at offset {start}")
            self.at = name.end()
            labels = tuple(self._labels())
            if self.text[self.at : self.at + 1] == "{":
                blocks.append(self._block(name[0].strip('"'), labels, start, depth))
            elif self.text[self.at : self.at + 1] in ("=", ":") and not labels:
                self.at += 1
                self.blank()
                value = self.at
                end = self.expression()
                key = name[0].strip('"')
                attributes[key] = Attribute(key, Span(start, end), Span(value, end))
            else:
                raise ParseProblem(f"neither an attribute nor a block at offset {start}")

    def _quoted_name(self) -> re.Match[str] | None:
        return re.compile(r'"[\w.-]+"').match(self.text, self.at)

    def _labels(self) -> Iterator[str]:
        while True:
            while self.text[self.at : self.at + 1] in (" ", "\t"):
                self.at += 1
            start = self.at
            if self.text[start : start + 1] == '"':
                self.string()
                yield self.text[start + 1 : self.at - 1]
            elif (name := _NAME.match(self.text, start)) is not None:
                self.at = name.end()
                yield name[0]
            else:
                return

    def _block(self, kind: str, labels: tuple[str, ...], start: int, depth: int) -> Block:
        self.at += 1
        opening = self.at
        attributes, blocks = self.body(depth + 1)
        if self.at >= len(self.text):
            raise ParseProblem(f"the block at offset {start} is never closed")
        self.at += 1
        return Block(kind=kind, labels=labels, span=Span(start, self.at), opening=opening, attributes=attributes, blocks=blocks)

    def expression(self, *, stop_at_comma: bool = False) -> int:
        """Skip an expression, which ends at a line break outside of all brackets; its end without the blanks behind it."""
        depth, end = 0, self.at
        text = self.text
        while self.at < len(text):
            char = text[self.at]
            ends = char in "\r\n" or (char == "," and stop_at_comma) or char in _CLOSING or text.startswith(("#", "//"), self.at)
            if depth == 0 and ends:
                break
            if char in _OPENING:
                depth += 1
                self.at += 1
            elif char in _CLOSING:
                depth -= 1
                self.at += 1
            elif char == '"':
                self.string()
            elif char in " \t\r\n#" or text.startswith(("//", "/*"), self.at):
                self.blank_or_skip()
                continue
            elif (heredoc := _HEREDOC.match(text, self.at)) is not None:
                self._heredoc(heredoc)
            else:
                self.at += 1
            end = self.at
        return end

    def blank_or_skip(self) -> None:
        """Skip blanks within an expression, line by line at the outermost level."""
        start = self.at
        if self.text[start] in " \t":
            self.at += 1
            return
        self.blank()
        if self.at == start:
            raise ParseProblem(f"the comment at offset {start} is never closed")

    def string(self) -> None:
        """Skip a quoted string with its templates, in which strings stand again."""
        text = self.text
        # What is open, outermost first: a string by its quote, a template by its brace.
        is_open = ['"']
        self.at += 1
        while self.at < len(text):
            char, in_string = text[self.at], is_open[-1] == '"'
            if char == "\n":
                break
            if char == "\\" and in_string:
                self.at += 2
            elif char == '"':
                self.at += 1
                if not in_string:
                    is_open.append(char)
                elif len(is_open) == 1:
                    return
                else:
                    is_open.pop()
            elif in_string and text.startswith(("${", "%{"), self.at) and text[self.at - 1] != char:
                is_open.append("{")
                self.at += 2
            elif not in_string and char in "{}":
                self.at += 1
                if char == "{":
                    is_open.append(char)
                else:
                    is_open.pop()
            else:
                found = _STRING_PARTS.match(text, self.at)
                self.at = found.end() if found else self.at + 1
        raise ParseProblem(f"a string is never closed before offset {self.at}")

    def _heredoc(self, heredoc: re.Match[str]) -> None:
        end = re.compile(rf"^[ \t]*{re.escape(heredoc[1])}[ \t]*\r?$", re.MULTILINE).search(self.text, heredoc.end())
        if end is None:
            raise ParseProblem(f"a heredoc is never closed: {heredoc[1]}")
        self.at = end.end()
