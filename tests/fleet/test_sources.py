"""What the user names, and which repositories are meant by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from armready.core.errors import UsageError
from armready.fleet.sources import sources
from tests.fleet.conftest import PINNED


def found(*named: str, text: str = "") -> list[tuple[str, str]]:
    return [(source.kind, source.name) for source in sources(named, text).found]


def test_a_folder_of_repositories_gives_them_all(checked_out, bare, tmp_path: Path) -> None:
    checked_out("team/a", {"Dockerfile": PINNED})
    bare("b", {"Dockerfile": PINNED})
    assert sorted(found(str(tmp_path))) == [("bare", "bare/b"), ("folder", "src/b"), ("folder", "team/a")]


def test_a_plain_folder_is_one_repository(tmp_path: Path) -> None:
    (tmp_path / "x" / "y").mkdir(parents=True)
    assert found(str(tmp_path / "x")) == [("folder", f"{tmp_path.name}/x")]


def test_lists_in_files_and_on_standard_input(bare, tmp_path: Path) -> None:
    place = bare("b", {"Dockerfile": PINNED})
    text = f"# ours\n\n{place}\nhttps://example.com/team/app.git\ngit@example.com:team/lib\n"
    (tmp_path / "list.txt").write_text(text)
    expected = [("bare", "bare/b"), ("url", "team/lib"), ("url", "team/app")]
    assert found("-", text=text) == found(str(tmp_path / "list.txt")) == expected


def test_exports_of_forges_leave_archived_repositories_out(tmp_path: Path) -> None:
    github = [{"url": "https://github.com/o/a", "isArchived": False}, {"url": "https://github.com/o/b", "isArchived": True}]
    gitlab = [{"http_url_to_repo": "https://gitlab.example.com/g/s/c.git", "archived": False}]
    (tmp_path / "gh.json").write_text(json.dumps(github))
    (tmp_path / "gl.json").write_text(json.dumps(gitlab))
    listed = sources([str(tmp_path / "gh.json"), str(tmp_path / "gl.json")])
    assert ([each.name for each in listed.found], listed.archived) == (["o/a", "s/c"], 1)


@pytest.mark.parametrize("address", ["ext::sh -c touch% x", "--upload-pack=x", "git://example.com/x", "http://example.com/x", "nowhere"])
def test_other_transports_and_options_are_no_addresses(address: str) -> None:
    with pytest.raises(UsageError):
        sources(["-"], address)


def test_a_record_without_an_address_is_named() -> None:
    with pytest.raises(UsageError, match="a record without url"):
        sources(["-"], '[{"name": "x"}]')


def test_credentials_are_not_shown() -> None:
    (source,) = sources(["-"], "https://me:secret@example.com/o/a\n").found
    assert source.shown == "https://example.com/o/a"
