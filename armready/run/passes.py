"""The stages, in order. This is the file to read first.

    paths -> discovery -> classify -> source -> parsers -> rules -> findings -> suppress/baseline -> reporters
                                                    \\-> facts -> project rules -/        \\-> fixer -> files

Two passes, and the line between them is the most important line here: the first (`first_pass.py`) is a pure function of one file, the
second (`check_project`) joins what it said of all files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, cast

from armready.core.finding import Confidence, Finding, Severity
from armready.core.project import Graph, Project
from armready.core.results import Failure, FileResult, Report, Unparsed
from armready.core.rule import ProjectRule, SuppressionRule
from armready.core.startup import dataclass
from armready.core.suppressions import Use, apply_suppressions
from armready.run.check_file import Notes, guarded
from armready.run.first_pass import first_pass
from armready.run.registry import Registry

if TYPE_CHECKING:
    from armready.core.tree import Tree
    from armready.run.cache import Cache
    from armready.run.rule_index import Entry


@dataclass(frozen=True)
class Analysis:
    """What both passes found, before anything is filtered.

    Attributes:
        results: of the first pass, by path.
        findings: of both passes and about ignore comments, sorted.
        silenced: those that an ignore comment silences.
        complete: the whole repository was read.
        problems: what could not be read, beside those of single files.
        failures: of the second pass.
    """

    results: Mapping[str, FileResult]
    findings: tuple[Finding, ...]
    silenced: tuple[Finding, ...]
    complete: bool
    problems: tuple[Unparsed, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def all_failures(self) -> tuple[Failure, ...]:
        """The failures of both passes."""
        return (*(each for result in self.results.values() for each in result.failures), *self.failures)


def analyse(
    tree: Tree,
    paths: Sequence[str],
    registry: Registry,
    *,
    complete: bool,
    today: date | None,
    known: Mapping[str, FileResult] | None = None,
    jobs: int = 1,
    cache: Cache | None = None,
) -> Analysis:
    """Run both passes over `paths`, then hear the ignore comments.

    Args:
        tree: where the files are.
        paths: relative to its root.
        registry: the rules.
        complete: these are all files of the repository.
        today: the day on which ignore comments are judged; None: they do not count.
        known: results of the first pass that need not be computed again.
        jobs: how many processes may be used.
        cache: results of earlier runs.
    """
    unknown = [path for path in paths if not known or path not in known]
    read = {**(known or {}), **first_pass(tree, unknown, registry, jobs=jobs, cache=cache)}
    results = {path: read[path] for path in paths}
    of_project, problems, failures = check_project(tree, results, registry, complete=complete, cache=cache)
    if cache:
        cache.save(results if complete else None)
    of_files = (finding for result in results.values() for finding in result.findings)
    known_all = complete and not problems and not failures
    findings, silenced = heard(results, (*of_files, *of_project), registry, complete=known_all, today=today)
    return Analysis(results=results, findings=findings, silenced=silenced, complete=complete, problems=problems, failures=failures)


def heard(
    results: Mapping[str, FileResult], findings: Iterable[Finding], registry: Registry, *, complete: bool, today: date | None
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Hear the ignore comments: the findings that stay, with those about the comments, and the findings that are silenced."""
    kept = sorted(findings, key=lambda each: each.sort_key)
    silenced: list[Finding] = []
    groups = {path: result.suppressions for path, result in results.items() if result.suppressions}
    if groups and today is not None:
        kept, silenced, uses = apply_suppressions(kept, groups, today, require_reason=registry.settings.require_reason)
        about_comments = _about_comments(uses, results, registry, complete=complete)
        kept = sorted((*kept, *about_comments), key=lambda each: each.sort_key)
    return tuple(kept), tuple(silenced)


def check_project(
    tree: Tree, results: Mapping[str, FileResult], registry: Registry, *, complete: bool, cache: Cache | None = None
) -> tuple[list[Finding], tuple[Unparsed, ...], tuple[Failure, ...]]:
    """The second pass: the findings of the project rules in the files of this run, and what went wrong."""

    def load(path: str) -> FileResult | None:
        return first_pass(tree, [path], registry, cache=cache)[path] if tree.exists(path) else None

    graph = Graph(results, tree, registry.settings, complete=complete, load=load)
    kinds = {result.kind for result in results.values() if result.kind is not None}
    before = cache.second_pass if cache else None
    problems: list[Unparsed] = []
    failures: list[Failure] = []
    findings: list[Finding] = []
    for entry in registry.project_rules(kinds):
        if entry.reads and not entry.reads & graph.types:
            continue
        found: Sequence[Finding] | None = before.recall(entry.code, graph) if before else None
        if found is None:
            project, notes = Project(graph, entry.code), Notes()
            found = _ask(entry, project, notes)
            if notes:
                found, of_files = _file_by_file(entry, graph, results)
                for each in (notes, *of_files):
                    problems += (Unparsed(each.path, problem) for problem in each.problems)
                    failures += each.failures
            elif before:
                before.remember(entry.code, found, project)
        findings.extend(finding for finding in found if finding.path in results)
    return findings, tuple(problems), tuple(failures)


def _ask(entry: Entry, project: Project, notes: Notes) -> list[Finding]:
    return guarded(lambda: cast("type[ProjectRule]", entry.load())().check(project), entry.code, notes)


def _file_by_file(entry: Entry, graph: Graph, results: Mapping[str, FileResult]) -> tuple[list[Finding], list[Notes]]:
    """What a rule that fails on the whole says of each file in a run over that file alone, and the files on which it fails then too.

    What such a run cannot know of the others is unknown to it, as it is to a hook, so that no finding is false for it.
    """
    findings: list[Finding] = []
    failed: list[Notes] = []
    reads = entry.reads
    asked = [path for path, each in results.items() if each.kind in entry.kinds and not (reads and reads.isdisjoint(each.facts.types))]
    for path in asked:
        notes = Notes(path)
        found = _ask(entry, Project(graph.alone(path), entry.code), notes)
        findings.extend(finding for finding in found if finding.path == path)
        failed += [notes] if notes else []
    return findings, failed if len(failed) < len(asked) else []


def _everything(findings: Sequence[Finding]) -> list[Finding]:
    return list(findings)


def _none(findings: Sequence[Finding]) -> frozenset[Finding]:
    del findings
    return frozenset()


@dataclass(frozen=True)
class Filters:
    """What a run leaves out beside what the settings say.

    Attributes:
        fresh: of findings, those that the baseline does not know.
        tolerated: of findings, those that fail nothing until the baseline is refreshed.
        only: whether a finding lies in what the run is about (`--changed-since`).
    """

    fresh: Callable[[Sequence[Finding]], list[Finding]] = _everything
    tolerated: Callable[[Sequence[Finding]], frozenset[Finding]] = _none
    only: Callable[[Finding], bool] = bool


def report(
    analysis: Analysis,
    registry: Registry,
    filters: Filters,
) -> Report:
    """Filter the findings of an analysis into the one list that is reported, and count what is left out."""
    settings, selection = registry.settings, registry.selection
    ignored = sum(1 for finding in analysis.silenced if selection.enabled(registry.rule(finding.code)))
    shown: list[Finding] = []
    hidden = 0
    for finding in analysis.findings:
        rule = registry.rule(finding.code)
        if not selection.enabled(rule):
            hidden += rule.off_by_default
        elif selection.ignored_in(finding.path, finding.code):
            ignored += 1
        elif finding.confidence is Confidence.LOW and not settings.pedantic and not rule.load().summarise((finding,)):
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
        failures=analysis.all_failures,
        hidden=hidden,
        below=below,
        ignored=ignored,
        baselined=baselined,
        summaries=_summaries(shown, registry),
        paths=tuple(path for path, result in analysis.results.items() if result.kind is not None),
        tolerated=filters.tolerated(shown),
        kinds=dict(Counter(result.kind for result in analysis.results.values() if result.kind is not None)),
    )


def _about_comments(uses: Iterable[Use], results: Mapping[str, FileResult], registry: Registry, *, complete: bool) -> Iterable[Finding]:
    """The findings about ignore comments. What would be said of a file that could not be read, or by a project rule in a run that is
    partial or in which one failed, is unknown, so it counts as used.
    """
    unknown: set[str] = set()
    if not complete:
        kinds = {result.kind for result in results.values() if result.kind is not None}
        unknown = {key for entry in registry.project_rules(kinds) for key in (entry.code, entry.name)}
    judged = []
    for use in uses:
        codes = frozenset(use.suppression.codes)
        read = results[use.suppression.location.path]
        judged.append(replace(use, used=codes if read.problems or read.failures else use.used | unknown & codes))
    for entry in registry.suppression_rules():
        yield from cast("type[SuppressionRule]", entry.load())().check(judged)


def _unparsed(analysis: Analysis) -> tuple[Unparsed, ...]:
    per_file = (Unparsed(path, problem) for path, result in analysis.results.items() for problem in result.problems)
    return (*per_file, *analysis.problems)


def _summaries(findings: Iterable[Finding], registry: Registry) -> tuple[str, ...]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.severity is Severity.INFO:
            groups.setdefault(finding.code, []).append(finding)
    lines = (registry.rule(code).load().summarise(group) for code, group in sorted(groups.items()))
    return tuple(line for line in lines if line)
