"""What to do with the findings of a scan: fix, look, decide, or wait for a fact to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.startup import regex
from armready.reporters.base import Context
from armready.reporters.outlook import will_be

_DATE = regex(r"\bas of 20[0-9]{2}\b")


class Rule(NamedTuple):
    """The findings of one rule in a step.

    Attributes:
        code: of the rule, and its `name`.
        number: of findings.
        path: of the first one's file, and its `line`.
        reason: what the first one says.
    """

    code: str
    name: str
    number: int
    path: str
    line: int
    reason: str


class Step(NamedTuple):
    """What to do with some of the findings.

    Attributes:
        title: what has to happen.
        number: of findings.
        why: what is special about them.
        command: the command that does it; empty without one.
        rules: the rules that found them, errors first.
        reasons: whether the reasons matter more than the rules: nobody has written the edit.
    """

    title: str
    number: int
    why: str
    command: str
    rules: tuple[Rule, ...]
    reasons: bool


class _Group(NamedTuple):
    title: str
    why: str
    arguments: str | None
    reasons: bool


_GROUPS = (
    _Group("Fix", "amd64 stays as it is", "", reasons=False),
    _Group("Look, then fix", "each edit needs a look", " --unsafe-fixes --diff", reasons=False),
    _Group("Decide", "there is no edit to apply", None, reasons=True),
    _Group("Replace or wait", "something outside of this repository does not exist for arm64", None, reasons=True),
    _Group("Know", "advice without an edit", None, reasons=False),
)
_FIX, _LOOK, _DECIDE, _BLOCKED, _KNOW = range(len(_GROUPS))


def steps(findings: Iterable[Finding], context: Context) -> list[Step]:
    """What to do with findings, in order: what one command mends, what needs a look, what to decide, what is blocked by a fact."""
    groups: dict[int, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_group_of(finding, context), []).append(finding)
    return [_step(_GROUPS[number], groups[number], context) for number in sorted(groups)]


def _group_of(finding: Finding, context: Context) -> int:
    applicability = will_be(finding, context)
    if applicability is Applicability.SAFE:
        return _FIX
    if applicability is Applicability.UNSAFE:
        return _LOOK
    if finding.severity is Severity.INFO:
        return _KNOW
    return _BLOCKED if finding.fix is None and _DATE.search(finding.message) else _DECIDE


def _step(group: _Group, findings: Sequence[Finding], context: Context) -> Step:
    return Step(
        title=group.title,
        number=len(findings),
        why=group.why,
        command="" if group.arguments is None else context.command + group.arguments,
        rules=tuple(_rules(findings)),
        reasons=group.reasons,
    )


def _rules(findings: Sequence[Finding]) -> Iterator[Rule]:
    by_code: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda each: (each.severity.rank, each.sort_key)):
        by_code.setdefault(finding.code, []).append(finding)
    for code, found in sorted(by_code.items(), key=lambda each: (each[1][0].severity.rank, -len(each[1]), each[0])):
        first = found[0]
        line = first.location.region.line
        yield Rule(code=code, name=first.name, number=len(found), path=first.path, line=line, reason=first.message)


class Row(NamedTuple):
    """One line of a table of findings.

    Attributes:
        label: the rule's code and name, or a folder.
        errors: how many errors; `warnings` and `infos` likewise.
        files: in how many files.
        fixable: how many have a fix that can be applied.
    """

    label: str
    errors: int
    warnings: int
    infos: int
    files: int
    fixable: int


def rows_by_rule(findings: Iterable[Finding], context: Context) -> list[Row]:
    """One row per rule, the worst first."""
    return _rows(((f"{finding.code} {finding.name}", finding) for finding in findings), context)


def rows_by_folder(findings: Sequence[Finding], context: Context) -> list[Row]:
    """One row per folder, the worst first; as deep as it takes to tell at least two folders apart."""
    depth = 1
    while depth < 5 and len({_folder(finding.path, depth) for finding in findings}) < 2:
        depth += 1
    return _rows(((_folder(finding.path, depth), finding) for finding in findings), context)


def _folder(path: str, depth: int) -> str:
    folders = path.split("/")[:-1]
    return "/".join(folders[:depth]) + "/" if folders else "./"


def _rows(labelled: Iterable[tuple[str, Finding]], context: Context) -> list[Row]:
    groups: dict[str, list[Finding]] = {}
    for label, finding in labelled:
        groups.setdefault(label, []).append(finding)
    rows = (_row(label, group, context) for label, group in groups.items())
    return sorted(rows, key=lambda row: (-row.errors, -row.warnings, -row.infos, row.label))


def _row(label: str, group: list[Finding], context: Context) -> Row:
    levels = Counter(finding.severity for finding in group)
    fixable = sum(will_be(finding, context) in (Applicability.SAFE, Applicability.UNSAFE) for finding in group)
    return Row(
        label=label,
        errors=levels[Severity.ERROR],
        warnings=levels[Severity.WARNING],
        infos=levels[Severity.INFO],
        files=len({finding.path for finding in group}),
        fixable=fixable,
    )
