"""Jupyter notebooks: the Python of their code cells, and the shell that `!`, `%pip`, `%conda` and `%%bash` run.

A notebook is JSON whose outputs are often a hundred times its code, so that only the strings of the cells are decoded with their places.
"""

from __future__ import annotations

import ast
import json
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from armready.core.embedded import Embedded, Segment, never
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex
from armready.languages.python.module import Module

_SPACE = regex(r"\s*")
_PIECE = regex(r"[^\\]+|(?:\\u[0-9a-fA-F]{4})+|\\.")
_MAGIC = regex(r"(?P<indent>[ \t]*+)(?:(?:[\w, ]+=[ \t]*)?(?:%\w|!)|\?)|.*\?[ \t]*$")
_PYTHON_CELL = regex(r"%%(?:capture|time|timeit|prun|memit|py|python3?)\b")
_SHELL_CELL = regex(r"%%(?:bash|sh|script[ \t]+(?:ba)?sh)\b.*\n?")
_SHELL_LINE = regex(r"(?m)^(?:!+[ \t]*|%(?=(?:pip|conda|mamba|micromamba)[ \t]))((?:[^\n]*\\\n)*[^\n]*)")
_INTERPRETER = regex(r"\{sys\.executable\}|\"\{sys\.executable\}\"|\$\{?sys\.executable\}?")
_DECODER = json.JSONDecoder()


def notebook_cells(file: File) -> tuple[Embedded, ...]:
    """The code cells of a notebook whose language is Python, as texts mapped to the file.

    Raises:
        ParseProblem: it is not the JSON of a notebook.
    """
    try:
        return tuple(_cells(file.text))
    except (ValueError, IndexError, RecursionError) as error:
        raise ParseProblem(f"not a notebook: {error}") from error


def _cells(text: str) -> Iterator[Embedded]:
    found: list[Embedded] = []
    for key, at in _members(text, _skip(text, 0)):
        if key == "metadata" and not _is_python(_DECODER.raw_decode(text, at)[0]):
            return
        if key == "cells":
            found += [cell for start in _elements(text, at) for cell in _cell(text, start)]
        elif key == "worksheets":
            for sheet in _elements(text, at):
                inside = [start for name, start in _members(text, sheet) if name == "cells"]
                found += [cell for start in inside for each in _elements(text, start) for cell in _cell(text, each)]
    yield from found


def _is_python(metadata: Any) -> bool:
    if not isinstance(metadata, dict):
        return True
    named = [metadata.get("language_info", {}), metadata.get("kernelspec", {})]
    languages = [each.get("name" if index == 0 else "language") for index, each in enumerate(named) if isinstance(each, dict)]
    return all(language in (None, "python", "ipython") for language in languages)


def _cell(text: str, start: int) -> Iterator[Embedded]:
    places = dict(_members(text, start))
    kind = places.get("cell_type")
    source = places.get("source", places.get("input"))
    if kind is None or source is None or _DECODER.raw_decode(text, kind)[0] != "code":
        return
    strings = [source] if text[source] == '"' else [each for each in _elements(text, source) if text[each] == '"']
    yield _decoded(text, strings)


def _decoded(text: str, strings: list[int]) -> Embedded:
    """The strings that begin at these offsets, joined. An escape is a segment of no length: what ends with it has a place."""
    parts, segments, length = list[str](), list[Segment](), 0
    for start in strings:
        _, end = _DECODER.raw_decode(text, start)
        for match in _PIECE.finditer(text, start + 1, end - 1):
            raw = match.group()
            plain = raw[0] != "\\"
            piece = raw if plain else json.loads(f'"{raw}"')
            parts.append(piece)
            length += len(piece)
            segments.append(Segment(length - len(piece), match.start(), len(raw)) if plain else Segment(length, match.end(), 0))
    return Embedded("".join(parts), tuple(segments), never)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The keys of the object that begins at an offset, with the offsets of their values."""
    if text[at] != "{":
        raise ValueError(f"no object at {at}")
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        value = _skip(text, at + 1)
        yield key, value
        at = _skip(text, _DECODER.raw_decode(text, value)[1])
        at = _skip(text, at + 1) if text[at] == "," else at


def _elements(text: str, at: int) -> Iterator[int]:
    """The offsets of the elements of the list that begins at an offset."""
    if text[at] != "[":
        raise ValueError(f"no list at {at}")
    at = _skip(text, at + 1)
    while text[at] != "]":
        yield at
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
        at = _skip(text, at + 1) if text[at] == "," else at


# --- shell --------------------------------------------------------------------------------------------------------------------


def notebook_shell(file: File) -> Iterator[Embedded]:
    """The shell of a notebook; what stands below a test, as `if IN_COLAB:` is, is left out.

    Raises:
        ParseProblem: it is not the JSON of a notebook.
    """
    for cell in file.parse(notebook_cells):
        text = cell.text
        whole = _SHELL_CELL.match(text)
        if whole:
            yield _part(cell, whole.end(), len(text))
        elif not text.startswith("%%") or _PYTHON_CELL.match(text):
            yield from (_part(cell, *match.span(1)) for match in _SHELL_LINE.finditer(text))


def _part(code: Embedded, start: int, end: int) -> Embedded:
    """A piece of a cell as the shell reads it: IPython puts the interpreter's path in the place of `{sys.executable}`."""
    segments, parts, length, at = list[Segment](), list[str](), 0, start
    for match in [*_INTERPRETER.finditer(code.text, start, end), None]:
        until = match.start() if match else end
        parts.append(code.text[at:until])
        segments += _between(code, at, until, length - at)
        length += until - at
        if match:
            parts.append("python")
            length, at = length + len("python"), match.end()
    return Embedded("".join(parts), tuple(segments), never)


def _between(code: Embedded, start: int, end: int, shift: int) -> Iterator[Segment]:
    first = max(bisect_right(code.segments, start, key=lambda each: each.inner) - 1, 0)
    for index in range(first, len(code.segments)):
        inner, host, length = code.segments[index]
        if inner > end:
            return
        begin, stop = max(start, inner), min(end, inner + length)
        if begin <= stop:
            yield Segment(begin + shift, host + begin - inner, stop - begin)


# --- Python -------------------------------------------------------------------------------------------------------------------


@dataclass
class NotebookModule(Module):
    """The code cells of a notebook as one module. Its spans are those of the file; where a line holds escapes, its columns are exact too.

    Attributes:
        lines: for each line of the module, its cell and its offset in it.
    """

    lines: list[tuple[Embedded, int]] = field(default_factory=list)

    def offset(self, line: int, column: int) -> int:
        """See `Module.offset`."""
        code, start = self.lines[line - 1]
        end = code.text.find("\n", start)
        text = code.text[start : len(code.text) if end < 0 else end]
        inner = start + len(text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))
        exact = code.host_offset(inner, after=inner > start)
        return code.nearest_host_span(Span(inner, inner)).start if exact is None else exact


def notebook_module(file: File) -> Module:
    """The Python of a notebook, magic commands left out; a cell that is not Python is left out too.

    Raises:
        ParseProblem: it is not the JSON of a notebook.
    """
    tree = ast.Module([], [])
    lines: list[tuple[Embedded, int]] = []
    for cell in file.parse(notebook_cells):
        text = cell.text
        written = text.split("\n")
        if not text.startswith("%%") or _PYTHON_CELL.match(text):
            tree.body += _statements("\n".join(map(_without_magic, written)), len(lines))
        start = 0
        for each in written:
            lines.append((cell, start))
            start += len(each) + 1
    return NotebookModule(tree, file.text, lines=lines)


def _without_magic(line: str) -> str:
    match = _MAGIC.match(line)
    return f"{match['indent'] or ''}pass" if match else line


def _statements(code: str, before: int) -> list[ast.stmt]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    ast.increment_lineno(tree, before)
    return tree.body
