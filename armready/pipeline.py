"""The stages, in order. This is the file to read first.

    paths -> discovery -> classify -> source -> parsers -> rules -> findings -> suppress/baseline -> reporters
                                                    \\-> facts -> project rules -/        \\-> fixer -> files

Two passes, and the line between them is the most important line here: `check_file` is a pure function of one file, `check_project` joins
what it said of all files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from armready.classify import Kind, classify, kind_by_name, needs_content
from armready.config import Settings
from armready.errors import ParseProblem
from armready.facts import COLLECTORS
from armready.file import File
from armready.finding import Confidence, Finding, Severity
from armready.project import Project
from armready.registry import Registry, rules_for
from armready.results import FileResult, Report, Unparsed
from armready.rule import ProjectRule, Rule
from armready.source import Source
from armready.suppressions import NEEDLE, Use, apply_suppressions, find_suppressions

if TYPE_CHECKING:
    from armready.tree import Tree

Item = TypeVar("Item")

_HEAD = 65_536


@dataclass(frozen=True)
class Analysis:
    """What both passes found, before anything is filtered.

    Attributes:
        results: of the first pass, by path.
        findings: of both passes and about ignore comments, sorted.
        silenced: those that an ignore comment silences.
        complete: the whole repository was read.
        problems: what could not be read or done, beside those of single files.
    """

    results: Mapping[str, FileResult]
    findings: tuple[Finding, ...]
    silenced: tuple[Finding, ...]
    complete: bool
    problems: tuple[Unparsed, ...] = ()


def analyse(
    tree: Tree,
    paths: Sequence[str],
    registry: Registry,
    *,
    complete: bool,
    today: date | None,
    known: Mapping[str, FileResult] | None = None,
) -> Analysis:
    """Run both passes over `paths`, then hear the ignore comments.

    Args:
        tree: where the files are.
        paths: relative to its root.
        registry: the rules.
        complete: these are all files of the repository.
        today: the day on which ignore comments are judged; None: they do not count.
        known: results of the first pass that need not be computed again.
    """
    results = {path: (known or {}).get(path) or read_and_check(tree, path, registry) for path in paths}
    second_pass, problems = check_project(tree, results, registry, complete=complete)
    first_pass = (finding for result in results.values() for finding in result.findings)
    findings = sorted((*first_pass, *second_pass), key=lambda each: each.sort_key)
    silenced: list[Finding] = []
    groups = {path: result.suppressions for path, result in results.items() if result.suppressions}
    if groups and today is not None:
        findings, silenced, uses = apply_suppressions(findings, groups, today, require_reason=registry.settings.require_reason)
        about_comments = _about_comments(uses, results, registry, complete=complete)
        findings = sorted((*findings, *about_comments), key=lambda each: each.sort_key)
    return Analysis(results, tuple(findings), tuple(silenced), complete, problems)


def read_and_check(tree: Tree, path: str, registry: Registry) -> FileResult:
    """Read one file and run the first pass on it. Whatever is wrong with it becomes a note."""
    settings = registry.settings
    forced = _forced_kind(path, settings)
    if forced is None and kind_by_name(path) is None and not needs_content(path):
        return FileResult(path)
    try:
        data = tree.read(path, settings.max_file_size + 1)
    except ParseProblem as problem:
        return FileResult(path, problems=(str(problem),))
    if len(data) > settings.max_file_size:
        known = forced or kind_by_name(path)
        note = (f"larger than {settings.max_file_size} bytes (max-file-size)",) if known is not None else ()
        return FileResult(path, problems=note)
    return check_file(path, data, registry, forced)


def _forced_kind(path: str, settings: Settings) -> Kind | None:
    if not settings.kinds:
        return None
    from armready.discovery import matches

    return next((Kind(kind) for glob, kind in settings.kinds.items() if matches(path, glob)), None)


def check_file(path: str, data: bytes, registry: Registry, kind: Kind | None = None) -> FileResult:
    """The first pass: findings, facts and ignore comments of one file. Depends on nothing but its arguments."""
    if kind is None and kind_by_name(path) is None and b"\0" in data[:_HEAD]:
        return FileResult(path)
    try:
        source = Source.decode(path, data)
    except ParseProblem as problem:
        return FileResult(path, kind_by_name(path), problems=(str(problem),) if kind_by_name(path) else ())
    kind = kind or classify(path, source.text[:_HEAD])
    if kind is None:
        return FileResult(path)
    lowered = data.lower()

    def relevant(needles: tuple[bytes, ...]) -> bool:
        return not needles or any(needle in lowered for needle in needles)

    file = File(source, kind, registry.settings)
    problems: dict[str, None] = {}
    findings: list[Finding] = []
    for rule in registry.file_rules(kind):
        if relevant(rule.needles):
            findings.extend(_guarded(lambda rule=rule: rule.check(file), rule.code, problems))  # type: ignore[misc]
    facts: list[object] = []
    for collector in COLLECTORS:
        if kind in collector.kinds and relevant(collector.needles):
            facts.extend(_guarded(lambda collector=collector: collector.load()(file), collector.function, problems))  # type: ignore[misc]
    suppressions = tuple(find_suppressions(source)) if NEEDLE in lowered else ()
    return FileResult(path, kind, tuple(findings), tuple(facts), suppressions, tuple(dict.fromkeys((*problems, *file.problems))))


def _guarded(produce: Callable[[], Iterable[Item]], who: str, problems: dict[str, None]) -> list[Item]:
    """What `produce` yields. A parse problem, or a mistake of ours, is noted and costs nothing but its own result."""
    try:
        return list(produce())
    except ParseProblem as problem:
        problems[str(problem)] = None
    except Exception as error:
        problems[f"internal error in {who}: {type(error).__name__}: {error}"] = None
    return []


def check_project(
    tree: Tree, results: Mapping[str, FileResult], registry: Registry, *, complete: bool
) -> tuple[list[Finding], tuple[Unparsed, ...]]:
    """The second pass: the findings of the project rules in the files of this run."""
    kinds = {result.kind for result in results.values() if result.kind is not None}
    project = Project(
        results,
        tree,
        registry.settings,
        complete=complete,
        load=lambda path: read_and_check(tree, path, registry) if tree.exists(path) else None,
    )
    problems: dict[str, None] = {}
    findings: list[Finding] = []
    for rule in registry.project_rules(kinds):
        found = _guarded(lambda rule=rule: rule.check(project), rule.code, problems)  # type: ignore[misc]
        findings.extend(finding for finding in found if finding.path in results)
    return findings, tuple(Unparsed("", problem) for problem in problems)


def _everything(findings: Sequence[Finding]) -> list[Finding]:
    return list(findings)


@dataclass(frozen=True)
class Filters:
    """What a run leaves out beside what the settings say.

    Attributes:
        fresh: of findings, those that the baseline does not know.
        only: whether a finding lies in what the run is about (`--changed-since`).
    """

    fresh: Callable[[Sequence[Finding]], list[Finding]] = _everything
    only: Callable[[Finding], bool] = bool


def report(
    analysis: Analysis,
    registry: Registry,
    filters: Filters,
) -> Report:
    """Filter the findings of an analysis into the one list that is reported, and count what is left out."""
    settings, selection = registry.settings, registry.selection
    classes = {rule.code: rule for rule in _classes_of(analysis.results, registry)}
    ignored = sum(1 for finding in analysis.silenced if selection.enabled(classes[finding.code]))
    shown: list[Finding] = []
    hidden = 0
    for finding in analysis.findings:
        rule = classes[finding.code]
        if not selection.enabled(rule):
            hidden += rule.off_by_default
        elif selection.ignored_in(finding.path, finding.code):
            ignored += 1
        elif finding.confidence is Confidence.LOW and not settings.pedantic and not rule.summarise((finding,)):
            hidden += 1
        elif filters.only(finding):
            shown.append(replace(finding, severity=selection.levels.get(finding.code, finding.severity)))
    fresh = filters.fresh(shown)
    baselined, shown = len(shown) - len(fresh), fresh
    reported = tuple(finding for finding in shown if finding.severity.rank <= settings.min_severity.rank)
    below = {
        level.value: sum(finding.severity is level for finding in shown) for level in Severity if level.rank > settings.min_severity.rank
    }
    return Report(
        findings=reported,
        files=len(analysis.results),
        scanned=sum(result.kind is not None for result in analysis.results.values()),
        unparsed=_unparsed(analysis),
        hidden=hidden,
        below=below,
        ignored=ignored,
        baselined=baselined,
        summaries=_summaries(shown, classes),
        paths=tuple(path for path, result in analysis.results.items() if result.kind is not None),
    )


def _classes_of(results: Mapping[str, FileResult], registry: Registry) -> Iterable[type[Rule]]:
    kinds = {result.kind for result in results.values() if result.kind is not None}
    return rules_for(kinds, registry.settings)


def _about_comments(uses: Iterable[Use], results: Mapping[str, FileResult], registry: Registry, *, complete: bool) -> Iterable[Finding]:
    """The findings about ignore comments. What a project rule would say in a partial run is unknown, so it counts as used."""
    unknown: set[str] = set()
    if not complete:
        unknown = {key for rule in _classes_of(results, registry) if issubclass(rule, ProjectRule) for key in (rule.code, rule.name)}
    judged = [replace(use, used=use.used | (unknown & set(use.suppression.codes))) for use in uses]
    for rule in registry.suppression_rules():
        yield from rule.check(judged)


def _unparsed(analysis: Analysis) -> tuple[Unparsed, ...]:
    per_file = (Unparsed(path, problem) for path, result in analysis.results.items() for problem in result.problems)
    return (*per_file, *analysis.problems)


def _summaries(findings: Iterable[Finding], classes: Mapping[str, type[Rule]]) -> tuple[str, ...]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.severity is Severity.INFO:
            groups.setdefault(finding.code, []).append(finding)
    lines = (classes[code].summarise(group) for code, group in sorted(groups.items()))
    return tuple(line for line in lines if line)
