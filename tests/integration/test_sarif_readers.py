"""The SARIF log against Microsoft's validator with GitHub's rules, which includes the official schema, and against a second reader."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# As the suite starts: fixtures clear what begins with ARMREADY_.
TOOLS = Path(os.environ.get("ARMREADY_TOOLS", ROOT / ".venv" / "tools"))
PROJECTS = sorted(path.name for path in (ROOT / "fixtures" / "projects").iterdir() if (path / "input").is_dir())


def validate(log: Path) -> list[dict]:
    """What the validator says; its exit code is 0 whatever it finds, so its own log is read."""
    binary = TOOLS / "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    said = log.with_suffix(".validated.sarif")
    options = ["--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note", "--log", "ForceOverwrite", "-o", said]
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    subprocess.run([binary, "validate", log, *options], check=True, capture_output=True, env=environment)
    return json.loads(said.read_text("utf-8-sig"))["runs"][0]["results"]


def complaints(log: Path) -> list[str]:
    return [f"{each['ruleId']}: {each['message']}" for each in validate(log) if each.get("level", "warning") in {"error", "warning"}]


@pytest.mark.parametrize("project", PROJECTS)
def test_neither_error_nor_warning(run, project_copy, tmp_path, project):
    log = tmp_path / "log.sarif"
    run("scan", "--format", "sarif", "--output", str(log), "--min-severity", "info", "--pedantic", cwd=project_copy(project))
    assert complaints(log) == []


def test_clean_log(run, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM debian:12\n")
    log = tmp_path / "log.sarif"
    run("scan", "--format", "sarif", "--output", str(log), cwd=tmp_path)
    assert json.loads(log.read_text())["runs"][0]["results"] == []
    assert complaints(log) == []


def test_the_validator_would_complain(run, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM amd64/debian:12\n")
    log = tmp_path / "log.sarif"
    run("scan", "--format", "sarif", "--output", str(log), cwd=tmp_path)
    document = json.loads(log.read_text())
    document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = "1"
    del document["runs"][0]["tool"]["driver"]["rules"][0]["fullDescription"]
    log.write_text(json.dumps(document))
    said = " ".join(complaints(log))
    assert "JSON1001" in said
    assert "GH1" in said or "GH2" in said or "SARIF" in said


def test_awkward_names(run, tmp_path):
    folder = tmp_path / "a b" / "é#%"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM amd64/debian:12\n")
    log = tmp_path / "log.sarif"
    run("scan", "--format", "sarif", "--output", str(log), cwd=tmp_path)
    assert complaints(log) == []
    assert "a%20b/%C3%A9%23%25/Dockerfile" in log.read_text()


def test_second_reader(run, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM amd64/debian:12\n")
    log = tmp_path / "log.sarif"
    run("scan", "--format", "sarif", "--output", str(log), cwd=tmp_path)
    sarif = Path(sys.executable).with_name("sarif")
    summary = subprocess.run([sarif, "summary", log], capture_output=True, text=True, check=True).stdout
    assert "error: 1" in summary
    listed = subprocess.run([sarif, "csv", "--output", "-", log], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert listed.returncode == 0
