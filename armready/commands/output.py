"""Where the reports of a run go: the main one to standard output or a file, more to files, the summary to standard error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from armready import __version__
from armready.core.errors import UsageError
from armready.core.startup import dataclass, lazy
from armready.reporters import FORMATS, render
from armready.reporters.base import Context, escape
from armready.run.writing import check_place, write_file

if TYPE_CHECKING:
    from armready.core.results import Failure, Report
    from armready.fixing.fixer import FixOutcome
    from armready.fixing.outlook import Forecast
    from armready.run.forge import Forge
    from armready.run.passes import Analysis
    from armready.run.readiness import Readiness
    from armready.run.session import Session

# Formats that describe every enabled rule, not only those that found something.
_DESCRIBES_RULES = frozenset({"sarif", "html", "markdown"})
# Formats that say how far the files are, even where they are not the whole repository.
_SAYS_READINESS = frozenset({"json", "html"})
_COLORS = ("auto", "always", "never")

_NARROWEST = 40

# How many internal errors are named on standard error; the reports have all.
_NAMED = 100


@dataclass(frozen=True)
class Shown:
    """How a run is shown.

    Attributes:
        format: of the main report; None: `text` on a terminal, else `concise`.
        output: the file of the main report; None: standard output.
        reports: `FORMAT=FILE` each.
        color: auto, always or never.
        full: print every excerpt.
        quiet: no summary.
        verbose: name what could not be read.
        statistics: findings per rule.
    """

    format: str | None
    output: Path | None
    reports: tuple[str, ...]
    color: str
    full: bool
    quiet: bool
    verbose: bool
    statistics: bool

    @property
    def main(self) -> str:
        """The format of the main report."""
        return self.format or ("text" if self.output is None and sys.stdout.isatty() else "concise")

    def targets(self) -> list[tuple[str, Path | None]]:
        """The reports to write, the main one first.

        Raises:
            UsageError: a format that does not exist, or a `--report` without a file.
        """
        wanted: list[tuple[str, Path | None]] = [(self.main, self.output)]
        for each in self.reports:
            name, separator, file = each.partition("=")
            if not separator or not file:
                raise UsageError(f"--report {each}: must be FORMAT=FILE")
            wanted.append((name, Path(file)))
        for name, _ in wanted:
            if name not in FORMATS:
                raise UsageError(f"unknown format {name!r}; there are {', '.join(FORMATS)}")
        if self.color not in _COLORS:
            raise UsageError(f"--color {self.color}: must be auto, always or never")
        return wanted

    def check_places(self, root: Path) -> None:
        """Refuse reports that a link would lead out of the root, before anything is written.

        Raises:
            UsageError: one would.
        """
        for _, file in self.targets():
            if file is not None:
                check_place(file, root)


@dataclass(frozen=True)
class Run:
    """What a run came to, for all of its reports.

    Attributes:
        session: the repository.
        analysis: what both passes say of it, after `fix` of what it became.
        forecast: what `fix` would do now.
        outcome: what `fix` did; None for a scan.
        command: the arguments with which `fix` is about the same files.
    """

    session: Session
    analysis: Analysis
    forecast: Forecast
    outcome: FixOutcome | None
    command: str

    @lazy
    def readiness(self) -> Readiness:
        """How far the repository is."""
        from armready.run.readiness import readiness

        return readiness(self.analysis, self.session.registry)


def write_reports(run: Run, report: Report, shown: Shown) -> None:
    """Write the report in every format that was asked for, then the verdict on standard error.

    Raises:
        UsageError: a format that does not exist, or a file that cannot be written.
    """
    for name, file in shown.targets():
        text = render(name, report, _context(run, shown, name, file))
        if file is None:
            sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
            sys.stdout.flush()
            continue
        write_file(file, text.encode("utf-8", "backslashreplace"), run.session.root)
    name_failures(report.failures)
    for each in report.unparsed:
        if shown.verbose and each.path:
            print(f"not read: {escape(each.path)}: {escape(each.reason)}", file=sys.stderr)
        elif not each.path and not shown.quiet:
            print(f"armready: {escape(each.reason)}", file=sys.stderr)
    if not shown.quiet:
        _end(report, _context(run, shown, "", None), listed=shown.main == "text")


def name_failures(failures: Sequence[Failure]) -> None:
    """Name what armready failed on, on standard error, whatever else is shown there."""
    for each in failures[:_NAMED]:
        print(f"armready: {escape(f'{each.path}: ' if each.path else '')}{escape(each.message)}", file=sys.stderr)
    if len(failures) > _NAMED:
        print(f"armready: and {len(failures) - _NAMED:,} more internal errors", file=sys.stderr)


def _end(report: Report, context: Context, *, listed: bool) -> None:
    """The verdict, wrapped at the width of a terminal; what could not be judged stands before it unless the report has it."""
    from armready.reporters.verdict import verdict

    lines = [*(() if listed else map(escape, report.summaries)), *verdict(report, context)]
    for line in lines:
        print(_wrapped(line) if sys.stderr.isatty() else line, file=sys.stderr)


def _wrapped(line: str) -> str:
    from textwrap import fill

    width = shutil.get_terminal_size().columns
    return fill(line, max(width, _NARROWEST), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _context(run: Run, shown: Shown, name: str, file: Path | None) -> Context:
    session = run.session
    return Context(
        root=session.root,
        tree=run.outcome.tree if run.outcome else session.tree,
        settings=session.settings,
        rules=session.registry.classes() if name in _DESCRIBES_RULES else (),
        version=__version__,
        color=file is None and _colored(shown.color),
        width=shutil.get_terminal_size().columns,
        full=shown.full,
        online=session.settings.online,
        fixed=run.outcome,
        readiness=run.readiness if session.complete or name in _SAYS_READINESS else None,
        forecast=run.forecast,
        complete=session.complete and "select" not in session.config.origins,
        command=run.command,
        forge=_forge(session.root) if name == "html" else None,
        cwd=Path.cwd(),
        statistics=shown.statistics,
        today=session.today,
    )


def _forge(root: Path) -> Forge | None:
    from armready.run.forge import forge_of

    return forge_of(root)


def _colored(choice: str) -> bool:
    """Whether to write colours: what the user says, then NO_COLOR and FORCE_COLOR, then whether a terminal is there."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")
