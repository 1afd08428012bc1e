"""What people see on terminals of 60, 80 and 200 columns: whole screens, without colour, that somebody has looked at."""

import re
import shutil

import pytest

from tests.conftest import PROJECTS, ROOT

SCREENS = ROOT / "fixtures" / "terminals"
WIDTHS = (60, 80, 200)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_scan(width, run, project_copy, golden):
    code, out, err = run("scan", "--format", "text", cwd=project_copy("before-migration"), env={"COLUMNS": str(width)})
    assert code == 1
    golden(SCREENS / f"scan-{width}.txt", f"{out}{err}")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_scan_with_many_findings(width, run, tmp_path, golden):
    (tmp_path / ".git").mkdir()
    for number in range(12):
        shutil.copytree(PROJECTS / "before-migration" / "input", tmp_path / f"team-{number:02}")
    code, out, err = run("scan", "--format", "text", cwd=tmp_path, env={"COLUMNS": str(width)})
    assert code == 1
    golden(SCREENS / f"many-{width}.txt", f"{out}{err}")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_fix(width, run, project_copy, golden):
    _, out, err = run("fix", "--format", "text", cwd=project_copy("before-migration"), env={"COLUMNS": str(width)})
    golden(SCREENS / f"fix-{width}.txt", f"{out}{err}")


def test_colour_changes_nothing_but_colour(run, project_copy):
    project = project_copy("before-migration")
    _, plain, _ = run("scan", "--format", "text", cwd=project)
    _, coloured, _ = run("scan", "--format", "text", "--color", "always", cwd=project)
    assert coloured != plain
    assert re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;.*?\x1b\\", "", coloured) == plain
