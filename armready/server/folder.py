"""One folder of the workspace: its session, what the first pass said of each of its files, and what both passes said last.

Two speeds. `look` is for the file that is being typed in: the first pass over that file alone, and what the project rules last said of it,
moved along with the text; it costs what the file costs. `judge` runs the second pass over the facts of all files, when the typing rests.
All of this runs in one thread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from armready.core.config import refuse_trusted_keys
from armready.core.finding import Finding
from armready.core.results import Failure, FileResult
from armready.core.source import Source
from armready.core.tree import Tree
from armready.run.baseline import Baseline
from armready.run.discovery import discover
from armready.run.filters import against, find
from armready.run.first_pass import first_pass
from armready.run.passes import Analysis, Filters, analyse, heard
from armready.run.rule_index import Stage
from armready.run.session import Session, open_session
from armready.server.documents import Document, overlay

Opened = Mapping[str, Document]

# Files that are read in one go at the start, so that a document that is typed in need not wait for all of them.
_AT_ONCE = 8


class Folder:
    """The files of one folder, or single files outside of all folders.

    Args:
        session: over the folder, or over one of the single files.
        top: the folder; None for single files.

    Attributes:
        analysis: what both passes said last, unfiltered.
        reported: what is reported of it, by path.
        judged: the documents as they were then.
    """

    def __init__(self, session: Session, top: Path | None) -> None:
        self.session = session
        self.top = top
        self.analysis = Analysis(results={}, findings=(), silenced=(), complete=False)
        self.reported: dict[str, tuple[Finding, ...]] = {}
        self.judged: Opened = {}
        self._failures: dict[Failure, bool] = {}
        self._results: dict[str, FileResult] = {}
        self._read: dict[str, Document] = {}
        self._unread: Collection[str] = session.paths if top else ()
        self._stale = True
        self._baseline: Baseline | None = find(session, None)

    @property
    def root(self) -> Path:
        """The repository."""
        return self.session.root

    def path_of(self, file: Path) -> str | None:
        """The path of a file of this folder; None for one outside of it, or one that the configuration leaves out."""
        real = file.resolve()
        if not real.is_relative_to(self.top or self.root) or real.is_dir():
            return None
        found = discover([real], self.root, self.session.settings, force_exclude=True).paths
        return found[0] if found else None

    def read_all(self, opened: Opened) -> Iterator[float]:
        """Read the files that were not read yet, some at a time; after each time, the share that is done."""
        paths = [path for path in self._unread if path not in opened]
        cache = self.session.cache()
        for start in range(0, len(paths), _AT_ONCE):
            self._take(first_pass(self.session.tree, paths[start : start + _AT_ONCE], self.session.registry, cache=cache))
            yield min(start + _AT_ONCE, len(paths)) / len(paths)
        if cache:
            cache.save(self._results if self.session.complete else None)
        self._unread = ()

    def read(self, paths: Collection[str], opened: Opened) -> None:
        """Read files anew; one that is gone is forgotten."""
        tree = overlay(self.root, opened)
        for path in paths:
            self._results.pop(path, None)
            self._read.pop(path, None)
        there = [path for path in paths if path in opened or (self.top and tree.exists(path))]
        self._read |= {path: opened[path] for path in there if path in opened}
        self._take(first_pass(tree, there, self.session.registry))

    def _take(self, results: Mapping[str, FileResult]) -> None:
        self._results |= results
        self._note(each for result in results.values() for each in result.failures)
        self._stale = True

    def _note(self, failures: Iterable[Failure]) -> None:
        for each in failures:
            self._failures.setdefault(each, True)

    def take_failures(self) -> list[Failure]:
        """What armready failed on, each once for as long as the folder is open."""
        fresh = [each for each, is_new in self._failures.items() if is_new]
        self._failures |= dict.fromkeys(fresh, False)
        return fresh

    @property
    def known(self) -> Collection[str]:
        """The files that were read."""
        return self._results.keys()

    def rediscover(self, opened: Opened) -> None:
        """Look for files that are new or gone."""
        if self.top:
            there = set(discover([self.top], self.root, self.session.settings).paths)
            self.read([path for path in there ^ self._results.keys() if path not in opened], opened)

    def refresh_baseline(self) -> None:
        """Read the baseline anew."""
        self._baseline = find(self.session, None)
        self._stale = True

    def look(self, path: str, opened: Opened) -> tuple[Finding, ...]:
        """What is reported of one open file, without asking the project rules again."""
        if self._read.get(path) is not opened[path]:
            self.read([path], opened)
        result = self._results[path]
        before = self.judged.get(path, opened[path])
        carried = [each for each in (*self.analysis.findings, *self.analysis.silenced) if each.path == path and self._of_project(each)]
        if carried and before is not opened[path]:
            moves = _Moves(before.text, Source(path, opened[path].text))
            carried = [moved for each in carried if (moved := moves.finding(each))]
        registry = self.session.registry
        kept, silenced = heard({path: result}, (*result.findings, *carried), registry, complete=False, today=date.today())
        analysis = Analysis(results={path: result}, findings=kept, silenced=silenced, complete=False)
        return self._filtered(analysis, overlay(self.root, opened))

    def _of_project(self, finding: Finding) -> bool:
        return self.session.registry.rule(finding.code).stage is Stage.PROJECT

    def judge(self, opened: Opened) -> bool:
        """Run the second pass; whether anything has changed since the last time, so that it was worth it."""
        changed = [path for path, document in opened.items() if self._read.get(path) is not document]
        self.read([*changed, *(self._read.keys() - opened.keys())], opened)
        if not self._stale:
            return False
        tree = overlay(self.root, opened)
        complete = self.session.complete and not self._unread
        paths = sorted(self._results)
        self.analysis = analyse(tree, paths, self.session.registry, complete=complete, today=date.today(), known=self._results)
        self._note(self.analysis.failures)
        self.judged = dict(opened)
        self.reported = {}
        for finding in self._filtered(self.analysis, tree):
            self.reported[finding.path] = (*self.reported.get(finding.path, ()), finding)
        self._stale = False
        return True

    def _filtered(self, analysis: Analysis, tree: Tree) -> tuple[Finding, ...]:
        filters = against(self._baseline, tree, Filters()) if self._baseline else Filters()
        return self.session.report(analysis, filters).findings


class _Moves:
    """The way from an older text to a newer one that differs from it in one stretch."""

    def __init__(self, old: str, new: Source) -> None:
        self._start = _shared(old, new.text)
        self._end = len(old) - _shared(old[self._start :][::-1], new.text[self._start :][::-1])
        self._shift = len(new.text) - len(old)
        self._new = new

    def finding(self, finding: Finding) -> Finding | None:
        """The finding at its new place; None when what it stands on was changed. Its fix was made for the older text and is left out."""
        span = finding.location.span
        if span.end > self._start and span.start < self._end:
            return None
        moved = span.shift(self._shift) if span.start >= self._end else span
        elsewhere = tuple(each for each in finding.related if each.location.path != finding.path)
        return replace(finding, location=self._new.location(moved), related=elsewhere, fix=None)


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    shorter = min(len(one), len(other))
    return next((at for at in range(shorter) if one[at] != other[at]), shorter)


def open_folder(path: Path, settings: Mapping[str, Any]) -> Folder:
    """Open a folder of the workspace.

    Args:
        path: the folder.
        settings: configuration keys that the editor gives. A repository can bring settings of an editor, so they count as scanned.

    Raises:
        UsageError: the configuration cannot be used.
    """
    refuse_trusted_keys("settings of the editor", settings)
    return Folder(open_session([path], settings), path.resolve())


def open_file(path: Path, settings: Mapping[str, Any]) -> Folder:
    """Open the repository of a file outside of all folders, as a run over that file alone.

    Raises:
        UsageError: the configuration cannot be used, or the file does not exist yet.
    """
    refuse_trusted_keys("settings of the editor", settings)
    return Folder(open_session([path], settings), None)
