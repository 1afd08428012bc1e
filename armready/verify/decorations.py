"""Take from the lines of a log what CI systems and terminals put around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from armready.core.startup import regex

LONGEST = 4_000
"""Characters of a line that are read."""

_ESCAPE = regex(r"\x1b(?:\[[0-?]{0,30}[ -/]{0,5}[@-~]|[\]_][^\x07\x1b]{0,300}(?:\x07|\x1b\\)?|[@-Z\\^])")

# Each stands in front of what the build wrote; several may follow each other.
_PREFIXES = (
    regex(r"\ufeff"),
    regex(r"[^\t\n]{1,200}\t[^\t\n]{1,200}\t(?=\ufeff?\d{4}-\d\d-\d\dT)"),  # `gh run view --log`: job and step
    regex(
        r"\[?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)\]?(?: \d\d[OE][ +])? ?"
    ),  # GitHub, GitLab, Azure, Jenkins
    regex(r"\d\d:\d\d:\d\d  ?(?=\S)"),  # Jenkins' timestamper
    regex(r"\[Container\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? "),  # CodeBuild
    regex(r"Step #\d{1,3}(?: - \"[^\"\n]{1,100}\")?: "),  # Cloud Build
    regex(r"section_(?:start|end):\d{1,12}:[^\s\[]{1,100}(?:\[[^\]\n]{0,100}\])?"),  # GitLab, where the carriage return is lost
    regex(r"##\[(?:error|warning|group|debug|command|section)\]"),  # GitHub, Azure
    regex(r"::(?:error|warning|group|notice)(?: [^:\n]{0,200})?::"),
    regex(r"\[[\w .-]{1,60}:L\d{1,6}:\d{1,6}s\] "),  # Drone
    regex(
        r"\[[\w .()-]{1,80}\] (?=#\d{1,5} |\[?\d{0,2}/?\d{0,2}\]? ?STEP \d|Step \d|STEP \d|------|---> | > \[|Dockerfile:\d)"
    ),  # a branch of Jenkins
    regex(r"[│┃|] {1,4}(?=\S)"),
    regex(r"(?:INFO|WARN|ERRO|ERROR|FATA)\[\d{4,6}\] "),  # kaniko
)
_MOST_PREFIXES = 8


class LogLine(NamedTuple):
    """A line of a log: its number from 1 on, and what the build wrote."""

    number: int
    text: str


def plain_lines(log: str) -> Iterator[LogLine]:
    """The lines of a log without decorations; of a line that was written over, what stood there at the end."""
    for number, raw in enumerate(log.split("\n"), 1):
        line = raw[: 2 * LONGEST].rstrip("\r\n\t ")
        yield LogLine(number, _undecorated(line)[:LONGEST])


def _undecorated(line: str) -> str:
    line = _ESCAPE.sub("", line)
    pieces = [piece for piece in line.split("\r") if piece.strip()]
    line = pieces[-1] if pieces else ""
    for _ in range(_MOST_PREFIXES):
        shorter = _without_prefix(line)
        if shorter == line:
            return line
        line = shorter
    return line


def _without_prefix(line: str) -> str:
    start = len(line) - len(line.lstrip())
    for pattern in _PREFIXES:
        match = pattern.match(line, start)
        if match and match.end() > match.start():
            return line[match.end() :]
    return line
