"""Repositories on disk: checked out, bare, and hostile; and a command in this process."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.plan.conftest import armready  # noqa: F401

_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
PINNED = "FROM --platform=linux/amd64 debian:12\n"


def git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=cwd, env={**os.environ, **_ENVIRONMENT}, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def checked_out(tmp_path: Path):
    """A repository with one commit and its files."""

    def make(name: str, files: dict[str, str]) -> Path:
        root = tmp_path / "src" / name
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        git("init", "-q", "-b", "main", cwd=root)
        git("add", "-A", "-f", cwd=root)
        git("commit", "-q", "-m", "one", cwd=root)
        return root

    return make


@pytest.fixture
def bare(checked_out, tmp_path: Path):
    """A bare repository with one commit."""

    def make(name: str, files: dict[str, str]) -> Path:
        root = checked_out(name, files)
        target = tmp_path / "bare" / name
        git("clone", "-q", "--bare", str(root), str(target), cwd=tmp_path)
        return target

    return make
