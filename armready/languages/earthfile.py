"""Earthfiles: the RUN commands of their targets as the shell will read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from armready.core.embedded import Embedded, Segment, on_one_line
from armready.core.file import File
from armready.core.startup import regex

_TARGET = regex(r"^([A-Za-z][\w.-]*):\s*(?:#.*)?$")
_RUN = regex(r"^\s*RUN(?:\s++--[\w-]+(?:=(?>(?:[^\s\"]|\"[^\"]*\")*))?)*\s++(?!\[)")


class Run(NamedTuple):
    """A RUN command of a target; the target is empty for the part in front of the first one."""

    target: str
    script: Embedded


def parse_earthfile(file: File) -> tuple[Run, ...]:
    """Read the RUN commands of an Earthfile."""
    return tuple(_runs(file))


def _runs(file: File) -> Iterator[Run]:
    source = file.source
    target, index, count = "", 0, len(source.line_starts)
    while index < count:
        line = source.slice(source.line_span(index))
        named = _TARGET.match(line)
        target = named[1] if named else target
        found = _RUN.match(line)
        if found is None:
            index += 1
            continue
        parts: list[str] = []
        segments: list[Segment] = []
        length, skip = 0, found.end()
        while index < count:
            span = source.line_span(index)
            text = source.text[span.start + skip : span.end]
            index += 1
            if text.lstrip().startswith("#") and parts:
                continue
            if text:
                segments.append(Segment(length, span.start + skip, len(text)))
            parts.append(text)
            length += len(text) + 1
            skip = 0
            if not text.rstrip().endswith("\\"):
                break
        yield Run(target, Embedded("\n".join(parts), tuple(segments), on_one_line))
