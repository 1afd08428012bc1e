"""Repositories that were made to make armready do something, and a trap that shows whether they did."""

import os
import subprocess
from pathlib import Path

import pytest

FIXABLE = "FROM --platform=linux/amd64 alpine:3.20\nCMD /app\n"
MENDED = "FROM alpine:3.20\nCMD /app\n"

_IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main")


def git(root: Path, *arguments: str, **options) -> str:
    done = subprocess.run(["git", *_IDENTITY, *arguments], cwd=root, check=True, capture_output=True, text=True, **options)
    return done.stdout.strip()


class Trap:
    """A program that leaves a mark when it is started."""

    def __init__(self, folder: Path) -> None:
        self.marks = folder / "marks"
        self.marks.mkdir()
        self.program = folder / "trap"
        self.program.write_text(f'#!/bin/sh\ntouch {self.marks}/"${{1:-started}}"\nexit 1\n')
        self.program.chmod(0o755)

    def sprung(self) -> list[str]:
        return sorted(os.listdir(self.marks))

    def reset(self) -> None:
        for name in self.sprung():
            (self.marks / name).unlink()


@pytest.fixture
def trap(tmp_path_factory):
    return Trap(tmp_path_factory.mktemp("trap"))


@pytest.fixture
def repository(tmp_path_factory):
    root = tmp_path_factory.mktemp("repository")
    git(root, "init", "-q")
    (root / "Dockerfile").write_text(FIXABLE)
    (root / "gone").mkdir()
    (root / "gone" / "file").write_text("1\n")
    (root / "keep").mkdir()
    (root / "keep" / "file").write_text("2\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "a")
    return root
