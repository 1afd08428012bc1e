"""`armready init`: writes what is missing, adds where that is proven, overwrites nothing."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from armready.commands.init import _CONFIG, Step, carry_out, plan
from armready.core.config import KEYS, read_table
from armready.core.errors import UsageError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def done(root: Path) -> dict[str, str]:
    steps = plan(root)
    carry_out(root, steps)
    return {step.path: step.action for step in steps}


def load(path: Path) -> dict:
    return YAML(typ="safe").load(path.read_text())


def test_an_empty_repository(root: Path) -> None:
    assert done(root) == {"armready.toml": "write", ".pre-commit-config.yaml": "write", "the pipeline of your CI": "show"}
    assert tomllib.loads((root / "armready.toml").read_text()) == {}
    assert load(root / ".pre-commit-config.yaml")["repos"][0]["hooks"] == [{"id": "armready"}]


def test_every_key_of_the_commented_configuration_is_known() -> None:
    lines = [line.removeprefix("# ") for line in _CONFIG.splitlines() if " = " in line]
    table = tomllib.loads("\n".join(lines))
    assert table
    assert set(table) <= set(KEYS)


def test_twice_changes_nothing(root: Path) -> None:
    (root / ".github").mkdir()
    (root / ".gitlab-ci.yml").write_text("build:\n  script: [make]\n")
    (root / "pyproject.toml").write_text('[project]\nname = "x"\n')
    done(root)
    before = files(root)
    assert set(done(root).values()) == {"keep"}
    assert files(root) == before


def test_pyproject_gets_a_table_at_its_end(root: Path) -> None:
    old = '[project]\r\nname = "x"'
    (root / "pyproject.toml").write_bytes(old.encode())
    assert done(root)["pyproject.toml"] == "add"
    new = (root / "pyproject.toml").read_bytes()
    assert new.startswith(old.encode())
    assert b"\n" not in new.replace(b"\r\n", b"")
    assert read_table(root / "pyproject.toml", root) == {}


def test_pre_commit_entry_is_added_below_the_others(root: Path) -> None:
    old = "# ours\nrepos:\n- repo: https://example.com/a  # why\n  rev: v1\n  hooks:\n  - id: a\n"
    (root / ".pre-commit-config.yaml").write_text(old)
    assert done(root)[".pre-commit-config.yaml"] == "add"
    new = (root / ".pre-commit-config.yaml").read_text()
    assert new.startswith(old)
    assert [each["hooks"] for each in load(root / ".pre-commit-config.yaml")["repos"]] == [[{"id": "a"}], [{"id": "armready"}]]


def test_github_gets_a_workflow_for_its_default_branch(root: Path) -> None:
    (root / ".github").mkdir()
    (root / ".git" / "objects").mkdir()
    (root / ".git" / "HEAD").write_text("ref: refs/heads/trunk\n")
    assert done(root)[".github/workflows/armready.yml"] == "write"
    text = (root / ".github/workflows/armready.yml").read_text()
    assert "branches: [trunk]" in text
    workflow = load(root / ".github/workflows/armready.yml")
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["armready"]["permissions"] == {"contents": "read", "security-events": "write"}


@pytest.mark.parametrize(
    ("old", "added"),
    [
        ("build:\n  script: [make]\n", {"include"}),
        ("stages: [lint, deploy]\n\nbuild:\n  stage: lint\n  script: [make]\n", {"include", "armready"}),
        ("include:\n  - local: a.yml\n\nbuild:\n  script: [make]\n", set()),
    ],
)
def test_gitlab_gets_an_include(root: Path, old: str, added: set[str]) -> None:
    path = root / ".gitlab-ci.yml"
    path.write_text(old)
    before = load(path)
    assert done(root)[".gitlab-ci.yml"] == "add"
    after = load(path)
    assert set(after) - set(before) == added
    assert "templates/gitlab-ci.yml" in after["include"][-1]["remote"]
    assert {key: value for key, value in after.items() if key in before and key != "include"} == {
        key: value for key, value in before.items() if key != "include"
    }


@pytest.mark.parametrize("old", ["include: a.yml\nx: {script: [a]}\n", "[", "", "- a\n"])
def test_what_cannot_be_added_to_is_shown_and_left_alone(root: Path, old: str) -> None:
    (root / ".gitlab-ci.yml").write_text(old)
    assert done(root)[".gitlab-ci.yml"] == "show"
    assert (root / ".gitlab-ci.yml").read_text() == old


def test_links_are_not_written_through(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "ci.yml"
    outside.write_text("build:\n  script: [make]\n")
    (root / ".gitlab-ci.yml").symlink_to(outside)
    assert done(root)[".gitlab-ci.yml"] == "show"
    assert outside.read_text() == "build:\n  script: [make]\n"


def test_jenkins_gets_a_snippet(root: Path) -> None:
    (root / "Jenkinsfile").write_text("pipeline {}\n")
    assert done(root)["Jenkinsfile"] == "show"


def test_a_file_that_turned_up_is_not_overwritten(root: Path) -> None:
    (root / "armready.toml").write_text("x")
    with pytest.raises(UsageError):
        carry_out(root, [Step("armready.toml", "write", "y")])
    with pytest.raises(UsageError, match="changed meanwhile"):
        carry_out(root, [Step("armready.toml", "add", "y", b"other")])
    assert (root / "armready.toml").read_text() == "x"


def test_the_gates_are_what_their_systems_take(root: Path) -> None:
    (root / ".github").mkdir()
    (root / ".gitlab-ci.yml").write_text("stages: [lint]\nbuild:\n  stage: lint\n  script: [make]\n")
    done(root)
    binaries = Path(sys.executable).parent
    for command in (
        ["actionlint", "-shellcheck=", ".github/workflows/armready.yml"],
        ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", ".gitlab-ci.yml"],
    ):
        checked = subprocess.run([binaries / command[0], *command[1:]], cwd=root, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
