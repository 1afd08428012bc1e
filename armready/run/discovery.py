"""Arguments -> the files to look at.

A folder gives all of its files, hidden CI folders included, in the notation and with the semantics of `.gitignore`: what it names is left
out unless git tracks it. A file that is named on the command line is taken as it is. Links are not followed: what they point to
inside of the root is found by itself, and what lies outside is not ours.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from armready.core.config import Settings
from armready.core.errors import UsageError
from armready.core.startup import dataclass
from armready.run import git

# Folders of other people's code and of build results.
ALWAYS_EXCLUDED = (
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "bower_components",
    "vendor",
    "third_party",
    ".venv",
    "venv",
    ".tox",
    ".nox",
    ".terraform",
    "__pycache__",
    "site-packages",
)

# Files of patterns: what the walker would open in each folder that it comes to.
_PATTERN_FILES = (".gitignore", ".ignore")
_MOST_PATTERN_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Discovered:
    """What there is to look at.

    Attributes:
        paths: relative to the root, with forward slashes, sorted.
        complete: the whole repository was asked for.
        problems: folders that could not be read.
    """

    paths: tuple[str, ...]
    complete: bool
    problems: tuple[str, ...] = ()


def find_root(paths: Sequence[Path]) -> Path:
    """The repository of the first path: the nearest folder above it that holds `.git`, else the folder itself.

    Raises:
        UsageError: a path does not exist.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(f"{path}: no such file or folder")
    first = paths[0].resolve()
    folder = first if first.is_dir() else first.parent
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)


def discover(paths: Sequence[Path], root: Path, settings: Settings, *, force_exclude: bool = False) -> Discovered:
    """The files below `paths`.

    Args:
        paths: existing files and folders.
        root: the repository.
        settings: `exclude`, `respect_gitignore`, `max_file_size`.
        force_exclude: leave out excluded files even when they are named.

    Raises:
        UsageError: a path lies outside of the repository.
    """
    found: set[str] = set()
    problems: list[str] = []
    complete = False
    for path in paths:
        if path.is_dir():
            folder = path.resolve()
            complete = complete or folder == root
            found.update(_walk(folder, root, settings, problems))
        elif not force_exclude or not _excluded(_relative(path, root), settings):
            found.add(_relative(path, root))
    return Discovered(tuple(sorted(found)), complete, tuple(problems))


def _relative(path: Path, root: Path) -> str:
    resolved = path.resolve()
    if not resolved.is_relative_to(root):
        raise UsageError(f"{path}: outside of {root}")
    return resolved.relative_to(root).as_posix()


def _walk(folder: Path, root: Path, settings: Settings, problems: list[str]) -> Collection[str]:
    if not settings.respect_gitignore:
        return _listed(folder, root, settings, problems, ignoring=False)
    try:
        for each in (folder, *folder.parents):
            if each.is_relative_to(root):
                _check_pattern_files(str(each))
        found = _listed(folder, root, settings, problems, ignoring=True)
    except _Unreadable as unreadable:
        problems.append(f"{unreadable}: not a regular file of at most {_MOST_PATTERN_BYTES >> 20} MB, so nothing is ignored in this run")
        return _listed(folder, root, settings, problems, ignoring=False)
    return {*found, *_tracked_but_ignored(folder, root, settings, found)}


class _Unreadable(Exception):
    """A file of patterns that nobody should open: a pipe, a device, one without end."""


def _listed(folder: Path, root: Path, settings: Settings, problems: list[str], *, ignoring: bool) -> Collection[str]:
    """The regular files below a folder.

    Raises:
        _Unreadable: a folder holds a file of patterns that must not be opened. A folder's are looked at before the walker comes to it.
    """
    from ignore import Error, WalkBuilder
    from ignore import IOError as WalkError
    from ignore.overrides import OverrideBuilder

    overrides = OverrideBuilder(root)
    try:
        for pattern in (*ALWAYS_EXCLUDED, *settings.exclude):
            overrides.add(f"!{pattern}")
        builder = WalkBuilder(folder).hidden(False).require_git(False).overrides(overrides.build())
    except Error as error:
        raise UsageError(f"exclude: {error}") from error
    for switch in (builder.git_ignore, builder.git_global, builder.git_exclude, builder.parents, builder.ignore):
        switch(ignoring)
    walk = builder.build()
    prefix = len(str(root)) + 1
    found: set[str] = set()
    while True:
        try:
            entry = next(walk)
        except StopIteration:
            return found
        except (Error, WalkError, OSError) as error:
            problems.append(str(error))
            continue
        name = str(entry.path())
        mode = _mode(name)
        if stat.S_ISREG(mode):
            found.add(name[prefix:].replace(os.sep, "/"))
        elif ignoring and stat.S_ISDIR(mode):
            _check_folders_in(name)


def _check_folders_in(folder: str) -> None:
    try:
        with os.scandir(folder) as entries:
            folders = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False) and entry.name != ".git"]
    except OSError:
        return
    for each in folders:
        _check_pattern_files(each)


def _check_pattern_files(folder: str) -> None:
    names: list[str | Path] = [f"{folder}{os.sep}{name}" for name in _PATTERN_FILES]
    if os.path.lexists(f"{folder}{os.sep}.git"):
        names += git.pattern_files(Path(folder))
    for name in names:
        try:
            status = os.stat(name)
        except (OSError, ValueError):
            continue
        if (not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode)) or status.st_size > _MOST_PATTERN_BYTES:
            raise _Unreadable(str(name))


def _mode(name: str) -> int:
    try:
        return os.lstat(name).st_mode
    except (OSError, ValueError):
        return 0


def _tracked_but_ignored(folder: Path, root: Path, settings: Settings, found: Collection[str]) -> Iterable[str]:
    """Files that `.gitignore` names and git tracks all the same: git does not ignore them, so neither do we."""
    prefix = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
    for name in git.tracked(root):
        if (
            name not in found
            and name.startswith(prefix)
            and not _excluded(name, settings)
            and stat.S_ISREG(_mode(os.path.join(root, name)))
        ):
            yield name


def _excluded(name: str, settings: Settings) -> bool:
    if set(name.split("/")[:-1]) & set(ALWAYS_EXCLUDED):
        return True
    return any(matches(name, pattern) for pattern in settings.exclude)


def matches(path: str, pattern: str) -> bool:
    """Whether a path lies under a glob: with a slash it is matched from the root on, without one at any depth."""
    from fnmatch import fnmatch

    pattern = pattern.rstrip("/")
    if "/" in pattern:
        return fnmatch(path, pattern.lstrip("/")) or fnmatch(path, f"{pattern.lstrip('/')}/*")
    return any(fnmatch(part, pattern) for part in path.split("/"))
