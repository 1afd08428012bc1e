"""Ignore comments: `# armready: ignore[DF101] reason`, on the line above or at the end of the line.

`ignore-file[CODE]` stands for the whole file; `until 2027-01-31` after the codes makes it expire. Every comment style of the scanned
files counts: `#`, `//`, `<!-- -->`, `{{/* */}}`, `--`. Where an instruction goes over several lines, a comment above it covers all of it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING

from armready.core.fix import Edit
from armready.core.source import Location, Source, Span
from armready.core.startup import dataclass, regex

if TYPE_CHECKING:
    from armready.core.finding import Finding

NEEDLE = b"armready:"

_COMMENT = regex(
    r"(?P<open>(?<!#)#+|//|<!--|\{\{-?\s{0,20}/\*|/\*|--|;)[ \t]{0,20}armready:[ \t]*ignore(?P<file>-file)?[ \t]*"
    r"\[(?P<codes>[^\]\n]{0,1000})\](?P<rest>[^\n]*)"
)
_UNTIL = regex(r"^\s*until\s+(\d{4}-\d{2}-\d{2})\b")
_CLOSERS = regex(r"(?<!\s)\s*(?:-->|\*/\s{0,20}-?\}\}|\*/)\s*$")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One ignore comment.

    Attributes:
        location: the comment.
        codes: codes and names it names, as written.
        code_locations: where each of them stands.
        first_line, last_line: the 1-based lines whose findings it silences.
        whole_file: it silences the whole file.
        reason: the text after the codes.
        until: the last day on which it counts; empty for no end.
        removal: the edit that removes the comment.
    """

    location: Location
    codes: tuple[str, ...]
    code_locations: tuple[Location, ...]
    first_line: int
    last_line: int
    whole_file: bool
    reason: str
    until: str
    removal: Edit

    def expired(self, today: date) -> bool:
        """Whether its last day is over, or is no day at all."""
        if not self.until:
            return False
        try:
            return date.fromisoformat(self.until) < today
        except ValueError:
            return True

    def names(self, finding: Finding) -> str | None:
        """The code or name in this comment that silences a finding, or None."""
        region = finding.location.region
        if not self.whole_file and not (region.line <= self.last_line and region.end_line >= self.first_line):
            return None
        return next((code for code in self.codes if code.upper() == finding.code or code == finding.name), None)


@dataclass(frozen=True, slots=True)
class Use:
    """What an ignore comment did in a run: the codes that silenced something, and whether it is expired."""

    suppression: Suppression
    used: frozenset[str]
    expired: bool


def find_suppressions(source: Source) -> Iterator[Suppression]:
    """The ignore comments of a file, in order."""
    from armready.core.fix import Edit

    covered = (-1, -1)
    for match in _COMMENT.finditer(source.text):
        line = source.line_index(match.start())
        bounds = source.line_span(line)
        alone = not source.text[bounds.start : match.start()].strip()
        end = min(match.end(), bounds.end)
        if alone:
            covered = covered if line < covered[0] else _covered(source, line + 1)
            first, last = covered
            removal = Edit(source.location(source.full_line_span(line)), "")
        else:
            first = last = line
            start = bounds.start + len(source.text[bounds.start : match.start()].rstrip())
            removal = Edit(source.location(Span(start, end)), "")
        codes, locations = _codes(source, match)
        rest = _CLOSERS.sub("", match["rest"].rstrip("\r"))
        until = _UNTIL.match(rest)
        yield Suppression(
            location=source.location(Span(match.start(), end)),
            codes=codes,
            code_locations=locations,
            first_line=first + 1,
            last_line=last + 1,
            whole_file=bool(match["file"]),
            reason=rest[until.end() if until else 0 :].strip(" :-\t"),
            until=until[1] if until else "",
            removal=removal,
        )


def _codes(source: Source, match: re.Match[str]) -> tuple[tuple[str, ...], tuple[Location, ...]]:
    found = list(re.finditer(r"[^\s,]+", match["codes"]))
    start = match.start("codes")
    return tuple(each[0] for each in found), tuple(source.location(Span(*each.span()).shift(start)) for each in found)


def _covered(source: Source, line: int) -> tuple[int, int]:
    """The lines that a comment above `line` covers: the next line that is neither blank nor a comment, with its continuations."""
    count = len(source.line_starts)
    while line < count and (not (text := source.slice(source.line_span(line)).strip()) or text.startswith(("#", "//", "<!--"))):
        line += 1
    last = line
    while last < count - 1 and source.slice(source.line_span(last)).rstrip().endswith("\\"):
        last += 1
    return line, last


class _Comments:
    """The ignore comments of one file, in order, such that those about a line are found without looking at all of them."""

    def __init__(self, comments: Iterable[Suppression]) -> None:
        ordered = tuple(comments)
        self._of_file = tuple(each for each in ordered if each.whole_file)
        self._of_lines = tuple(each for each in ordered if not each.whole_file)
        self._firsts = [each.first_line for each in self._of_lines]
        self._lasts = list(accumulate((each.last_line for each in self._of_lines), max))

    def near(self, finding: Finding) -> Iterator[Suppression]:
        """Those that may cover a finding. A later comment never begins to cover above an earlier one."""
        region = finding.location.region
        yield from self._of_file
        yield from self._of_lines[bisect_left(self._lasts, region.line) : bisect_right(self._firsts, region.end_line)]


def apply_suppressions(
    findings: Sequence[Finding], suppressions: Mapping[str, Iterable[Suppression]], today: date, *, require_reason: bool
) -> tuple[list[Finding], list[Finding], list[Use]]:
    """Split findings into those that stay and those that a comment silences, and say what each comment did."""
    kept: list[Finding] = []
    silenced: list[Finding] = []
    used: dict[Suppression, set[str]] = {each: set() for group in suppressions.values() for each in group}
    near = {path: _Comments(group) for path, group in suppressions.items()}
    for finding in findings:
        comments = near[finding.path].near(finding) if finding.path in near else ()
        hits = [(each, code) for each in comments if (code := each.names(finding)) is not None]
        for each, code in hits:
            used[each].add(code)
        active = any(not each.expired(today) and (each.reason or not require_reason) for each, _ in hits)
        (silenced if active else kept).append(finding)
    return kept, silenced, [Use(each, frozenset(codes), each.expired(today)) for each, codes in used.items()]
