"""`armready report`: many reports as one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from armready.commands.report import merge
from armready.core.errors import UsageError


@pytest.fixture
def reports(run, tmp_path: Path) -> list[Path]:
    paths = []
    for name, text in (
        ("shop", "FROM amd64/debian:12\nFROM amd64/alpine:3\n"),
        ("ready", "FROM debian:12\n"),
        ("a<b|c", "FROM amd64/alpine:3\n"),
    ):
        folder = tmp_path / f"{name} source"
        folder.mkdir()
        (folder / "Dockerfile").write_text(text)
        paths.append(tmp_path / f"{name}.json")
        run("scan", "--format", "json", "--output", str(paths[-1]), cwd=folder)
    return paths


def test_table_has_the_worst_first_and_a_total(reports: list[Path]) -> None:
    lines = merge(reports, "table").splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["shop", "a<b|c", "ready"]
    assert lines[4].startswith("3 repositories")
    assert "1 of 3" in lines[4]
    assert "DF110 image-arch-namespace in 2 repositories" in lines[-1]


def test_markdown_and_html_escape(reports: list[Path]) -> None:
    assert "a\\<b\\|c" in merge(reports, "markdown")
    html = merge(reports, "html")
    assert "a&lt;b|c" in html
    assert "a<b" not in html


def test_wrong_input(tmp_path: Path, reports: list[Path]) -> None:
    bad = tmp_path / "bad.json"
    for text in ("", "[]", '{"version": 1}'):
        bad.write_text(text)
        with pytest.raises(UsageError, match="not a JSON report"):
            merge([bad], "table")
    bad.write_text(json.dumps({"version": 9}))
    with pytest.raises(UsageError, match="version 9"):
        merge([bad], "table")
    with pytest.raises(UsageError, match="unknown format"):
        merge(reports, "xml")
    with pytest.raises(UsageError, match="no such file"):
        merge([tmp_path / "none.json"], "table")
