import ast

import pytest

from armready.core.errors import ParseProblem
from armready.python.rewrite import guarded_elements

CASES = {
    '["-O3", "-mavx2"]': (1, 1, '["-O3", *(["-mavx2"] if cond else [])]'),
    '["-mavx2", "-mfma", "-O3",]': (0, 1, '[*(["-mavx2", "-mfma"] if cond else []), "-O3",]'),
    "['-mavx2']": (0, 0, "[*(['-mavx2'] if cond else [])]"),
    '[\n    "-mavx2",  # why\n]': (0, 0, '[\n    *(["-mavx2"] if cond else []),  # why\n]'),
    '["-O3",\r\n "-mavx2"]': (1, 1, '["-O3",\r\n *(["-mavx2"] if cond else [])]'),
}


@pytest.mark.parametrize("text", CASES)
def test_a_run_of_elements_under_a_condition(text):
    first, last, expected = CASES[text]
    assert guarded_elements(text, first, last, "cond") == expected
    before = ast.literal_eval(text)
    assert eval(expected, {"cond": True}) == before
    assert eval(expected, {"cond": False}) == before[:first] + before[last + 1 :]


@pytest.mark.parametrize("text", ["(1, 2)", "[1", "f(x)"])
def test_other_expressions_are_refused(text):
    with pytest.raises(ParseProblem):
        guarded_elements(text, 0, 0, "cond")
