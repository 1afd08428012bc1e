"""What armready says of a case, and in what two sayings differ."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from armready.core.finding import Finding
from armready.run.passes import Filters, report
from armready.testing import analyse_files

from .rewriting import Case, Place, Rewriting, Rewritten


class Verdict(NamedTuple):
    """What is compared of a finding, beside its place."""

    code: str
    severity: str
    fix: str

    def __str__(self) -> str:
        return f"{self.code} {self.severity} fix={self.fix}"


def verdicts(case: Case, rewriting: Rewriting) -> list[tuple[Verdict, Place]]:
    """The findings of a case, as far as a rewriting must keep them."""
    return [_verdict(each, rewriting) for each in _findings(case)]


def _verdict(finding: Finding, rewriting: Rewriting) -> tuple[Verdict, Place]:
    fate = finding.fix.applicability.value if rewriting.fixes and finding.fix else "-"
    level = finding.severity.value if rewriting.levels else "-"
    return Verdict(finding.code, level, fate), (finding.path, finding.location.span)


_SEEN: dict[tuple[str, tuple[str, ...], tuple[str, ...]], tuple[Finding, ...]] = {}


def _findings(case: Case) -> tuple[Finding, ...]:
    key = (case.name, tuple(case.files), tuple(case.files.values()))
    if key not in _SEEN:
        _, registry, analysis = analyse_files(case.files, case.settings)
        _SEEN[key] = report(analysis, registry, Filters()).findings
    return _SEEN[key]


def differences(case: Case, rewriting: Rewriting, rewritten: Rewritten) -> list[str]:
    """What is said of the case and not of the rewritten one at the mapped place, and the other way round."""
    before = verdicts(case, rewriting)
    after = verdicts(rewritten.case, rewriting)
    left: dict[Verdict, list[Place]] = defaultdict(list)
    for verdict, place in after:
        left[verdict].append(place)
    lost = []
    for verdict, place in before:
        mapped = rewritten.places(place)
        found = next((each for each in left[verdict] if _meets(each, mapped)), None)
        if found is None:
            lost.append(f"lost {verdict} at {_quote(case, place)}")
        else:
            left[verdict].remove(found)
    return lost + [f"new {verdict} at {_quote(rewritten.case, place)}" for verdict, places in left.items() for place in places]


def _meets(place: Place, mapped: Iterable[Place]) -> bool:
    path, span = place
    return any(path == other and span.start <= each.end and each.start <= span.end for other, each in mapped)


def _quote(case: Case, place: Place) -> str:
    path, span = place
    return f"{path}[{span.start}:{span.end}] {case.files[path].lstrip(chr(0xFEFF))[span.start : span.end]!r}"
