"""What to do with the findings of a first scan: fix now, decide, or wait for a fact to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.startup import regex

_DATE = regex(r"\bas of 20[0-9]{2}\b")


class Triage(NamedTuple):
    """Findings by what has to happen next.

    Attributes:
        now: one command mends them and amd64 stays as it is.
        look: there is an edit; somebody has to look at it before it is applied.
        decide: there is no edit that armready applies; a person has to choose.
        blocked: a dated fact stands in the way, such as an image or a wheel that does not exist for arm64.
        advice: infos without an edit.
    """

    now: list[Finding]
    look: list[Finding]
    decide: list[Finding]
    blocked: list[Finding]
    advice: list[Finding]


def triage(findings: Iterable[Finding]) -> Triage:
    """Sort findings by what has to happen next."""
    result = Triage(now=[], look=[], decide=[], blocked=[], advice=[])
    for finding in findings:
        applicability = finding.fix.applicability if finding.fix else None
        if applicability is Applicability.SAFE:
            result.now.append(finding)
        elif applicability is Applicability.UNSAFE:
            result.look.append(finding)
        elif finding.severity is Severity.INFO:
            result.advice.append(finding)
        elif _DATE.search(finding.message) and finding.fix is None:
            result.blocked.append(finding)
        else:
            result.decide.append(finding)
    return result


def most_frequent(findings: Sequence[Finding], limit: int) -> list[tuple[str, int]]:
    """The most frequent messages of findings, errors first among equals."""
    counts = Counter(finding.message for finding in findings)
    errors = {finding.message for finding in findings if finding.severity is Severity.ERROR}
    return sorted(counts.items(), key=lambda each: (-each[1], each[0] not in errors, each[0]))[:limit]


def by_code(findings: Iterable[Finding]) -> str:
    """`DF101 (12), CI101 (3)`."""
    counts = Counter(finding.code for finding in findings)
    return ", ".join(f"{code} ({number:,})" for code, number in sorted(counts.items(), key=lambda each: (-each[1], each[0])))


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


def rows_by_rule(findings: Iterable[Finding]) -> list[Row]:
    """One row per rule, the worst first."""
    return _rows((f"{finding.code} {finding.name}", finding) for finding in findings)


def rows_by_folder(findings: Sequence[Finding]) -> list[Row]:
    """One row per folder, the worst first; as deep as it takes to tell at least two folders apart."""
    depth = 1
    while depth < 5 and len({_folder(finding.path, depth) for finding in findings}) < 2:
        depth += 1
    return _rows((_folder(finding.path, depth), finding) for finding in findings)


def _folder(path: str, depth: int) -> str:
    folders = path.split("/")[:-1]
    return "/".join(folders[:depth]) + "/" if folders else "./"


def _rows(labelled: Iterable[tuple[str, Finding]]) -> list[Row]:
    groups: dict[str, list[Finding]] = {}
    for label, finding in labelled:
        groups.setdefault(label, []).append(finding)
    return sorted(
        (_row(label, group) for label, group in groups.items()), key=lambda row: (-row.errors, -row.warnings, -row.infos, row.label)
    )


def _row(label: str, group: list[Finding]) -> Row:
    levels = Counter(finding.severity for finding in group)
    fixable = sum(finding.fix is not None and finding.fix.applicability is not Applicability.DISPLAY for finding in group)
    return Row(
        label=label,
        errors=levels[Severity.ERROR],
        warnings=levels[Severity.WARNING],
        infos=levels[Severity.INFO],
        files=len({finding.path for finding in group}),
        fixable=fixable,
    )
