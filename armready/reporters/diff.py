"""A fix as the lines it changes, for people to read."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from armready.core.fix import Edit, Fix, apply_edits
from armready.core.source import Source, Span
from armready.reporters.base import Context, escape_lines

_CONTEXT = 2
_LIMIT = 200


class DiffLine(NamedTuple):
    """One line: `sign` is `+`, `-` or a space, `text` is escaped."""

    sign: str
    text: str


class Hunk(NamedTuple):
    """Neighbouring lines of one file.

    Attributes:
        path: relative to the root.
        line: the 1-based number of the first one before the fix.
        lines: with what stays around it.
    """

    path: str
    line: int
    lines: tuple[DiffLine, ...]


def hunks(fix: Fix, context: Context) -> list[Hunk]:
    """What a fix changes; empty when a file is no longer what was scanned."""
    result = []
    for path in sorted({edit.path for edit in fix.edits}):
        source = context.source(path)
        edits = sorted((edit for edit in fix.edits if edit.path == path), key=lambda each: each.span)
        if source is None or any(edit.span.end > len(source.text) for edit in edits):
            return []
        result += [_hunk(source, group) for group in _neighbours(source, edits)]
    return result


def _neighbours(source: Source, edits: Sequence[Edit]) -> list[list[Edit]]:
    groups: list[list[Edit]] = []
    for edit in edits:
        if groups and source.line_index(edit.span.start) - source.line_index(groups[-1][-1].span.end) <= 2 * _CONTEXT:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


def _hunk(source: Source, edits: Sequence[Edit]) -> Hunk:
    first = max(source.line_index(edits[0].span.start) - _CONTEXT, 0)
    last = min(source.line_index(edits[-1].span.end) + _CONTEXT, len(source.line_starts) - 1)
    start = source.line_starts[first]
    window = Source(source.path, source.text[start : source.full_line_span(last).end])
    moved = [Edit(window.location(Span(edit.span.start - start, edit.span.end - start)), edit.text) for edit in edits]
    old, new = _lines(window.text), _lines(apply_edits(window.text, moved))
    lines: list[DiffLine] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            lines += [DiffLine(" ", line) for line in old[a:b]]
        else:
            lines += [DiffLine("-", line) for line in old[a:b]] + [DiffLine("+", line) for line in new[c:d]]
    return Hunk(source.path, first + 1, tuple(lines[:_LIMIT]))


def _lines(text: str) -> list[str]:
    lines = escape_lines(text).split("\n")
    return lines[:-1] if lines[-1] == "" else lines
