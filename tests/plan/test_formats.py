"""A plan in every format: valid, complete, and nothing of the repository speaks in it."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree

import jsonschema
import pytest
from markdown_it import MarkdownIt

from armready.plan.json import schema
from tests.plan.conftest import CHAIN

HOSTILE = 'a`b"<script>alert(1)</script>\x1b[31m|x@team.Dockerfile'


def test_json_follows_its_schema(armready, repository) -> None:
    root = repository(CHAIN)
    jsonschema.validate(json.loads(armready(root, "plan", "--format", "json")), schema())
    assert json.loads(armready(root, "schema", "plan")) == schema()


def test_a_schema_that_does_not_exist_is_wrong_usage(run, tmp_path) -> None:
    code, _, error = run("schema", "nonsense", cwd=tmp_path)
    assert (code, error.startswith("armready: no schema 'nonsense'")) == (2, True)


def test_an_unknown_format_is_wrong_usage(run, tmp_path) -> None:
    code, _, error = run("plan", "--format", "pdf", cwd=tmp_path)
    assert (code, "unknown format 'pdf'" in error) == (2, True)


def test_markdown_is_a_checklist(armready, repository) -> None:
    root = repository(CHAIN)
    text = armready(root, "plan", "--format", "markdown")
    plan = json.loads(armready(root, "plan", "--format", "json"))
    assert text.count("- [ ] ") == sum(len(wave["steps"]) for wave in plan["waves"])
    assert text.count("### Wave") == len(plan["waves"])


def test_html_draws_the_graph_without_script_or_network(armready, repository) -> None:
    page = armready(repository(CHAIN), "plan", "--format", "html")
    drawing = ElementTree.fromstring(re.search(r"<svg.*?</svg>", page, re.S)[0])
    titles = [each.text for each in drawing.iter("{http://www.w3.org/2000/svg}title")]
    assert any(title.startswith("workload Deployment/app, blocked") for title in titles)
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}path"))) >= 5
    assert not re.search(r'(?:src|href)="https?:', page)


@pytest.mark.parametrize("output_format", ["text", "markdown", "html", "mermaid", "json"])
def test_nothing_of_the_repository_speaks(output_format, armready, repository) -> None:
    root = repository({f"{HOSTILE}/Dockerfile".replace("</", "<"): "FROM --platform=linux/amd64 debian:12\n"})
    text = armready(root, "plan", "--format", output_format)
    assert "\x1b" not in text
    if output_format == "html":
        assert "<script>alert" not in text
    if output_format == "markdown":
        assert "<script>alert" not in MarkdownIt().render(text)
    if output_format == "mermaid":
        labels = re.findall(r'\["(.*?)"\]', text)
        assert len(labels) == 2
        assert not [each for each in labels if re.search(r'[<>"`]', each)]
    if output_format == "json":
        assert json.loads(text)["waves"][0]["steps"][0]["path"].startswith('a`b"<script>')


def test_mermaid_joins_what_waits(armready, repository) -> None:
    lines = armready(repository(CHAIN), "plan", "--format", "mermaid").splitlines()
    assert lines[0] == "flowchart LR"
    names = dict(re.match(r'  (n\d+)\["(.*?)"\]', line).groups() for line in lines if '["' in line)
    joined = {(names[one], names[other]) for one, other in (line.split(" --> ") for line in map(str.strip, lines) if " --> " in line)}
    assert ("image: registry.example.com/app", "workload: Deployment/app") in joined
    assert ("image: registry.example.com/base", "dockerfile: app/Dockerfile") in joined


def test_a_large_graph_is_drawn_in_part(armready, repository) -> None:
    files = {f"d{number}/Dockerfile": "FROM debian:12\n" for number in range(400)} | {
        "bad/Dockerfile": "FROM --platform=linux/amd64 debian:12\n"
    }
    text = armready(repository(files), "plan", "--format", "mermaid")
    assert "401 more nodes" in text
    assert "bad/Dockerfile" in text
