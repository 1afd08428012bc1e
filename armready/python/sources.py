"""What rules on Python sources ask again and again: the strings of a file that arm64 reaches, names of calls, the import of `platform`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import regex
from armready.languages.python.module import Module
from armready.languages.python.parser import parse_python
from armready.python.arch import Evaluator, evaluator
from armready.python.machines import AARCH64
from armready.python.reachable import called_name, reachability

_ARCH_WORDS = regex(r"x86|amd64|aarch64|arm64|machine|uname|\barch\b|_arch|arch_|cpu_|simd|processor", re.IGNORECASE)
_PROBES = regex(
    r"(?:has|check|supports?|try|test|probe|accepts?|is_valid|detect)[a-z_]{0,60}(?:flag|compile|arg|option)|(?:flag|compile)[a-z_]{0,60}(?:ok|works|supported)"
)


# Names of names and texts in texts that a text is followed through.
_DEEPEST = 8
_JOINS = ("os.path.join", "path.join", "join", "Path", "pathlib.Path", "PurePath", "str", "os.fspath")


@dataclass
class Sources:
    """A file with what is known of it."""

    file: File
    module: Module
    judge: Evaluator

    def reaches(self, node: ast.AST) -> bool:
        """Whether Linux arm64 may run a node."""
        return self.file.parse(reachability).reaches(node)

    def uncertain(self, node: ast.AST) -> bool:
        """Whether a test around the node may be about the processor or about what the compiler takes, but is not a closed expression."""
        child = node
        while (parent := self.module.parents.get(child)) is not None:
            if isinstance(parent, ast.If | ast.IfExp) and child is not parent.test:
                test = self.module.source(parent.test)
                if _ARCH_WORDS.search(test) or _PROBES.search(test):
                    return True
            if isinstance(parent, ast.Call) and _PROBES.search(called_name(parent)):
                return True
            if isinstance(parent, ast.FunctionDef) and _PROBES.search(parent.name):
                return True
            if isinstance(parent, ast.Dict) and any(
                isinstance(key, ast.Constant) and isinstance(key.value, str) and _ARCH_WORDS.search(key.value) for key in parent.keys
            ):
                return True
            child = parent
        return False

    def strings(self) -> Iterator[tuple[ast.Constant, str]]:
        """The string constants with their texts, without docstrings and other bare strings."""
        for node in self.module.of(ast.Constant):
            if isinstance(node.value, str) and not isinstance(self.module.parents.get(node), ast.Expr):
                yield node, node.value

    def text(self, node: ast.expr | None, depth: int = 0) -> str:
        """The text that an expression has on arm64, `{}` for each part that is not known; empty when it is no text."""
        if node is None or depth > _DEEPEST:
            return ""
        known = self.judge.value(node, AARCH64)
        if isinstance(known, str):
            return known
        match node:
            case ast.JoinedStr(values=parts):
                return "".join(
                    self.text(getattr(each, "value", each) if isinstance(each, ast.FormattedValue) else each, depth + 1) or "{}"
                    for each in parts
                )
            case ast.BinOp(left=left, op=ast.Add() | ast.Div() as operator, right=right):
                between = "/" if isinstance(operator, ast.Div) else ""
                return between.join(self.text(each, depth + 1) or "{}" for each in (left, right))
            case ast.BinOp(left=left, op=ast.Mod()):
                return self.text(left, depth + 1)
            case ast.Name():
                return self.text(self.judge.bound(node), depth + 1)
            case ast.Call(func=ast.Attribute(attr="format", value=template)):
                return self.text(template, depth + 1)
            case ast.Call(args=[*parts]) if called_name(node) in _JOINS:
                return "/".join(self.text(each, depth + 1) or "{}" for each in parts)
        return ""

    def number(self, node: ast.expr | None) -> int | None:
        """The whole number that an expression has on arm64."""
        value = self.judge.value(node, AARCH64) if node is not None else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def sequences(self) -> Iterator[ast.List | ast.Tuple]:
        """The lists and tuples that are written out."""
        yield from self.module.of(ast.List)
        yield from self.module.of(ast.Tuple)

    def arguments(self, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
        """The keyword arguments of a call, with those of a dictionary that is spread into it."""
        for each in call.keywords:
            if each.arg is not None:
                yield each.arg, each.value
                continue
            spread = self.judge.table(each.value)
            if spread is not None:
                yield from ((constant(key), value) for key, value in zip(spread.keys, spread.values, strict=True) if constant(key))

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """The calls with their dotted names, in which a module has its own name: `sp.run` after `import subprocess as sp`."""
        for node in self.module.of(ast.Call):
            head, dot, rest = called_name(node).partition(".")
            yield node, f"{self.judge.imported.get(head, head) if dot else head}{dot}{rest}"

    def import_platform(self) -> tuple[Edit, ...]:
        """The edit that imports `platform`; empty when that name is imported already."""
        if self.judge.imported.get("platform") == "platform":
            return ()
        body = self.module.tree.body
        first = next((each for each in body if isinstance(each, ast.Import | ast.ImportFrom) and not _is_future(each)), None)
        if first is not None:
            return (self.file.insert_line_above(self.module.span(first).start, "import platform"),)
        rest = [each for each in body if not _is_future(each) and not (each is body[0] and _is_docstring(each))]
        if not rest:
            return ()
        return (self.file.insert_line_above(self.module.span(rest[0]).start, f"import platform{self.file.source.newline}"),)

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> Span:
        """The span of a node."""
        return self.module.span(node)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def sources(file: File) -> Sources:
    """Read a Python file.

    Raises:
        ParseProblem: it is not Python.
    """
    return Sources(file, file.parse(parse_python), file.parse(evaluator))


def constant(node: ast.expr | None) -> str:
    """The text of a string constant; empty for another expression."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((each.value for each in call.keywords if each.arg == name), None)
