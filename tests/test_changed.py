"""`--changed-since` on real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from armready.core.errors import UsageError
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.source import Location, Region, Span
from armready.core.tree import DiskTree
from armready.run.changed import Changed, changed_lines, changed_since


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path, **files: str) -> None:
    for name, text in files.items():
        (root / name).write_bytes(text.encode())
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "x")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    commit(tmp_path, a="one\ntwo\nthree\nfour\n", b="x\n")
    return tmp_path


def since(revision: str, root: Path) -> Changed:
    return changed_since(revision, root, DiskTree(root))


def place(path: str, line: int, last: int | None = None) -> Location:
    return Location(path, Span(0, 0), Region(line, 1, last or line, 2))


def touched(changed: Changed, path: str, lines: int = 8) -> list[int]:
    return [line for line in range(1, lines) if changed.touches(place(path, line))]


def test_committed_staged_unstaged_and_untracked_changes_count(repository: Path) -> None:
    commit(repository, a="one\nTWO\nthree\nfour\n")
    (repository / "a").write_text("one\nTWO\nthree\nFOUR\n")
    (repository / "new").write_text("1\n2\n")
    changed = since("HEAD~1", repository)
    assert touched(changed, "a") == [2, 4]
    assert touched(changed, "b") == []
    assert touched(changed, "new", 3) == [1, 2]


def test_a_deletion_counts_for_the_lines_around_it(repository: Path) -> None:
    (repository / "a").write_text("one\nfour\n")
    assert touched(since("HEAD", repository), "a") == [1, 2]


def test_a_renamed_file_is_not_a_change(repository: Path) -> None:
    git(repository, "mv", "a", "c")
    assert touched(since("HEAD", repository), "c") == []
    (repository / "a").write_bytes((repository / "c").read_bytes())
    assert touched(since("HEAD", repository), "c", 3) == [1, 2]


def test_commits_on_the_other_side_do_not_count(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "feature")
    commit(repository, b="y\n")
    git(repository, "checkout", "-q", "main")
    commit(repository, a="one\ntwo\nthree\n5\n")
    git(repository, "checkout", "-q", "feature")
    changed = since("main", repository)
    assert touched(changed, "a") == []
    assert touched(changed, "b", 2) == [1]


def test_line_endings_do_not_count(repository: Path) -> None:
    (repository / "a").write_bytes(b"one\r\ntwo\r\nTHREE\r\nfour\r\n")
    assert touched(since("HEAD", repository), "a") == [3]


def test_related_places_count(repository: Path) -> None:
    (repository / "b").write_text("y\n")
    finding = Finding("CI101", "x", Severity.ERROR, Confidence.HIGH, "m", place("a", 1), (Related(place("b", 1), "here"),))
    assert since("HEAD", repository).concerns(finding)
    assert not since("HEAD", repository).touches(finding.location)


def test_unusual_names(repository: Path) -> None:
    commit(repository, **{"sp ace é\t": "1\n2\n"})
    (repository / "sp ace é\t").write_text("1\n3\n")
    assert touched(since("HEAD", repository), "sp ace é\t", 4) == [2]


def test_a_root_below_the_top_of_the_repository(repository: Path) -> None:
    (repository / "sub").mkdir()
    commit(repository, **{"sub/f": "1\n2\n"})
    (repository / "sub" / "f").write_text("1\n3\n")
    assert touched(since("HEAD", repository / "sub"), "f", 4) == [2]


def test_nothing_that_the_repository_configures_runs(repository: Path) -> None:
    witness = repository / "witness"
    program = f"sh -c 'touch {witness}; cat'"
    (repository / ".gitattributes").write_text("* diff=evil filter=evil\n")
    for key in (
        "diff.evil.textconv",
        "diff.evil.command",
        "diff.external",
        "filter.evil.clean",
        "filter.evil.smudge",
        "core.fsmonitor",
        "core.pager",
    ):
        git(repository, "config", key, program)
    (repository / "a").write_text("one\nTWO\nthree\nfour\n")
    assert touched(since("HEAD", repository), "a") == [2]
    assert not witness.exists()


def test_unknown_revision(repository: Path) -> None:
    for revision in ("nowhere", "--output=x", "HEAD~99"):
        with pytest.raises(UsageError, match="no such revision"):
            since(revision, repository)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a git repository"):
        since("HEAD", tmp_path)


def test_a_shallow_clone_gets_a_hint(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    commit(repository, a="2\n")
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "-q", "--depth", "1", f"file://{repository}", ".")
    with pytest.raises(UsageError, match="fetch-depth: 0"):
        since("HEAD~1", clone)


def test_large_differences_are_compared_line_by_line() -> None:
    old = "\n".join(f"old {number}" for number in range(2000)).encode()
    new = b"kept\n" + "\n".join(f"new {number}" for number in range(2000)).encode()
    assert len(changed_lines(b"kept\n" + old, new)) == 2000
