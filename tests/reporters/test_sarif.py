"""SARIF: the shape that GitHub asks for. The official schema and validator run in tests/integration."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from armready.core.results import Report
from armready.reporters import render
from armready.reporters.base import Context
from armready.reporters.sarif import MAX_RESULTS, pascal_case, uri


def run_of(report: Report, context: Context) -> dict[str, Any]:
    return json.loads(render("sarif", report, context))["runs"][0]  # type: ignore[no-any-return]


def test_every_enabled_rule_is_listed_with_all_that_github_shows(empty: Report, context: Context) -> None:
    run = run_of(empty, context)
    assert run["results"] == []
    assert run["automationDetails"]["id"] == "armready/"
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["CI101", "DF101", "DF110", "KUB101"]
    for rule in rules:
        assert re.fullmatch("([A-Z][a-z0-9]*)+", rule["name"])
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["helpUri"] in rule["help"]["text"]
        assert rule["helpUri"] in rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
        assert rule["properties"]["precision"] == "high"
        assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}
        assert "security-severity" not in rule["properties"]
        assert len(rule["properties"]["tags"]) <= 10


def test_only_rules_that_found_something_carry_their_whole_text(report: Report, context: Context) -> None:
    findings = report.findings[:1]
    found = {finding.code for finding in findings}
    rules = run_of(replace(report, findings=findings), context)["tool"]["driver"]["rules"]
    assert len(rules) == 4
    for rule in rules:
        assert rule["help"]["markdown"].startswith("## What it finds") == (rule["id"] in found)


def test_result(report: Report, context: Context) -> None:
    result = run_of(report, context)["results"][-1]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "svc/Dockerfile", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {
        "startLine": 2,
        "startColumn": 6,
        "endLine": 2,
        "endColumn": 28,
        "snippet": {"text": "--platform=linux/amd64"},
    }
    assert result["level"] == "error"
    assert result["relatedLocations"][0]["message"]["text"] == "this image has arm64"
    assert result["fixes"] == [
        {
            "description": {"text": "Remove the --platform flag."},
            "artifactChanges": [
                {
                    "artifactLocation": {"uri": "svc/Dockerfile", "uriBaseId": "%SRCROOT%"},
                    "replacements": [{"deletedRegion": {"startLine": 2, "startColumn": 6, "endLine": 2, "endColumn": 29}}],
                }
            ],
            "properties": {"applicability": "safe", "notes": []},
        }
    ]
    assert set(result["partialFingerprints"]) == {"armready/v1", "armready/content/v1", "primaryLocationLineHash"}


def test_rule_index_points_at_the_rule(report: Report, context: Context) -> None:
    run = run_of(report, context)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_finding_of_the_engine_gets_a_descriptor(report: Report, context: Context) -> None:
    stranger = replace(report.findings[0], code="ARM001", name="unused-ignore")
    run = run_of(replace(report, findings=(stranger,)), context)
    assert run["tool"]["driver"]["rules"][-1]["name"] == "UnusedIgnore"
    assert run["results"][0]["ruleIndex"] == 4


@pytest.mark.parametrize(
    "path, expected",
    [
        ("a b/é#%.yaml", "a%20b/%C3%A9%23%25.yaml"),
        ("a:b/Dockerfile", "a%3Ab/Dockerfile"),
        (".github/workflows/x.yml", ".github/workflows/x.yml"),
        ("a\udcff", "a%FF"),
        ("q?x", "q%3Fx"),
    ],
)
def test_uri(path: str, expected: str) -> None:
    assert uri(path) == expected


def test_no_uri_is_absolute_or_dotted(report: Report, context: Context) -> None:
    text = render("sarif", report, replace(context, cwd=context.root / "svc"))
    uris = re.findall(r'"uri": "([^"]*)"', text)
    assert uris
    assert not [each for each in uris if each.startswith(("/", "./", "../", "file:"))]


def test_fingerprints_survive_lines_above(report: Report, context: Context) -> None:
    from armready.core.source import Source

    finding = report.findings[-1]
    source = context.source(finding.path)
    assert source is not None
    moved = Source(finding.path, "# one more line\n" + source.text)
    later = replace(finding, location=moved.location(finding.location.span.shift(16)), fix=None, related=())
    before = run_of(replace(report, findings=(finding,)), context)["results"][0]["partialFingerprints"]
    after = run_of(replace(report, findings=(later,)), replace(context, _sources={finding.path: moved}))["results"][0][
        "partialFingerprints"
    ]
    assert before == after


def test_unparsed_files_are_notes_of_the_run(report: Report, context: Context) -> None:
    note = run_of(report, context)["invocations"][0]["toolExecutionNotifications"][0]
    assert note["message"]["text"] == "Not parsed: not \\x1bYAML."


def test_more_results_than_github_takes_are_cut_mildest_first(report: Report, context: Context) -> None:
    from armready.core.finding import Severity

    findings = report.findings * (MAX_RESULTS // 4) + report.findings
    run = run_of(replace(report, findings=findings), context)
    assert len(run["results"]) == MAX_RESULTS
    assert sum(each["level"] == "error" for each in run["results"]) == sum(each.severity is Severity.ERROR for each in findings)
    assert "left out" in run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]


def test_pascal_case() -> None:
    assert pascal_case("from-platform-constant") == "FromPlatformConstant"
