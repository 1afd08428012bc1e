"""The page of a rule, from its docstring and examples, and the table of all rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from armready.core.rule import Example, Rule, example_text
from armready.core.wording import plural
from armready.testing import strip_marks


def render_rule(rule: type[Rule], form: str, *, examples: bool = False) -> str:
    """A rule's page as text, markdown or JSON.

    Args:
        rule: the rule.
        form: text, markdown or json.
        examples: in text, every example and not the first alone.
    """
    if form == "json":
        return json.dumps(rule_record(rule), indent=2) + "\n"
    if form == "markdown":
        return markdown_page(rule)
    return _text_page(rule, examples=examples)


def rule_record(rule: type[Rule]) -> dict[str, Any]:
    """What there is to know of a rule, for machines."""
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "severity": rule.severity.value,
        "kinds": sorted(rule.kinds),
        "fixable": rule.fixable(),
        "off_by_default": rule.off_by_default,
        "documentation": rule.documentation(),
        "examples": [_example_record(example) for example in rule.examples],
    }


def _example_record(example: Example) -> dict[str, Any]:
    text, marks = strip_marks(example_text(example.bad or example.good))
    record: dict[str, Any] = {"name": example.name, "path": example.path, "bad" if example.bad else "good": text}
    if example.bad:
        record["marked"] = [list(span) for span in marks]
    if example.fixed:
        record |= {"fixed": example_text(example.fixed), "applicability": example.applicability.value}
    if example.files:
        record["files"] = {path: strip_marks(example_text(other))[0] for path, other in example.files.items()}
    return record


def _badges(rule: type[Rule]) -> str:
    parts = [rule.severity.value, "fix available" if rule.fixable() else "no fix"]
    return ", ".join(parts + (["off by default"] if rule.off_by_default else []))


def markdown_page(rule: type[Rule]) -> str:
    """A rule's page in Markdown: heading, prose, the examples with their fixes."""
    lines = [f"# {rule.code} {rule.name}", "", f"*{rule.summary}* ({_badges(rule)})", "", rule.documentation(), "", "## Examples"]
    for example in rule.examples:
        text, _ = strip_marks(example_text(example.bad or example.good))
        verdict = "Found" if example.bad else "Left alone"
        lines += ["", f"### {verdict}: {example.name}", "", f"`{example.path}`", "", _fenced(text, example.path)]
        for path, other in example.files.items():
            lines += ["", f"with `{path}`", "", _fenced(strip_marks(example_text(other))[0], path)]
        if example.fixed:
            lines += ["", f"After the fix ({example.applicability.value}):", "", _fenced(example_text(example.fixed), example.path)]
    return "\n".join(lines) + "\n"


def _fenced(text: str, path: str) -> str:
    name = path.rpartition("/")[2].lower()
    suffix = name.rpartition(".")[2]
    language = (
        "dockerfile"
        if "dockerfile" in name
        else {"yml": "yaml", "yaml": "yaml", "py": "python", "toml": "toml", "sh": "sh"}.get(suffix, "text")
    )
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _text_page(rule: type[Rule], *, examples: bool) -> str:
    lines = [f"{rule.code} {rule.name} ({_badges(rule)})", "", rule.documentation().replace("## ", "")]
    shown = rule.examples if examples else rule.examples[:1]
    for example in shown:
        text, _ = strip_marks(example_text(example.bad or example.good))
        lines += ["", f"{'Found' if example.bad else 'Left alone'}: {example.name} ({example.path})", "", _indented(text)]
        if example.fixed:
            lines += ["", f"After the fix ({example.applicability.value}):", "", _indented(example_text(example.fixed))]
    if left := len(rule.examples) - len(shown):
        lines += ["", f"armready rule {rule.code} --examples shows {plural(left, 'more example')}."]
    return "\n".join(lines) + "\n"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.rstrip().splitlines())


def render_rules(rules: Sequence[type[Rule]], form: str) -> str:
    """The table of rules as a plain table, markdown or JSON."""
    if form == "json":
        return json.dumps([rule_record(rule) for rule in rules], indent=2) + "\n"
    fixes = ["yes" if rule.fixable() else "" for rule in rules]
    if form == "markdown":
        head = ["| code | name | level | fix | finds |", "| --- | --- | --- | --- | --- |"]
        cells = (
            (rule.code, f"[{rule.name}](rules/{rule.name}.md)", rule.severity, fix, rule.summary)
            for rule, fix in zip(rules, fixes, strict=True)
        )
        return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in cells)]) + "\n"
    width = max((len(rule.name) for rule in rules), default=0) + 2
    lines = (
        f"{rule.code:<8}{rule.name:<{width}}{rule.severity:<9}{fix and 'fix':<5}{rule.summary}"
        for rule, fix in zip(rules, fixes, strict=True)
    )
    return "".join(f"{line}\n" for line in lines)
