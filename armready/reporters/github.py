"""Annotations of a GitHub workflow run: one command a line, errors first, since GitHub shows ten of each level per step."""

from __future__ import annotations

from collections import Counter

from armready.core.finding import Finding, Severity
from armready.core.results import Failure, Report
from armready.core.wording import plural
from armready.reporters.base import Context, escape
from armready.reporters.fixed import fix_result
from armready.reporters.outlook import hint

SHOWN = 10

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(report: Report, context: Context) -> str:
    """The annotations, and a plain line for each level of which GitHub will not show all."""
    lines = [_failure(each) for each in report.failures]
    lines += [_annotation(finding, context) for finding in sorted(report.findings, key=lambda each: each.severity.rank)]
    result = fix_result(context, report.findings)
    lines += [f"fixed {escape(each.path)}: {escape(each.title)} [{each.code}]" for each in result.applied]
    lines += [f"not fixed {escape(each.path)}: {escape(each.title)} [{each.code}]" for each in result.not_applied]
    for level, number in sorted(Counter(finding.severity for finding in report.findings).items(), key=lambda each: each[0].rank):
        if number > SHOWN:
            lines.append(
                f"GitHub shows the first {SHOWN} of {plural(number, level.value)} as annotations; the log and the job summary have all."
            )
    return "".join(f"{line}\n" for line in lines)


def _annotation(finding: Finding, context: Context) -> str:
    line, column, end_line, end_column = finding.location.region
    properties = {"file": finding.path, "line": str(line), "endLine": str(end_line)}
    if line == end_line:
        properties |= {"col": str(column), "endColumn": str(end_column)}
    properties["title"] = f"{finding.code} {finding.name}"
    message = escape(finding.message)
    if how := hint(finding, context):
        message += f"\nFix{f': {escape(finding.fix.title)}' if finding.fix else ''} ({escape(how)})"
    listed = ",".join(f"{key}={_property(escape(value))}" for key, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {listed}::{_data(message)}"


def _failure(failure: Failure) -> str:
    file = f"file={_property(escape(failure.path))}," if failure.path else ""
    return f"::error {file}title=armready: internal error::{_data(escape(failure.message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
