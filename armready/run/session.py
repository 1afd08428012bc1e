"""One run: which repository, which settings, which files, which rules."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armready.core.config import Config, Origin, Settings, find_config, from_mapping, load_config, user_config
from armready.core.errors import RefusedCacheError, UsageError
from armready.core.results import Failure, Report, Unparsed
from armready.core.startup import dataclass
from armready.core.tree import DiskTree, MemoryTree, Tree
from armready.run.discovery import discover, find_root
from armready.run.learned import read_learned
from armready.run.passes import Analysis, Filters, analyse, report
from armready.run.progress import progress
from armready.run.registry import Registry

if TYPE_CHECKING:
    from armready.run.cache import Cache

STDIN = "-"

# Runs over fewer files do not look for a cache.
_WORTH_A_CACHE = 200


@dataclass(frozen=True)
class Session:
    """What a command works on.

    Attributes:
        root: the repository.
        tree: its files.
        paths: the files of this run, relative to the root, sorted.
        complete: they are all of the repository.
        config: the effective settings and where they came from.
        registry: the rules.
        today: the day on which ignore comments are judged; None: they do not count.
        problems: folders that could not be read.
        failures: where armready itself failed before the first pass.
        jobs: how many processes may be used.
        cached: results of earlier runs may be used.
    """

    root: Path
    tree: Tree
    paths: tuple[str, ...]
    complete: bool
    config: Config
    registry: Registry
    today: date | None
    problems: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    jobs: int = 1
    cached: bool = False

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        return self.config.settings

    @property
    def without_cache(self) -> str:
        """Why a run that wants a cache, of results or of answers, gets none; empty otherwise."""
        if not self._wants_cache and not self.settings.online:
            return ""
        from armready.run.private_files import accepted_location

        try:
            accepted_location(self.root)
        except RefusedCacheError as refused:
            return str(refused)
        return ""

    @property
    def _wants_cache(self) -> bool:
        return self.cached and len(self.paths) > _WORTH_A_CACHE

    def analyse(self) -> Analysis:
        """Both passes over the files of this run."""
        cache = self.cache()
        with progress(f"scanning {len(self.paths):,} files"):
            analysis = analyse(self.tree, self.paths, self.registry, complete=self.complete, today=self.today, jobs=self.jobs, cache=cache)
        return self.completed(analysis)

    def completed(self, analysis: Analysis) -> Analysis:
        """An analysis with what could not be read, or failed, before it."""
        problems = (*analysis.problems, *(Unparsed("", problem) for problem in self.problems))
        failures = (*analysis.failures, *self.failures)
        return replace(analysis, problems=tuple(dict.fromkeys(problems)), failures=tuple(dict.fromkeys(failures)))

    def cache(self) -> Cache | None:
        """The results of earlier runs, where this one is worth them."""
        if not self._wants_cache or self.without_cache:
            return None
        from armready.run.cache import Cache

        return Cache(self.root, self.settings, self.registry.foreign_folders())

    def report(self, analysis: Analysis, filters: Filters) -> Report:
        """The filtered list of an analysis."""
        return report(analysis, self.registry, filters)


def open_session(
    paths: Sequence[Path],
    overrides: Mapping[str, Any],
    *,
    config: Path | None = None,
    stdin_filename: str | None = None,
    force_exclude: bool = False,
    no_ignores: bool = False,
    exclude: Sequence[str] = (),
    jobs: int | None = None,
    no_cache: bool = False,
) -> Session:
    """Find the repository, its configuration and the files of a run.

    Args:
        paths: files and folders; none: the current folder; `-`: standard input.
        overrides: configuration keys given on the command line.
        config: a configuration file that the user names.
        stdin_filename: the name of what comes on standard input.
        force_exclude: leave out excluded files even when they are named.
        no_ignores: ignore comments do not count.
        exclude: globs in addition to those of the configuration.
        jobs: how many processes may be used; None: one per processor.
        no_cache: do not use results of earlier runs.

    Raises:
        UsageError: a path, the configuration or a rule name is wrong.
    """
    from_stdin = [str(path) for path in paths] == [STDIN]
    if from_stdin and not stdin_filename:
        raise UsageError("- needs --stdin-filename NAME")
    named = [Path(stdin_filename)] if from_stdin and stdin_filename else list(paths) or [Path()]
    root = find_root([_existing_parent(named[0])] if from_stdin else named)
    settings_of = _load(config, named[0], root)
    settings = from_mapping(overrides, "command line", settings_of.settings)
    if exclude:
        settings = replace(settings, exclude=(*settings.exclude, *exclude))
    if settings.facts:
        from armready.run.facts_files import read_facts

        settings = replace(settings, known=read_facts(settings.facts, root, inside="facts" in settings_of.scanned))
    learned = read_learned(root)
    if learned:
        settings = replace(settings, known=learned.merged(settings.known))
    effective = Config(settings, {**settings_of.origins, **dict.fromkeys(overrides, f"command line ({Origin.TRUSTED})")})
    registry = Registry(settings)
    today = None if no_ignores else date.today()
    disk = DiskTree(root)
    if from_stdin:
        name = _relative_name(named[0], root)
        return Session(
            root=root,
            tree=MemoryTree({name: _standard_input()}, disk),
            paths=(name,),
            complete=False,
            config=effective,
            registry=registry,
            today=today,
        )
    found = discover(named, root, settings, force_exclude=force_exclude)
    return Session(
        root=root,
        tree=disk,
        paths=found.paths,
        complete=found.complete,
        config=effective,
        registry=registry,
        today=today,
        problems=found.problems,
        jobs=jobs or os.cpu_count() or 1,
        cached=not no_cache,
    )


def _standard_input() -> bytes:
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise UsageError(f"standard input: {error.strerror}") from error


def _existing_parent(path: Path) -> Path:
    absolute = path.absolute()
    return next(each for each in absolute.parents if each.is_dir())


def _relative_name(path: Path, root: Path) -> str:
    absolute = path.absolute()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else absolute.name


def _load(config: Path | None, first: Path, root: Path) -> Config:
    """The user's own file below the one that the user names or, without such a one, the nearest of the repository."""
    own = user_config(root)
    below = load_config(own, Origin.TRUSTED) if own is not None else Config(Settings(), {})
    if config is not None:
        if not config.is_file():
            raise UsageError(f"{config}: no such file")
        return load_config(config, Origin.TRUSTED, below)
    start = first.absolute()
    folder = start if start.is_dir() else start.parent
    found = find_config(folder.resolve() if folder.exists() else root, root)
    return load_config(found, Origin.SCANNED, below, root=root) if found is not None else below
