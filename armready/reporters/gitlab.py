"""GitLab's code quality report: a JSON array; a fingerprint that occurs twice would hide a finding."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from armready.core.finding import Severity
from armready.core.fingerprint import fingerprints
from armready.core.results import Failure, Report
from armready.reporters.base import Context, dump_json, escape

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report, context: Context) -> str:
    """The array, indented. Paths are relative to the root, as GitLab wants them."""
    marks = fingerprints(report.findings, context.source)
    issues = [
        {
            "description": f"{finding.code}: {escape(finding.message)}",
            "check_name": f"{finding.code} {finding.name}",
            "fingerprint": mark.value,
            "severity": _SEVERITIES[finding.severity],
            "location": {"path": finding.path, "lines": {"begin": finding.location.region.line, "end": finding.location.region.end_line}},
        }
        for finding, mark in zip(report.findings, marks, strict=True)
    ]
    return dump_json([*map(_failure, report.failures), *issues]) + "\n"


def _failure(failure: Failure) -> dict[str, Any]:
    """A failure as GitLab can show it; one of the whole run stands at the root."""
    return {
        "description": escape(failure.message),
        "check_name": "internal-error",
        "fingerprint": sha256(f"{failure.path}\0{failure.message}".encode("utf-8", "surrogateescape")).hexdigest(),
        "severity": "blocker",
        "location": {"path": failure.path or ".", "lines": {"begin": 1}},
    }
