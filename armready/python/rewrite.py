"""Rewrites of single expressions with libcst, which keeps quotes, comments and white space of everything that stays.

Only a fix of a Python source comes here: importing libcst takes longer than scanning most repositories.
"""

from __future__ import annotations

from armready.core.errors import ParseProblem


def guarded_elements(text: str, first: int, last: int, condition: str) -> str:
    """A list display of which a run of elements counts under a condition only: `[a, *([b, c] if condition else [])]`.

    Args:
        text: the list as it is written.
        first: the index of the first element of the run.
        last: the index of its last one.
        condition: an expression.

    Raises:
        ParseProblem: `text` is no list display.
    """
    import libcst as cst

    try:
        listed = cst.parse_expression(text)
    except cst.ParserSyntaxError as error:
        raise ParseProblem("not a Python expression") from error
    if not isinstance(listed, cst.List):
        raise ParseProblem("not a list display")
    run = listed.elements[first : last + 1]
    chosen = cst.List([*run[:-1], run[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)])
    choice = cst.IfExp(cst.parse_expression(condition), chosen, cst.List([]), lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    guarded = cst.StarredElement(choice, comma=run[-1].comma)
    elements = [*listed.elements[:first], guarded, *listed.elements[last + 1 :]]
    return cst.Module([], default_newline="\r\n" if "\r\n" in text else "\n").code_for_node(listed.with_changes(elements=elements))
