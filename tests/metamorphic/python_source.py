"""Rewritings of Python sources."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.source import Span
from armready.core.suppressions import NEEDLE

from .rewriting import Change, insert, rewriting, swap


def _tokens(file: File) -> Iterator[tuple[tokenize.TokenInfo, Span]]:
    """The tokens of a source that parses, with their places."""
    try:
        ast.parse(file.text)
        found = list(tokenize.generate_tokens(io.StringIO(file.text).readline))
    except (SyntaxError, tokenize.TokenError):
        return
    starts = file.source.line_starts
    for token in found:
        yield token, Span(starts[token.start[0] - 1] + token.start[1], starts[min(token.end[0], len(starts)) - 1] + token.end[1])


@rewriting(Kind.PYTHON)
def other_quotes(file: File) -> Iterator[Change]:
    """`'a'` and `"a"`, where the text has no quote and no escape."""
    for token, span in _tokens(file):
        if token.type == tokenize.STRING and re.fullmatch(r"[rbu]?(?:'[^'\"\\\n]*'|\"[^'\"\\\n]*\")", token.string):
            quote = '"' if token.string.endswith("'") else "'"
            head = len(token.string) - len(token.string.lstrip("rbu"))
            yield swap(Span(span.start + head, span.start + head + 1), quote)
            yield swap(Span(span.end - 1, span.end), quote)


@rewriting(Kind.PYTHON)
def comments_behind_statements(file: File) -> Iterator[Change]:
    """A comment at the end of each logical line that has none."""
    if NEEDLE.decode() in file.text:
        return
    before = None
    for token, span in _tokens(file):
        if token.type == tokenize.NEWLINE and before != tokenize.COMMENT:
            yield insert(span.start, "  # why")
        before = token.type


@rewriting(Kind.PYTHON)
def blank_lines_between_statements(file: File) -> Iterator[Change]:
    """An empty line behind each logical line."""
    for token, span in _tokens(file):
        if token.type == tokenize.NEWLINE and token.string == "\n":
            yield insert(span.end, "\n")


@rewriting(Kind.PYTHON, fixes=False)
def strings_put_together(file: File) -> Iterator[Change]:
    """`"a/" "b"` instead of `"a/b"`, for addresses and paths, as long ones are broken. A text in two parts is not edited."""
    before = None
    for token, span in _tokens(file):
        words = token.type == tokenize.STRING and re.fullmatch(r"(['\"])(?:https?://|/usr/)[\w./:-]+\1", token.string)
        if words and before in ("(", ",", "=", "[", ":", "return"):
            cut = token.string.rfind("/", 1, -1)
            quote = token.string[0]
            if cut > 0 and token.string[cut - 1] != "/":
                yield insert(span.start + cut + 1, f"{quote} {quote}")
        before = token.string if token.type != tokenize.NL else before


@rewriting(Kind.PYTHON)
def imports_under_another_name(file: File) -> Iterator[Change]:
    """`import platform as platform_`, with every use of it."""
    for module in ("platform", "os", "subprocess", "ctypes"):
        if not re.search(rf"(?m)^import {module}$", file.text) or re.search(
            rf"(?:from {module}\b|import .*\b{module}\b.*,|, {module}\b)", file.text
        ):
            continue
        previous = ""
        for token, span in _tokens(file):
            if token.type == tokenize.NAME and token.string == module and previous != ".":
                yield insert(span.end, f" as {module}_" if previous == "import" else "_")
            previous = token.string


@rewriting(Kind.PYTHON, levels=False)
def in_a_function(file: File) -> Iterator[Change]:
    """All of it as `main`, for sources of plain statements without strings over several lines, docstrings and globals.

    What fails there fails when it is called, so a level may be another one.
    """
    tokens = list(_tokens(file))
    if not tokens or any(token.type == tokenize.STRING and "\n" in token.string for token, _ in tokens):
        return
    if re.search(r"(?m)^(?:from __future__|from \S+ import \*|async |global |class |def )|__name__|^\"|^'|\\$", file.text):
        return
    if not file.text.endswith("\n") or "setup(" in file.text or "yield" in file.text or file.path.endswith("__init__.py"):
        return
    for number, (start, line) in enumerate(zip(file.source.line_starts, file.source.lines, strict=True)):
        if line.strip():
            yield insert(start, "    " if number else "def main():\n    ")
    yield insert(len(file.text), "\n\nmain()\n")


@rewriting(Kind.PYTHON)
def behind_the_test_of_the_name(file: File) -> Iterator[Change]:
    """The last statements under `if __name__ == "__main__":`, from the first one on that neither defines, imports nor assigns."""
    tokens = list(_tokens(file))
    if not tokens or any(token.type == tokenize.STRING and "\n" in token.string for token, _ in tokens):
        return
    body = ast.parse(file.text).body
    first = next((number for number, each in enumerate(body) if isinstance(each, _ACTS) and not _is_text(each)), len(body))
    if not body[first:] or any(isinstance(each, _DEFINES) for each in body[first:]) or "__name__" in file.text or "\\\n" in file.text:
        return
    start = body[first].lineno - 1
    for number in range(start, len(file.source.lines)):
        if file.source.lines[number].strip():
            yield insert(file.source.line_starts[number], "    " if number > start else 'if __name__ == "__main__":\n    ')


_ACTS = (ast.Expr, ast.For, ast.With)
_DEFINES = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
