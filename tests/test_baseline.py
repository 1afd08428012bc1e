"""Baselines: what is known stays silent, what is new does not, and an upgrade breaks nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from armready.core.errors import ConfigError
from armready.core.finding import Confidence, Finding, Severity
from armready.core.source import Source, Span
from armready.core.tree import MemoryTree
from armready.run.baseline import Baseline, Stamp, create, dump, load, pruned, refreshed

STAMP = Stamp("1.0.0", "2026-01-01", frozenset({"DF101", "DF110"}))
DOCKER = "FROM --platform=linux/amd64 debian:12\nRUN amd64\nRUN amd64\n"


def tree(**files: str) -> MemoryTree:
    return MemoryTree({path: text.encode() for path, text in files.items()})


def findings(files: MemoryTree, code: str = "DF101", needle: str = "amd64") -> list[Finding]:
    found = []
    for path in sorted(files.files):
        source = Source(path, files.files[path].decode())
        at = source.text.find(needle)
        while at >= 0:
            location = source.location(Span(at, at + len(needle)))
            found.append(Finding(code, "x", Severity.ERROR, Confidence.HIGH, "m", location))
            at = source.text.find(needle, at + 1)
    return found


def made(files: MemoryTree) -> Baseline:
    return create(findings(files), files.files, files, STAMP)


def test_known_findings_are_silent() -> None:
    files = tree(a=DOCKER)
    assert made(files).compare(findings(files), files, STAMP) == ([], frozenset(), [])


def test_moved_and_reindented_lines_are_known() -> None:
    baseline = made(tree(a=DOCKER))
    later = tree(a="# comment\n\n" + DOCKER.replace("RUN ", "RUN    "))
    assert baseline.compare(findings(later), later, STAMP).fresh == []


def test_a_new_finding_is_fresh_even_when_it_equals_a_known_one() -> None:
    baseline = made(tree(a=DOCKER))
    later = tree(a=DOCKER + "RUN amd64\nRUN other amd64\n")
    assert [each.location.region.line for each in baseline.compare(findings(later), later, STAMP).fresh] == [4, 5]


def test_a_renamed_file_is_known_and_a_copied_one_is_not() -> None:
    baseline = made(tree(a=DOCKER))
    renamed = tree(b=DOCKER)
    assert baseline.compare(findings(renamed), renamed, STAMP) == ([], frozenset(), [])
    copied = tree(a=DOCKER, b=DOCKER)
    assert {each.path for each in baseline.compare(findings(copied), copied, STAMP).fresh} == {"b"}


def test_gone_findings_are_named_and_pruned() -> None:
    files = tree(a=DOCKER)
    baseline = made(files)
    later = tree(a="RUN amd64\n")
    gone = baseline.compare(findings(later), later, STAMP).gone
    assert len(gone) == 2
    assert len(pruned(baseline, gone).entries) == 1


def test_a_new_rule_is_shown_and_tolerated() -> None:
    files = tree(a=DOCKER)
    found = findings(files, code="DF999")
    result = made(files).compare(found, files, STAMP)
    assert result.fresh == found
    assert result.tolerated == frozenset(found)


@pytest.mark.parametrize("stamp", [STAMP._replace(tool="1.1.0"), STAMP._replace(facts="2026-06-01")])
def test_an_upgrade_never_breaks_an_unchanged_file(stamp: Stamp) -> None:
    files = tree(a=DOCKER)
    baseline = made(files)
    found = findings(files, needle="debian")
    assert baseline.compare(found, files, stamp).tolerated == frozenset(found)
    assert baseline.compare(found, files, STAMP).tolerated == frozenset()
    changed = tree(a=DOCKER + "\n")
    assert baseline.compare(findings(changed, needle="debian"), changed, stamp).tolerated == frozenset()


def test_a_partial_refresh_leaves_the_rest_alone() -> None:
    both = tree(a=DOCKER, b=DOCKER)
    old = made(both)
    only_b = tree(b="FROM x\n")
    new = create(findings(only_b), only_b.files, only_b, STAMP)
    result = refreshed(old, new, both, lambda entry: entry.path == "b")
    assert {entry.path for entry in result.entries} == {"a"}
    assert result.files["a"] == old.files["a"]
    assert result.files["b"] != old.files["b"]


def test_file_is_sorted_one_finding_a_line_and_stable(tmp_path: Path) -> None:
    baseline = made(tree(b=DOCKER, a=DOCKER))
    text = dump(baseline)
    assert len([line for line in text.splitlines() if '"content"' in line]) == 6
    path = tmp_path / "baseline.json"
    path.write_text(text)
    assert load(path) == replace(baseline, entries=tuple(sorted(baseline.entries)))
    assert dump(load(path)) == text
    assert json.loads(dump(create([], [], tree(), STAMP)))["findings"] == []


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 2}', "<<<<<<< HEAD", '{"version": 1, "tool": "1"}'])
def test_a_broken_baseline_is_a_clear_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="armready baseline"):
        load(path)
