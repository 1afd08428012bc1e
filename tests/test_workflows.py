"""The action, the workflows and every snippet of them that a page or `init` hands out: pinned, least privileged, accepted by other linters."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from armready.commands.init import _WORKFLOW
from armready.core.distribution import PACKAGE, TAG

ROOT = Path(__file__).parent.parent
BINARIES = Path(sys.executable).parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ACTION = YAML(typ="safe").load((ROOT / "action.yml").read_text())
TEMPLATE = YAML(typ="safe").load((ROOT / "templates" / "gitlab-ci.yml").read_text())
# A page cannot know the commit of the release that it belongs to.
POLICY = "rules: {unpinned-uses: {config: {policies: {armready/armready: ref-pin, '*': hash-pin}}}}\n"


def _snippets() -> dict[str, str]:
    found = {"init": _WORKFLOW.replace("$default-branch", "main")}
    for page in PAGES:
        for number, block in enumerate(re.findall(r"(?ms)^```ya?ml\n(.*?)^```$", page.read_text())):
            if "uses:" in block:
                found[f"{page.name}-{number}"] = block
    return found


SNIPPETS = _snippets()
WORKFLOWS = {path.name: path.read_text() for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}


def check(*command: str | Path, cwd: Path = ROOT) -> None:
    done = subprocess.run([BINARIES / command[0], *command[1:]], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    return tmp_path


def test_pages_hand_out_workflows() -> None:
    assert {"init", "README.md-1", "ci.md-0"} <= set(SNIPPETS)


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets_are_whole_workflows_that_other_linters_accept(name: str, repository: Path) -> None:
    path = repository / ".github" / "workflows" / "snippet.yml"
    path.write_text(SNIPPETS[name])
    (repository / "policy.yml").write_text(POLICY)
    check("actionlint", path, cwd=repository)
    check("zizmor", "--offline", "--config", repository / "policy.yml", path)
    workflow = YAML(typ="safe").load(path)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"] == {"contents": "read", "security-events": "write"}


def test_the_linter_of_workflows_would_complain(repository: Path) -> None:
    path = repository / ".github" / "workflows" / "snippet.yml"
    path.write_text(re.sub(r"@[0-9a-f]{40} # v7.*", "@v7", SNIPPETS["init"]))
    with pytest.raises(AssertionError, match="unpinned-uses"):
        check("zizmor", "--offline", path)


def test_own_action_and_workflows_are_accepted() -> None:
    check("zizmor", "--offline", "--persona", "pedantic", "action.yml", *(f".github/workflows/{name}" for name in WORKFLOWS))
    check("actionlint", *(f".github/workflows/{name}" for name in WORKFLOWS))


def test_actions_are_pinned_by_digest_everywhere_the_same() -> None:
    texts = [(ROOT / "action.yml").read_text(), *WORKFLOWS.values(), *SNIPPETS.values()]
    used = {line for text in texts for line in re.findall(r"(?m)uses: (?!\./)(.*)$", text)}
    pins: dict[str, set[str]] = {}
    for use in used - {f"armready/armready@{TAG}"}:
        pinned = re.fullmatch(r"([\w./-]+)@([0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+)", use)
        assert pinned, use
        pins.setdefault(pinned[1], set()).add(pinned[2])
    assert all(len(each) == 1 for each in pins.values()), pins


def test_scripts_are_portable_shell(tmp_path: Path) -> None:
    """Bash 3.2 is what macOS has; a GitLab image may have no bash at all."""
    job = TEMPLATE["armready"]
    scripts = [("bash", step["run"], step.get("env", {})) for step in ACTION["runs"]["steps"] if "run" in step]
    scripts.append(("sh", "\n".join(job["script"]), job["variables"]))
    for number, (shell, text, names) in enumerate(scripts):
        path = tmp_path / f"{number}.sh"
        path.write_text(f"#!/bin/{shell}\nexport {' '.join(names)} RUNNER_TEMP\n{text}")
        check("shellcheck", path)
        assert not re.search(r"mapfile|readarray|coproc|declare -[An]|local -n|\|&|&>>|\$\{\w+(\^|,|@)|\[-\d+\]", text)


@pytest.mark.parametrize("page", [*PAGES, *sorted((ROOT / "templates").iterdir())], ids=lambda page: page.name)
def test_pages_install_what_can_be_installed(page: Path) -> None:
    text = page.read_text()
    assert set(re.findall(r"armready/armready(?:@|/archive/refs/tags/|/)(v[\d.]+\d)", text)) <= {TAG}
    for line in text.splitlines():
        if re.search(r"(?:pipx?|tool) install .*armready", line):
            assert PACKAGE in line or "$ARMREADY_" in line or "--editable" in line


def test_lock_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, "tools/lock.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_lock_holds_all_that_is_needed_with_hashes() -> None:
    entries = re.findall(
        r"(?m)^([\w.-]+)==(\S+)[^\n]*\\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", (ROOT / "requirements.txt").read_text()
    )
    versions = {canonicalize_name(name): version for name, version, _ in entries}
    assert len(re.findall(r"(?m)^\w", (ROOT / "requirements.txt").read_text())) == len(entries)
    waiting, seen = ["armready"], set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for each in map(Requirement, metadata.requires(name) or ()):
            if each.marker is None or each.marker.evaluate({"extra": ""}):
                needed = canonicalize_name(each.name)
                assert each.specifier.contains(versions[needed]), f"{name} needs {each}"
                waiting += [] if needed in seen else [needed]
    assert {"httpx", "tree-sitter-bash", "typer"} < seen


def test_own_dockerfile_and_workflows_pass_armready_and_hadolint(run) -> None:
    assert run("scan", "Dockerfile", ".github", "requirements.txt", "--min-severity", "info", cwd=ROOT)[:2] == (0, "")
    check("hadolint", "Dockerfile")
