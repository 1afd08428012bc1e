"""TOML with positions: `tomllib` says what a file means, the scanner here says where each value stands.

The scanner runs only on text that `tomllib` has accepted, so it never
has to judge what is valid. It gives up (`ParseProblem`) rather than guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from armready.core.bounded import load_toml
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex

_SPACE = regex(r"[ \t]*")
_BLANK = regex(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = regex(r"[A-Za-z0-9_-]+")
_BARE_VALUE = regex(r"[^\s,\]}#][^,\]}#\r\n]*")
_ESCAPE = regex(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([btnfre\"\\]))")
_SIMPLE = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


@dataclass
class Node:
    """A value and where it stands.

    Attributes:
        value: the text of a string, the raw text of another scalar, None for tables and arrays.
        span: the value with its quotes or brackets; of a table with a header, the header.
        key_span: the key it is bound to, when it has one.
        items: the elements of an array, or the tables of an array of tables.
        table: the members of a table.
    """

    span: Span
    value: str | None = None
    key_span: Span | None = None
    items: list[Node] | None = None
    table: dict[str, Node] | None = None
    inline: bool = False
    is_string: bool = False

    def get(self, *keys: str) -> Node | None:
        """The node below these keys."""
        node: Node | None = self
        for key in keys:
            node = node.table.get(key) if node is not None and node.table is not None else None
        return node

    def pairs(self) -> Iterator[tuple[str, Node]]:
        """The members of a table; nothing for another value."""
        yield from (self.table or {}).items()

    def elements(self) -> list[Node]:
        """The elements of an array; nothing for another value."""
        return self.items or []

    def strings(self) -> list[Node]:
        """The elements of an array that are strings."""
        return [each for each in self.elements() if each.is_string]


@dataclass
class Toml:
    """A file as `tomllib` reads it, and the same with positions."""

    data: dict[str, Any]
    root: Node


@dataclass
class _Scanner:
    text: str
    at: int = 0
    root: Node = field(default_factory=lambda: Node(Span(0, 0), table={}))

    def run(self) -> Node:
        current = self.root
        while True:
            self.skip(_BLANK)
            if self.at >= len(self.text):
                return self.root
            current = self.header() if self.text[self.at] == "[" else self.pair(current)

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def expect(self, token: str) -> None:
        if not self.text.startswith(token, self.at):
            raise ParseProblem(f"TOML: expected {token!r} at offset {self.at}")
        self.at += len(token)

    def header(self) -> Node:
        start = self.at
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        keys = self.key()
        self.expect("]]" if double else "]")
        node = self.root
        for name, _ in keys[:-1]:
            node = self.child(node, name)
        name, key_span = keys[-1]
        assert node.table is not None
        if not double:
            existing = self.child(node, name)
            existing.span, existing.key_span = Span(start, self.at), key_span
            return existing
        array = node.table.setdefault(name, Node(Span(start, self.at), items=[], key_span=key_span))
        new = Node(Span(start, self.at), table={}, key_span=key_span)
        if array.items is None:
            raise ParseProblem("TOML: an array of tables that is something else")
        array.items.append(new)
        return new

    @staticmethod
    def child(node: Node, name: str) -> Node:
        if node.table is None:
            raise ParseProblem("TOML: a table that is something else")
        below = node.table.setdefault(name, Node(Span(0, 0), table={}))
        return below.items[-1] if below.items else below

    def key(self) -> list[tuple[str, Span]]:
        keys = []
        while True:
            self.skip(_SPACE)
            start = self.at
            if self.text[start : start + 1] in ("'", '"'):
                name = self.string().value or ""
            else:
                match = _BARE_KEY.match(self.text, start)
                if match is None:
                    raise ParseProblem(f"TOML: no key at offset {start}")
                name, self.at = match.group(), match.end()
            keys.append((name, Span(start, self.at)))
            self.skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def pair(self, table: Node) -> Node:
        keys = self.key()
        self.expect("=")
        self.skip(_SPACE)
        node = table
        for name, _ in keys[:-1]:
            node = self.child(node, name)
        value = self.value()
        value.key_span = Span(keys[0][1].start, keys[-1][1].end)
        assert node.table is not None
        node.table[keys[-1][0]] = value
        return table

    def value(self) -> Node:
        opening = self.text[self.at : self.at + 1]
        if opening in ("'", '"'):
            return self.string()
        if opening == "[":
            return self.array()
        if opening == "{":
            return self.inline_table()
        match = _BARE_VALUE.match(self.text, self.at)
        if match is None:
            raise ParseProblem(f"TOML: no value at offset {self.at}")
        raw = match.group().rstrip()
        self.at = match.start() + len(raw)
        return Node(Span(match.start(), self.at), raw)

    def array(self) -> Node:
        start = self.at
        self.at += 1
        items: list[Node] = []
        while True:
            self.skip(_BLANK)
            if self.text.startswith("]", self.at):
                self.at += 1
                return Node(Span(start, self.at), items=items)
            items.append(self.value())
            self.skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1

    def inline_table(self) -> Node:
        start = self.at
        self.at += 1
        node = Node(Span(start, start), table={}, inline=True)
        while True:
            self.skip(_BLANK)
            if self.text.startswith("}", self.at):
                self.at += 1
                node.span = Span(start, self.at)
                return node
            self.pair(node)
            self.skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1

    def string(self) -> Node:
        start = self.at
        quote = self.text[start]
        triple = quote * 3
        if self.text.startswith(triple, start):
            end = self._end_of_string(start + 3, triple, quote)
            body = self.text[start + 3 : end]
            self.at = end + 3
            while self.text.startswith(quote, self.at):
                body += quote
                self.at += 1
            body = body.removeprefix("\r").removeprefix("\n")
            if quote == '"':
                body = _unescape(re.sub(r"\\[ \t]*\r?\n\s*", "", body))
        else:
            end = self._end_of_string(start + 1, quote, quote)
            body = self.text[start + 1 : end]
            self.at = end + 1
            body = _unescape(body) if quote == '"' else body
        return Node(Span(start, self.at), body, is_string=True)

    def _end_of_string(self, at: int, closing: str, quote: str) -> int:
        while True:
            end = self.text.find(closing, at)
            if end < 0:
                raise ParseProblem("TOML: a string without an end")
            if quote == "'":
                return end
            escape = self.text.find("\\", at, end)
            if escape < 0:
                return end
            at = escape + 2


def _unescape(body: str) -> str:
    if "\\" not in body:
        return body

    def decode(match: re.Match[str]) -> str:
        number = match[1] or match[2] or match[3]
        return chr(int(number, 16)) if number else _SIMPLE[match[4]]

    return _ESCAPE.sub(decode, body)


def toml_data(file: File) -> dict[str, Any]:
    """What the file says, without positions.

    Raises:
        ParseProblem: it is not TOML.
    """
    try:
        return load_toml(file.text.replace("\r\n", "\n"))
    except ParseProblem as error:
        raise ParseProblem(f"not TOML: {error}") from error


def parse_toml(file: File) -> Toml:
    """What the file says and where.

    Raises:
        ParseProblem: it is not TOML, or the scanner does not understand it.
    """
    data = file.parse(toml_data)
    try:
        return Toml(data, _Scanner(file.text).run())
    except (IndexError, RecursionError) as error:
        raise ParseProblem("TOML that is nested too deep or ends too early") from error
