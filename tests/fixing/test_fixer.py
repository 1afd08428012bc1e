"""Which fixes are made together, and what a second scan says against them."""

from dataclasses import replace
from datetime import date

import pytest

from armready.core.config import Settings
from armready.core.finding import Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.source import Source, Span
from armready.fixing.fixer import fix
from armready.testing import analyse_files

FILE = "Dockerfile"
SETTINGS = Settings(select=("DF",), min_severity=Severity.INFO)
FLAG = "--platform=linux/amd64 "
ONE = f"FROM {FLAG}alpine:3.20\nCOPY a /a\n"
TWO = f"FROM {FLAG}alpine:3.20 AS a\nCOPY a /a\nFROM {FLAG}alpine:3.20\nCOPY --from=a /a /a\n"


def edit(text, old, new, at=0, path=FILE):
    start = text.index(old, at)
    return Edit(Source(path, text).location(Span(start, start + len(old))), new)


def insert(text, before, new, at=0):
    start = text.index(before, at)
    return Edit(Source(FILE, text).location(Span(start, start)), new)


def mend(files, *fixes):
    """Give the findings of DF101 these fixes, in order, and make them."""
    tree, registry, analysis = analyse_files(files, SETTINGS)
    found = [each for each in analysis.findings if each.code == "DF101"]
    mine = [replace(each, fix=Fix(f"fix {number}", tuple(edits))) for number, (each, edits) in enumerate(zip(found, fixes, strict=True))]
    others = [each for each in analysis.findings if each.code != "DF101"]
    given = replace(analysis, findings=(*others, *mine))
    titles = {each.title for finding in mine if (each := finding.fix)}
    outcome = fix(
        tree,
        given,
        registry,
        allowed=Applicability.SAFE,
        wanted=lambda each: each.fix is not None and each.fix.title in titles,
        today=date(2026, 11, 24),
    )
    return outcome.tree.read(FILE).decode(), [each.reason for each in outcome.not_applied]


def test_a_fix_that_mends_is_made():
    assert mend({FILE: ONE}, [edit(ONE, FLAG, "")]) == (ONE.replace(FLAG, ""), [])


def test_a_fix_that_brings_up_another_finding_is_refused():
    after, reasons = mend({FILE: ONE}, [edit(ONE, f"{FLAG}alpine", "amd64/alpine")])
    assert after == ONE
    (reason,) = reasons
    assert reason.startswith("it would bring up DF110: ")


def test_a_fix_may_bring_up_what_is_milder_than_what_it_mends():
    redundant = ONE.replace("linux/amd64", "$TARGETPLATFORM")
    _, _, analysis = analyse_files({FILE: redundant}, Settings(min_severity=Severity.INFO))
    assert {each.severity for each in analysis.findings} == {Severity.INFO}
    assert mend({FILE: ONE}, [edit(ONE, FLAG, "--platform=$TARGETPLATFORM ")]) == (redundant, [])


def test_a_fix_that_does_not_mend_is_refused():
    after, reasons = mend({FILE: ONE}, [edit(ONE, "COPY a /a", "COPY b /a")])
    assert (after, reasons) == (ONE, ["a second scan still finds DF101"])


def test_a_fix_that_changes_nothing_is_refused():
    assert mend({FILE: ONE}, [edit(ONE, FLAG, FLAG)]) == (ONE, ["it changes nothing"])


def test_a_fix_that_changes_a_file_outside_of_the_run_is_refused():
    after, reasons = mend({FILE: ONE}, [edit(ONE, FLAG, ""), edit("x", "x", "y", path="other")])
    assert (after, reasons) == (ONE, ["it also changes other, which this run does not cover"])


def test_a_fix_that_is_not_trusted_enough_is_not_made():
    tree, registry, analysis = analyse_files({FILE: ONE}, Settings(select=("DF101",)))
    given = replace(
        analysis, findings=tuple(replace(each, fix=each.fix and each.fix.demoted(Applicability.UNSAFE, "x")) for each in analysis.findings)
    )
    for allowed, count in ((Applicability.SAFE, 0), (Applicability.UNSAFE, 1)):
        assert len(fix(tree, given, registry, allowed=allowed, wanted=bool, today=None).applied) == count


def test_both_of_two_fixes_are_made():
    second = TWO.index("FROM", 5)
    assert mend({FILE: TWO}, [edit(TWO, FLAG, "")], [edit(TWO, FLAG, "", second)]) == (TWO.replace(FLAG, ""), [])


def test_the_other_fix_is_made_where_one_is_refused():
    second = TWO.index("FROM", 5)
    good, bad = [edit(TWO, FLAG, "", second)], [edit(TWO, f"{FLAG}alpine", "amd64/alpine")]
    after, reasons = mend({FILE: TWO}, bad, good)
    assert (after, reasons) == (TWO[:second] + TWO[second:].replace(FLAG, ""), [])


SECOND = TWO.index("FROM", 5)
REMOVED = [edit(TWO, FLAG, ""), edit(TWO, FLAG, "", SECOND)]


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ([], [], True),
        ([insert(TWO, "COPY", "#1\n")], [insert(TWO, "COPY", "#2\n")], False),
        ([insert(TWO, "COPY", "#1\n")], [insert(TWO, "COPY", "#1\n")], True),
        ([insert(TWO, "COPY", "#1\n")], [edit(TWO, "COPY a /a\n", "#2\n")], False),
        ([edit(TWO, "COPY a /a\n", "#1\n")], [insert(TWO, "COPY", "#2\n")], False),
        ([edit(TWO, "COPY a /a", "#1")], [edit(TWO, "a /a\n", "#2\n")], False),
        ([edit(TWO, "a /a\n", "#1\n")], [edit(TWO, "COPY a", "#2")], False),
        ([edit(TWO, "COPY a /a", "#1")], [edit(TWO, "a", "b", TWO.index("COPY"))], False),
        ([edit(TWO, "COPY a", "COPY b")], [edit(TWO, "/a\n", "/b\n")], True),
        ([edit(TWO, "COPY", "COPY")], [edit(TWO, " a", " b", TWO.index("COPY"))], True),
    ],
)
def test_fixes_that_overlap_are_not_made_in_one_go(one, other, together):
    first, second = [REMOVED[0], *one], [REMOVED[1], *other]
    after, reasons = mend({FILE: TWO}, first, second)
    alone = mend({FILE: TWO}, first, [edit(TWO, FLAG, FLAG, SECOND)])[0]
    assert (after == alone) is not together
    assert FLAG not in after if together else FLAG in after[after.index("FROM", 5) :]
    assert reasons == []
