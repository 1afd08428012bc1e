"""JUnit XML: one test suite per file, one test case per finding; only what fails the run is a failure."""

from __future__ import annotations

from itertools import groupby
from xml.sax.saxutils import escape as xml_text
from xml.sax.saxutils import quoteattr

from armready.core.finding import Finding, Severity
from armready.core.results import Failure, Report
from armready.reporters.base import Context, escape

_CLEAN = """\
  <testsuite name="armready" tests="1" failures="0" errors="0" skipped="0">
    <testcase classname="armready" name="no findings"/>
  </testsuite>
"""


def render(report: Report, context: Context) -> str:
    """The document. A clean run is one passed test, since an empty report counts as an error for many readers."""
    suites = [_suite(path, list(group), report, context) for path, group in groupby(report.findings, key=lambda each: each.path)]
    suites += [_failure_suite(path, list(group), context) for path, group in groupby(report.failures, key=lambda each: each.path)]
    if not suites:
        suites = [_CLEAN]
    failures = sum(fails(finding, report, context) for finding in report.findings)
    tests = max(len(report.findings) + len(report.failures), 1)
    head = f'<testsuites name="armready" tests="{tests}" failures="{failures}" errors="{len(report.failures)}">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{"".join(suites)}</testsuites>\n'


def fails(finding: Finding, report: Report, context: Context) -> bool:
    """Whether a finding fails the run by `--fail-on`."""
    if finding in report.tolerated:
        return False
    limit = context.settings.fail_on
    return limit != "never" and finding.severity.rank <= Severity(limit).rank


def _suite(path: str, findings: list[Finding], report: Report, context: Context) -> str:
    failures = sum(fails(finding, report, context) for finding in findings)
    counts = f'tests="{len(findings)}" failures="{failures}" errors="0" skipped="{len(findings) - failures}"'
    cases = "".join(_case(finding, report, context) for finding in findings)
    return f"  <testsuite name={_attribute(context.shown_path(path))} {counts}>\n{cases}  </testsuite>\n"


def _case(finding: Finding, report: Report, context: Context) -> str:
    line, column, *_ = finding.location.region
    path = context.shown_path(finding.path)
    name = _attribute(f"{finding.code} {finding.name} at {path}:{line}:{column}")
    message = _attribute(finding.message)
    if fails(finding, report, context):
        lines = [f"{path}:{line}:{column}: {finding.severity.value}: {finding.message}"]
        lines += [f"fix ({finding.fix.applicability.value}): {finding.fix.title}"] if finding.fix else []
        body = xml_text("\n".join(map(escape, lines)))
        outcome = f'<failure type="{finding.severity.value}" message={message}>{body}</failure>'
    else:
        outcome = f"<skipped message={message}/>"
    attributes = f'classname="armready.{finding.code}" name={name} file={_attribute(path)} line="{line}"'
    return f"    <testcase {attributes}>\n      {outcome}\n    </testcase>\n"


def _failure_suite(path: str, failed: list[Failure], context: Context) -> str:
    """What armready itself failed on: errors, where findings are failures."""
    name = _attribute(context.shown_path(path) or "armready")
    counts = f'tests="{len(failed)}" failures="0" errors="{len(failed)}" skipped="0"'
    return f"  <testsuite name={name} {counts}>\n{''.join(map(_error, failed))}  </testsuite>\n"


def _error(failure: Failure) -> str:
    attributes = f"classname={_attribute(f'armready.{failure.where}')} name={_attribute(f'internal error at {failure.path}')}"
    return f'    <testcase {attributes}>\n      <error type="internal error" message={_attribute(failure.message)}/>\n    </testcase>\n'


def _attribute(text: str) -> str:
    return quoteattr(escape(text))
