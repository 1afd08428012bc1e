"""The scanning step of the GitHub action, run as the runner would; tests/integration runs the whole action."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "action" / "scan.py"
BAD = "FROM amd64/debian:12\n"
DEFAULTS = {
    "INPUT_PATHS": ".",
    "INPUT_CHANGED_SINCE": "",
    "INPUT_FAIL_ON": "error",
    "INPUT_ARGS": "",
    "INPUT_UPLOAD_SARIF": "true",
    "INPUT_CATEGORY": "",
    "PULL_REQUEST": "",
    "HEAD_REPOSITORY": "",
    "GITHUB_REPOSITORY": "example/shop",
}


class Step:
    """A workspace, and what a run of the step left behind."""

    def __init__(self, folder: Path) -> None:
        self.workspace, self.temporary = folder / "workspace", folder / "temporary"
        self.workspace.mkdir()
        self.temporary.mkdir()
        (self.workspace / ".git").mkdir()
        self.summary, self.output = self.temporary / "summary", self.temporary / "output"
        self.log = ""

    def write(self, name: str, text: str) -> None:
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, folder: str = ".", **environment: str) -> dict[str, str]:
        """Run it; the outputs."""
        self.output.write_text("")
        runner = {"RUNNER_TEMP": self.temporary, "GITHUB_WORKSPACE": self.workspace}
        files = {"GITHUB_OUTPUT": self.output, "GITHUB_STEP_SUMMARY": self.summary}
        names = os.environ | DEFAULTS | {name: str(path) for name, path in (runner | files).items()} | environment
        command = [sys.executable, "-I", SCRIPT]
        done = subprocess.run(command, cwd=self.workspace / folder, env=names, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self.log = done.stdout + done.stderr
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


def category(outputs: dict[str, str]) -> str:
    (run,) = json.loads(Path(outputs["sarif"]).read_text())["runs"]
    return str(run["automationDetails"]["id"])


def test_findings_are_counted_summed_up_and_uploaded(step: Step) -> None:
    step.write("Dockerfile", BAD + "# armready: ignore[DF101] nothing here\nRUN true\n")
    outputs = step.run()
    assert {name: outputs[name] for name in ("exit-code", "errors", "warnings", "fixable", "upload")} == {
        "exit-code": "1",
        "errors": "1",
        "warnings": "1",
        "fixable": "2",
        "upload": "true",
    }
    assert "::error file=Dockerfile,line=1" in step.log
    assert "DF110" in step.summary.read_text()


def test_a_clean_repository(step: Step) -> None:
    step.write("Dockerfile", "FROM debian:12\n")
    outputs = step.run()
    assert (outputs["exit-code"], outputs["errors"], outputs["upload"]) == ("0", "0", "true")


def test_several_uses_are_kept_apart(step: Step) -> None:
    step.write("svc/a/Dockerfile", BAD)
    first, second = step.run(folder="svc/a"), step.run()
    assert first["sarif"] != second["sarif"]
    assert [category(each) for each in (first, second)] == ["armready/svc/a/", "armready/"]
    assert category(step.run(INPUT_CATEGORY="shop/")) == "shop/"


@pytest.mark.parametrize(
    ("pull_request", "head", "upload"),
    [("", "", "true"), ("7", "example/shop", "true"), ("7", "stranger/shop", "false"), ("7", "", "false")],
)
def test_a_pull_request_from_a_fork_uploads_nothing_and_says_so(step: Step, pull_request: str, head: str, upload: str) -> None:
    step.write("Dockerfile", "FROM debian:12\n")
    assert step.run(PULL_REQUEST=pull_request, HEAD_REPOSITORY=head)["upload"] == upload
    assert ("::notice title=armready::" in step.log) == (upload == "false")


def test_uploading_can_be_turned_off(step: Step) -> None:
    step.write("Dockerfile", BAD)
    assert step.run(INPUT_UPLOAD_SARIF="false", PULL_REQUEST="7", HEAD_REPOSITORY="stranger/shop")["upload"] == "false"
    assert "::notice" not in step.log


def test_wrong_usage_uploads_nothing(step: Step) -> None:
    outputs = step.run(INPUT_PATHS="nowhere")
    assert (outputs["exit-code"], outputs["upload"]) == ("2", "false")
    assert "no such file or folder" in step.log


def test_inputs_are_lines_and_nothing_else(step: Step) -> None:
    step.write("a b/Dockerfile", BAD)
    step.write("other/Dockerfile", BAD)
    outputs = step.run(INPUT_PATHS="\n  a b\n\n", INPUT_ARGS="--select=DF1\n--min-severity=info\n", INPUT_FAIL_ON="never")
    assert (outputs["exit-code"], outputs["errors"]) == ("0", "1")
    assert step.run(INPUT_PATHS="--exit-zero")["exit-code"] == "2"
    assert step.run(INPUT_PATHS="$(touch owned)", INPUT_ARGS="`touch owned`")["exit-code"] == "2"
    assert not (step.workspace / "owned").exists()


@pytest.mark.parametrize("module", ["json.py", "armready/__init__.py", "armready.py", "sitecustomize.py"])
def test_no_module_of_the_workspace_is_imported(step: Step, module: str) -> None:
    step.write(module, "open('owned', 'w')\n")
    step.write("Dockerfile", "FROM debian:12\n")
    assert step.run(PYTHONPATH=str(step.workspace))["exit-code"] == "0"
    assert not list(step.workspace.rglob("owned"))


def test_the_job_summary_stays_within_what_github_takes() -> None:
    spec = importlib.util.spec_from_file_location("action_scan", SCRIPT)
    assert spec
    assert spec.loader
    scan = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scan)
    row = "| 🔴 error | é |\n".encode()
    short, long = row * 100, row * (2**20 // len(row) + 1)
    assert scan.shortened(short) == short
    cut = scan.shortened(long)
    assert len(cut) < 2**20 < len(long)
    assert cut.decode().startswith(row.decode() * 50_000)
    assert "left out" in cut.decode().splitlines()[-1]
