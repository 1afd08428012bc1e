"""Native mode: a machine for each architecture and a job that joins the images."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from armready.core.config import CiMode
from tests.systems.test_fixes import PATHS, SETTINGS, fixed, schema_errors

CASES = Path(__file__).parent / "native"
NATIVE = replace(SETTINGS, ci_mode=CiMode.NATIVE)


@pytest.mark.parametrize("case", sorted(CASES.glob("*.before.yml")), ids=lambda case: case.name.partition(".")[0])
def test_a_build_is_split_by_architecture_and_joined(case, golden):
    system = case.name.partition(".")[0].partition("-")[0]
    before = case.read_bytes().decode()
    after, _, outcome = fixed(PATHS[system], before, NATIVE)
    assert not outcome.not_applied
    golden(case.with_name(case.name.replace(".before.", ".after.")), after)
    assert schema_errors(system, after) == schema_errors(system, before) == []
    assert not [each for each in outcome.analysis.findings if each.code.startswith("CI")]
    assert fixed(PATHS[system], after, NATIVE)[0] == after


def test_the_split_workflow_passes_actionlint():
    linter = Path(sys.executable).with_name("actionlint")
    command = [linter, "-shellcheck=", "-pyflakes=", "-ignore", "is deprecated in GitHub Actions", "-oneline", "-"]
    run = subprocess.run(command, input=(CASES / "github.after.yml").read_bytes(), capture_output=True, check=False)
    assert run.stdout == b""


REFUSED = {
    "matrix": ("    runs-on: ubuntu-22.04\n", "    runs-on: ubuntu-22.04\n    strategy:\n      matrix:\n        a: [1]\n"),
    "environment": ("    runs-on: ubuntu-22.04\n", "    runs-on: ubuntu-22.04\n    environment: production\n"),
    "steps follow": ("          cache-to: type=gha,mode=max\n", "          cache-to: type=gha,mode=max\n      - run: ./sign.sh\n"),
    "by commit": ("actions/checkout@v4", "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_jobs_that_cannot_be_split_say_why(why):
    text = (CASES / "github.before.yml").read_bytes().decode().replace(*REFUSED[why])
    after, analysis, _ = fixed(PATHS["github"], text, NATIVE)
    assert after == text
    assert [each.message for each in analysis.findings if each.code == "CI101" and why in each.message]
