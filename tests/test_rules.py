"""The contract that every rule must meet, on every example it carries."""

import pytest

from armready.core.rule import SuppressionRule
from armready.run.registry import all_rules
from armready.testing import check_example

RULES = all_rules()
CASES = [pytest.param(rule, example, id=f"{rule.code}-{example.name}") for rule in RULES for example in rule.examples]


@pytest.mark.parametrize(("rule", "example"), CASES)
def test_example(rule, example):
    check_example(rule, example)


def test_codes_and_names_are_unique():
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)


def test_each_family_has_its_prefix():
    prefixes = {"dockerfile": "DF", "ci": "CI", "kubernetes": "KUB", "python": "PY", "suppressions": "ARM"}
    for rule in RULES:
        family = rule.__module__.split(".")[2]
        assert rule.code.startswith(prefixes[family]), rule
        assert issubclass(rule, SuppressionRule) == (family == "suppressions")
