"""The reader of the index, against git's own listing and against what no git wrote."""

import os
import random
from pathlib import Path

import pytest

from armready.core.errors import ParseProblem
from armready.run.git import tracked
from armready.run.git_index import names_in
from tests.trust.conftest import git


def listed(root: Path) -> list[str]:
    lines = git(root, "ls-files", "--sparse", "-z").split("\0")
    return sorted(line for line in lines if line and not line.endswith("/"))


@pytest.fixture
def large(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    for number in range(300):
        path = tmp_path / f"{number % 7}" / ("é" * (number % 13)) / f"{'x' * (number % 40)} {number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "a")
    return tmp_path


@pytest.mark.parametrize("version", [2, 3, 4])
def test_versions(large, version):
    git(large, "update-index", "--index-version", str(version))
    (large / "intended").touch()
    git(large, "add", "--intent-to-add", "intended")
    assert sorted(tracked(large)) == listed(large)


def test_sha256(tmp_path):
    git(tmp_path, "init", "-q", "--object-format=sha256")
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    git(tmp_path, "add", "-A")
    assert tracked(tmp_path) == ["a", "b"]


def test_a_sparse_index(large):
    git(large, "sparse-checkout", "set", "--cone", "--sparse-index", "3")
    assert sorted(tracked(large)) == listed(large)
    assert {name.split("/")[0] for name in tracked(large)} == {"3"}


@pytest.mark.parametrize("every", [1, 3, 50])
def test_a_split_index(large, every):
    git(large, "update-index", "--split-index")
    names = listed(large)
    git(large, "rm", "-q", "--cached", "--", *names[::every])
    (large / "new").touch()
    git(large, "add", "new")
    assert list((large / ".git").glob("sharedindex.*"))
    assert sorted(tracked(large)) == listed(large)


def test_conflicts_name_a_file_more_than_once(large):
    blob = git(large, "hash-object", "-w", "--stdin", input="x")
    lines = "".join(f"100644 {blob} {stage}\tconflict\n" for stage in (1, 2, 3))
    git(large, "update-index", "--index-info", input=lines)
    assert set(tracked(large)) == set(listed(large))


@pytest.mark.parametrize("version", [2, 4])
def test_a_broken_index_is_no_index(large, version):
    git(large, "update-index", "--index-version", str(version))
    data = (large / ".git" / "index").read_bytes()
    chance = random.Random(version)
    broken = 0
    for _ in range(2_000):
        copy = bytearray(data[: chance.choice([len(data), chance.randrange(len(data))])])
        for _ in range(chance.randrange(4)):
            copy[chance.randrange(len(copy))] = chance.randrange(256)
        try:
            names_in(bytes(copy), 20, lambda name: b"")
        except ParseProblem:
            broken += 1
    assert broken > 500


def test_names_do_not_grow_without_end():
    entry = b"\0" * 40 + b"\0" * 20 + b"\0\0" + b"\0" + b"x" * 100 + b"\0"
    data = b"DIRC" + (4).to_bytes(4, "big") + (50_000).to_bytes(4, "big") + entry * 50_000
    with pytest.raises(ParseProblem):
        names_in(data, 20, lambda name: b"")


def test_a_bitmap_is_no_longer_than_what_it_is_about():
    run = (1 | 0xFFFFFFFF << 1).to_bytes(8, "big")
    bitmap = (2**32 - 1).to_bytes(4, "big") + (1).to_bytes(4, "big") + run + b"\0" * 4
    link = b"\1" * 20 + bitmap + bitmap
    data = b"DIRC" + (2).to_bytes(4, "big") + b"\0" * 4 + b"link" + len(link).to_bytes(4, "big") + link + b"\0" * 20
    base = b"DIRC" + (2).to_bytes(4, "big") + b"\0" * 4
    assert names_in(data, 20, lambda name: base) == []


def test_no_index_and_no_repository(tmp_path):
    assert tracked(tmp_path) == []
    (tmp_path / ".git").mkdir()
    assert tracked(tmp_path) == []
    os.symlink("nothing", tmp_path / ".git" / "index")
    assert tracked(tmp_path) == []
