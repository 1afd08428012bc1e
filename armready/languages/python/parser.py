"""Python sources: the standard library's syntax tree with offsets into the text. Nothing is imported or run."""

from __future__ import annotations

import ast
import sys
import warnings

from armready.core.classify import Kind
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.startup import regex
from armready.languages.python.module import Module

_GRAMMAR = f"Python {sys.version_info.major}.{sys.version_info.minor}"
_LINE_END = regex(r"\r\n|\n|\r")


def parse_python(file: File) -> Module:
    """The syntax tree of a source, or of the code cells of a notebook.

    Raises:
        ParseProblem: it is not Python as the running interpreter reads it, or not the JSON of a notebook.
    """
    if file.kind is Kind.NOTEBOOK:
        from armready.languages.python.notebook import notebook_module

        return notebook_module(file)
    text = file.text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as error:
        raise ParseProblem(f"not {_GRAMMAR}: line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ParseProblem(f"not {_GRAMMAR}: {error}") from error
    return Module(tree, text, _line_starts(text), text.isascii())


def _line_starts(text: str) -> list[int]:
    """Where the lines begin as the tokenizer counts them: a lone carriage return ends a line too."""
    return [0, *(match.end() for match in _LINE_END.finditer(text))]
