"""A verdict survives every rewriting that keeps the meaning: the same findings at the mapped places, and the same fate of their fixes.

Each rewriting is applied to every case; where the product is large, a run takes the share of the cases that their hash chooses, and
`make metamorphic` takes all.
"""

from fnmatch import fnmatchcase
from zlib import crc32

import pytest

from tests.metamorphic import dependencies, dockerfile, hosts, manifests, python_source, shell
from tests.metamorphic.cases import all_cases
from tests.metamorphic.known import KNOWN
from tests.metamorphic.mended import MENDED
from tests.metamorphic.rewriting import ALL, NewText, apply, insert, swap
from tests.metamorphic.verdicts import differences

LIBRARY = (dependencies, dockerfile, hosts, manifests, python_source, shell)
_SHARE = 6


def _known(rewriting, case):
    return any(fnmatchcase(rewriting, each.rewriting) and fnmatchcase(case, each.case) for each in KNOWN)


def _taken(rewriting, case, whole):
    if whole or case in MENDED.get(rewriting, ()) or _known(rewriting, case):
        return True
    return crc32(f"{rewriting} {case}".encode()) % _SHARE == 0


@pytest.mark.parametrize("name", ALL)
def test_a_verdict_survives(name, request):
    rewriting = ALL[name]
    whole = request.config.getoption("--whole")
    failed: list[str] = []
    differs: set[str] = set()
    for case in all_cases():
        if not _taken(name, case.name, whole):
            continue
        rewritten = rewriting(case)
        found = differences(case, rewriting, rewritten) if rewritten is not None else []
        if _known(name, case.name):
            differs |= {case.name} if found else set()
        else:
            failed += [f"{case.name}: {each}" for each in found]
    assert not failed, "\n".join(failed)
    for each in KNOWN:
        if fnmatchcase(name, each.rewriting):
            assert any(fnmatchcase(case, each.case) for case in differs), f"take it out of known.py, the verdict is the same now: {each}"


def test_each_entry_is_of_a_rewriting_and_a_case():
    names = {case.name for case in all_cases()}
    for each in KNOWN:
        assert any(fnmatchcase(name, each.rewriting) for name in ALL), each
        assert any(fnmatchcase(name, each.case) for name in names), each
    assert {case for cases in MENDED.values() for case in cases} <= names
    assert MENDED.keys() <= ALL.keys()


def test_each_rewriting_is_of_use():
    unused = [name for name, rewriting in ALL.items() if not any(rewriting(case) for case in all_cases())]
    assert not unused


@pytest.mark.parametrize("name", ALL)
def test_a_rewriting_says_what_it_does(name):
    module, function = name.split(".")
    library = next(each for each in LIBRARY if each.__name__.endswith(f".{module}"))
    assert getattr(library, function).__doc__


def test_a_place_follows_the_text():
    new = apply("FROM a\nRUN b c\n", [insert(0, "# x\n"), swap(dockerfile.Span(11, 12), "long")])
    assert isinstance(new, NewText)
    assert new.text == "# x\nFROM a\nRUN long c\n"
    assert [new.text[start:end] for start, end in new.places(dockerfile.Span(5, 6))] == ["a"]
    assert [new.text[start:end] for start, end in new.places(dockerfile.Span(11, 12))] == ["long"]
    assert [new.text[start:end] for start, end in new.places(dockerfile.Span(11, 14))] == [" c", "long"]
