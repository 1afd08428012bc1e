"""Groovy as far as a Jenkinsfile needs it: tokens with exact places, strings with what they hold.

There is no grammar here: a reader looks for calls among the tokens, and braces give the closures. What is interpolated in a string stays
as it is written, as an opaque part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from armready.core.embedded import Embedded, Segment
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import dataclass, regex


class TokenKind(StrEnum):
    """What a token is."""

    WORD = "word"
    STRING = "string"
    NUMBER = "number"
    MARK = "mark"
    NEWLINE = "newline"


class Token(NamedTuple):
    """One token.

    Attributes:
        kind: what it is.
        text: as written; of a string, what it holds with its interpolations as they are written.
        span: with the quotes of a string.
        string: of a string, what it holds.
    """

    kind: TokenKind
    text: str
    span: Span
    string: Text | None = None


@dataclass(frozen=True, eq=False)
class Text:
    """What a string literal holds.

    Attributes:
        embedded: its decoded text, mapped to the file.
        interpolations: the parts of the decoded text that Groovy replaces.
        quote: the delimiter.
    """

    embedded: Embedded
    interpolations: tuple[Span, ...]
    quote: str

    @property
    def is_constant(self) -> bool:
        """Whether nothing is interpolated."""
        return not self.interpolations


_SPACE = regex(r"(?:[ \t\f\r]|\\\r?\n)+")
_COMMENT = regex(r"//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_WORD = regex(r"[A-Za-z_$][\w$]*")
_NUMBER = regex(r"\d[\w.]*")
_QUOTES = ("'''", '"""', "'", '"')
_INTERPOLATED = frozenset({'"', '"""', "/", "$/"})
_SIMPLE = regex(r"\$[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", "'": "'", '"': '"', "$": "$"}
_VALUES = frozenset({TokenKind.WORD, TokenKind.STRING, TokenKind.NUMBER})
_BEFORE_REGEX = frozenset({"return", "in", "assert", "case", "else", "sh", "echo", "split", "matches"})
_EXPRESSION = regex(r"\$\{[^{}]*\}|\$\([^()]*\)|\$[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|\$")
_MAX_INTERPOLATION = 400
_OPENING = {")": "(", "]": "[", "}": "{"}
MOST_TOKENS = 3_000


@dataclass(frozen=True, eq=False)
class Groovy:
    """A file as tokens, comments and white space left out.

    Attributes:
        tokens: in order.
        partner: of each bracket, the index of the one that closes or opens it.
        block: of each token, the index of the brace that opens the closure it stands in; -1 at the top.
    """

    tokens: tuple[Token, ...]
    partner: Mapping[int, int]
    block: tuple[int, ...]

    def inside(self, opening: int, most: int = MOST_TOKENS) -> tuple[Token, ...]:
        """The tokens of a closure, at most `most` of them, without its braces."""
        return self.tokens[opening + 1 : min(self.partner.get(opening, len(self.tokens)), opening + 1 + most)]

    def call_of(self, opening: int) -> int | None:
        """The index of the word that a closure belongs to: `stage('x') {`, `else {`."""
        position = opening - 1
        while position >= 0 and self.tokens[position].kind is TokenKind.NEWLINE:
            position -= 1
        if position >= 0 and self.tokens[position].text == ")":
            position = self.partner.get(position, 0) - 1
        else:
            while position >= 0 and (self.tokens[position].kind is TokenKind.STRING or self.tokens[position].text == ","):
                position -= 1
        return position if position >= 0 and self.tokens[position].kind is TokenKind.WORD else None


def parse_groovy(file: File) -> Groovy:
    """The tokens of a file, and which brackets belong together."""
    tokens = tuple(_Lexer(file.text).tokens())
    partner: dict[int, int] = {}
    block: list[int] = []
    stack: list[int] = []
    braces = [-1]
    for index, token in enumerate(tokens):
        closes = token.kind is TokenKind.MARK and _OPENING.get(token.text)
        if closes and stack and tokens[stack[-1]].text == closes:
            partner[index], partner[stack[-1]] = stack[-1], index
            if token.text == "}":
                braces.pop()
            stack.pop()
        block.append(braces[-1])
        if token.kind is TokenKind.MARK and token.text in "([{":
            stack.append(index)
            if token.text == "{":
                braces.append(index)
    return Groovy(tokens, partner, tuple(block))


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Token] = []
        self.interpolated: set[str] = set()
        self.shell: set[str] = set()

    def tokens(self) -> list[Token]:
        """All tokens; text that is never closed ends at the end of the file."""
        text, position = self.text, 0
        if text.startswith("#!"):
            position = text.find("\n") if "\n" in text else len(text)
        while position < len(text):
            blank = _SPACE.match(text, position) or _COMMENT.match(text, position)
            if blank and not (text[position] == "/" and text[position : position + 2] not in ("//", "/*")):
                position = blank.end()
                continue
            position = self._one(position)
        return self.found

    def _one(self, position: int) -> int:
        text = self.text
        if text[position] == "\n":
            return self._add(TokenKind.NEWLINE, Span(position, position + 1))
        if text.startswith("$/", position) and self._value_expected():
            return self._string(position, "$/", "/$")
        for quote in _QUOTES:
            if text.startswith(quote, position):
                return self._string(position, quote, quote)
        if text[position] == "/" and self._value_expected() and self._closes(position):
            return self._string(position, "/", "/")
        for kind, pattern in ((TokenKind.WORD, _WORD), (TokenKind.NUMBER, _NUMBER)):
            match = pattern.match(text, position)
            if match:
                return self._add(kind, Span(position, match.end()))
        return self._add(TokenKind.MARK, Span(position, position + 1))

    def _add(self, kind: TokenKind, span: Span) -> int:
        self.found.append(Token(kind, self.text[span.start : span.end], span))
        return span.end

    def _value_expected(self) -> bool:
        """Whether a slash begins a string here rather than dividing."""
        last = self.found[-1] if self.found else None
        if last is None or last.kind is TokenKind.NEWLINE:
            return True
        if last.kind is TokenKind.WORD:
            return last.text in _BEFORE_REGEX
        return last.kind not in _VALUES and last.text not in (")", "]", "}")

    def _closes(self, position: int) -> bool:
        end = self.text.find("/", position + 1)
        return end > position + 1 and "\n" not in self.text[position:end]

    # Strings.

    def _string(self, start: int, opening: str, closing: str) -> int:
        parts: list[str] = []
        segments: list[Segment] = []
        interpolations: list[Span] = []
        length, position, text = 0, start + len(opening), self.text
        while position < len(text) and not text.startswith(closing, position):
            end = self._interpolation_end(position) if opening in _INTERPOLATED and text[position] == "$" else position
            if end > position:
                interpolations.append(Span(length, length + end - position))
                self.interpolated.add(text[position:end])
                length = _same(text[position:end], position, length, parts, segments)
                position = end
                continue
            decoded, width = self._escape(position, opening)
            if width == 0:
                if text[position] == "\n" and len(opening) == 1 and opening != "/":
                    break
                stop = self._run_end(position, opening, closing)
                length = _same(text[position:stop], position, length, parts, segments)
                position = stop
                continue
            parts.append(decoded)
            length += len(decoded)
            position += width
        end = min(len(text), position + len(closing))
        value = "".join(parts)
        embedded = Embedded(value, tuple(segments), partial(_encode, opening, self.interpolated, self.shell))
        self._note_shell(value, interpolations)
        self.found.append(Token(TokenKind.STRING, value, Span(start, end), Text(embedded, tuple(interpolations), opening)))
        return end

    def _run_end(self, position: int, opening: str, closing: str) -> int:
        """The end of a run of characters that stand for themselves."""
        stops = {closing[0], "\\", "\n"} | ({"$"} if opening in _INTERPOLATED else set())
        end = position + 1
        while end < len(self.text) and self.text[end] not in stops:
            end += 1
        return end

    def _escape(self, position: int, opening: str) -> tuple[str, int]:
        """What an escape stands for, and its width; width 0 where there is none."""
        text = self.text
        following = text[position + 1 : position + 2]
        if opening == "/":
            return ("/", 2) if text.startswith("\\/", position) else ("", 0)
        if opening == "$/":
            pair = text[position : position + 2]
            return (pair[1], 2) if pair in ("$$", "$/") else ("", 0)
        if text[position] != "\\":
            return "", 0
        if following in _ESCAPES:
            return _ESCAPES[following], 2
        if following == "\n" or text.startswith("\\\r\n", position):
            return "", 2 if following == "\n" else 3
        code = re.compile(r"\\u+([0-9a-fA-F]{4})").match(text, position)
        return (chr(int(code[1], 16)), code.end() - position) if code else ("", 0)

    def _interpolation_end(self, position: int) -> int:
        """The end of `$name.key` or `${…}`; the position itself where a dollar stands for itself."""
        text = self.text
        if not text.startswith("${", position):
            match = _SIMPLE.match(text, position)
            return match.end() if match else position
        depth = 0
        end = text.rfind("}", position, position + _MAX_INTERPOLATION) + 1
        for index in range(position + 1, end):
            if text[index] == "{":
                depth += 1
            elif text[index] == "}":
                depth -= 1
                if depth == 0:
                    return index + 1
        return position

    def _note_shell(self, value: str, interpolations: list[Span]) -> None:
        """Remember the variables that a shell sees, to tell them from Groovy's."""
        inside = {span.start for span in interpolations}
        self.shell.update(match[0] for match in _EXPRESSION.finditer(value) if match.start() not in inside)


def _encode(quote: str, interpolated: Set[str], shell: Set[str], fragment: str) -> str | None:
    """Write shell into a string; a variable that may be Groovy's in one string and the shell's in another is not moved."""
    if quote in ("/", "$/") or ("\n" in fragment and len(quote) == 1):
        return None
    written = []
    position = 0
    for match in _EXPRESSION.finditer(fragment):
        written.append(_escaped(fragment[position : match.start()], quote))
        position = match.end()
        groovy = match[0] in interpolated
        if groovy and (match[0] in shell or quote not in _INTERPOLATED):
            return None
        written.append(match[0] if groovy or quote not in _INTERPOLATED else f"\\{match[0]}")
    return "".join(written) + _escaped(fragment[position:], quote)


def _same(run: str, host: int, length: int, parts: list[str], segments: list[Segment]) -> int:
    parts.append(run)
    segments.append(Segment(length, host, len(run)))
    return length + len(run)


def _escaped(text: str, quote: str) -> str:
    text = text.replace("\\", "\\\\")
    mark = quote[0]
    if len(quote) == 1:
        return text.replace(mark, f"\\{mark}")
    return re.sub(f"{mark}(?={mark})|(?<={mark}){mark}|^{mark}|{mark}$", lambda found: f"\\{found[0]}", text)
