"""A patch for each repository, with the body of its pull request. Nothing is written to a repository, and nothing is pushed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from armready import __version__
from armready.core.errors import ArmreadyError, UsageError
from armready.fixing.fixer import fix_session, unified_diff
from armready.fleet.sources import Source
from armready.fleet.task import opened
from armready.reporters import render
from armready.reporters.base import Context
from armready.run.passes import Filters

_SUBJECT = "Make it run on arm64 too"


class Patched(NamedTuple):
    """What became of a repository: how many files its patch changes, or why there is none."""

    name: str
    files: int
    problem: str


def patches(found: Sequence[Source], folder: Path, overrides: dict[str, Any], config: Path | None, *, unsafe: bool) -> Iterator[Patched]:
    """Write `NAME.patch`, which `git am` takes, and `NAME.md`, the body of the pull request, for each repository that fixes change.

    Args:
        found: the repositories.
        folder: where the files go.
        overrides: configuration keys of the command line.
        config: a configuration file that the user names.
        unsafe: make unsafe fixes too.

    Raises:
        UsageError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}") from error
    used: set[str] = set()
    for source in found:
        name = _file_name(source.name, used)
        try:
            yield _patched(source, folder / name, overrides, config, unsafe=unsafe)
        except (ArmreadyError, OSError) as error:
            yield Patched(source.name, 0, str(error))


def _file_name(name: str, used: set[str]) -> str:
    """A name for files that no other repository has."""
    plain = re.sub(r"[^\w.+-]+", "-", name).lstrip(".-") or "repository"
    number = next(number for number in range(len(used) + 1) if (plain if not number else f"{plain}-{number}") not in used)
    chosen = f"{plain}-{number}" if number else plain
    used.add(chosen)
    return chosen


def _patched(source: Source, place: Path, overrides: dict[str, Any], config: Path | None, *, unsafe: bool) -> Patched:
    task = {
        "kind": source.kind,
        "location": source.location,
        "name": source.name,
        "overrides": overrides,
        "config": str(config.resolve()) if config else "",
        "seconds": 600,
    }
    with TemporaryDirectory(prefix="armready-fleet-", ignore_cleanup_errors=True) as scratch:
        session = opened(task, Path(scratch)).session
        outcome = fix_session(session, session.analyse(), Filters(), unsafe=unsafe)
        if not outcome.changes:
            return Patched(source.name, 0, "")
        report = session.report(outcome.analysis, Filters())
        context = Context(
            root=session.root,
            tree=outcome.tree,
            settings=session.settings,
            rules=session.registry.classes(),
            version=__version__,
            fixed=outcome,
        )
        body = render("markdown", report, context)
        head = f"From: armready <armready@localhost>\nDate: Thu, 1 Jan 1970 00:00:00 +0000\nSubject: [PATCH] {_SUBJECT}\n\n---\n"
        diff = head + unified_diff(outcome.changes)
        place.with_name(f"{place.name}.patch").write_bytes(diff.encode("utf-8", "surrogateescape"))
        place.with_name(f"{place.name}.md").write_bytes(body.encode("utf-8", "backslashreplace"))
        return Patched(source.name, len(outcome.changes), "")
