"""github, gitlab, junit, markdown and html: what each of them must never let through."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from armready.core.config import Settings
from armready.core.results import Report
from armready.reporters import render
from armready.reporters.base import Context
from armready.reporters.diff import hunks
from armready.reporters.markdown import LIMIT, code, markdown

EVIL = 'a%b\nc::error::x,y:z <script>alert(1)</script> </script> @team #1 | `x` [l](http://e.example) & "q"'


@pytest.fixture
def evil(report: Report) -> Report:
    return replace(report, findings=tuple(replace(finding, message=EVIL) for finding in report.findings))


def test_github_commands_stay_one_line_each(evil: Report, context: Context) -> None:
    lines = render("github", evil, context).splitlines()
    assert len(lines) == 4
    for line in lines:
        assert re.match(r"::(error|warning|notice) file=[^,:]+(,\w+=[^,:]*)+::", line)
        assert "a%25b\\x0ac" in line


def test_github_puts_errors_first_and_says_what_it_will_not_show(many: Report, context: Context) -> None:
    lines = render("github", many, context).splitlines()
    levels = [line.split(" ")[0] for line in lines if line.startswith("::")]
    assert levels == sorted(levels)
    assert "first 10 of 60 errors" in lines[-2]
    assert "first 10 of 20 warnings" in lines[-1]


def test_github_paths_start_at_the_root(report: Report, context: Context) -> None:
    assert "file=svc/Dockerfile," in render("github", report, replace(context, cwd=context.root / "svc"))


def test_gitlab(many: Report, context: Context) -> None:
    issues = json.loads(render("gitlab", many, context))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == 80
    assert {issue["severity"] for issue in issues} == {"major", "minor"}
    for issue in issues:
        assert not issue["location"]["path"].startswith(("/", "./"))
        assert issue["location"]["lines"]["begin"] >= 1


def test_junit_is_xml_and_fails_what_fails(evil: Report, context: Context) -> None:
    root = ElementTree.fromstring(render("junit", evil, context))
    assert (root.get("tests"), root.get("failures")) == ("4", "3")
    assert len(root.findall(".//skipped")) == 1
    strict = replace(context, settings=Settings(fail_on="warning"))
    assert ElementTree.fromstring(render("junit", evil, strict)).get("failures") == "4"
    never = replace(context, settings=Settings(fail_on="never"))
    assert ElementTree.fromstring(render("junit", evil, never)).get("failures") == "0"


def test_junit_of_a_clean_run_is_one_passed_test(empty: Report, context: Context) -> None:
    root = ElementTree.fromstring(render("junit", empty, context))
    assert (root.get("tests"), root.get("failures"), len(root.findall(".//testcase"))) == ("1", "0", 1)


def test_markdown_escapes() -> None:
    rendered = MarkdownIt("commonmark").render(markdown(EVIL))
    assert not re.search(r"<(?!!-- -->|/?p>)", rendered)
    assert "&lt;script&gt;alert(1)" in rendered
    for trigger in ("@team", "#1", "http://"):
        assert trigger not in rendered
    assert "\\|" in markdown(EVIL), "a bar would end the cell of a table"


def test_markdown_code_spans_hold_any_text() -> None:
    assert code("a`b") == "``a`b``"
    assert code("`") == "`` ` ``"
    assert code("a|b\n") == "`a\\|b\\x0a`"


def test_markdown_fits_into_a_comment(many: Report, context: Context) -> None:
    large = replace(many, findings=many.findings * 50)
    output = render("markdown", large, context)
    assert len(output) <= LIMIT + 200
    assert "left out" in output
    assert output.rstrip().endswith("</details>")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_html_is_self_contained_and_escaped(evil: Report, context: Context) -> None:
    output = render("html", evil, context)
    tags = Tags()
    tags.feed(output)
    assert sum(tag == "script" for tag, _ in tags.found) == 1
    for tag, attributes in tags.found:
        assert tag not in {"img", "link", "iframe", "object", "embed"}
        assert "src" not in attributes
        assert not any(name.startswith("on") for name in attributes)
    assert "&lt;script&gt;alert(1)" in output


def test_html_allows_its_own_script_only(report: Report, context: Context) -> None:
    output = render("html", report, context)
    script = re.search("<script>(.*?)</script>", output, re.S)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in output
    assert "default-src 'none'" in output


def test_html_does_not_fill_placeholders_of_the_repository(report: Report, context: Context) -> None:
    evil = replace(report, findings=tuple(replace(each, message="{{script}} {{content}}") for each in report.findings))
    assert "{{script}} {{content}}" in render("html", evil, context)


def test_hunks_show_old_and_new_lines(report: Report, context: Context) -> None:
    fix = report.findings[0].fix
    assert fix is not None
    (hunk,) = hunks(fix, context)
    assert (hunk.path, hunk.line) == (".gitlab-ci.yml", 1)
    assert [line.sign for line in hunk.lines] == [" ", " ", "-", "-", "+"]
    assert all("\r" not in line.text for line in hunk.lines)
