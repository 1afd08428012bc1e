"""The hooks, the GitHub action and the GitLab template: their patterns and their shape. tests/integration runs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from armready.core.classify import _BY_NAME, kind_by_name

ROOT = Path(__file__).parent.parent
HOOKS = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())
FILES = re.compile(HOOKS[0]["files"])

NAMES = [
    pattern.replace("**", "x").replace("*.y*ml", "x.yaml").replace(".y*ml", ".yml").replace("*/", "x/").replace("*", "x")
    for row in _BY_NAME
    for pattern in row.patterns
]
CONTENT = ["deploy/web.yaml", "k8s/deployment.json", "run", "bin/entrypoint", "Procfile"]
OTHERS = [
    "README.md",
    "main.go",
    "src/index.ts",
    "logo.svg",
    "notes.rst",
    "style.css",
    "a.java",
    "Cargo.toml",
    "data.csv",
    "page.html",
    ".gitignore",
]


@pytest.mark.parametrize("name", NAMES + CONTENT)
def test_hooks_get_every_kind_of_file(name: str) -> None:
    assert FILES.search(name), name


@pytest.mark.parametrize("name", OTHERS)
def test_hooks_do_not_run_for_others(name: str) -> None:
    assert kind_by_name(name) is None
    assert not FILES.search(name)


def test_both_hooks_take_the_same_files() -> None:
    scan, fix = HOOKS
    assert (scan["id"], fix["id"]) == ("armready", "armready-fix")
    assert scan["files"] == fix["files"]
    assert scan["entry"].split()[:2] == ["armready", "scan"]
    assert fix["entry"].split()[:2] == ["armready", "fix"]


def test_no_input_of_the_action_is_pasted_into_a_script() -> None:
    action = YAML(typ="safe").load((ROOT / "action.yml").read_text())
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
