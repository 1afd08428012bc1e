"""What holds for all formats, and the plain ones."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len as cells

from armready.core.results import Report
from armready.core.source import Region, Source, Span
from armready.reporters import FORMATS, render
from armready.reporters.base import Context, escape, escape_lines, rule_url, summary_line
from armready.reporters.excerpt import crop, crop_left, excerpt

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("name", FORMATS)
def test_no_control_character_of_the_repository_gets_through(name: str, report: Report, context: Context) -> None:
    assert not CONTROL.search(render(name, report, context))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders_nothing_and_many(name: str, empty: Report, many: Report, context: Context) -> None:
    assert isinstance(render(name, empty, context), str)
    assert render(name, many, context)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_lists_every_finding(name: str, report: Report, context: Context) -> None:
    output = render(name, report, context)
    assert all(finding.code in output for finding in report.findings)


@pytest.mark.parametrize("name", FORMATS)
def test_unreadable_file_costs_the_excerpt_only(name: str, report: Report, context: Context) -> None:
    from armready.core.tree import MemoryTree

    assert render(name, report, replace(context, tree=MemoryTree({}), _sources={}))


def test_concise(report: Report, context: Context) -> None:
    lines = render("concise", report, context).splitlines()
    words = "FROM pins the platform to linux/amd64, so no arm64 image is ever built."
    assert lines[3] == f"svc/Dockerfile:2:6: error: {words} [DF101] (fix)"
    assert lines[2].endswith("[DF110]")
    assert lines[4:] == [f"{each.code}: {rule_url(each.name)}" for each in sorted(report.findings, key=lambda each: each.code)]


def test_paths_are_seen_from_the_current_folder(report: Report, context: Context) -> None:
    inside = replace(context, cwd=Path("/repo/svc"))
    lines = render("concise", report, inside).splitlines()
    assert lines[0].startswith("../.gitlab-ci.yml:3:7:")
    assert lines[3].startswith("Dockerfile:2:6:")


def test_statistics(report: Report, context: Context) -> None:
    output = render("concise", report, replace(context, statistics=True))
    assert "1 CI101 image-built-for-one-platform" in output.splitlines()


def test_text_shows_excerpt_caret_fix_and_rule(report: Report, context: Context) -> None:
    output = render("text", report, context)
    assert (
        """\
error[DF101] FROM pins the platform to linux/amd64, so no arm64 image is ever
  built.
 --> svc/Dockerfile:2:6
  |
2 | FROM --platform=linux/amd64 debian:12
  |      ^^^^^^^^^^^^^^^^^^^^^^
  = also: svc/Dockerfile:2: this image has arm64
  = fix: Remove the --platform flag (safe: armready fix)
  = why: armready rule DF101
"""
        in output
    )


@pytest.mark.parametrize("width", [40, 60, 80, 140])
def test_text_fits_the_terminal(width: int, report: Report, many: Report, context: Context) -> None:
    for each in (report, many):
        for line in render("text", each, replace(context, width=width)).splitlines():
            assert cells(line) <= width or " " not in line.strip()[:width], line


def test_text_color_only_when_wanted(report: Report, context: Context) -> None:
    colored = render("text", report, replace(context, color=True))
    assert "\x1b[1;31m" in colored
    assert re.search(r"\x1b\]8;[^;]*;https://", colored)
    assert re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;.*?\x1b\\", "", colored) == render("text", report, context)


def test_many_findings_become_a_table_unless_full(many: Report, context: Context) -> None:
    output = render("text", many, context)
    assert "Do next" in output
    assert "^^^" not in output
    assert len(output.splitlines()) < 40
    assert "^^^" in render("text", many, replace(context, full=True))


def test_json_version_1(report: Report, context: Context) -> None:
    document = json.loads(render("json", report, context))
    assert document["version"] == 1
    assert document["tool"] == {"name": "armready", "version": "0.1.0"}
    finding = document["findings"][-1]
    fingerprint = finding.pop("fingerprint")
    assert re.fullmatch("[0-9a-f]{32}", fingerprint)
    assert finding == {
        "code": "DF101",
        "name": "from-platform-constant",
        "severity": "error",
        "confidence": "high",
        "message": "FROM pins the platform to linux/amd64, so no arm64 image is ever built.",
        "path": "svc/Dockerfile",
        "line": 2,
        "column": 6,
        "end_line": 2,
        "end_column": 28,
        "related": [
            {"path": "svc/Dockerfile", "line": 2, "column": 29, "end_line": 2, "end_column": 38, "message": "this image has arm64"},
        ],
        "fix": {
            "applicability": "safe",
            "title": "Remove the --platform flag",
            "notes": [],
            "edits": [{"path": "svc/Dockerfile", "line": 2, "column": 6, "end_line": 2, "end_column": 29, "text": ""}],
        },
        "outlook": None,
        "tolerated": False,
        "url": finding["url"],
    }
    assert document["summary"] == {
        "files": 12,
        "scanned": 5,
        "errors": 3,
        "warnings": 1,
        "infos": 3,
        "not_shown": 3,
        "fixable_safe": 1,
        "fixable_unsafe": 1,
        "hidden": 2,
        "ignored": 1,
        "baselined": 4,
        "internal_errors": [],
        "unparsed": [{"path": "bad\n.yaml", "reason": "not \x1bYAML"}],
    }


def test_jsonl_is_the_findings_of_json(report: Report, context: Context) -> None:
    lines = render("jsonl", report, context).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(render("json", report, context))["findings"]


def test_summary_line(report: Report, empty: Report) -> None:
    assert summary_line(report) == (
        "3 errors, 1 warning (3 infos: --min-severity info); 2 of low confidence: --pedantic; 1 ignored; 4 in the baseline; "
        "1 file not parsed: -v names it"
    )
    assert summary_line(empty) == "Nothing found that stops arm64"


def test_escape() -> None:
    assert escape("a\x1b[31m\nb\u202ec\ud800\x85") == r"a\x1b[31m\x0ab\u202ec\ud800\x85"
    assert escape_lines("a\n\tb\x07\r\n") == "a\n\tb\\x07\n"
    assert escape("見本 é") == "見本 é"


def test_crop() -> None:
    assert crop("abcdef", 6) == "abcdef"
    assert crop("abcdef", 4) == "abc…"
    assert crop_left("abcdef", 4) == "…def"
    assert cells(crop("見見見見", 5)) == 5


def test_excerpt_of_a_long_line_keeps_the_marked_part() -> None:
    source = Source("f", "x" * 500 + "MARK" + "y" * 500 + "\n")
    shown = excerpt(source, source.location(Span(500, 504)), 80)
    assert shown is not None
    assert cells(shown.text) <= 80
    assert shown.marked == "MARK"
    assert shown.carets.strip() == "^^^^"


def test_excerpt_of_an_empty_span_at_the_end_of_the_file() -> None:
    source = Source("f", "a\n")
    shown = excerpt(source, source.location(Span(2, 2)), 80)
    assert shown is not None
    assert (shown.line, shown.text, shown.carets) == (2, "", "^")
    assert source.region(Span(2, 2)) == Region(2, 1, 2, 1)
