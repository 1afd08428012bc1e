"""A Python module: the standard library's syntax tree, with its nodes by type and their places in the text."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from armready.core.source import Span

Node = TypeVar("Node", bound=ast.AST)

# Nodes of which the parser makes one each, shared by all their users.
_SHARED = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)


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
    def _index(self) -> tuple[list[ast.AST], dict[ast.AST, ast.AST], dict[type[ast.AST], list[ast.AST]]]:
        """All nodes breadth first, their parents, and the nodes by type, made in one walk."""
        nodes: list[ast.AST] = [self.tree]
        parents: dict[ast.AST, ast.AST] = {}
        by_type: dict[type[ast.AST], list[ast.AST]] = {}
        for node in nodes:
            by_type.setdefault(type(node), []).append(node)
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, ast.AST):
                    if not isinstance(value, _SHARED):
                        parents[value] = node
                        nodes.append(value)
                elif isinstance(value, list):
                    for child in value:
                        if isinstance(child, ast.AST) and not isinstance(child, _SHARED):
                            parents[child] = node
                            nodes.append(child)
        return nodes, parents, by_type

    @property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Each node's parent."""
        return self._index[1]

    @property
    def nodes(self) -> list[ast.AST]:
        """All nodes, breadth first, without operators and contexts."""
        return self._index[0]

    def of(self, kind: type[Node]) -> list[Node]:
        """The nodes of exactly one type, breadth first."""
        return self._index[2].get(kind, [])  # type: ignore[return-value]

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
