"""The report as one JSON object, version 1."""

from __future__ import annotations

from collections import Counter
from typing import Any

from armready.core.finding import Finding, Severity
from armready.core.fingerprint import fingerprints
from armready.core.results import Report
from armready.core.source import Location
from armready.fixing.outlook import Forecast
from armready.reporters.base import Context, count_fixes, count_severities, dump_json, rule_url, showable
from armready.reporters.fixed import fix_result
from armready.run.readiness import Readiness

VERSION = 1


def render(report: Report, context: Context) -> str:
    """The object, indented."""
    return dump_json(document(report, context)) + "\n"


def document(report: Report, context: Context) -> dict[str, Any]:
    """The object as plain data. Keys may be added within a version, never removed."""
    return {
        "version": VERSION,
        "tool": {"name": "armready", "version": context.version},
        "findings": records(report, context),
        **_fixed(report, context),
        "summary": summary(report, context),
    }


def records(report: Report, context: Context) -> list[dict[str, Any]]:
    """One plain record per finding."""
    marks = fingerprints(report.findings, context.source)
    return [_record(finding, mark.value, report, context) for finding, mark in zip(report.findings, marks, strict=True)]


def summary(report: Report, context: Context) -> dict[str, Any]:
    """The numbers of the run; findings under `--min-severity` count although they are not listed."""
    levels = count_severities(report)
    fixes = count_fixes(report, context)
    result: dict[str, Any] = {
        "files": report.files,
        "scanned": report.scanned,
        "errors": levels[Severity.ERROR],
        "warnings": levels[Severity.WARNING],
        "infos": levels[Severity.INFO],
        "not_shown": sum(report.below.values()),
        "fixable_safe": fixes.safe,
        "fixable_unsafe": fixes.unsafe,
        "hidden": report.hidden,
        "ignored": report.ignored,
        "baselined": report.baselined,
        "internal_errors": failures(report, context),
        "unparsed": [{"path": context.shown_path(each.path), "reason": each.reason} for each in report.unparsed],
    }
    if context.readiness is not None:
        result["readiness"] = _readiness(context.readiness, context)
    if context.forecast is not None:
        result["forecast"] = _forecast(context.forecast, context)
    if context.statistics:
        result["statistics"] = dict(sorted(Counter(finding.code for finding in report.findings).items()))
    return result


def failures(report: Report, context: Context) -> list[dict[str, str]]:
    """One plain record per failure of armready itself."""
    return [{"path": context.shown_path(each.path), "where": each.where, "message": each.message} for each in report.failures]


def _readiness(state: Readiness, context: Context) -> dict[str, Any]:
    return {
        "families": {
            family.name: {"ready": family.ready, "unknown": family.unknown, "doubtful": family.doubtful, "blocked": family.blocked}
            for family in state.families
        },
        "images": [
            {
                "path": context.shown_path(image.path),
                "names": list(image.names),
                "state": image.state.value,
                "bases": list(image.bases),
                "because": list(image.reasons),
            }
            for image in state.images
        ],
        "workloads": [
            {
                "path": context.shown_path(each.path),
                "line": each.line,
                "title": each.title,
                "state": each.state.value,
                "reason": each.reason,
            }
            for each in state.workloads
        ],
    }


def _fixed(report: Report, context: Context) -> dict[str, Any]:
    if context.fixed is None:
        return {}
    result = fix_result(context, report.findings)
    return {
        key: [{**each._asdict(), "path": context.shown_path(each.path)} for each in lines]
        for key, lines in (("applied", result.applied), ("not_applied", result.not_applied), ("to_look_at", result.to_look_at))
    }


def _place(location: Location, context: Context) -> dict[str, Any]:
    line, column, end_line, end_column = location.region
    return {"path": context.shown_path(location.path), "line": line, "column": column, "end_line": end_line, "end_column": end_column}


def _record(finding: Finding, fingerprint: str, report: Report, context: Context) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        **_place(finding.location, context),
        "related": [{**_place(each.location, context), "message": each.message} for each in finding.related],
        "fix": _fix(finding, context),
        "outlook": _outlook(finding, context),
        "fingerprint": fingerprint,
        "tolerated": finding in report.tolerated,
        "url": rule_url(finding.name),
    }


def _outlook(finding: Finding, context: Context) -> dict[str, Any] | None:
    """What `fix` does about it."""
    outlook = context.forecast.of(finding) if context.forecast else None
    if outlook is None:
        return None
    return {
        "applicability": outlook.applicability.value,
        "after": list(outlook.after),
        "reason": outlook.reason,
        "goes_with_them": outlook.gone,
    }


def _forecast(forecast: Forecast, context: Context) -> dict[str, Any]:
    """What `fix` does in all, by itself and with `--unsafe-fixes`."""
    return {
        name: {"findings": made.findings, "files": [context.shown_path(path) for path in made.files], "following": made.following}
        for name, made in (("safe", forecast.safe), ("unsafe", forecast.unsafe))
    }


def _fix(finding: Finding, context: Context) -> dict[str, Any] | None:
    fix = finding.fix
    if fix is None:
        return None
    return {
        "applicability": fix.applicability.value,
        "title": fix.title,
        "notes": list(fix.notes),
        "edits": [{**_place(edit.location, context), "text": edit.text} for edit in fix.edits] if showable(fix.edits) else [],
    }
