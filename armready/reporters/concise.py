"""One line per finding: `path:line:column: CODE message`."""

from __future__ import annotations

from collections import Counter

from armready.core.results import Report
from armready.reporters.base import Context, escape


def render(report: Report, context: Context) -> str:
    """The findings, one a line, and the rules with their numbers when statistics are wanted."""
    lines = []
    for finding in report.findings:
        line, column, *_ = finding.location.region
        lines.append(f"{escape(context.shown_path(finding.path))}:{line}:{column}: {finding.code} {escape(finding.message)}")
    lines += [f"{escape(context.shown_path(each.path)) or 'armready'}: {escape(each.message)}" for each in report.failures]
    if context.statistics:
        lines += statistics(report)
    return "".join(f"{line}\n" for line in lines)


def statistics(report: Report) -> list[str]:
    """`number CODE name` for each rule that found something, the most frequent first."""
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    width = len(str(max(counts.values(), default=0)))
    return [f"{number:>{width}} {code} {name}" for (code, name), number in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]
