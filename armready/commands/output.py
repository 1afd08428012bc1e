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
from armready.core.startup import dataclass
from armready.reporters import FORMATS, render
from armready.reporters.base import Context, escape, summary_line
from armready.run.writing import check_place, write_file

if TYPE_CHECKING:
    from armready.core.results import Failure, Report
    from armready.fixing.fixer import FixOutcome
    from armready.run.passes import Analysis
    from armready.run.session import Session

# Formats that describe every enabled rule, not only those that found something.
_DESCRIBES_RULES = frozenset({"sarif", "html", "markdown"})
_COLORS = ("auto", "always", "never")

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

    def targets(self) -> list[tuple[str, Path | None]]:
        """The reports to write, the main one first.

        Raises:
            UsageError: a format that does not exist, or a `--report` without a file.
        """
        main = self.format or ("text" if self.output is None and sys.stdout.isatty() else "concise")
        wanted: list[tuple[str, Path | None]] = [(main, self.output)]
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


def write_reports(session: Session, analysis: Analysis, report: Report, shown: Shown, outcome: FixOutcome | None) -> None:
    """Write the report in every format that was asked for, then the summary on standard error.

    Raises:
        UsageError: a format that does not exist, or a file that cannot be written.
    """
    for name, file in shown.targets():
        text = render(name, report, _context(session, analysis, shown, name, file, outcome))
        if file is None:
            sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
            sys.stdout.flush()
            continue
        write_file(file, text.encode("utf-8", "backslashreplace"), session.root)
    name_failures(report.failures)
    for each in report.unparsed:
        if shown.verbose and each.path:
            print(f"not read: {escape(each.path)}: {escape(each.reason)}", file=sys.stderr)
        elif not each.path and not shown.quiet:
            print(f"armready: {escape(each.reason)}", file=sys.stderr)
    if not shown.quiet:
        if not analysis.results:
            print("nothing to scan", file=sys.stderr)
        print(summary_line(report), file=sys.stderr)


def name_failures(failures: Sequence[Failure]) -> None:
    """Name what armready failed on, on standard error, whatever else is shown there."""
    for each in failures[:_NAMED]:
        print(f"armready: {escape(f'{each.path}: ' if each.path else '')}{escape(each.message)}", file=sys.stderr)
    if len(failures) > _NAMED:
        print(f"armready: and {len(failures) - _NAMED:,} more internal errors", file=sys.stderr)


def _context(session: Session, analysis: Analysis, shown: Shown, name: str, file: Path | None, outcome: FixOutcome | None) -> Context:
    return Context(
        root=session.root,
        tree=outcome.tree if outcome else session.tree,
        settings=session.settings,
        rules=session.registry.classes() if name in _DESCRIBES_RULES else (),
        version=__version__,
        color=file is None and _colored(shown.color),
        width=shutil.get_terminal_size().columns,
        full=shown.full,
        online=session.settings.online,
        fixed=outcome,
        analysis=analysis,
        cwd=Path.cwd(),
        statistics=shown.statistics,
    )


def _colored(choice: str) -> bool:
    """Whether to write colours: what the user says, then NO_COLOR and FORCE_COLOR, then whether a terminal is there."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")
