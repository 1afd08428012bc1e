"""The options of the command line: those that several commands share, and those of a run over a repository."""

import inspect
import sys
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from armready.commands import streams

if TYPE_CHECKING:
    from armready.commands.output import Shown
    from armready.run.passes import Filters
    from armready.run.session import Session

# The groups of the help, in their order.
WHAT, COUNTS, REPORTS, READ, SHOWN = "Which files", "What is found, and what fails", "Reports", "How files are read", "On the terminal"

Level = Literal["error", "warning", "info"]
FailOn = Literal["error", "warning", "info", "never"]
Format = Literal["text", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit", "markdown", "html"]
Color = Literal["auto", "always", "never"]


def complete_rules(incomplete: str) -> list[tuple[str, str]]:
    """The codes and names of rules that begin so, for the completion of a shell."""
    from armready.run.registry import entries

    done, comma, last = incomplete.rpartition(",")
    found = [(code, name) for entry in entries() for code, name in ((entry.code, entry.name), (entry.name, entry.code))]
    return [(f"{done}{comma}{word}", other) for word, other in found if word.lower().startswith(last.lower())]


Paths = Annotated[
    list[Path] | None, typer.Argument(help="Files and folders; default: the current folder; - reads standard input.", show_default=False)
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        help="Only these rules: codes, prefixes, names; comma separated.",
        autocompletion=complete_rules,
        rich_help_panel=COUNTS,
    ),
]
Ignore = Annotated[
    list[str] | None, typer.Option("--ignore", help="Not these rules.", autocompletion=complete_rules, rich_help_panel=COUNTS)
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write the report to a file.", rich_help_panel=REPORTS)]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="Globs of paths to leave out as well.", rich_help_panel=WHAT)]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Configuration file.", rich_help_panel=READ)]
Online = Annotated[
    bool, typer.Option("--online", help="Ask registries and package indexes; without it no connection is opened.", rich_help_panel=READ)
]


class RunOptions(NamedTuple):
    """What `scan` and `fix` both take; the help of each option says what it means."""

    paths: Paths = None
    select: Select = None
    extend_select: Annotated[
        list[str] | None,
        typer.Option("--extend-select", help="These rules too.", autocompletion=complete_rules, rich_help_panel=COUNTS),
    ] = None
    ignore: Ignore = None
    min_severity: Annotated[
        Level | None, typer.Option("--min-severity", help="Lowest level that is reported; default: warning.", rich_help_panel=COUNTS)
    ] = None
    fail_on: Annotated[
        FailOn | None, typer.Option("--fail-on", help="Lowest level that fails; default: error.", rich_help_panel=COUNTS)
    ] = None
    exit_zero: Annotated[
        bool,
        typer.Option("--exit-zero", help="Exit with 0 whatever was found, even after an internal error; says so.", rich_help_panel=COUNTS),
    ] = False
    pedantic: Annotated[bool, typer.Option("--pedantic", help="Report findings of low confidence too.", rich_help_panel=COUNTS)] = False
    target: Annotated[
        Literal["mixed", "arm64", "audit"] | None,
        typer.Option("--target", help="Nodes of both architectures (default), of arm64 alone, or a first look.", rich_help_panel=COUNTS),
    ] = None
    ci_mode: Annotated[
        Literal["emulate", "native"] | None,
        typer.Option("--ci-mode", help="How CI builds for arm64; default: emulate.", rich_help_panel=COUNTS),
    ] = None
    output_format: Annotated[
        Format | None,
        typer.Option("--format", help="Default: text on a terminal, else concise.", rich_help_panel=REPORTS),
    ] = None
    output: Output = None
    reports: Annotated[
        list[str] | None, typer.Option("--report", help="FORMAT=FILE: one more report; repeatable.", rich_help_panel=REPORTS)
    ] = None
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", help="Baseline file; default: .armready-baseline.json at the root.", rich_help_panel=COUNTS),
    ] = None
    no_baseline: Annotated[bool, typer.Option("--no-baseline", help="Report what the baseline knows too.", rich_help_panel=COUNTS)] = False
    changed_since: Annotated[
        str | None,
        typer.Option("--changed-since", help="Only findings on lines changed since this revision.", rich_help_panel=COUNTS),
    ] = None
    exclude: Exclude = None
    no_respect_gitignore: Annotated[
        bool, typer.Option("--no-respect-gitignore", help="Scan what .gitignore names too.", rich_help_panel=WHAT)
    ] = False
    force_exclude: Annotated[
        bool, typer.Option("--force-exclude", help="Leave out excluded files even when they are named.", rich_help_panel=WHAT)
    ] = False
    config: ConfigFile = None
    full: Annotated[bool, typer.Option("--full", help="Every excerpt, however many findings.", rich_help_panel=SHOWN)] = False
    no_ignores: Annotated[bool, typer.Option("--no-ignores", help="Ignore comments do not count.", rich_help_panel=COUNTS)] = False
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", min=1, help="Processes; default: one per processor.", show_default=False, rich_help_panel=READ),
    ] = None
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Do not use results of earlier runs.", rich_help_panel=READ)] = False
    online: Online = False
    resolve: Annotated[
        bool,
        typer.Option("--resolve", help="With --online: the whole closure of Python dependencies, by uv.", rich_help_panel=READ),
    ] = False
    strict: Annotated[bool, typer.Option("--strict", help="Files that cannot be parsed fail the run.", rich_help_panel=COUNTS)] = False
    color: Annotated[Color, typer.Option("--color", help="Colours.", rich_help_panel=SHOWN)] = "auto"
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No verdict.", rich_help_panel=SHOWN)] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what was read and what could not be.", rich_help_panel=SHOWN)] = (
        False
    )
    statistics: Annotated[bool, typer.Option("--statistics", help="Findings per rule.", rich_help_panel=SHOWN)] = False
    stdin_filename: Annotated[
        str | None, typer.Option("--stdin-filename", help="The name of what comes on standard input.", rich_help_panel=WHAT)
    ] = None

    def session(self) -> "Session":
        """The run that these options ask for, with what registries and indexes say where they are to be asked.

        Raises:
            UsageError: a path, the configuration or an option's value is wrong.
        """
        from armready.run.session import open_session

        session = open_session(
            self.paths or [],
            self._settings(),
            config=self.config,
            stdin_filename=self.stdin_filename,
            force_exclude=self.force_exclude,
            no_ignores=self.no_ignores,
            exclude=split(self.exclude),
            jobs=self.jobs,
            no_cache=self.no_cache,
        )
        if not self.quiet and (reason := session.without_cache):
            from armready.reporters.base import escape

            print(f"armready: no cache is used: {escape(reason)}", file=sys.stderr)
        return informed(session, quiet=self.quiet)

    def _settings(self) -> dict[str, Any]:
        """The configuration keys that the command line sets."""
        lists = {"select": self.select, "extend-select": self.extend_select, "ignore": self.ignore}
        scalars = {"min-severity": self.min_severity, "fail-on": self.fail_on, "target": self.target, "ci-mode": self.ci_mode}
        flags = {"pedantic": self.pedantic, "online": self.online, "resolve": self.resolve}
        values: dict[str, Any] = {key: list(split(value)) for key, value in lists.items() if value}
        values |= {key: value for key, value in scalars.items() if value is not None}
        values |= {key: True for key, wanted in flags.items() if wanted}
        if self.no_respect_gitignore:
            values["respect-gitignore"] = False
        return values

    def fix_command(self) -> str:
        """`armready fix` with the arguments that make it do to the same files what a run with these options announces."""
        from shlex import join

        words = ["armready", "fix", *map(str, self.paths or [])]
        for option, values in (("--select", self.select), ("--extend-select", self.extend_select), ("--ignore", self.ignore)):
            words += [word for value in values or () for word in (option, value)]
        words += [word for value in self.exclude or () for word in ("--exclude", value)]
        single = {
            "--target": self.target,
            "--ci-mode": self.ci_mode,
            "--config": self.config,
            "--changed-since": self.changed_since,
            "--stdin-filename": self.stdin_filename,
        }
        words += [word for option, value in single.items() if value is not None for word in (option, str(value))]
        flags = {
            "--pedantic": self.pedantic,
            "--no-respect-gitignore": self.no_respect_gitignore,
            "--force-exclude": self.force_exclude,
            "--no-ignores": self.no_ignores,
            "--online": self.online,
            "--resolve": self.resolve,
        }
        return join([*words, *(flag for flag, wanted in flags.items() if wanted)])

    def filters(self, session: "Session") -> "Filters":
        """Which findings count, by the baseline and by what changed."""
        from armready.core.config import BASELINE_FILE
        from armready.run.passes import Filters

        known = not self.no_baseline and (self.baseline is not None or (session.root / BASELINE_FILE).is_file())
        if self.changed_since is None and not known:
            return Filters()
        from armready.run.filters import filters_of

        return filters_of(session, self.baseline, use_baseline=not self.no_baseline, changed_since=self.changed_since)

    def shown(self) -> "Shown":
        """Which reports are written, where and how.

        Raises:
            UsageError: they cannot be: there is no such format, or standard output is closed and nothing else is named.
        """
        from armready.commands.output import Shown
        from armready.core.errors import UsageError

        reports = tuple(self.reports or ())
        shown = Shown(
            format=self.output_format,
            output=self.output,
            reports=reports,
            color=self.color,
            full=self.full,
            quiet=self.quiet,
            verbose=self.verbose,
            statistics=self.statistics,
        )
        if any(file is None for _, file in shown.targets()) and not streams.writable():
            raise UsageError("standard output is closed; --output FILE writes the report to a file")
        return shown


def informed(session: "Session", *, quiet: bool = False) -> "Session":
    """The session with what registries and indexes say, summed up on standard error; unchanged unless they are to be asked."""
    if not session.settings.online:
        return session
    from armready.online.stage import inform

    answer = inform(session)
    if not quiet:
        print(answer.tally.summary, file=sys.stderr)
    return answer.session


@cache
def _shared_parameters() -> tuple[inspect.Parameter, ...]:
    defaults, hints = RunOptions._field_defaults, RunOptions.__annotations__
    kind = inspect.Parameter.KEYWORD_ONLY
    return tuple(inspect.Parameter(name, kind, default=defaults[name], annotation=hints[name]) for name in RunOptions._fields)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take all of `RunOptions` as its first argument; on the command line they stand behind its own options."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

    @wraps(command)
    def run(**values: Any) -> None:
        options = RunOptions(**{name: values.pop(name) for name in RunOptions._fields})
        command(options, **values)

    parameters = [*(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own), *_shared_parameters()]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def split(values: list[str] | None) -> tuple[str, ...]:
    """The parts of values that may be given several times and separated by commas."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())
