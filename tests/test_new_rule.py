"""What `tools/new_rule.py` writes is a rule that holds."""

import importlib.util
import re
import shutil
import subprocess
import sys

import pytest

from armready.run import registry
from armready.run.registry import all_rules
from armready.run.rule_index import entry_of, rules_of
from armready.testing import check_example
from tools.new_rule import ROOT, decades, free_code, write_rule


@pytest.fixture
def rules(tmp_path):
    return shutil.copytree(ROOT / "rules", tmp_path / "rules", ignore=shutil.ignore_patterns("__pycache__"))


def test_every_rule_has_a_decade_of_its_family():
    known = decades()
    for rule in all_rules():
        assert known[rule.code[:-1]].family == rule.__module__.split(".")[2], rule


ROOMY = ["DF11", "CI11", "KUB13", "PY22"]


@pytest.mark.parametrize("prefix", ROOMY)
def test_a_new_rule_holds_on_its_examples(prefix, rules, monkeypatch):
    decade = decades()[prefix]
    path = write_rule(decade, "made-by-a-test", rules)
    spec = importlib.util.spec_from_file_location(f"armready.rules.{decade.family}.made_by_a_test", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    (rule,) = rules_of(module)
    own = registry.entries()
    monkeypatch.setattr(registry, "_own", lambda: (*own, entry_of(rule)))
    assert rule.code not in {each.code for each in own}
    for example in rule.examples:
        check_example(rule, example)


def test_what_is_written_needs_no_formatting(rules):
    for prefix in ROOMY:
        decade = decades()[prefix]
        path = write_rule(decade, "made-by-a-test", rules)
        done = subprocess.run(
            [sys.executable, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml", "--ignore", "E501,D101,D102", path],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def test_a_decade_that_is_full_is_said_to_be(rules):
    decade = decades()["CI10"]
    assert re.fullmatch(r"CI10\d", decade.prefix + "1")
    with pytest.raises(SystemExit, match="CI10x"):
        free_code(decade, rules)


def test_a_rule_is_not_overwritten(rules):
    with pytest.raises(SystemExit, match="there already"):
        write_rule(decades()["DF11"], "image-arch-tag", rules)
