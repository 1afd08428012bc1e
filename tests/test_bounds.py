"""What one file may cost: it is counted before it is parsed, and the system holds the processes that read large files."""

import multiprocessing
import os
import signal

import pytest

from armready import first_pass, parallel
from armready.config import Settings
from armready.registry import Registry
from armready.tree import DiskTree

REGISTRY = Registry(Settings())
FIXABLE = "FROM --platform=linux/amd64 alpine:3.20\nCMD /app\n"


def allocate():
    return len(bytearray(8 << 30))


def loop():
    while True:
        pass


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="what is patched is inherited by fork only")
@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        (allocate, "not read: it takes more than 2048 MB of memory"),
        (loop, "not read: the process that read it worked for more than 1 seconds"),
        (die, "not read: the process that read it was killed by signal 9"),
    ],
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_large_file_cannot_end_the_run(tmp_path, monkeypatch, deed, reason, jobs):
    real = first_pass.read_and_check
    home = os.getpid()

    def read_and_check(tree, path, *rest, **options):
        if path == "Dockerfile.large":
            assert os.getpid() != home
            deed()
        return real(tree, path, *rest, **options)

    monkeypatch.setattr(parallel, "read_and_check", read_and_check)
    monkeypatch.setattr(first_pass, "read_and_check", read_and_check)
    monkeypatch.setattr(parallel, "SECONDS", 1)
    (tmp_path / "Dockerfile").write_text(FIXABLE)
    (tmp_path / "Dockerfile.large").write_text(FIXABLE + "#" * first_pass.LARGE)
    read = first_pass.first_pass(DiskTree(tmp_path), ["Dockerfile", "Dockerfile.large"], REGISTRY, jobs=jobs)
    assert read["Dockerfile"].findings
    assert read["Dockerfile.large"].problems == (reason,)
