"""The proof of an edit: what it does not name stays as it is, whatever the kind of file."""

import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.fix import Edit, apply_edits
from armready.core.source import Source, Span
from armready.fixing.proof import problem_with, units


def opened(text, kind, path="f"):
    return File(Source(path, text), kind, Settings())


def edit(text, old, new):
    start = text.index(old)
    return Edit(Source("f", text).location(Span(start, start + len(old))), new)


def problem(text, kind, *changes, after=None):
    """What is said of a text after changes (old, new), or of another text that claims to be that."""
    edits = [edit(text, *change) for change in changes]
    new = apply_edits(text, edits) if after is None else after
    return problem_with(opened(text, kind), opened(new, kind), edits)


TEXTS = {
    Kind.DOCKERFILE: "FROM a\nRUN b\nCOPY c /c\n",
    Kind.KUBERNETES: "a: b\nc:\n- d: e\n- f\n",
    Kind.GITLAB: "job:\n  script:\n  - make b\n  - make c\n",
    Kind.PYTHON: "a = b\nif c:\n    d = 1\ne()\n",
    Kind.PYPROJECT: '[a]\nb = "c"\n[d]\ne = "f"\n',
    Kind.BAKE_HCL: 'target "a" {\n  b = "c"\n  d = "e"\n}\n',
    Kind.POM: "<a><b>c</b><d>e</d></a>\n",
    Kind.SHELL: "a b\nc d\n",
}
CHANGES = {
    Kind.DOCKERFILE: ("RUN b", "RUN x"),
    Kind.KUBERNETES: ("e", "x"),
    Kind.GITLAB: ("make b", "make x"),
    Kind.PYTHON: ("b", "x"),
    Kind.PYPROJECT: ('"c"', '"x"'),
    Kind.BAKE_HCL: ('"c"', '"x"'),
    Kind.POM: ("c", "x"),
    Kind.SHELL: ("a b", "a x"),
}
ELSEWHERE = {
    Kind.DOCKERFILE: ("/c", "/y"),
    Kind.KUBERNETES: ("- f", "- y"),
    Kind.GITLAB: ("make c", "make y"),
    Kind.PYTHON: ("e()", "y()"),
    Kind.BAKE_HCL: ('"e"', '"y"'),
    Kind.POM: (">e<", ">y<"),
    Kind.SHELL: ("c d", "c y"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_an_edit_names_may_change(kind):
    assert problem(TEXTS[kind], kind, CHANGES[kind]) is None


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_what_no_edit_names_may_not(kind):
    after = TEXTS[kind].replace(*CHANGES[kind], 1).replace(*ELSEWHERE[kind], 1)
    said = problem(TEXTS[kind], kind, CHANGES[kind], after=after)
    assert said is not None
    assert "which no edit names" in said or "would come to mean something else" in said


@pytest.mark.parametrize("kind", CHANGES)
def test_units_are_in_the_order_of_the_text(kind):
    found = units(opened(TEXTS[kind], kind))
    assert len(found) > 1
    assert [unit.span for unit in found] == sorted(unit.span for unit in found)


@pytest.mark.parametrize(
    ("kind", "text", "change", "says"),
    [
        (Kind.DOCKERFILE, "FROM a\nRUN b\nRUN c\n", ("RUN b", "RUN b \\"), "which no edit names"),
        (Kind.DOCKERFILE, "FROM a\nRUN b\nRUN c\n", ("RUN b\n", "RUN x\n\n"), None),
        (Kind.DOCKERFILE, "FROM a\nRUN b\nRUN c\n", ("RUN b\n", ""), None),
        (Kind.DOCKERFILE, "FROM a\nRUN b\n", ("RUN b", "ENV x=1\nRUN b"), None),
        (Kind.DOCKERFILE, "FROM a\n# x\nRUN b\n", ("# x", "RUN x"), None),
        (Kind.KUBERNETES, "a: b\nc: d\n", ("a: b", "a:"), None),
        (Kind.KUBERNETES, "a:\n  b: c\nd: e\n", ("d: e", "  d: e"), None),
        (Kind.KUBERNETES, "a:\n  b: c\n  d: e\n", ("  b: c\n", ""), None),
        (Kind.KUBERNETES, "a:\n  b: c\n  d: e\n", ("a:\n", "x:\n  a:\n"), "which no edit names"),
        (Kind.KUBERNETES, "a: b\nc: d\n", ("b", '"b'), "the new text does not parse"),
        (Kind.PYTHON, "if a:\n    b()\nc()\n", ("if a:", "if a and x:"), None),
        (Kind.PYTHON, "if a:\n    b()\nc()\n", ("if a:\n    ", "if a:\n  "), "which no edit names"),
        (Kind.PYTHON, "a()\nb()\n", ("a()", "a("), "does not parse"),
        (Kind.PYPROJECT, '[a]\nb = "c"\n[d]\ne = "f"\n', ("[d]\n", ""), "which no edit names"),
    ],
)
def test_changes_that_reach_further_than_they_say(kind, text, change, says):
    said = problem(text, kind, change)
    assert (said is None) if says is None else (said is not None and says in said), said


def test_a_file_that_does_not_parse_is_not_judged():
    assert problem("a: [\n", Kind.KUBERNETES, ("a", "b")) is None


def test_several_edits_move_what_stands_behind_them():
    text = "FROM a\nRUN b\nRUN c\nRUN d\nRUN e\n"
    assert problem(text, Kind.DOCKERFILE, ("RUN b", "RUN longer"), ("RUN d\n", "")) is None
    after = "FROM a\nRUN longer\nRUN X\nRUN e\n"
    assert problem(text, Kind.DOCKERFILE, ("RUN b", "RUN longer"), ("RUN d\n", ""), after=after) is not None


def test_what_moves_without_an_edit_is_no_longer_where_it_was():
    assert problem("FROM a\nRUN b\nRUN c\n", Kind.DOCKERFILE, ("FROM a", "FROM x"), after="FROM x\nRUN c\nRUN b\n") is not None


def test_shared_nodes_are_looked_at_once():
    text = "a: &x {b: c}\nd: *x\n"
    assert problem(text, Kind.KUBERNETES, ("c", "y")) is None
    assert len([unit for unit in units(opened(text, Kind.KUBERNETES)) if unit.key[-1] == "b"]) == 2
