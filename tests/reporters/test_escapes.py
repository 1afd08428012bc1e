"""Whatever a scanned repository writes into names, sources and messages: a report stays what it is, and no credentials are in it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from armready.core.config import Settings
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.results import Report, Unparsed
from armready.core.source import Source, Span
from armready.core.tree import MemoryTree
from armready.fixing.fixer import FixOutcome, NotApplied
from armready.reporters import FORMATS, render
from armready.reporters.base import Context, escape
from armready.reporters.credentials import hide
from armready.run.passes import Analysis

HARMLESS = "app"
SECRETS = ("hunter2", "ghp_Secret", "s1gnature")
HOSTILE = {
    "newlines": "a\nb\r\nc\x0bd\x85e\u2028f",
    "escape sequences": "\x1b[31mred\x1b]8;;https://x\x1b\\link\x9b31m\x07\x7f",
    "direction": "\u202eabc\u2066def\u200b\ufeff\U000e0041",
    "surrogates": "a\udcffb",
    "cdata": "]]></failure><x>&amp;&#10;",
    "comment": "--><script>alert(1)</script><!--",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "template": "{{content}} {{script}} ${{ github.token }}",
    "github": "::error file=a::b\n::stop-commands::x ##[add-mask]y ::add-mask::z",
    "azure": "##vso[task.setvariable variable=PATH]x ##teamcity[message text='x']",
    "table": "a | b || c \\| d ` e `` f",
    "markup": "**bold** _it_ [link](javascript:alert(1)) ![i](http://x/y.png) <b> ~~s~~ # h",
    "mentions": "@someone #12 !34 www.example.com",
    "credentials": "https://user:hunter2@example.com/x ftp://ghp_Secret@example.com/y https://x/y?a=b&sig=s1gnature",
}
COMMANDS = re.compile(r"^\s*::(?:error|warning|notice|add-mask|stop-commands|set-output|debug|group)\b|##(?:\[|vso\[|teamcity\[)", re.M)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]")


def path_of(text: str) -> str:
    """No path holds the two slashes of an address."""
    return f"{HARMLESS if hide(text) != text else text}/Dockerfile"


def rendered(name: str, text: str, *, fixed: bool = False, many: bool = False) -> str:
    path = path_of(text)
    source = Source(path, f"FROM {text}\nRUN {text}\n".replace("\r", ""))
    place = source.location(Span(5, 5 + len(text)))
    fix = Fix(f"Use {text}", (Edit(place, f"b{text}"),), Applicability.UNSAFE, (f"See {text}.",))
    finding = Finding(
        "DF101", "from-platform", Severity.ERROR, Confidence.HIGH, f"{text} is bad, as of 2026-01-01", place, (Related(place, text),), fix
    )
    told = Finding("DF102", "other", Severity.WARNING, Confidence.HIGH, f"{text} is known as of 2026-01-01", place)
    findings = (finding, told) * (40 if many else 1)
    report = Report(findings, files=1, scanned=1, unparsed=(Unparsed(path, text), Unparsed("", text)), summaries=(text,))
    tree = MemoryTree({path: source.text.encode("utf-8", "surrogatepass")})
    outcome = FixOutcome(tree, Analysis({}, (), (), True), {}, (finding,), (NotApplied(told, text),)) if fixed else None
    return render(
        name, report, Context(Path(f"/{path}").parent, tree, Settings(), (), "0.1.0", fixed=outcome, statistics=True, full=not many)
    )


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("variant", [{}, {"fixed": True}, {"many": True}], ids=["scan", "fix", "many"])
def test_nothing_gets_through(name, kind, variant):
    text = HOSTILE[kind]
    output = rendered(name, text, **variant)
    assert not CONTROL.search(output)
    assert not [secret for secret in SECRETS if secret in output]
    commands = [line for line in output.splitlines() if COMMANDS.search(line)]
    own = [line for line in commands if name == "github" and re.match(r"::(?:error|warning) file=[^:,]*,line=\d+,endLine=\d+,", line)]
    assert commands == own
    if name in ("concise", "jsonl", "github", "gitlab", "junit"):
        assert output.count("\n") == rendered(name, HARMLESS, **variant).count("\n")


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, *(name for name, _ in attributes)))


def tags(page: str) -> set[tuple[str, ...]]:
    parser = Tags()
    parser.feed(page)
    return set(parser.found)


@pytest.mark.parametrize("kind", HOSTILE)
def test_html_has_no_elements_but_its_own(kind):
    assert tags(rendered("html", HOSTILE[kind], fixed=True)) <= tags(rendered("html", HARMLESS, fixed=True))


@pytest.mark.parametrize("kind", HOSTILE)
def test_xml_says_what_was_there(kind):
    text = escape(HOSTILE[kind])
    suites = ElementTree.fromstring(rendered("junit", HOSTILE[kind]))
    assert [suite.get("name") for suite in suites] == [escape(path_of(HOSTILE[kind]))]
    assert suites.find(".//failure").get("message") == f"{text} is bad, as of 2026-01-01"


@pytest.mark.parametrize("kind", HOSTILE)
def test_json_can_be_read_back_exactly(kind):
    text = HOSTILE[kind]
    (finding, _) = json.loads(rendered("json", text))["findings"]
    assert finding["path"] == path_of(text)
    assert finding["message"] == hide(f"{text} is bad, as of 2026-01-01")
    assert [edit["text"] for edit in finding["fix"]["edits"]] == ([] if kind == "credentials" else [f"b{text}"])


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("fixed", [False, True])
def test_markdown_keeps_its_tables_and_has_no_markup(kind, fixed):
    output = rendered("markdown", HOSTILE[kind], fixed=fixed)
    rows = [line for line in output.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6 + 1, 5 + 1}
    prose = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", output.replace("<!-- -->", "\x00"))
    left = re.sub(r"</?(?:details|summary)>|^\| \[DF10\d\]\(https://armready\.github\.io/\S+\)|[*]{2}Do next[*]{2}", "", prose, flags=re.M)
    assert not re.search(r"(?<!\\)[<>*_~\[\]]|@\w|#\d|!\d|www\.|://", left)


def test_the_place_of_a_finding_inside_of_credentials_stays():
    source = Source("Dockerfile", "ADD https://user:hunter2amd64@example.com/x /\n")
    place = source.location(Span(22, 27))
    assert source.slice(place.span) == "r2amd"
    finding = Finding("DF101", "from-platform", Severity.ERROR, Confidence.HIGH, "bad", place)
    tree = MemoryTree({"Dockerfile": source.text.encode()})
    for name in FORMATS:
        output = render(name, Report((finding,), 1, 1), Context(Path("/repo"), tree, Settings(), (), "0.1.0"))
        assert "hunte" not in output
        assert "2amd" not in output


@pytest.mark.parametrize(
    "text",
    [
        "git+ssh://git@github.com/a/b",
        "https://$USER:$TOKEN@example.com/",
        "https://user:${TOKEN}@example.com/",
        "https://example.com/@scope/a@1.0",
        "https://x/?token=$TOKEN",
        "oci://ghcr.io/a/b@sha256:0",
        "mail me@example.com, see https://example.com",
    ],
)
def test_what_is_no_secret_stays(text):
    assert hide(text) == text


@pytest.mark.parametrize("text", ["AWS::ECS::Service", "std::string", "::1", "## What it finds", "a ##b", "C::debugger"])
def test_what_is_no_command_stays(text):
    assert escape(text) == text
