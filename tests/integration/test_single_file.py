"""The single file starts where nothing is installed, and finds what the installed program finds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def single_file(tmp_path_factory):
    clone = tmp_path_factory.mktemp("checkout") / "armready"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    subprocess.run(["sh", clone / "tools" / "single_file.sh", sys.executable], check=True)
    moved = tmp_path_factory.mktemp("elsewhere") / "armready.pyz"
    shutil.move(clone / "dist" / "armready.pyz", moved)
    shutil.rmtree(clone)
    return moved


def test_it_starts_without_an_installation_and_finds_the_rules(single_file, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM amd64/debian:12\nRUN true\n")
    # The interpreter below the virtual environment: it has neither armready nor what it needs.
    python = Path(sys.base_prefix) / "bin" / Path(sys.executable).name
    command = [python, "-I", single_file, "scan", "--format", "concise"]
    environment = os.environ | {"SHIV_ROOT": str(tmp_path / "unpacked")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "Dockerfile:1:6: DF110" in done.stdout or "DF110]" in done.stdout
