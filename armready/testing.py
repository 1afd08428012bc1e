"""The contract that every rule must meet on each of its examples. Public, so that rules of others can be held to it too.

`check_example` asserts: what is marked in a bad example is found there, and nothing else of this rule; a good one is silent, and no
longer once what makes it good is taken away (`breaks`); the fix gives the exact text, declares the right applicability, passes the proof
of the fixer, and is a fixed point; no rule crashes on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from armready.core.config import Settings, from_mapping
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, Rule, example_text
from armready.core.source import Span
from armready.core.tree import MemoryTree
from armready.fixing.fixer import FixOutcome, fix
from armready.run.facts_files import parse_facts
from armready.run.passes import Analysis, Filters, analyse, report
from armready.run.registry import Registry

_TODAY = date(2026, 11, 24)


class ContractError(AssertionError):
    """A rule that does not do what its example says."""


def strip_marks(text: str) -> tuple[str, list[Span]]:
    """A text without its «marks», and the spans that they enclosed."""
    plain, spans, position = [], [], 0
    start = 0
    for piece in re.split(r"([«»])", text):
        if piece == "«":
            start = position
        elif piece == "»":
            spans.append(Span(start, position))
        else:
            plain.append(piece)
            position += len(piece)
    return "".join(plain), spans


def example_files(example: Example) -> tuple[dict[str, str], dict[str, list[Span]]]:
    """The files of an example's repository, and the marked spans in them."""
    files, marks = {}, {}
    for path, text in {example.path: example.bad or example.good, **example.files}.items():
        files[path], marks[path] = strip_marks(example_text(text))
    return files, marks


def broken(example: Example) -> Example:
    """A good example without what makes it good.

    Raises:
        ContractError: that does not stand once in it.
    """
    old, new = example.breaks
    if old in example.settings:
        return replace(example, settings={key: value for key, value in example.settings.items() if key != old})
    if old == example.path:
        return replace(example, path=new)
    if old in example.files:
        rest = {path: text for path, text in example.files.items() if path != old}
        return replace(example, files=rest | ({new: example.files[old]} if new else {}))
    good, files = example_text(example.good), {path: example_text(text) for path, text in example.files.items()}
    if sum(text.count(old) for text in (good, *files.values())) != 1:
        raise ContractError(f"example {example.name!r}: {old!r} does not stand once in it")
    return replace(example, good=good.replace(old, new), files={path: text.replace(old, new) for path, text in files.items()})


def example_settings(example: Example, rule: type[Rule]) -> Settings:
    """The settings under which an example runs: its own, with every level shown."""
    settings = from_mapping(example.settings, f"example {example.name!r}")
    extra = (*settings.extend_select, rule.code) if rule.off_by_default else settings.extend_select
    return replace(settings, min_severity=Severity.INFO, pedantic=True, extend_select=extra)


def analyse_files(files: Mapping[str, str], settings: Settings) -> tuple[MemoryTree, Registry, Analysis]:
    """Both passes over files in memory, as one complete repository."""
    tree = MemoryTree({path: text.encode() for path, text in files.items()})
    registry = Registry(settings)
    return tree, registry, analyse(tree, sorted(files), registry, complete=True, today=_TODAY)


def findings_of(rule: type[Rule], analysis: Analysis, registry: Registry) -> list[Finding]:
    """What a rule reports, after ignore comments."""
    shown = report(analysis, registry, Filters())
    return [finding for finding in shown.findings if finding.code == rule.code]


def check_example(rule: type[Rule], example: Example) -> None:
    """Hold a rule to one of its examples.

    Raises:
        ContractError: it does not do what the example says.
    """
    files, marks = example_files(example)
    tree, registry, analysis = _analysed(rule, example)
    found = findings_of(rule, analysis, registry)
    expected = sorted((path, *span) for path, spans in marks.items() for span in spans)
    got = sorted((finding.path, *finding.location.span) for finding in found)
    if expected != got:
        raise ContractError(f"{rule.code} {example.name!r}: expected {_show(expected, files)}, found {_show(got, files)}")
    for finding in found:
        if example.severity is not None and finding.severity is not example.severity:
            raise ContractError(f"{rule.code} {example.name!r}: {finding.severity} instead of {example.severity}: {finding.message}")
        if not finding.message.endswith("."):
            raise ContractError(f"{rule.code} {example.name!r}: the message is no sentence: {finding.message!r}")
    if any(example.breaks):
        _check_broken(rule, example)
    if example.fixed or example.fixed_files:
        _check_fix(rule, example, files, tree, registry, analysis)


def _analysed(rule: type[Rule], example: Example) -> tuple[MemoryTree, Registry, Analysis]:
    files, _ = example_files(example)
    settings = example_settings(example, rule)
    for name in settings.facts:
        settings = replace(settings, known=settings.known.merged(parse_facts(files[name])))
    tree, registry, analysis = analyse_files(files, settings)
    _no_crash(analysis)
    return tree, registry, analysis


def _check_broken(rule: type[Rule], example: Example) -> None:
    _, registry, analysis = _analysed(rule, broken(example))
    if not findings_of(rule, analysis, registry):
        old, new = example.breaks
        raise ContractError(f"{rule.code} {example.name!r}: still silent with {new!r} in the place of {old!r}")


def _check_fix(
    rule: type[Rule], example: Example, files: Mapping[str, str], tree: MemoryTree, registry: Registry, analysis: Analysis
) -> None:
    found = findings_of(rule, analysis, registry)
    declared = {finding.fix.applicability if finding.fix else None for finding in found}
    if declared != {example.applicability}:
        raise ContractError(f"{rule.code} {example.name!r}: fixes are {declared}, not {example.applicability}")
    outcome = fix(tree, analysis, registry, allowed=Applicability.DISPLAY, wanted=lambda finding: finding.code == rule.code, today=_TODAY)
    expected = dict(files)
    if example.fixed:
        expected[example.path] = example_text(example.fixed)
    expected |= {path: example_text(text) for path, text in example.fixed_files.items()}
    fixed = {path: outcome.tree.read(path).decode() for path in files}
    for path, text in expected.items():
        if fixed[path] != text:
            reasons = [f"{each.finding.code}: {each.reason}" for each in outcome.not_applied]
            raise ContractError(f"{rule.code} {example.name!r}: {path} becomes\n{fixed[path]}\ninstead of\n{text}\nnot applied: {reasons}")
    _no_crash(outcome.analysis)
    _check_fixed_point(rule, example, outcome, registry)


def _check_fixed_point(rule: type[Rule], example: Example, outcome: FixOutcome, registry: Registry) -> None:
    again = fix(
        outcome.tree,
        outcome.analysis,
        registry,
        allowed=Applicability.DISPLAY,
        wanted=lambda finding: finding.code == rule.code,
        today=_TODAY,
    )
    if again.changes:
        raise ContractError(f"{rule.code} {example.name!r}: a second fix changes {sorted(again.changes)}")


def _no_crash(analysis: Analysis) -> None:
    if analysis.all_failures:
        raise ContractError("; ".join(each.message for each in analysis.all_failures))


def _show(places: list[tuple[str, int, int]], files: Mapping[str, str]) -> list[str]:
    return [f"{path}[{start}:{end}] {files[path][start:end]!r}" for path, start, end in places]
