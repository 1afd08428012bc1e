"""The tool that rebuilds the table of official images, on a small history of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from armready.knowledge.tables import front_decoded

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import refresh_images  # noqa: E402

OLD = "# maintainer: x\n1.0: git://example.com/x@abc 1.0\nlatest: git://example.com/x@abc 1.0\n"
AMD64 = "Maintainers: x\n\nTags: 2.0, latest\nGitCommit: a\n"
BOTH = """Maintainers: x

# a comment
Tags: 3.0, 3,
 latest
SharedTags: shared
Architectures: amd64, arm64v8
GitCommit: a

Tags: 3.0-alpine
Architectures: amd64
GitCommit: a

Tags: 3.0-windows
SharedTags: shared
Architectures: windows-amd64
GitCommit: a
"""
NEWER = BOTH.replace("3.0", "3.1")


@pytest.fixture
def history(tmp_path):
    """Commit texts of library/tool, each on its own day; None removes it."""

    def commit(*versions: tuple[str, str | None]) -> Path:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(tmp_path)}

        def git(*arguments: str, day: str = "2020-01-01") -> None:
            dates = {"GIT_AUTHOR_DATE": f"{day}T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
            command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments]
            subprocess.run(command, cwd=tmp_path, check=True, env=environment | dates, capture_output=True)

        git("init", "-q")
        (tmp_path / "library").mkdir()
        for day, text in versions:
            file = tmp_path / "library/tool"
            file.unlink() if text is None else file.write_text(text)
            git("add", "-A")
            git("commit", "-q", "--allow-empty", "-m", day, day=day)
        return tmp_path

    return commit


def row(clone: Path) -> dict[str, object]:
    day, images = refresh_images.read(clone)
    cells = dict(zip(refresh_images.COLUMNS, refresh_images.row("tool", images["tool"]), strict=True))
    lists = ("no_arm64", "arm64_shapes", "arm64_listed", "arm64_unlisted")
    return {"day": day, **cells, **{name: front_decoded(cells[name]) for name in lists}}


def test_the_last_listing_of_a_tag_decides(history) -> None:
    found = row(history(("2016-01-01", OLD), ("2016-06-01", AMD64), ("2019-01-01", BOTH), ("2021-01-01", NEWER)))
    assert (found["status"], found["since_arm64"], found["last_listed"], found["day"]) == ("some", "2019-01-01", "-", "2021-01-01")
    assert found["no_arm64"] == ["1.0", "2.0", "3.0-alpine", "3.1-alpine"]
    assert found["arm64_listed"] == ["3", "3.1", "latest", "shared"]
    assert found["arm64_unlisted"] == ["3.0"]
    assert found["arm64_shapes"] == ["#", "#.#", "latest", "shared"]


def test_before_manifest_lists_every_image_was_amd64(history) -> None:
    found = row(history(("2017-08-01", BOTH), ("2017-08-20", AMD64), ("2017-12-01", AMD64)))
    assert found["status"] == "none"
    assert found["no_arm64"] == []


def test_a_file_that_is_gone(history) -> None:
    found = row(history(("2019-01-01", BOTH), ("2020-05-05", None)))
    assert (found["last_listed"], found["arm64_listed"]) == ("2020-05-05", [])
    assert found["status"] == "some"


def test_a_shallow_clone_is_refused(history, tmp_path_factory) -> None:
    clone = tmp_path_factory.mktemp("clone") / "shallow"
    source = history(("2019-01-01", BOTH), ("2021-01-01", NEWER))
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{source}", str(clone)], check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, "tools/refresh_images.py", str(clone), "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "shallow" in done.stderr
