import os
import subprocess
from pathlib import Path

import pytest

from armready.core.config import Settings
from armready.core.errors import UsageError
from armready.run.discovery import discover, find_root


@pytest.fixture
def repository(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    write.root = tmp_path
    return write


def found(root, *paths, settings=None, **options):
    return discover([Path(each) for each in paths] or [root], root, settings or Settings(), **options)


def test_hidden_ci_folders_are_found_and_git_is_not(repository):
    root = repository(**{".github/workflows/ci.yml": "", ".gitlab-ci.yml": "", "Dockerfile": ""})
    paths = found(root).paths
    assert ".github/workflows/ci.yml" in paths
    assert ".gitlab-ci.yml" in paths
    assert not [path for path in paths if path.startswith(".git/")]


def test_gitignore_is_honoured_with_negation_and_in_folders(repository):
    root = repository(
        **{
            ".gitignore": "*.log\n/build/\n!keep.log\n",
            "a.log": "",
            "keep.log": "",
            "build/Dockerfile": "",
            "svc/build/Dockerfile": "",
            "svc/.gitignore": "tmp\n",
            "svc/tmp/x": "",
        }
    )
    paths = found(root).paths
    assert "keep.log" in paths
    assert "svc/build/Dockerfile" in paths
    assert not {"a.log", "build/Dockerfile", "svc/tmp/x"} & set(paths)
    assert {"a.log", "build/Dockerfile"} <= set(found(root, settings=Settings(respect_gitignore=False)).paths)


def test_what_git_tracks_is_not_ignored(repository):
    root = repository(**{"build/Dockerfile": "FROM a"})
    subprocess.run(["git", "-C", str(root), "add", "-A"], check=True)
    repository(**{".gitignore": "build/\n"})
    assert "build/Dockerfile" in found(root).paths


def test_excludes(repository):
    root = repository(
        **{"node_modules/x/Dockerfile": "", "vendor/Dockerfile": "", "docs/Dockerfile": "", "a/docs/Dockerfile": "", "Dockerfile": ""}
    )
    assert found(root).paths == ("Dockerfile", "a/docs/Dockerfile", "docs/Dockerfile")
    assert found(root, settings=Settings(exclude=("/docs",))).paths == ("Dockerfile", "a/docs/Dockerfile")
    assert found(root, settings=Settings(exclude=("docs/",))).paths == ("Dockerfile",)


def test_a_named_file_is_taken_unless_excludes_are_forced(repository):
    root = repository(**{"node_modules/x/Dockerfile": ""})
    name = root / "node_modules/x/Dockerfile"
    assert found(root, name).paths == ("node_modules/x/Dockerfile",)
    assert found(root, name, force_exclude=True).paths == ()
    assert not found(root, name).complete


def test_links_are_not_followed(repository, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "Dockerfile").write_text("FROM secret")
    root = repository(Dockerfile="FROM a")
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(outside)
    (root / "Dockerfile.link").symlink_to(outside / "Dockerfile")
    assert found(root).paths == ("Dockerfile",)


def test_pipes_and_odd_names(repository):
    root = repository(Dockerfile="FROM a")
    os.mkfifo(root / "Dockerfile.fifo")
    (root / "a\nb").mkdir()
    (root / "a\nb" / "Dockerfile").write_text("FROM a")
    assert found(root).paths == ("Dockerfile", "a\nb/Dockerfile")


def test_an_unreadable_folder_is_named_and_costs_nothing_else(repository, monkeypatch):
    root = repository(**{"Dockerfile": "FROM a", "locked/Dockerfile": "FROM a"})
    (root / "locked").chmod(0)
    try:
        result = found(root)
    finally:
        (root / "locked").chmod(0o755)
    assert "Dockerfile" in result.paths
    assert os.geteuid() == 0 or any("locked" in problem for problem in result.problems)


def test_a_path_that_is_not_there():
    with pytest.raises(UsageError, match="no such file"):
        find_root([Path("/nonexistent/x")])


def test_the_root_is_the_repository(repository):
    root = repository(**{"a/b/Dockerfile": ""})
    assert find_root([root / "a" / "b" / "Dockerfile"]) == root.resolve()
    assert found(root, root / "a").paths == ("a/b/Dockerfile",)
    assert not found(root, root / "a").complete
    assert found(root).complete


def test_gitignore_counts_without_a_repository_too(tmp_path):
    (tmp_path / ".gitignore").write_text("out/\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "Dockerfile").write_text("FROM a")
    (tmp_path / "Dockerfile").write_text("FROM a")
    assert found(tmp_path).paths == (".gitignore", "Dockerfile")
