"""One line per finding, as GNU's compilers write them, so that editors and problem matchers read it:
`path:line:column: error: message [CODE] (fix)`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from armready.core.results import Report
from armready.reporters.base import Context, escape, rule_url
from armready.reporters.fixed import fix_result
from armready.reporters.outlook import mark


def render(report: Report, context: Context) -> str:
    """The findings, what `fix` did, the pages of the rules, and the rules with their numbers when statistics are wanted."""
    lines = []
    for finding in report.findings:
        line, column, *_ = finding.location.region
        place = f"{escape(context.shown_path(finding.path))}:{line}:{column}"
        lines.append(f"{place}: {finding.severity}: {escape(finding.message)} [{finding.code}] {mark(finding, context)}".rstrip())
    lines += [f"{escape(context.shown_path(each.path)) or 'armready'}: error: {escape(each.message)}" for each in report.failures]
    lines += _fixed(report, context)
    lines += [f"{code}: {rule_url(name)}" for code, name in sorted({(each.code, each.name) for each in report.findings})]
    if context.statistics:
        lines += statistics(report)
    return "".join(f"{line}\n" for line in lines)


def _fixed(report: Report, context: Context) -> Iterator[str]:
    result = fix_result(context, report.findings)
    for word, each in (*(("fixed", each) for each in result.applied), *(("not fixed", each) for each in result.not_applied)):
        yield f"{escape(context.shown_path(each.path))}: {word}: {escape(each.title)} [{each.code}]"


def statistics(report: Report) -> list[str]:
    """`number CODE name` for each rule that found something, the most frequent first."""
    counts = Counter((finding.code, finding.name) for finding in report.findings)
    width = len(str(max(counts.values(), default=0)))
    return [f"{number:>{width}} {code} {name}" for (code, name), number in sorted(counts.items(), key=lambda each: (-each[1], each[0]))]
