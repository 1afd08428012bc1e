"""What a run leaves out beside what the settings say: the baseline and the lines that did not change; and how a baseline is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from armready import __version__
from armready.core.config import BASELINE_FILE
from armready.core.errors import ConfigError, IncompleteRun, UsageError
from armready.core.finding import Finding, Severity
from armready.core.wording import first_of, plural
from armready.run import baseline
from armready.run.baseline import Baseline, Entry, current_stamp
from armready.run.passes import Filters, report
from armready.run.registry import Registry, entries
from armready.run.writing import check_place, write_file

if TYPE_CHECKING:
    from armready.core.tree import Tree
    from armready.run.passes import Analysis
    from armready.run.session import Session


class GrowthRefused(UsageError):
    """The baseline would get findings that it did not have."""


def filters_of(session: Session, file: Path | None, *, use_baseline: bool, changed_since: str | None) -> Filters:
    """The filters of a run.

    Args:
        session: the run.
        file: the baseline that the user names; by default that of the root, if there is one.
        use_baseline: whether a baseline counts at all.
        changed_since: a revision; None: every line counts.

    Raises:
        UsageError: the baseline cannot be read, or the revision cannot be compared with.
    """
    filters = Filters()
    if changed_since is not None:
        from armready.run import changed

        filters = replace(filters, only=changed.changed_since(changed_since, session.root, session.tree).concerns)
    known = find(session, file) if use_baseline else None
    return filters if known is None else against(known, session.tree, filters)


def against(known: Baseline, tree: Tree, filters: Filters) -> Filters:
    """The filters with those of a baseline."""
    stamp = current_stamp(__version__, ())

    def fresh(findings: Sequence[Finding]) -> list[Finding]:
        return known.compare(findings, tree, stamp).fresh

    def tolerated(findings: Sequence[Finding]) -> frozenset[Finding]:
        return known.tolerated(findings, tree, stamp)

    return replace(filters, fresh=fresh, tolerated=tolerated)


def find(session: Session, file: Path | None) -> Baseline | None:
    """The baseline that counts.

    Raises:
        ConfigError: the file that the user names is not there, or the file is not a baseline.
    """
    path = file or session.root / BASELINE_FILE
    if not path.is_file():
        if file is not None:
            raise ConfigError(f"{file}: no such file")
        return None
    return baseline.load(path, None if file else session.root)


def write(session: Session, file: Path | None, *, prune: bool, grow: bool) -> str:
    """Write the baseline of today's findings, or drop what is gone from the one that is there. Returns what was done, in words.

    A baseline that is there gets no finding that it did not have, unless a newer rule or fact found it: a migration goes one way.

    Args:
        session: the run; what lies outside of its files stays as it is.
        file: where; by default at the root.
        prune: only drop what is gone.
        grow: take new findings in.

    Raises:
        GrowthRefused: there are new findings, and `grow` is not set.
        IncompleteRun: a rule failed: findings that are only unknown would pass for gone.
        UsageError: the file cannot be read or written.
    """
    path = file or session.root / BASELINE_FILE
    check_place(path, session.root)
    analysis = session.analyse()
    if analysis.all_failures:
        raise IncompleteRun(f"{first_of(analysis.all_failures)}; no baseline is written")
    findings, paths = _what_counts(session, analysis)
    stamp = current_stamp(__version__, (entry.code for entry in entries(session.settings)))
    old = baseline.load(path, None if file else session.root) if path.is_file() else None
    if old is None:
        if prune:
            raise UsageError(f"{path}: there is no baseline to prune")
        return _save(path, session.root, baseline.create(findings, paths, session.tree, stamp), "")

    enabled = {rule.code for rule in session.registry.classes()} | old.stamp.rules - stamp.rules

    def judged(entry: Entry) -> bool:
        covered = entry.path in analysis.results or not session.tree.exists(entry.path)
        return covered and entry.code in enabled

    comparison = old.compare(findings, session.tree, stamp)
    gone = [entry for entry in comparison.gone if judged(entry)]
    change = f", {len(gone):,} gone"
    if prune:
        return _save(path, session.root, baseline.pruned(old, gone), change)
    new = [finding for finding in comparison.fresh if finding not in comparison.tolerated]
    if new and not grow:
        first = new[0]
        where = f"{first.path}:{first.location.region.line}: {first.code}"
        raise GrowthRefused(f"not in the baseline yet: {plural(len(new), 'finding')}, such as {where}; fix, or take in with --grow")
    made = baseline.create(findings, paths, session.tree, stamp)
    return _save(path, session.root, baseline.refreshed(old, made, session.tree, judged), f", {len(comparison.fresh):,} new{change}")


def _what_counts(session: Session, analysis: Analysis) -> tuple[Sequence[Finding], Sequence[str]]:
    """The findings that are reported or fail, and the files that were read."""
    levels = [session.settings.min_severity]
    if session.settings.fail_on != "never":
        levels.append(Severity(session.settings.fail_on))
    settings = replace(session.settings, min_severity=max(levels, key=lambda each: each.rank))
    everything = report(analysis, Registry(settings), Filters())
    return everything.findings, everything.paths


def _save(path: Path, root: Path, made: Baseline, change: str) -> str:
    write_file(path, baseline.dump(made).encode(), root)
    return f"{path}: {plural(len(made.entries), 'finding')}{change}"


def within(paths: Iterable[str], also: Callable[[Finding], bool] = bool) -> Callable[[Finding], bool]:
    """Whether a finding lies in one of these files, and something else holds too."""
    wanted = frozenset(paths)
    return lambda finding: finding.path in wanted and also(finding)


def only_in(session: Session, filters: Filters, files: Sequence[str]) -> Filters:
    """The filters for what lies in some files of the run.

    Args:
        session: the run.
        filters: what is left out besides.
        files: as seen from the current folder.

    Raises:
        UsageError: a file is not one of the run.
    """
    paths = []
    for file in files:
        absolute = Path(os.path.abspath(file))
        root = next((each for each in (session.root, session.root.resolve()) if absolute.is_relative_to(each)), None)
        path = absolute.relative_to(root).as_posix() if root else ""
        if path not in session.paths:
            raise UsageError(f"--only {file}: not one of the files of this run")
        paths.append(path)
    return replace(filters, only=within(paths, filters.only))
