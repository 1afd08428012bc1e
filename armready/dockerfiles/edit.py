"""Edits on Dockerfiles that rules and facts share."""

from __future__ import annotations

from collections.abc import Mapping

from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.arch import amd64_tokens
from armready.languages.dockerfile.instructions import Instruction, Pair
from armready.languages.dockerfile.parser import parse_dockerfile

_OF_DEFAULT = regex(r"(?i)\bdefaults?\b")
# Comments that a program reads.
_DIRECTIVE = regex(r"(?i)#\s*(?:syntax|escape|check)\s*=|#\s*\w+(?:[ :]+)(?:ignore|disable)")
_TRIPLET = "x86_64-linux-gnu"
_EDITED = frozenset({"RUN", "ENV", "ARG", "COPY", "ADD", "LABEL"})


def without_default(file: File, instruction: Instruction, pair: Pair) -> tuple[Edit, ...]:
    """The edits that leave the name of an ARG, and take its default away, with a comment right above that speaks of the default alone."""
    source, edits = file.source, (file.delete(Span(pair.name_span.end, pair.span.end)),)
    last = source.line_index(instruction.span.start)
    above = source.comments_above(last)
    directives = [line for line in range(above, last) if _DIRECTIVE.match(source.slice(source.line_span(line)).lstrip())]
    first = directives[-1] + 1 if directives else above
    comment = Span(source.full_line_span(first).start, source.full_line_span(last).start)
    alone = len(instruction.pairs) == 1 and last - first in (1, 2) and _OF_DEFAULT.search(source.slice(comment))
    return (file.delete(comment), *edits) if alone else edits


def declared_above(file: File, instruction: Instruction, *names: str) -> Edit:
    """The edit that declares arguments for an instruction: above it, and above the comment that touches it.

    Where an instruction above it in the stage speaks of amd64 too, the place is there, so that the fixes of all of them declare the
    arguments once.
    """
    source = file.source
    deferred = _in_front(file, instruction).upper() == "ONBUILD"
    place = instruction if deferred else _first_of_stage(file, instruction)
    line = source.comments_above(source.line_index(place.span.start))
    keyword = "arg" if source.slice(place.keyword_span).islower() else "ARG"
    prefix = source.indent_at(place.span.start) + (f"{_in_front(file, instruction)} " if deferred else "")
    return file.insert(source.line_starts[line], "".join(f"{prefix}{keyword} {name}{source.newline}" for name in names))


def _in_front(file: File, instruction: Instruction) -> str:
    """What stands on the line in front of an instruction: ONBUILD, or nothing."""
    source = file.source
    return file.text[source.line_starts[source.line_index(instruction.span.start)] : instruction.span.start].strip()


def _first_of_stage(file: File, instruction: Instruction) -> Instruction:
    stage = file.parse(parse_dockerfile).stage_of(instruction)
    first = file.parse(_first_mentions).get(-1 if stage is None else stage.index)
    return first if first is not None and first.span < instruction.span else instruction


def _asks_for_argument(text: str) -> bool:
    """Whether a text names amd64 in a way that TARGETARCH takes the place of; what `uname -m` can say is left to that."""
    found = amd64_tokens(text.replace(_TRIPLET, ""))
    return any(each.text.lower() == "amd64" for each in found) or (bool(found) and "://" in text)


def _first_mentions(file: File) -> Mapping[int, Instruction]:
    """The first instruction of each stage that speaks of amd64."""
    dockerfile = file.parse(parse_dockerfile)
    found: dict[int, Instruction] = {}
    for stage in dockerfile.stages:
        for instruction in stage.instructions:
            if instruction.keyword in _EDITED and _asks_for_argument(instruction.code.text):
                found[stage.index] = instruction
                break
    return found
