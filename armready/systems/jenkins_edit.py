"""Statements of a Jenkinsfile as places: lines of `sh` before them, and their removal with the blocks that they leave empty."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import dataclass
from armready.languages.groovy import Groovy, Token, TokenKind

GUARDS = frozenset(
    [
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
        "aborted",
        "fixed",
        "regression",
    ]
)
_MAY_GO = frozenset({"script", "steps", "stage", "withRegistry", "withDockerRegistry", "timeout", "retry"})


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement as the place of a step.

    Attributes:
        file: the file.
        groovy: its tokens.
        first: the index of the statement's first token.
        last: that of its last one.
    """

    file: File
    groovy: Groovy
    first: int
    last: int

    @property
    def tokens(self) -> Sequence[Token]:
        """The tokens of the file."""
        return self.groovy.tokens

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
        while (opening := self.groovy.block[first]) >= 0:
            closing = self.groovy.partner.get(opening)
            if closing is None or any(token.kind is not TokenKind.NEWLINE for token in self._rest(opening, first, last, closing)):
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

    def _rest(self, opening: int, first: int, last: int, closing: int) -> Iterator[Token]:
        """The tokens of a block that are not among those from `first` to `last`."""
        yield from itertools.islice(self.tokens, opening + 1, first)
        yield from itertools.islice(self.tokens, last + 1, closing)

    @property
    def blocks(self) -> Iterator[int]:
        """The braces around it, the nearest first."""
        opening = self.groovy.block[self.first]
        while opening >= 0:
            yield opening
            opening = self.groovy.block[opening]

    @property
    def guards(self) -> frozenset[int]:
        """The blocks around it that run only under a condition, each by the place where it opens."""
        return frozenset(opening for opening in self.blocks if self._is_guard(opening))

    def _is_guard(self, opening: int) -> bool:
        call = self.groovy.call_of(opening)
        name = self.tokens[call].text if call is not None else ""
        if name == "stage":
            return any(token.text == "when" and token.kind is TokenKind.WORD for token in self.groovy.inside(opening))
        return name in GUARDS

    @property
    def registry(self) -> Token | None:
        """The first argument of the `withRegistry` around it."""
        for opening in self.blocks:
            call = self.groovy.call_of(opening)
            if call is not None and self.tokens[call].text in ("withRegistry", "withDockerRegistry"):
                arguments = self.tokens[call + 1 : call + 7]
                return next((each for each in arguments if each.kind in (TokenKind.STRING, TokenKind.WORD) and each.text != "url"), None)
        return None

    def _indent(self, start: int) -> str | None:
        """What stands before an offset on its line, when that is white space alone."""
        line = self.file.text.rfind("\n", 0, start) + 1
        before = self.file.text[line:start]
        return before if not before.strip() else None

    def _head(self, opening: int) -> int | None:
        """The first token of the call that a block belongs to; None when the block must stay."""
        position = self.groovy.call_of(opening)
        if position is None or self.tokens[position].text not in _MAY_GO:
            return None
        return position - 2 if position >= 2 and self.tokens[position - 1].text == "." else position


def _without_strings(tokens: Sequence[Token], text: str) -> str:
    """The text between the tokens, where comments stand."""
    return "".join(text[one.span.end : other.span.start] for one, other in itertools.pairwise(tokens))
