"""Code comes from the installation, never from the folder that armready happens to stand in."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.trust.conftest import FIXABLE

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
RULE = '''
"""x."""
import pathlib

pathlib.Path({mark!r}).touch()
'''


def offer(folder: Path, module: str, mark: Path) -> None:
    """A distribution that offers a module of rules."""
    information = folder / f"{module}-1.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(METADATA.format(name=module))
    (information / "entry_points.txt").write_text(f"[armready.rules]\nx = {module}\n")
    (folder / f"{module}.py").write_text(RULE.format(mark=str(mark)))


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    root.mkdir()
    (root / "Dockerfile").write_text(FIXABLE)
    return root


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "mark"


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """An environment in which armready is installed as it is for users."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "armready").mkdir()
    for path in (*(ROOT / "armready").iterdir(), ROOT / "rules"):
        (packages / "armready" / path.name).symlink_to(path)
    (packages / "others.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return folder / "bin" / "python", packages


def scan(python, root: Path, *how: str, **env: str):
    return subprocess.run(
        [python, *how, "scan", "--format", "concise"], cwd=root, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("path", [None, "", ".", "..", "plugins"])
def test_rules_that_the_tree_offers_are_not_loaded(installed, tree, mark, path):
    python, _ = installed
    offer(tree, "evil", mark)
    offer(tree / "plugins", "worse", mark)
    (tree / "inner").mkdir()
    env = {} if path is None else {"PYTHONPATH": path}
    for folder in (tree, tree / "inner"):
        done = scan(python, folder, "-m", "armready", **env)
        assert done.returncode == (1 if folder == tree else 0), done.stderr
    assert not mark.exists()


def test_rules_that_are_installed_are_loaded(installed, tree, mark, tmp_path):
    python, packages = installed
    offer(packages, "good", mark)
    try:
        assert scan(python, tree, "-m", "armready").returncode == 1
        assert mark.exists()
    finally:
        for path in ("good-1.dist-info/METADATA", "good-1.dist-info/entry_points.txt", "good.py"):
            (packages / path).unlink()


@pytest.mark.parametrize("module", ["typer", "json", "tempfile"])
def test_modules_of_the_current_folder_do_not_stand_for_others(installed, tree, mark, module):
    python, _ = installed
    (tree / f"{module}.py").write_text(RULE.format(mark=str(mark)))
    done = scan(python, tree, "-m", "armready")
    assert done.returncode == 1, done.stderr
    assert not mark.exists()


PROGRAM = """
import multiprocessing

if __name__ == "__main__":
    multiprocessing.get_all_start_methods = lambda: ["spawn"]
    multiprocessing.set_start_method("spawn")
    from armready.run import first_pass
    first_pass.WORTH_A_POOL = 0
    from armready.commands.cli import main
    main()
"""


def test_nor_in_the_processes_that_read_files(installed, tree, mark, tmp_path):
    python, _ = installed
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "start.py").write_text(PROGRAM)
    for module in ("multiprocessing", "selectors", "pickle"):
        (tree / f"{module}.py").write_text(RULE.format(mark=str(mark)))
    for number in range(20):
        (tree / f"Dockerfile.{number}").write_text(FIXABLE)
    done = scan(python, tree, str(tmp_path / "program" / "start.py"))
    assert done.stdout.count("DF101] ") == 21, done.stderr
    assert not mark.exists()
