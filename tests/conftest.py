"""What all tests share: an environment that changes nothing, a runner of the command line, and golden files that can be updated."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECTS = ROOT / "fixtures" / "projects"

_VARIABLES = ("NO_COLOR", "FORCE_COLOR", "CI", "TERM", "COLUMNS", "GITHUB_ACTIONS", "GITLAB_CI")


def pytest_addoption(parser):
    parser.addoption("--update", action="store_true", help="rewrite the golden files")
    parser.addoption("--whole", action="store_true", help="every case of the metamorphic tests, not a share of them")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch, tmp_path_factory):
    for name in list(os.environ):
        if name in _VARIABLES or name.startswith("ARMREADY_"):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture
def golden(request):
    """Compare a text with a file, or write the file when the tests run with --update."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.read_bytes().decode() == text, f"{path} is stale; run pytest --update and read the difference"

    return compare


def _python(*arguments: str, cwd: Path, stdin: bytes | None = None, env: dict[str, str] | None = None):
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def run():
    """Run armready as its users do: a process of its own, with the output as bytes decoded."""
    return lambda *arguments, **options: _python("-m", "armready", *arguments, **options)


@pytest.fixture
def run_script():
    """Run a program of its own with armready at hand, to break something in it first."""
    return lambda script, *arguments, **options: _python("-c", script, *arguments, **options)


@pytest.fixture
def project_copy(tmp_path):
    """A copy of a project of fixtures/projects, as a repository of its own."""

    def copy(name: str) -> Path:
        target = tmp_path / name
        shutil.copytree(PROJECTS / name / "input", target)
        (target / ".git").mkdir()
        return target

    return copy
