"""The contract that every rule must meet, on every example it carries."""

import pytest

from armready.core.rule import Example, SuppressionRule
from armready.run.registry import all_rules
from armready.testing import ContractError, check_example
from tests.unpaired import UNPAIRED

RULES = all_rules()
CASES = [pytest.param(rule, example, id=f"{rule.code}-{example.name}") for rule in RULES for example in rule.examples]


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_example(rule, example):
    check_example(rule, example)


@pytest.mark.parametrize("breaks", [("alpine", "busybox"), ("missing", "x"), ("a", "b")])
def test_what_does_not_make_an_example_good_is_refused(breaks):
    (rule,) = (each for each in RULES if each.code == "DF110")
    with pytest.raises(ContractError):
        check_example(rule, Example("tag", path="Dockerfile", good="FROM alpine:3.20\n", breaks=breaks))


def test_each_good_example_says_what_makes_it_good():
    silent = {f"{rule.code} {example.name}" for rule in RULES for example in rule.examples if example.good and not any(example.breaks)}
    assert silent <= UNPAIRED, f"say with `breaks` what makes them good: {sorted(silent - UNPAIRED)}"
    assert silent >= UNPAIRED, f"take them out of tests/unpaired.py: {sorted(UNPAIRED - silent)}"


def test_codes_and_names_are_unique():
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)


def test_each_family_has_its_prefix():
    prefixes = {"dockerfile": "DF", "ci": "CI", "kubernetes": "KUB", "python": "PY", "suppressions": "ARM"}
    for rule in RULES:
        family = rule.__module__.split(".")[2]
        assert rule.code.startswith(prefixes[family]), rule
        assert issubclass(rule, SuppressionRule) == (family == "suppressions")
