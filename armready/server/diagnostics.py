"""Findings as an editor shows them."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol import types

from armready.core.finding import Finding, Severity
from armready.reporters.base import escape, rule_url
from armready.server.positions import Places

SOURCE = "armready"

_LEVELS = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
# Rules about what has no effect, and about names that Kubernetes has given up.
_TAGS = {
    "unused-ignore": types.DiagnosticTag.Unnecessary,
    "from-platform-redundant": types.DiagnosticTag.Unnecessary,
    "arch-label-deprecated": types.DiagnosticTag.Deprecated,
    "os-label-deprecated": types.DiagnosticTag.Deprecated,
}


def diagnostics(findings: Iterable[Finding], places: Places) -> list[types.Diagnostic]:
    """The diagnostics of findings."""
    return [_diagnostic(finding, places) for finding in findings]


def _diagnostic(finding: Finding, places: Places) -> types.Diagnostic:
    return types.Diagnostic(
        range=places.range(finding.location),
        message=escape(finding.message),
        severity=_LEVELS[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(rule_url(finding.name)),
        source=SOURCE,
        tags=[_TAGS[finding.name]] if finding.name in _TAGS else None,
        related_information=[
            types.DiagnosticRelatedInformation(places.location(each.location), escape(each.message)) for each in finding.related
        ],
    )
