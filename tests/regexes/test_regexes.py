"""No regular expression of the package takes more than linear time, whatever the text."""

import re
from re import _constants as op
from re import _parser as parser

import pytest

from tests.regexes.collect import Use, uses
from tests.regexes.growth import witness

# Where a pattern is tried is not in the pattern. These are tried so that what one try reads, no other reads again.
REVIEWED = {
    ("armready/multiplatform/commands.py", r"[ \t]*\\(\r?\n)([ \t]*)"): "once behind a word, for a change that is written",
    ("armready/multiplatform/commands.py", r"[ \t]*\\\r?\n"): "once behind a word, for a change that is written",
    ("armready/multiplatform/commands.py", r"[ \t]*+(?:\\?\r?\n|$)"): "once behind a word, for a change that is written",
    ("armready/builds/statements.py", r"\s*\|\|\s*(?:\\\n\s*)?"): "once behind each command",
    ("armready/kubernetes/documents.py", r"(?:\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|[^\"`{}]|\}(?!\})|\{(?!\{))*"): "goes on where it stopped",
    (
        "armready/languages/dockerfile/instructions.py",
        r"""--([A-Za-z][\w-]*+)(?:=((?>(?:[^\s"'\\]|\\.|"[^"]*"|'[^']*')*)))?(?=[ \t]|\Z)""",
    ): "goes on where it stopped, and the first failure is the last",
    ("armready/languages/dockerfile/instructions.py", r'"((?:[^"\\]|\\.)*)"'): "the text is valid JSON",
    ("armready/languages/dockerfile/lines.py", r"""[^\s"'\\]+|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|\s+|."""): "only the last quote is not closed",
    ("armready/languages/hcl.py", r"[ \t\r\n]+|#[^\n]*|//[^\n]*|/\*.*?\*/"): "a comment that is not closed ends the reading",
    (
        "armready/languages/requirements.py",
        r"\s*+(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*+"
        r"(?:\[(?P<extras>[^\]]*)\])?\s*+"
        r"(?:@\s*+(?P<url>\S+)|\(?(?P<specifier>(?>(?:[<>=!~]=?=?\s*+[^\s;,()#]++\s*+,?\s*+)*))\)?)\s*+"
        r"(?:;(?P<marker>(?s:.*)))?$",
    ): "the list of specifiers gives nothing back",
    ("armready/languages/yaml/scalars.py", r"[ \t]*(?:\r?\n[ \t]*)+"): "white space that is not folded is stepped over as a whole",
    ("armready/systems/yaml_steps.py", r"(?>(?:[ \t]*+\r?\n)+)"): "once behind each step",
}
USES = list(uses())
ONE_CHARACTER = ([op.ANY], [op.IN], [op.LITERAL], [op.NOT_LITERAL])


@pytest.mark.parametrize(
    ("pattern", "scans", "whole", "slow"),
    [
        (r"a+b", True, False, True),
        (r"a+b", False, False, False),
        (r"(?<!a)a+b", True, False, False),
        (r"\b\w+=", True, False, False),
        (r"\w+", True, False, False),
        (r"a*a*b", False, False, True),
        (r"a*+a*b", False, False, False),
        (r"(a*)*b", False, False, True),
        (r"(?:ab|a|b)*c", False, False, True),
        (r"a*", False, False, False),
        (r"[a-z]*c[a-z]*", False, True, True),
        (r"[abd-z]*c[a-z]*", False, True, False),
        (r"#.*$", True, False, True),
        (r"(?m)#.*$", True, False, False),
        (r"\w(?:\w+=)?", True, False, True),
        (r"(?:\w+=|\w+)", True, False, False),
        (r"#!(?!.*sh)", True, False, True),
        (r"^#!(?!.*sh)", True, False, False),
        (r"\{\{.*?\}\}", True, False, True),
        (r"\{\{[^{}]*\}\}", True, False, False),
        (r'"[^"]*"', True, False, False),
        (r"x{0,60}=", True, False, False),
        (r"(?:#.*)?\r?\n", False, False, False),
        (r"(?:(?:#.*)?\r?\n)*-", False, False, True),
    ],
)
def test_growth_is_told_from_structure(pattern, scans, whole, slow):
    assert (witness(pattern, scans=scans, whole=whole) is not None) == slow


@pytest.mark.parametrize(("pattern", "length"), [(r"(a*)*b", 22), (r"(?:(?:#.*)?\r?\n)*-", 44)])
def test_a_witness_does_not_match(pattern, length):
    assert re.match(pattern, witness(pattern, scans=False).text(length)) is None


def test_the_patterns_are_found():
    assert len(USES) > 500
    assert {use.way for use in USES} >= {(True, False), (False, False), (False, True)}


@pytest.mark.parametrize("use", USES, ids=lambda use: f"{use.path}:{use.line}")
def test_linear(use: Use):
    found = witness(use.pattern, use.flags, scans=use.way.scans, whole=use.way.whole)
    if (use.path, use.pattern) in REVIEWED:
        assert found is not None, "no exception is needed"
    else:
        assert found is None, f"reads {found!r} again and again"


def test_exceptions_are_of_patterns_that_exist():
    assert REVIEWED.keys() <= {(use.path, use.pattern) for use in USES}


def possessive_groups(items):
    """The possessive repetitions of more than one character in a parsed pattern: before 3.11.5 Python reads some of them too far."""
    for code, argument in items:
        if code is op.POSSESSIVE_REPEAT and [each for each, _ in argument[2]] not in ONE_CHARACTER:
            yield argument[2]
        for part in _parts(argument):
            yield from possessive_groups(part)


def _parts(argument):
    if isinstance(argument, parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for each in argument:
            yield from _parts(each)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"(?:[ \t]*+\r?\n)++", 1),
        (r"x(?:y|(?=(a(?:bc)?+)))*z", 1),
        (r"(ab){2,3}+|(?:a|bc)*+", 2),
        (r"(a(?i:bc)*+)*+", 2),
        (r"(?>(?:[ \t]*+\r?\n)+)", 0),
        (r"[ab]*+.?+\s++(?:[ab])*+", 0),
    ],
)
def test_possessive_groups_are_seen(pattern, found):
    assert len(list(possessive_groups(parser.parse(pattern)))) == found


def test_no_group_is_possessive():
    """An atomic group says the same on every Python."""
    assert not [use for use in USES if any(possessive_groups(parser.parse(use.pattern, use.flags)))]
