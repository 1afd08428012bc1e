"""The end of a `fix` run, for every format: what was applied, what was not and why, and what somebody must look at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from armready.core.finding import Finding
from armready.core.fix import Applicability
from armready.reporters.base import Context


class FixLine(NamedTuple):
    """One fix.

    Attributes:
        path: the file of its finding.
        code: the rule.
        title: what it does, and why it was not done.
        notes: what the user must know or run.
    """

    path: str
    code: str
    title: str
    notes: tuple[str, ...] = ()


class FixResult(NamedTuple):
    """What a run of fixes came to, in lines."""

    applied: list[FixLine]
    not_applied: list[FixLine]
    to_look_at: list[FixLine]


def fix_result(context: Context, remaining: Iterable[Finding] = ()) -> FixResult:
    """The lines of a run of fixes; of a scan there are none.

    Args:
        context: holds the outcome.
        remaining: the findings that are still there; those with an unsafe fix are to be looked at.
    """
    outcome = context.fixed
    if outcome is None:
        return FixResult([], [], [])
    applied = [_line(finding) for finding in outcome.applied]
    not_applied = [_line(each.finding, each.reason) for each in outcome.not_applied]
    failed = {each.finding for each in outcome.not_applied}
    look = [_line(each) for each in remaining if each.fix and each.fix.applicability is Applicability.UNSAFE and each not in failed]
    return FixResult(applied, not_applied, look)


def _line(finding: Finding, reason: str = "") -> FixLine:
    title, notes = (finding.fix.title, finding.fix.notes) if finding.fix else (finding.message, ())
    return FixLine(finding.path, finding.code, f"{title}: {reason}" if reason else title, notes)
