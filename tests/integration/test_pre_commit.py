"""Both hooks under the real pre-commit, from a clone of this repository at HEAD."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BAD = "FROM amd64/debian:12\n"
GOOD = "FROM debian:12\n"


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory):
    """A clone, since a build leaves files in the tree it is made from."""
    clone = tmp_path_factory.mktemp("hooks") / "armready"
    git(ROOT, "clone", "-q", str(ROOT), str(clone))
    return clone


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def repository(tmp_path):
    git(tmp_path, "init", "-q")
    return tmp_path


def pre_commit(repository: Path, home: Path, *arguments: str):
    git(repository, "add", "-A")
    command = [Path(sys.executable).with_name("pre-commit"), *arguments]
    environment = {**os.environ, "PRE_COMMIT_HOME": str(home), "GIT_CONFIG_GLOBAL": "/dev/null"}
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, env=environment, check=False)


def run_hook(hooks: Path, home: Path, repository: Path, hook: str, *files: str):
    """Run a hook as a configured one, whose environment is made once."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=hooks, capture_output=True, text=True, check=True).stdout.strip()
    config = f"repos:\n- repo: {hooks}\n  rev: {head}\n  hooks:\n  - id: {hook}\n"
    (repository / ".pre-commit-config.yaml").write_text(config)
    return pre_commit(repository, home, "run", "--verbose", "--files", *files)


def test_try_repo_runs_both_hooks(hooks, home, repository):
    (repository / "Dockerfile").write_text(BAD)
    (repository / "README.md").write_text(BAD)
    done = pre_commit(repository, home, "try-repo", "--verbose", str(hooks), "--files", "Dockerfile", "README.md")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Dockerfile:1:6: error: " in done.stdout
    assert "[DF110]" in done.stdout
    assert "files were modified by this hook" in done.stdout
    assert (repository / "Dockerfile").read_text() == GOOD
    assert (repository / "README.md").read_text() == BAD


def test_scan_hook(hooks, home, repository):
    (repository / "Dockerfile").write_text(BAD)
    (repository / "other.Dockerfile").write_text(GOOD)
    done = run_hook(hooks, home, repository, "armready", "Dockerfile", "other.Dockerfile")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Dockerfile:1:6: error: " in done.stdout
    assert "[DF110]" in done.stdout
    assert "other.Dockerfile:" not in done.stdout
    done = run_hook(hooks, home, repository, "armready", "other.Dockerfile")
    assert done.returncode == 0, done.stdout + done.stderr


def test_other_files_do_not_start_the_hook(hooks, home, repository):
    (repository / "README.md").write_text(BAD)
    done = run_hook(hooks, home, repository, "armready", "README.md")
    assert done.returncode == 0
    assert "no files to check" in done.stdout


def test_excluded_files_stay_excluded(hooks, home, repository):
    (repository / "Dockerfile").write_text(BAD)
    (repository / "armready.toml").write_text('exclude = ["Dockerfile"]\n')
    assert run_hook(hooks, home, repository, "armready", "Dockerfile").returncode == 0


def test_the_baseline_counts(hooks, home, repository, run):
    (repository / "Dockerfile").write_text(BAD)
    run("baseline", cwd=repository)
    assert run_hook(hooks, home, repository, "armready", "Dockerfile").returncode == 0


def test_fix_hook(hooks, home, repository):
    (repository / "Dockerfile").write_text(BAD)
    done = run_hook(hooks, home, repository, "armready-fix", "Dockerfile")
    assert done.returncode == 1
    assert "files were modified by this hook" in done.stdout
    assert (repository / "Dockerfile").read_text() == GOOD
    done = run_hook(hooks, home, repository, "armready-fix", "Dockerfile")
    assert done.returncode == 0, done.stdout + done.stderr
