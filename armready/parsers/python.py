"""Python sources: the standard library's syntax tree with offsets into the text. Nothing is imported or run."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from functools import cached_property

from armready.errors import ParseProblem
from armready.file import File
from armready.source import Span


@dataclass
class Module:
    """A parsed source.

    Attributes:
        tree: the syntax tree.
        text: the source it was read from, newlines as in the file.
    """

    tree: ast.Module
    text: str
    _starts: list[int] = field(default_factory=list)
    _ascii: bool = False

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Each node's parent."""
        found: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                found[child] = node
        return found

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes, breadth first."""
        return list(ast.walk(self.tree))

    def offset(self, line: int, column: int) -> int:
        """The character offset of a 1-based line and a column in UTF-8 bytes, as `ast` counts."""
        start = self._starts[line - 1]
        if self._ascii:
            return start + column
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return start + len(self.text[start:end].encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))

    def span(self, node: ast.expr | ast.stmt | ast.keyword | ast.alias | ast.excepthandler) -> Span:
        """The span of a node."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset
        return Span(self.offset(node.lineno, node.col_offset), self.offset(end_line, node.col_offset if end_column is None else end_column))

    def source(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node."""
        span = self.span(node)
        return self.text[span.start : span.end]

    def string_span(self, node: ast.Constant) -> Span | None:
        """The span of the characters of a plain one-line string constant; None when escapes or prefixes change them."""
        span = self.span(node)
        raw = self.text[span.start : span.end]
        for quote in ('"""', "'''", '"', "'"):
            if raw.startswith(quote) and raw.endswith(quote) and raw[len(quote) : -len(quote)] == node.value:
                return Span(span.start + len(quote), span.end - len(quote))
        return None


def parse_python(file: File) -> Module:
    """The syntax tree of a source.

    Raises:
        ParseProblem: it is not Python 3.
    """
    text = file.text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        raise ParseProblem(f"not Python 3: line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ParseProblem(f"not Python 3: {error}") from error
    return Module(tree, text, _line_starts(text), text.isascii())


def _line_starts(text: str) -> list[int]:
    """Where the lines begin as the tokenizer counts them: a lone carriage return ends a line too."""
    starts = [0]
    length = len(text)
    for index, character in enumerate(text):
        if character == "\n" or (character == "\r" and not (index + 1 < length and text[index + 1] == "\n")):
            starts.append(index + 1)
    return starts
