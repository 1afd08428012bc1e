"""SARIF 2.1.0 as GitHub code scanning wants it: every enabled rule, full regions, fixes, fingerprints, paths from the root."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any
from urllib.parse import quote

from armready.core.finding import Finding, Severity
from armready.core.fingerprint import VERSION as FINGERPRINT
from armready.core.fingerprint import Fingerprint, fingerprints, line_hashes
from armready.core.fix import Fix
from armready.core.results import Failure, Report
from armready.core.rule import Rule, sections
from armready.core.source import Location, Source, Span
from armready.core.startup import regex
from armready.reporters.base import HOMEPAGE, Context, dump_json, escape, escape_lines, rule_url, showable
from armready.reporters.fixed import fix_result

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
BASE = "%SRCROOT%"
# What GitHub takes of one run; it refuses the whole log beyond it.
MAX_RESULTS = 25_000

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
_FAMILIES = {"DF": "dockerfile", "CI": "ci", "KUB": "kubernetes", "PY": "python"}
_MAX_TEXT = 1024
_SNIPPET = 2_000
_LINKS = regex(r"\[([^\[\]]+)\]\([^()\s]+\)")


def render(report: Report, context: Context) -> str:
    """The log, on one line: it is for machines, and indentation would be a quarter of it."""
    return dump_json(_Log(report, context).document(), indent=None) + "\n"


class _Log:
    def __init__(self, report: Report, context: Context) -> None:
        self.report = report
        self.context = context
        self.findings = report.findings
        if len(self.findings) > MAX_RESULTS:
            kept = sorted(self.findings, key=lambda each: each.severity.rank)[:MAX_RESULTS]
            self.findings = tuple(sorted(kept, key=lambda each: each.sort_key))
        self.found = {each.code for each in self.findings}
        codes = {rule.code for rule in context.rules}
        self.strangers = sorted({(each.code, each.name) for each in self.findings if each.code not in codes})
        self.rule_index = {
            code: index for index, code in enumerate([*(rule.code for rule in context.rules), *(code for code, _ in self.strangers)])
        }
        self._hashes: dict[str, list[str]] = {}

    def document(self) -> dict[str, Any]:
        return {"$schema": SCHEMA, "version": "2.1.0", "runs": [self._run()]}

    def _run(self) -> dict[str, Any]:
        marks = fingerprints(self.findings, self.context.source)
        return {
            "tool": {"driver": self._driver},
            "invocations": [self._invocation()],
            "automationDetails": {"id": "armready/"},
            "originalUriBaseIds": {BASE: {"description": {"text": "The root of the scanned repository."}}},
            "columnKind": "unicodeCodePoints",
            "results": [self._result(finding, mark) for finding, mark in zip(self.findings, marks, strict=True)],
        }

    @cached_property
    def _driver(self) -> dict[str, Any]:
        return {
            "name": "armready",
            "informationUri": HOMEPAGE,
            "version": self.context.version,
            "semanticVersion": self.context.version,
            "rules": [*map(self._descriptor, self.context.rules), *(_engine_descriptor(code, name) for code, name in self.strangers)],
        }

    def _descriptor(self, rule: type[Rule]) -> dict[str, Any]:
        return _described(rule) if rule.code in self.found else _listed(rule)

    def _invocation(self) -> dict[str, Any]:
        notes = [self._failure(each) for each in self.report.failures]
        notes += [_notification("note", each.path, f"Not parsed: {escape(each.reason)}.") for each in self.report.unparsed]
        result = fix_result(self.context, self.findings)
        notes += [_notification("note", each.path, f"Fixed: {escape(each.title)} ({each.code}).") for each in result.applied]
        notes += [_notification("warning", each.path, f"Not fixed: {escape(each.title)} ({each.code}).") for each in result.not_applied]
        left_out = len(self.report.findings) - len(self.findings)
        if left_out:
            words = f"{left_out} findings of the lowest levels were left out: GitHub takes {MAX_RESULTS} of one run."
            notes.append(_notification("warning", "", words))
        return {"executionSuccessful": not self.report.failures} | ({"toolExecutionNotifications": notes} if notes else {})

    def _failure(self, failure: Failure) -> dict[str, Any]:
        rule = (
            {"associatedRule": {"id": failure.where, "index": self.rule_index[failure.where]}} if failure.where in self.rule_index else {}
        )
        return _notification("error", failure.path, f"{escape(failure.message)}.") | rule

    def _result(self, finding: Finding, mark: Fingerprint) -> dict[str, Any]:
        result: dict[str, Any] = {
            "ruleId": finding.code,
            "ruleIndex": self.rule_index[finding.code],
            "level": _LEVELS[finding.severity],
            "kind": "fail",
            "message": {"text": escape(finding.message)},
            "locations": [self._location(finding.location)],
            "partialFingerprints": self._fingerprints(finding, mark),
            "properties": {"confidence": finding.confidence.value, "name": finding.name},
        }
        if finding.related:
            result["relatedLocations"] = [
                {"id": number, **self._location(each.location), "message": {"text": escape(each.message)}}
                for number, each in enumerate(finding.related, 1)
            ]
        if finding.fix is not None:
            result["properties"]["applicability"] = finding.fix.applicability.value
            if finding.fix.edits and showable(finding.fix.edits):
                result["fixes"] = [self._fix(finding.fix)]
        return result

    def _location(self, location: Location) -> dict[str, Any]:
        place: dict[str, Any] = {"artifactLocation": _artifact(location.path), "region": _region(location)}
        source = self.context.shown_source(location.path)
        if source is not None and location.span.end <= len(source.text):
            if location.span.end > location.span.start:
                place["region"]["snippet"] = {"text": source.slice(location.span)[:_SNIPPET]}
            place["contextRegion"] = _surroundings(source, location)
        return {"physicalLocation": place}

    def _fingerprints(self, finding: Finding, mark: Fingerprint) -> dict[str, str]:
        marks = {FINGERPRINT: mark.value, "armready/content/v1": mark.content}
        source = self.context.source(finding.path)
        if source is not None:
            if finding.path not in self._hashes:
                self._hashes[finding.path] = line_hashes(source.text)
            hashes = self._hashes[finding.path]
            line = finding.location.region.line
            if line <= len(hashes):
                marks["primaryLocationLineHash"] = hashes[line - 1]
        return marks

    def _fix(self, fix: Fix) -> dict[str, Any]:
        changes: dict[str, list[dict[str, Any]]] = {}
        for edit in sorted(fix.edits, key=lambda each: (each.path, each.span)):
            replacement: dict[str, Any] = {"deletedRegion": _region(edit.location)}
            if edit.text:
                replacement["insertedContent"] = {"text": edit.text}
            changes.setdefault(edit.path, []).append(replacement)
        return {
            "description": {"text": f"{escape(fix.title)}."},
            "artifactChanges": [
                {"artifactLocation": _artifact(path), "replacements": replacements} for path, replacements in changes.items()
            ],
            "properties": {"applicability": fix.applicability.value, "notes": [escape(note) for note in fix.notes]},
        }


def uri(path: str) -> str:
    """A path relative to the root as a URI reference: forward slashes, percent-encoded bytes, never `./` and never a scheme."""
    return quote(os.fsencode(path), safe="/@+,=~-._")


def pascal_case(name: str) -> str:
    """`from-platform-constant` -> `FromPlatformConstant`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("-"))


def _artifact(path: str) -> dict[str, str]:
    return {"uri": uri(path), "uriBaseId": BASE}


def _notification(level: str, path: str, text: str) -> dict[str, Any]:
    place = {"locations": [{"physicalLocation": {"artifactLocation": _artifact(path)}}]} if path else {}
    return {"level": level, "message": {"text": text}, **place}


def _region(location: Location) -> dict[str, Any]:
    line, column, end_line, end_column = location.region
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _surroundings(source: Source, location: Location) -> dict[str, Any]:
    first = max(location.region.line - 2, 0)
    last = min(location.region.end_line, len(source.line_starts) - 1)
    span = Span(source.line_starts[first], source.line_span(last).end)
    end = source.region(span)
    text = source.slice(span)
    if len(text) > _SNIPPET:
        return {"startLine": first + 1, "endLine": last + 1, "endColumn": end.end_column}
    return {"startLine": first + 1, "startColumn": 1, "endLine": last + 1, "endColumn": end.end_column, "snippet": {"text": text}}


def _listed(rule: type[Rule]) -> dict[str, Any]:
    """The short form, for a rule that found nothing: the text of all rules would be most of the log."""
    summary = f"{_short(rule.summary)}."
    page = rule_url(rule.name)
    return {
        "id": rule.code,
        "name": pascal_case(rule.name),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": f"See {page}", "markdown": f"[{rule.code}, {rule.name}]({page})"},
        "helpUri": page,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": _tags(rule), "precision": "high", "problem.severity": _PROBLEMS[rule.severity]},
    }


def _described(rule: type[Rule]) -> dict[str, Any]:
    parts = sections(rule.documentation())
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in parts.items() if title)
    introduction = _plain(parts[""])
    return _listed(rule) | {
        "fullDescription": {"text": _short(introduction)},
        "help": {"text": _plain(parts.get("What to do", "")) or introduction, "markdown": escape_lines(body)},
    }


def _engine_descriptor(code: str, name: str) -> dict[str, Any]:
    text = f"{name.replace('-', ' ').capitalize()}."
    return {
        "id": code,
        "name": pascal_case(name),
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": text},
        "helpUri": f"{HOMEPAGE}#readme",
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["portability", "arm64"], "precision": "high", "problem.severity": "warning"},
    }


def _tags(rule: type[Rule]) -> list[str]:
    family = _FAMILIES.get(rule.code.rstrip("0123456789"))
    return ["portability", "arm64", *([family] if family else [])]


def _plain(markdown: str) -> str:
    text = _LINKS.sub(r"\1", markdown).replace("`", "").replace("**", "")
    return escape_lines("\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n")))


def _short(text: str) -> str:
    text = escape(_plain(text).replace("\n\n", " "))
    return text if len(text) <= _MAX_TEXT - 1 else text[: _MAX_TEXT - 2].rsplit(" ", 1)[0] + "…"
