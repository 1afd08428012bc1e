"""What `fix` would do, worked out before anybody asks for it: a scan announces what a fix will do, in number, files and class.

The fixes are made in memory, all of them, so that the announcement knows of those that only others make possible and of those whose
proof fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, NamedTuple

from armready.core.fix import Applicability
from armready.core.startup import dataclass

if TYPE_CHECKING:
    from armready.core.finding import Finding
    from armready.fixing.fixer import FixOutcome
    from armready.run.passes import Analysis, Filters
    from armready.run.session import Session

# Most codes that an announcement names.
_NAMED = 3

_Key = tuple[str, str, int, str]


class Outlook(NamedTuple):
    """What `fix` does about one finding.

    Attributes:
        applicability: SAFE: a plain `fix` mends it; UNSAFE: `--unsafe-fixes` does; DISPLAY: no command does.
        after: the codes of the fixes that have to be made first, and are by the same command.
        reason: why a fix that is there is not made.
        gone: the others mend it, so that it needs no fix of its own.
    """

    applicability: Applicability
    after: tuple[str, ...] = ()
    reason: str = ""
    gone: bool = False


class Made(NamedTuple):
    """What one command would do.

    Attributes:
        findings: how many it mends.
        files: those it changes.
        following: how many of the findings can be mended only after others.
        unlisted: how many of them are below the level that is reported.
    """

    findings: int = 0
    files: tuple[str, ...] = ()
    following: int = 0
    unlisted: int = 0


@dataclass(frozen=True)
class Forecast:
    """What `fix` would do.

    Attributes:
        safe: by itself.
        unsafe: with `--unsafe-fixes`, which makes the safe fixes too.
        by_finding: what becomes of each finding that has a fix or gets one.
    """

    safe: Made = Made()
    unsafe: Made = Made()
    by_finding: Mapping[_Key, Outlook] = field(default_factory=dict)

    def of(self, finding: Finding) -> Outlook | None:
        """What becomes of a finding; None: there is nothing that could mend it."""
        return self.by_finding.get(_key(finding))


def forecast(session: Session, analysis: Analysis, filters: Filters) -> Forecast:
    """Make all fixes in memory: first the safe ones, then all.

    Args:
        session: the run.
        analysis: what both passes say of its files.
        filters: what the run is about.
    """
    if not any(_rank(finding) <= Applicability.UNSAFE.rank for finding in analysis.findings):
        return Forecast(by_finding=_shown_only(analysis.findings))
    from armready.fixing.fixer import fix_session

    safe = fix_session(session, analysis, filters, unsafe=False)
    return _joined(session, analysis.findings, safe, _with_unsafe(session, analysis, filters, safe))


def forecast_after(session: Session, outcome: FixOutcome, filters: Filters, *, unsafe: bool) -> Forecast:
    """What is left to do after a run of fixes: unsafe ones, if these were not among them."""
    findings = outcome.analysis.findings
    rest = replace(outcome, changes={}, applied=())
    if unsafe:
        return _joined(session, findings, rest, rest)
    here = replace(session, tree=outcome.tree)
    return _joined(session, findings, rest, _with_unsafe(here, outcome.analysis, filters, rest))


def _with_unsafe(session: Session, analysis: Analysis, filters: Filters, safe: FixOutcome) -> FixOutcome:
    """All fixes, where any is left after the safe ones."""
    if not any(_rank(finding) == Applicability.UNSAFE.rank for finding in safe.analysis.findings):
        return safe
    from armready.fixing.fixer import fix_session

    return fix_session(session, analysis, filters, unsafe=True)


def _joined(session: Session, findings: Sequence[Finding], safe: FixOutcome, every: FixOutcome) -> Forecast:
    of_safe, made = _judged(session, findings, safe, Applicability.SAFE)
    of_every, in_all = _judged(session, findings, every, Applicability.UNSAFE)
    sure = {key: each for key, each in of_safe.items() if each.applicability is Applicability.SAFE or key not in of_every}
    return Forecast(safe=made, unsafe=in_all, by_finding=_shown_only(findings) | of_every | sure)


def _shown_only(findings: Iterable[Finding]) -> dict[_Key, Outlook]:
    return {_key(each): Outlook(Applicability.DISPLAY) for each in findings if each.fix}


def _judged(session: Session, findings: Sequence[Finding], outcome: FixOutcome, allowed: Applicability) -> tuple[dict[_Key, Outlook], Made]:
    """What one run of fixes does about each finding, and in all."""
    outlooks = {_key(each.finding): Outlook(Applicability.DISPLAY, reason=each.reason) for each in outcome.not_applied}
    waiting = _Waiting(findings)
    following = 0
    for number, applied in enumerate(outcome.applied):
        finding = waiting.take(applied)
        at_once = finding is not None and _rank(finding) <= allowed.rank
        following += not at_once
        if finding is not None:
            after = () if at_once else _before(finding, applied, outcome.applied[:number])
            outlooks[_key(finding)] = Outlook(allowed, after)
    if outcome.applied:
        for finding in waiting.gone(outcome.analysis.findings):
            if finding.fix and _key(finding) not in outlooks:
                outlooks[_key(finding)] = Outlook(allowed, _before(finding, finding, outcome.applied), gone=True)
    levels = session.registry.selection.levels
    lowest = session.settings.min_severity.rank
    unlisted = sum(levels.get(each.code, each.severity).rank > lowest for each in outcome.applied)
    return outlooks, Made(len(outcome.applied), tuple(outcome.changes), following, unlisted)


class _Waiting:
    """The findings of a scan that no fix was matched with yet."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._groups: dict[tuple[str, str], list[Finding]] = {}
        for each in findings:
            self._groups.setdefault((each.code, each.path), []).append(each)

    def take(self, applied: Finding) -> Finding | None:
        """The finding that a fix mends, which other fixes may have moved and given other words; None when it was not there before."""
        group = self._groups.get((applied.code, applied.path), [])
        same = [each for each in group if _key(each) == _key(applied)] or [each for each in group if each.message == applied.message]
        found = next(iter(same or group), None)
        if found is not None:
            group.remove(found)
        return found

    def gone(self, left: Iterable[Finding]) -> Iterator[Finding]:
        """Those of which nothing is left: as many of a rule in a file as it does not report any more, first those in other words."""
        remaining: dict[tuple[str, str], list[str]] = {}
        for each in left:
            remaining.setdefault((each.code, each.path), []).append(each.message)
        for place, group in self._groups.items():
            messages = remaining.get(place, [])
            others = [each for each in group if each.message not in messages]
            yield from others[: max(len(group) - len(messages), 0)]


def _before(finding: Finding, applied: Finding, earlier: Sequence[Finding]) -> tuple[str, ...]:
    """The codes of earlier fixes that make this one possible: those in the files that it has to do with, or else all."""
    concerned = {finding.path, *(each.location.path for one in (finding, applied) for each in one.related)}
    near = [each.code for each in earlier if each.path in concerned and each.code != finding.code]
    codes = dict.fromkeys(near or [each.code for each in earlier])
    return tuple(codes)[-_NAMED:]


def _key(finding: Finding) -> _Key:
    return (finding.code, finding.path, finding.location.span.start, finding.message)


def _rank(finding: Finding) -> int:
    return finding.fix.applicability.rank if finding.fix else Applicability.DISPLAY.rank
