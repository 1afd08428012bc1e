"""Edits on Dockerfiles that rules and facts share."""

from __future__ import annotations

from armready.file import File
from armready.fix import Edit
from armready.parsers.dockerfile import Instruction, Pair
from armready.source import Span


def without_default(file: File, pair: Pair) -> Edit:
    """The edit that leaves the name of an ARG, and takes its default away."""
    return file.delete(Span(pair.name_span.end, pair.span.end))


def declared_above(file: File, instruction: Instruction, *names: str) -> Edit:
    """The edit that declares arguments above an instruction, and above the comment that touches it."""
    source = file.source
    line = source.line_index(instruction.span.start)
    while line > 0 and source.slice(source.line_span(line - 1)).lstrip().startswith("#"):
        line -= 1
    keyword = "arg" if source.slice(instruction.keyword_span).islower() else "ARG"
    indent = source.indent_at(instruction.span.start)
    return file.insert(source.line_starts[line], "".join(f"{indent}{keyword} {name}{source.newline}" for name in names))
