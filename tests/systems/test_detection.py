"""Which builds of every CI system are findings, and which are left alone: in `detection/`, with «marks», by severity."""

from pathlib import Path

import pytest

from armready.core.config import Settings
from armready.core.finding import Severity
from armready.run.passes import Filters, report
from armready.testing import analyse_files, strip_marks

from .test_fixes import PATHS, repository

CASES = Path(__file__).parent / "detection"
SETTINGS = Settings(min_severity=Severity.INFO, pedantic=True)


@pytest.mark.parametrize("case", sorted(CASES.glob("*/*")), ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_single_platform_pushes_are_found_and_other_builds_are_left_alone(case):
    text, marks = strip_marks(case.read_text(encoding="utf-8"))
    path = PATHS[case.name.partition("-")[0]]
    _, registry, analysis = analyse_files(repository(path, text), SETTINGS)
    assert not [each for result in analysis.results.values() for each in result.problems]
    found = [each for each in report(analysis, registry, Filters()).findings if each.code in ("CI101", "CI102")]
    assert sorted(tuple(each.location.span) for each in found) == sorted(tuple(each) for each in marks)
    assert {each.severity.value for each in found} <= {case.parent.name}
