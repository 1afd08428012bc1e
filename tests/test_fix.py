"""Edits on a text, and how far a fix may be trusted."""

import pytest

from armready.core.fix import Applicability, Edit, Fix, apply_edits
from armready.core.source import Source, Span

TEXT = "0123456789"


def edit(start, end, text=""):
    return Edit(Source("f", TEXT).location(Span(start, end)), text)


@pytest.mark.parametrize(
    ("edits", "after"),
    [
        ([], TEXT),
        ([edit(2, 4, "x")], "01x456789"),
        ([edit(5, 6), edit(2, 4, "x")], "01x46789"),
        ([edit(2, 4, "x"), edit(4, 5, "y")], "01xy56789"),
        ([edit(2, 4, "x"), edit(2, 2, "a")], "01ax456789"),
        ([edit(2, 2, "b"), edit(2, 2, "a")], "01ab23456789"),
        ([edit(4, 4, "b"), edit(2, 4, "a")], "01ab456789"),
        ([edit(0, 0, "a"), edit(10, 10, "b")], f"a{TEXT}b"),
    ],
)
def test_edits_are_made_in_the_order_of_the_text(edits, after):
    assert apply_edits(TEXT, edits) == after
    assert apply_edits(TEXT, edits[::-1]) == after


@pytest.mark.parametrize(
    "edits", [[edit(2, 5, "x"), edit(4, 6, "y")], [edit(2, 6), edit(3, 4, "y")], [edit(2, 4), edit(2, 4)], [edit(2, 6), edit(4, 4, "y")]]
)
def test_edits_that_overlap_are_refused(edits):
    for each in (edits, edits[::-1]):
        with pytest.raises(ValueError, match="edits overlap"):
            apply_edits(TEXT, each)


def test_a_part_of_the_text():
    assert apply_edits(TEXT, [edit(3, 4, "x")], Span(2, 6)) == "2x45"
    with pytest.raises(ValueError, match="edits overlap"):
        apply_edits(TEXT, [edit(1, 3, "x")], Span(2, 6))


def test_a_fix_is_only_ever_trusted_less():
    fix = Fix("x", (), Applicability.UNSAFE, ("one",))
    assert fix.demoted(Applicability.SAFE, "two") == Fix("x", (), Applicability.UNSAFE, ("one", "two"))
    assert fix.demoted(Applicability.DISPLAY, "two") == Fix("x", (), Applicability.DISPLAY, ("one", "two"))
