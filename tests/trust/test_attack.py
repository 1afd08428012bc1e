"""A small share of `benchmarks/attack.py`: nothing raises, no rule fails, no file is lost without a note."""

import importlib.util
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from armready.core.config import Settings
from armready.run.registry import Registry

SPEC = importlib.util.spec_from_file_location("attack", Path(__file__).parents[2] / "benchmarks/attack.py")
attack = importlib.util.module_from_spec(SPEC)
sys.modules["attack"] = attack
SPEC.loader.exec_module(attack)
REGISTRY = Registry(Settings())
CASES = list(attack.cases(400, random.Random(20)))[::4]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.partition(":")[0])
def test_a_mutated_tree(case):
    assert attack.problem_of(case, REGISTRY) == ""


def test_a_number_of_any_length_is_a_tag():
    files = {"Dockerfile": f"FROM --platform=linux/amd64 mysql:{'5' * 5_000}\nFROM openjdk:8-{'9' * 5_000}-jdk\n"}
    assert attack.problem_of(attack.Case("digits", files), REGISTRY) == ""


def test_a_failing_rule_breaks_a_case(monkeypatch):
    from armready.run import check_file

    monkeypatch.setattr(check_file, "check_limits", lambda *_: 1 / 0)
    assert "internal error" in attack.problem_of(attack.Case("broken", {"Dockerfile": "FROM a\n"}), REGISTRY)


def test_a_process_that_crashes_or_hangs_breaks_its_own_case_alone(monkeypatch):
    def judge(case):
        if case.name == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if case.name == "hang":
            signal.pause()
        return attack.Verdict(case, 0.0, "")

    monkeypatch.setattr(attack, "judge", judge)
    monkeypatch.setattr(attack, "PATIENCE", 2)
    names = ["a", "crash", "b", "hang", "c", "crash", "d"]
    found = list(attack.verdicts([attack.Case(name, {}) for name in names], 2))
    assert sorted(each.case.name for each in found) == sorted(names)
    broken = {each.case.name: each.broken for each in found if each.broken}
    assert broken == {"crash": "its process ended with -9", "hang": "its process did not end within 2 s"}
