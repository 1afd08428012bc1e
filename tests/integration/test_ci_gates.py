"""The GitHub action and the GitLab template, by running their steps as the runner would."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
ACTION = YAML(typ="safe").load((ROOT / "action.yml").read_text())
TEMPLATE = YAML(typ="safe").load((ROOT / "templates" / "gitlab-ci.yml").read_text())
BAD = "FROM amd64/debian:12\n"


def schema_is_met(name: str, path: Path) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run([checker, "--builtin-schema", name, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


class Runner:
    """Runs the `run` steps of the action; steps that use other actions are noted."""

    def __init__(self, checkout: Path, workspace: Path, temporary: Path, **inputs: str) -> None:
        defaults = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
        self.values = {f"inputs.{name}": value for name, value in (defaults | inputs).items()}
        self.values["steps.python.outputs.python-path"] = sys.executable
        self.values |= {"steps.upload.outcome": "skipped", "github.event.pull_request.number": ""}
        self.refused = False
        self.checkout, self.workspace, self.temporary = checkout, workspace, temporary
        self.summary, self.output = temporary / "summary.md", temporary / "output"
        self.used: list[dict] = []
        self.log = ""

    def evaluate(self, text: object) -> str:
        return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda match: self.values.get(match[1], ""), str(text))

    def run(self) -> int:
        for step in ACTION["runs"]["steps"]:
            condition = re.fullmatch(r"([\w.-]+) == '(.*)'", step.get("if", ""))
            if condition and self.values[condition[1]] != condition[2]:
                continue
            if "uses" in step:
                self.used.append({key: self.evaluate(value) for key, value in step.get("with", {}).items()} | {"uses": step["uses"]})
                self.values[f"steps.{step['id']}.outcome"] = "failure" if self.refused and step["id"] == "upload" else "success"
                assert not self.refused or step["id"] != "upload" or step["continue-on-error"]
                continue
            code = self.step(step)
            if code:
                return code
        return 0

    def step(self, step: dict) -> int:
        self.output.write_text("")
        environment = {
            **os.environ,
            "GITHUB_ACTION_PATH": str(self.checkout),
            "GITHUB_REPOSITORY": "example/shop",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.output),
            "RUNNER_TEMP": str(self.temporary),
            **{key: self.evaluate(value) for key, value in step.get("env", {}).items()},
        }
        folder = self.workspace / self.evaluate(step.get("working-directory", "."))
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        self.log += done.stdout + done.stderr
        for line in self.output.read_text().splitlines():
            name, _, value = line.partition("=")
            self.values[f"steps.{step.get('id')}.outputs.{name}"] = value
        return done.returncode


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A clone, since a build leaves files in the tree it is made from."""
    clone = tmp_path_factory.mktemp("checkout") / "armready"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    return clone


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """One for all, so that the second installation is quick."""
    return tmp_path_factory.mktemp("runner")


@pytest.fixture
def workspace(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "svc").mkdir()
    (tmp_path / "svc" / "Dockerfile").write_text(BAD)
    return tmp_path


def test_action_meets_the_schema():
    schema_is_met("vendor.github-actions", ROOT / "action.yml")


def test_action_finds_uploads_sums_up_and_fails(checkout, workspace, temporary):
    runner = Runner(checkout, workspace, temporary)
    assert runner.run() == 1, runner.log
    assert "::error file=svc/Dockerfile,line=1" in runner.log
    assert "DF110" in runner.summary.read_text()
    upload = runner.used[-1]
    assert upload["uses"].startswith("github/codeql-action/upload-sarif@")
    log = json.loads(Path(upload["sarif_file"]).read_text())
    assert log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "svc/Dockerfile"


def test_action_on_a_clean_repository(checkout, workspace, temporary):
    (workspace / "svc" / "Dockerfile").write_text("FROM debian:12\n")
    runner = Runner(checkout, workspace, temporary, **{"upload-sarif": "false"})
    assert runner.run() == 0, runner.log
    assert not any("upload-sarif" in each["uses"] for each in runner.used)


def test_action_options(checkout, workspace, temporary):
    options = {"fail-on": "never", "paths": "svc\n", "args": "--min-severity=info\n--select=DF1", "working-directory": "."}
    runner = Runner(checkout, workspace, temporary, **options)
    assert runner.run() == 0, runner.log
    assert "DF110" in runner.log


def test_action_tells_wrong_usage_from_findings(checkout, workspace, temporary):
    runner = Runner(checkout, workspace, temporary, paths="nowhere")
    assert runner.run() == 2
    assert "no such file or folder" in runner.log


def test_action_where_code_scanning_is_off(checkout, workspace, temporary):
    (workspace / "svc" / "Dockerfile").write_text("FROM debian:12\n")
    runner = Runner(checkout, workspace, temporary)
    runner.refused = True
    assert runner.run() == 0, runner.log
    assert runner.log.count("::notice title=armready::") == 1


def test_action_counts(checkout, workspace, temporary):
    runner = Runner(checkout, workspace, temporary)
    assert runner.run() == 1, runner.log
    counts = {name: runner.evaluate(ACTION["outputs"][name]["value"]) for name in ("errors", "warnings", "infos", "fixable")}
    assert counts == {"errors": "1", "warnings": "0", "infos": "0", "fixable": "1"}


@pytest.mark.parametrize("module", ["pip", "venv", "armready", "json"])
def test_action_imports_nothing_of_the_workspace(checkout, workspace, temporary, module):
    (workspace / f"{module}.py").write_text("open('owned', 'w')\n")
    runner = Runner(checkout, workspace, temporary)
    assert runner.run() == 1, runner.log
    assert not list(workspace.rglob("owned"))


def test_input_of_the_action_is_never_a_command(checkout, workspace, temporary):
    runner = Runner(checkout, workspace, temporary, paths='"; touch owned; "\n$(touch owned)', args="--select=$(touch owned)")
    assert runner.run() == 2
    assert not list(workspace.rglob("owned"))


def test_template_meets_the_schema():
    schema_is_met("vendor.gitlab-ci", ROOT / "templates" / "gitlab-ci.yml")


@pytest.fixture(scope="module")
def job(checkout, tmp_path_factory):
    """The job's script in an environment of its own, as the image has it."""
    venv = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    job = TEMPLATE["armready"]

    def run(folder, options, shell="bash"):
        own = {"ARMREADY_PACKAGE": checkout, "ARMREADY_REQUIREMENTS": checkout / "requirements.txt", "ARMREADY_OPTIONS": options}
        variables = job["variables"] | {name: str(value) for name, value in own.items()}
        environment = {**os.environ, **variables, "PATH": f"{venv / 'bin'}:{os.environ['PATH']}"}
        script = "\n".join(job["script"])
        return subprocess.run([shell, "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False)

    return run


def test_template(job, workspace):
    done = job(workspace, "")
    assert done.returncode == 1, done.stderr
    assert "svc/Dockerfile:1:6: error: " in done.stdout
    assert "[DF110]" in done.stdout
    artifacts = TEMPLATE["armready"]["artifacts"]
    issues = json.loads((workspace / artifacts["reports"]["codequality"]).read_text())
    assert issues[0]["location"] == {"path": "svc/Dockerfile", "lines": {"begin": 1, "end": 1}}
    for path in artifacts["paths"]:
        assert (workspace / path).exists()


def test_options_of_the_template_are_lines_and_nothing_else(job, workspace):
    (workspace / "third party").mkdir()
    (workspace / "svc" / "Dockerfile").rename(workspace / "third party" / "Dockerfile")
    done = job(workspace, "--exclude=third party/\n\n--fail-on=warning\n", shell="sh")
    assert done.returncode == 0, done.stderr
    assert job(workspace, '--select=*\n$(touch owned)\n`touch owned`\n--min-severity="; touch owned').returncode == 2
    assert not (workspace / "owned").exists()
