"""One cause, one finding: what the same change mends, or the same text says again, is told once, with the other places beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from armready.core.finding import Finding, Related
from armready.core.fix import Applicability, Edit
from armready.core.results import Report
from armready.fixing.batch import Batch

SAME = "the same here"

_Key = tuple[str, str, str, str, Applicability | None, bool]


def told_once(report: Report) -> Report:
    """The report with one finding for each cause. A baseline and the fixer go by the single places."""
    groups: dict[_Key, list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault(_key(finding, tolerated=finding in report.tolerated), []).append(finding)
    _join_those_without_fix(groups)
    merged = {key: list(_merged(group)) for key, group in groups.items()}
    findings = sorted(chain.from_iterable(merged.values()), key=lambda each: each.sort_key)
    tolerated = chain.from_iterable(found for key, found in merged.items() if key[-1])
    return replace(report, findings=tuple(findings), tolerated=frozenset(tolerated))


def _join_those_without_fix(groups: dict[_Key, list[Finding]]) -> None:
    """Tell places that have no fix together with those of the same cause that have one."""
    for key in [key for key in groups if key[4] is None]:
        others = ((*key[:4], each, key[5]) for each in Applicability)
        with_fix = next((other for other in others if other in groups), None)
        if with_fix is not None:
            groups[with_fix] += groups.pop(key)


def _key(finding: Finding, *, tolerated: bool) -> _Key:
    cause = f"cause {finding.cause}" if finding.cause else f"{finding.path}\n{finding.message}"
    applicability = finding.fix.applicability if finding.fix else None
    return finding.code, cause, finding.severity, finding.confidence, applicability, tolerated


def _merged(group: Sequence[Finding]) -> Iterable[Finding]:
    """One finding for a group, and one for each whose fix cannot be made in one go with those before it."""
    first, *others = group
    if not others:
        return group
    taken = Batch()
    edits: list[Edit] = []
    notes: list[str] = []
    told, left = [], []
    for finding in group:
        fix = finding.fix
        if fix and not taken.admits(finding.code, fix.edits):
            left.append(finding)
            continue
        told.append(finding)
        if fix:
            taken.add(finding.code, fix.edits)
            edits += fix.edits
            notes += fix.notes
    fix = first.fix and replace(first.fix, edits=tuple(dict.fromkeys(edits)), notes=tuple(dict.fromkeys(notes)))
    places = tuple(_place(each, first) for each in told[1:])
    related = dict.fromkeys((*first.related, *places, *chain.from_iterable(each.related for each in told[1:])))
    return (replace(first, fix=fix, related=tuple(related), places=sum(each.fix is not None for each in told) or len(told)), *left)


def _place(finding: Finding, first: Finding) -> Related:
    return Related(finding.location, SAME if finding.message == first.message else finding.message)
