"""Markdown for a job summary, a merge request comment, or the body of a pull request after `fix`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from armready.core.finding import Finding, Severity
from armready.core.results import Report
from armready.core.startup import regex
from armready.core.wording import plural
from armready.reporters.base import Context, escape, rule_url, summary_line
from armready.reporters.fixed import FixLine, fix_result
from armready.reporters.outlook import hint
from armready.reporters.triage import rows_by_rule, steps
from armready.reporters.verdict import TITLES, family_words

# GitHub refuses a comment beyond 65,536 characters.
LIMIT = 60_000

_SIGNS = {Severity.ERROR: "🔴 error", Severity.WARNING: "🟡 warning", Severity.INFO: "🔵 info"}
_SPECIAL = regex(r"([\\`*_{}\[\]<>|~&])")
_TRIGGERS = regex(r"(@|#(?=[0-9])|!(?=[0-9])|:(?=//)|(?i:www)(?=\.))")


def render(report: Report, context: Context) -> str:
    """Headline, table of rules, what to do next, the findings; cut at the length of a comment."""
    title = "what stops arm64" if context.fixed is None else "ready for arm64"
    blocks = [f"## armready: {title}\n", f"{markdown(summary_line(report))}.\n", *_families(context)]
    blocks += _failures(report, context)
    blocks += _fixed(report, context)
    if report.findings:
        blocks += ["\n".join(_rules(report, context)) + "\n", "\n".join(_next(report, context)) + "\n"]
    blocks += [f"{markdown(each)}\n" for each in report.summaries]
    text = "\n".join(blocks)
    return text + "".join(_findings(report.findings, context, LIMIT - len(text)))


def _families(context: Context) -> Iterator[str]:
    if context.readiness and context.complete:
        for family in context.readiness.families:
            yield f"- {TITLES.get(family.name, family.name)}: {family_words(family)}"
        yield ""


def _failures(report: Report, context: Context) -> Iterator[str]:
    if not report.failures:
        return
    yield f"### Not complete: {plural(len(report.failures), 'internal error')}\n"
    rows = [f"- {code(context.shown_path(each.path) or 'armready')}: {markdown(each.message)}" for each in report.failures[:100]]
    if len(report.failures) > 100:
        rows.append(f"- and {len(report.failures) - 100:,} more")
    yield "\n".join(rows) + "\n"


def markdown(text: str) -> str:
    """Untrusted text on one line of Markdown: no markup, no mentions, no references, no links."""
    return _TRIGGERS.sub(r"\1<!-- -->", _SPECIAL.sub(r"\\\1", escape(text)))


def code(text: str) -> str:
    """Untrusted text as a code span; inside of tables too."""
    text = escape(text).replace("|", "\\|")
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _rules(report: Report, context: Context) -> Iterator[str]:
    yield "| Rule | Errors | Warnings | Infos | Files | Fixable |"
    yield "|---|---:|---:|---:|---:|---:|"
    for row in rows_by_rule(report.findings, context):
        number, name = row.label.split(" ", 1)
        numbers = " | ".join(str(each) for each in row[1:])
        yield f"| [{number}]({rule_url(name)}) {markdown(name)} | {numbers} |"


def _next(report: Report, context: Context) -> Iterator[str]:
    yield "**Do next**\n"
    for step in steps(report.findings, context):
        command = f": {code(step.command)}" if step.command else ""
        yield f"1. {step.title}{command} ({plural(step.number, 'finding')}; {step.why})"
        for rule in step.rules:
            times = f" ({rule.number:,} times)" if rule.number > 1 else ""
            reason = f": {markdown(rule.reason)}" if step.reasons else ""
            place = code(f"{context.shown_path(rule.path)}:{rule.line}")
            yield f"   - {rule.code} {markdown(rule.name)}{times}, {'first at ' if rule.number > 1 else ''}{place}{reason}"


def _findings(findings: Iterable[Finding], context: Context, room: int) -> Iterator[str]:
    ordered = sorted(findings, key=lambda each: (each.severity.rank, each.sort_key))
    if not ordered:
        return
    head = "\n<details><summary>Findings</summary>\n\n| Level | Place | Rule | Why | Fix |\n|---|---|---|---|---|\n"
    yield head
    room -= len(head) + 200
    for index, finding in enumerate(ordered):
        row = _row(finding, context)
        room -= len(row)
        if room < 0:
            yield f"\n{plural(len(ordered) - index, 'more finding')} left out: a comment can hold no more.\n"
            break
        yield row
    yield "\n</details>\n"


def _row(finding: Finding, context: Context) -> str:
    place = code(f"{context.shown_path(finding.path)}:{finding.location.region.line}")
    how = hint(finding, context)
    fix = f"{markdown(finding.fix.title)} ({markdown(how)})" if finding.fix else markdown(how)
    return f"| {_SIGNS[finding.severity]} | {place} | {finding.code} | {markdown(finding.message)} | {fix} |\n"


def _fixed(report: Report, context: Context) -> Iterator[str]:
    result = fix_result(context, report.findings)
    yield from _fix_list("Applied", result.applied, context)
    yield from _fix_list("Not applied", result.not_applied, context)
    yield from _fix_list("Needs a look before `--unsafe-fixes`", result.to_look_at, context)


def _fix_list(title: str, lines: list[FixLine], context: Context) -> Iterator[str]:
    if not lines:
        return
    yield f"### {title} ({len(lines):,})\n"
    rows = []
    for line in lines[:100]:
        rows.append(f"- {code(context.shown_path(line.path))}: {line.code} {markdown(line.title)}")
        rows += [f"  - {markdown(note)}" for note in line.notes]
    if len(lines) > 100:
        rows.append(f"- and {len(lines) - 100:,} more")
    yield "\n".join(rows) + "\n"
