"""Statements of a Jenkinsfile as places: lines of `sh` before them, and their removal with the blocks that they leave empty."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from armready.file import File
from armready.fix import Edit
from armready.parsers.groovy import Token, TokenKind
from armready.source import Span

_GUARDS = frozenset(
    {
        "if",
        "else",
        "for",
        "while",
        "switch",
        "each",
        "catch",
        "finally",
        "post",
        "always",
        "success",
        "failure",
        "unstable",
        "cleanup",
        "changed",
    }
)
_MAY_GO = frozenset({"script", "steps", "stage", "withRegistry", "withDockerRegistry", "timeout", "retry"})


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement as the place of a step.

    Attributes:
        file: the file.
        tokens: all its tokens.
        first: the index of the statement's first token.
        last: that of its last one.
    """

    file: File
    tokens: Sequence[Token]
    first: int
    last: int

    @property
    def span(self) -> Span:
        """From its first character to its last."""
        return Span(self.tokens[self.first].span.start, self.tokens[self.last].span.end)

    def insert_scripts(self, lines: tuple[str, ...]) -> list[Edit] | None:
        """Edits that put `sh` steps with the lines above the statement."""
        indent = self._indent(self.span.start)
        if indent is None or any("'" in line or "\\" in line for line in lines):
            return None
        newline = self.file.source.newline
        return [self.file.insert(self.span.start, "".join(f"sh '{line}'{newline}{indent}" for line in lines))]

    def replace(self, statements: Sequence[str]) -> list[Edit] | None:
        """Edits that put other statements in its place."""
        indent = self._indent(self.span.start)
        if indent is None:
            return None
        return [self.file.replace(self.span, f"{self.file.source.newline}{indent}".join(statements))]

    def remove(self) -> list[Edit] | None:
        """Edits that take it out, and the blocks around it that hold nothing else."""
        first, last = self.first, self.last
        while True:
            opening = self._enclosing(first)
            if opening is None:
                break
            closing = self._closing(opening)
            rest = [*self.tokens[opening + 1 : first], *self.tokens[last + 1 : closing]]
            if any(token.kind is not TokenKind.NEWLINE for token in rest):
                break
            head = self._head(opening)
            if head is None:
                return None
            first, last = head, closing
        span = Span(self.tokens[first].span.start, self.tokens[last].span.end)
        text = self.file.text
        if self._indent(span.start) is None or (
            last != self.last and re.search(r"//|/\*", _without_strings(self.tokens[first : last + 1], text))
        ):
            return None
        tail = text[span.end : self.file.source.line_span(self.file.source.line_index(span.end)).end]
        return [self.file.delete_lines(span)] if not tail.strip(" \t;") else None

    @property
    def guards(self) -> frozenset[int]:
        """The blocks around it that run only under a condition, each by the place where it opens."""
        found, opening = set(), self._enclosing(self.first)
        while opening is not None:
            name = self._name(opening)
            inside = self.tokens[opening : self._closing(opening)]
            if name in _GUARDS or (name == "stage" and any(token.text == "when" and token.kind is TokenKind.WORD for token in inside)):
                found.add(opening)
            opening = self._enclosing(opening)
        return frozenset(found)

    @property
    def registry(self) -> Token | None:
        """The first argument of the `withRegistry` around it."""
        opening = self._enclosing(self.first)
        while opening is not None:
            position = self._before(opening)
            if self.tokens[position].text in ("withRegistry", "withDockerRegistry"):
                argument = self.tokens[position + 1 :]
                return next(
                    (token for token in argument[:6] if token.kind in (TokenKind.STRING, TokenKind.WORD) and token.text != "url"), None
                )
            opening = self._enclosing(opening)
        return None

    def _name(self, opening: int) -> str:
        return self.tokens[self._before(opening)].text

    def _indent(self, start: int) -> str | None:
        """What stands before an offset on its line, when that is white space alone."""
        line = self.file.text.rfind("\n", 0, start) + 1
        before = self.file.text[line:start]
        return before if not before.strip() else None

    def _enclosing(self, index: int) -> int | None:
        depth = 0
        for position in range(index - 1, -1, -1):
            token = self.tokens[position]
            if token.kind is TokenKind.MARK and token.text in "{}":
                depth += 1 if token.text == "}" else -1
                if depth < 0:
                    return position
        return None

    def _closing(self, opening: int) -> int:
        depth = 0
        for position in range(opening, len(self.tokens)):
            token = self.tokens[position]
            if token.kind is TokenKind.MARK:
                depth += (token.text == "{") - (token.text == "}")
                if depth == 0:
                    return position
        return len(self.tokens) - 1

    def _before(self, opening: int) -> int:
        """The index of the word that a block belongs to; that of the brace when there is none."""
        position = opening - 1
        if position >= 0 and self.tokens[position].text == ")":
            depth = 0
            while position >= 0:
                depth += (self.tokens[position].text == ")") - (self.tokens[position].text == "(")
                position -= 1
                if depth == 0:
                    break
        else:
            while position >= 0 and (self.tokens[position].kind is TokenKind.STRING or self.tokens[position].text == ","):
                position -= 1
        return position if position >= 0 and self.tokens[position].kind is TokenKind.WORD else opening

    def _head(self, opening: int) -> int | None:
        """The first token of the call that a block belongs to; None when the block must stay."""
        position = self._before(opening)
        if self.tokens[position].text not in _MAY_GO:
            return None
        if position >= 2 and self.tokens[position - 1].text == ".":
            position -= 2
        return position


def _without_strings(tokens: Sequence[Token], text: str) -> str:
    """The text between the tokens, where comments stand."""
    return "".join(text[one.span.end : other.span.start] for one, other in itertools.pairwise(tokens))
