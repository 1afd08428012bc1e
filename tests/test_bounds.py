"""What one file may cost: it is counted before it is parsed, and the system holds the processes that read large files."""

import json
import multiprocessing
import os
import signal

import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.limits import MAX_LINES, MAX_OBJECTS
from armready.core.results import Failure
from armready.core.source import Source
from armready.core.tree import DiskTree, MemoryTree
from armready.python.manifests import manifest_facts
from armready.run import first_pass, parallel
from armready.run.passes import analyse
from armready.run.registry import Registry

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
        (allocate, "it takes more than 2048 MB of memory"),
        (loop, "its process worked for more than 1 seconds"),
        (die, "its process was killed by signal 9"),
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
    assert read["Dockerfile.large"].failures == (Failure("Dockerfile.large", "the reader", reason),)


HASH = " \\\n    --hash=sha256:" + "0" * 64
POD = "kind: Pod\napiVersion: v1\nspec: {nodeSelector: {kubernetes.io/arch: amd64}}\n---\n"


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("requirements.txt", "numpy==1.16.0\n" * (MAX_LINES + 1), f"more than {MAX_LINES} lines"),
        ("pyproject.toml", "# numpy==1.16.0\n" * (MAX_LINES + 1), f"more than {MAX_LINES} lines"),
        ("setup.cfg", "# numpy==1.16.0\n" * (MAX_LINES + 1), f"more than {MAX_LINES} lines"),
        ("pods.yaml", POD * (MAX_OBJECTS + 1), f"more than {MAX_OBJECTS} objects"),
        ("pods.json", '{"apiVersion":"v1","kind":"Pod"}\n' * (MAX_OBJECTS + 1), f"more than {MAX_OBJECTS} objects"),
    ],
)
def test_more_than_anybody_writes_is_refused_with_a_note(path, text, reason):
    analysis = analyse(MemoryTree({path: text.encode()}), [path], REGISTRY, complete=True, today=None)
    assert analysis.results[path].problems == (f"not read: {reason}",)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "".join(f"package{number}==1.{number}{HASH * 40}\n" for number in range(1_000))),
        ("uv.lock", "version = 1\n" + "".join(f'[[package]]\nname = "p{number}"\nversion = "1"\n\n' for number in range(10_000))),
        ("pods.yaml", POD * 500),
    ],
)
def test_what_tools_write_is_read(path, text):
    analysis = analyse(MemoryTree({path: text.encode()}), [path], REGISTRY, complete=True, today=None)
    assert not analysis.results[path].problems
    assert analysis.results[path].facts


class Searched(str):
    """A text that counts the characters that are looked through to find something in it."""

    looked = 0

    def find(self, what, start=0, *rest):
        found = super().find(what, start, *rest)
        Searched.looked += (found if found >= 0 else len(self)) - start
        return found


def test_the_places_of_a_pipfile_lock_are_found_in_one_go():
    def looked(packages: int) -> int:
        text = json.dumps({"default": {f"p{number}": {"version": "==1"} for number in range(packages)}, "develop": {}})
        file = File(Source("Pipfile.lock", Searched(text)), Kind.PIPFILE_LOCK, Settings())
        Searched.looked = 0
        assert len(next(manifest_facts(file)).dependencies) == packages
        return Searched.looked

    assert looked(400) <= 4.4 * looked(100)
