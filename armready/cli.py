"""The command line. The only place that turns errors into exit codes: 0 clean or fixed, 1 findings remain, 2 wrong usage."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from armready import __version__

if TYPE_CHECKING:
    from armready.fixer import FixOutcome
    from armready.pipeline import Analysis, Filters
    from armready.results import Report
    from armready.session import Session

CLEAN, FINDINGS, USAGE = 0, 1, 2

app = typer.Typer(
    name="armready",
    help="Find what stops a repository from running on arm64, and fix it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "ARMREADY"},
)

Paths = Annotated[
    list[Path] | None, typer.Argument(help="Files and folders; default: the current folder; - reads standard input.", show_default=False)
]
Select = Annotated[list[str] | None, typer.Option("--select", help="Only these rules: codes, prefixes, names; comma separated.")]
ExtendSelect = Annotated[list[str] | None, typer.Option("--extend-select", help="These rules too.")]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", help="Not these rules.")]
MinSeverity = Annotated[str | None, typer.Option("--min-severity", help="Lowest level that is reported: error, warning, info.")]
FailOn = Annotated[str | None, typer.Option("--fail-on", help="Lowest level that fails: error, warning, info, never.")]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 whatever was found.")]
Pedantic = Annotated[bool, typer.Option("--pedantic", help="Report findings of low confidence too.")]
Target = Annotated[str | None, typer.Option("--target", help="mixed, arm64 or audit.")]
CiMode = Annotated[str | None, typer.Option("--ci-mode", help="emulate or native.")]
Format = Annotated[str | None, typer.Option("--format", help="text, concise, json, jsonl, sarif, github, gitlab, junit, markdown, html.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write the report to a file.")]
Reports = Annotated[list[str] | None, typer.Option("--report", help="FORMAT=FILE: one more report; repeatable.")]
BaselineFile = Annotated[Path | None, typer.Option("--baseline", help="Baseline file; default: .armready-baseline.json at the root.")]
NoBaseline = Annotated[bool, typer.Option("--no-baseline", help="Report what the baseline knows too.")]
ChangedSince = Annotated[str | None, typer.Option("--changed-since", help="Only findings on lines changed since this revision.")]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="Globs of paths to leave out as well.")]
NoGitignore = Annotated[bool, typer.Option("--no-respect-gitignore", help="Scan what .gitignore names too.")]
ForceExclude = Annotated[bool, typer.Option("--force-exclude", help="Leave out excluded files even when they are named.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]
Full = Annotated[bool, typer.Option("--full", help="Every excerpt, however many findings.")]
NoIgnores = Annotated[bool, typer.Option("--no-ignores", help="Ignore comments do not count.")]
Strict = Annotated[bool, typer.Option("--strict", help="Files that cannot be parsed fail the run.")]
Color = Annotated[str, typer.Option("--color", help="auto, always or never.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say what was read and what could not be.")]
Statistics = Annotated[bool, typer.Option("--statistics", help="Findings per rule.")]
ShowFiles = Annotated[bool, typer.Option("--show-files", help="List the files that would be scanned, with their kinds.")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, help="Processes; default: one per processor.", show_default=False)]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Do not use results of earlier runs.")]
Online = Annotated[bool, typer.Option("--online", help="Ask registries and package indexes; without it no connection is opened.")]
Resolve = Annotated[bool, typer.Option("--resolve", help="With --online: the whole closure of Python dependencies, by uv.")]
StdinFilename = Annotated[str | None, typer.Option("--stdin-filename", help="The name of what comes on standard input.")]


def main() -> None:
    """Run the command line; errors that are meant for the user become one line and exit code 2."""
    from armready.errors import UsageError

    try:
        _command(sys.argv[1] if len(sys.argv) > 1 else "")()
    except UsageError as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(FINDINGS) from None


def _command(name: str) -> Any:
    """The command line with a help that fits a screen: the names of environment variables follow from those of the options.

    When the command of that name exists, the parameters of the others are not worked out.
    """
    every = app.registered_commands
    app.registered_commands = [each for each in every if name in (each.name, getattr(each.callback, "__name__", ""))] or every
    try:
        top = typer.main.get_command(app)
    finally:
        app.registered_commands = every
    for command in (top, *getattr(top, "commands", {}).values()):
        for parameter in command.params:
            if isinstance(parameter, typer.core.TyperOption):
                parameter.show_envvar = False
    return top


def _fail(message: str) -> NoReturn:
    print(f"armready: {message}", file=sys.stderr)
    raise SystemExit(USAGE)


def _version(value: bool) -> None:
    if value:
        print(f"armready {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    del version


@app.command()
def scan(
    paths: Paths = None,
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
    min_severity: MinSeverity = None,
    fail_on: FailOn = None,
    exit_zero: ExitZero = False,
    pedantic: Pedantic = False,
    target: Target = None,
    ci_mode: CiMode = None,
    output_format: Format = None,
    output: Output = None,
    reports: Reports = None,
    baseline: BaselineFile = None,
    no_baseline: NoBaseline = False,
    changed_since: ChangedSince = None,
    exclude: Exclude = None,
    no_respect_gitignore: NoGitignore = False,
    force_exclude: ForceExclude = False,
    config: ConfigFile = None,
    full: Full = False,
    no_ignores: NoIgnores = False,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    online: Online = False,
    resolve: Resolve = False,
    strict: Strict = False,
    color: Color = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
    statistics: Statistics = False,
    show_files: ShowFiles = False,
    stdin_filename: StdinFilename = None,
) -> None:
    """Report what stops the files from running on arm64; never write to the tree."""
    from armready.output import Shown, write_reports
    from armready.session import open_session

    overrides = _overrides(select, extend_select, ignore, min_severity, fail_on, pedantic, target, ci_mode, no_respect_gitignore)
    overrides |= _look_ups(online, resolve)
    session = open_session(
        paths or [],
        overrides,
        config=config,
        stdin_filename=stdin_filename,
        force_exclude=force_exclude,
        no_ignores=no_ignores,
        exclude=_split(exclude),
        jobs=jobs,
        no_cache=no_cache,
    )
    shown = Shown(output_format, output, tuple(reports or ()), color, full, quiet, verbose, statistics)
    session = _informed(session, quiet)
    analysis = session.analyse()
    if show_files:
        _list_files(analysis)
        raise typer.Exit(CLEAN)
    report = session.report(analysis, _filters(session, baseline, no_baseline, changed_since))
    write_reports(session, analysis, report, shown, None)
    raise typer.Exit(CLEAN if exit_zero else _exit_code(report, session, strict))


@app.command()
def fix(
    paths: Paths = None,
    unsafe_fixes: Annotated[bool, typer.Option("--unsafe-fixes", help="Apply unsafe fixes too.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print the changes as a diff; write nothing.")] = False,
    select: Select = None,
    extend_select: ExtendSelect = None,
    ignore: Ignore = None,
    min_severity: MinSeverity = None,
    fail_on: FailOn = None,
    exit_zero: ExitZero = False,
    pedantic: Pedantic = False,
    target: Target = None,
    ci_mode: CiMode = None,
    output_format: Format = None,
    output: Output = None,
    reports: Reports = None,
    baseline: BaselineFile = None,
    no_baseline: NoBaseline = False,
    changed_since: ChangedSince = None,
    exclude: Exclude = None,
    no_respect_gitignore: NoGitignore = False,
    force_exclude: ForceExclude = False,
    config: ConfigFile = None,
    full: Full = False,
    no_ignores: NoIgnores = False,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    online: Online = False,
    resolve: Resolve = False,
    strict: Strict = False,
    color: Color = "auto",
    quiet: Quiet = False,
    verbose: Verbose = False,
    statistics: Statistics = False,
    stdin_filename: StdinFilename = None,
) -> None:
    """Apply safe fixes; with --unsafe-fixes all of them."""
    from armready.output import Shown, write_reports
    from armready.session import open_session

    overrides = _overrides(select, extend_select, ignore, min_severity, fail_on, pedantic, target, ci_mode, no_respect_gitignore)
    overrides |= _look_ups(online, resolve)
    session = open_session(
        paths or [],
        overrides,
        config=config,
        stdin_filename=stdin_filename,
        force_exclude=force_exclude,
        no_ignores=no_ignores,
        exclude=_split(exclude),
        jobs=jobs,
        no_cache=no_cache,
    )
    session = _informed(session, quiet)
    filters = _filters(session, baseline, no_baseline, changed_since)
    outcome = session.fix(session.analyse(), filters, unsafe=unsafe_fixes)
    report = session.report(outcome.analysis, filters)
    if diff:
        _print_diff(outcome)
        raise typer.Exit(FINDINGS if outcome.changes and not exit_zero else CLEAN)
    if stdin_filename and [str(path) for path in paths or []] == ["-"]:
        sys.stdout.buffer.write(outcome.tree.read(session.paths[0]))
        sys.stdout.flush()
        raise typer.Exit(CLEAN if exit_zero else _exit_code(report, session, strict))
    unwritten = _write(session, outcome)
    shown = Shown(output_format, output, tuple(reports or ()), color, full, quiet, verbose, statistics)
    write_reports(session, outcome.analysis, report, shown, outcome)
    code = _exit_code(report, session, strict)
    raise typer.Exit(CLEAN if exit_zero else FINDINGS if unwritten or outcome.not_applied else code)


@app.command("baseline")
def write_baseline(
    paths: Paths = None,
    prune: Annotated[bool, typer.Option("--prune", help="Only drop what is gone.")] = False,
    grow: Annotated[bool, typer.Option("--grow", help="Take new findings in.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: .armready-baseline.json at the root.")] = None,
    select: Select = None,
    ignore: Ignore = None,
    exclude: Exclude = None,
    config: ConfigFile = None,
) -> None:
    """Write down today's findings, so that only new ones fail."""
    from armready.gate import GrowthRefused, write
    from armready.session import open_session

    values = {"select": list(_split(select)), "ignore": list(_split(ignore))}
    overrides = {key: value for key, value in values.items() if value}
    session = open_session(paths or [], overrides, config=config, exclude=_split(exclude))
    try:
        print(write(session, output, prune=prune, grow=grow), file=sys.stderr)
    except GrowthRefused as refused:
        print(f"armready: {refused}", file=sys.stderr)
        raise typer.Exit(FINDINGS) from refused


@app.command("rule")
def show_rule(
    selector: Annotated[str, typer.Argument(metavar="CODE|NAME", help="The code or name of a rule.")],
    output_format: Annotated[str, typer.Option("--format", help="text, markdown or json.")] = "text",
) -> None:
    """Say what a rule finds, why it matters, and how its fix looks."""
    from armready.registry import all_rules, resolve
    from armready.rule_pages import render_rule

    rules = all_rules()
    codes = resolve(selector, rules)
    for rule in rules:
        if rule.code in codes:
            _write_text(render_rule(rule, output_format))


@app.command("rules")
def list_rules(output_format: Annotated[str, typer.Option("--format", help="table, markdown or json.")] = "table") -> None:
    """List all rules."""
    from armready.registry import all_rules
    from armready.rule_pages import render_rules

    _write_text(render_rules(all_rules(), output_format))


@app.command("config")
def show_config(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of the configuration.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show the effective settings and where each came from."""
    import json

    from armready.config import KEYS, plain
    from armready.config import schema as json_schema
    from armready.session import open_session

    if schema:
        _write_text(json.dumps(json_schema(), indent=2) + "\n")
        return
    session = open_session([], {}, config=config)
    for key, each in KEYS.items():
        origin = session.config.origins.get(key, "default")
        print(f"{key} = {json.dumps(plain(getattr(session.settings, each.name)))}  # {origin}")


@app.command("image")
def show_image(
    references: Annotated[list[str], typer.Argument(metavar="REF...", help="Image references.")],
    compare: Annotated[bool, typer.Option("--compare", help="Compare two references.")] = False,
    output_format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    offline: Annotated[bool, typer.Option("--offline", help="Only what is known without asking a registry.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show the platforms of images, as their registries hold them."""
    from armready.online.commands import images

    text, code = images(references, config=config, compare=compare, output_format=output_format, offline=offline)
    _write_text(text)
    raise typer.Exit(code)


@app.command("package")
def show_package(
    requirements: Annotated[list[str], typer.Argument(metavar="NAME[==VERSION]...", help="Python packages.")],
    python: Annotated[list[str] | None, typer.Option("--python", help="Only these Python versions: 3.12.")] = None,
    output_format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    config: ConfigFile = None,
) -> None:
    """Show which files of Python packages arm64 gets and which x86-64 gets, per Python and libc."""
    from armready.online.commands import packages

    text, code = packages(requirements, config=config, pythons=_split(python), output_format=output_format)
    _write_text(text)
    raise typer.Exit(code)


@app.command("facts")
def write_facts(
    paths: Paths = None,
    online: Online = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: standard output.")] = None,
    exclude: Exclude = None,
    config: ConfigFile = None,
) -> None:
    """Write what this repository builds, runs and was told, for `facts = [...]` in the configuration of another one."""
    from armready.exchange import facts_of
    from armready.session import open_session

    session = open_session(paths or [], {"online": True} if online else {}, config=config, exclude=_split(exclude))
    text = facts_of(_informed(session, quiet=False))
    if output is None:
        _write_text(text)
    else:
        output.write_text(text, encoding="utf-8")


@app.command("init")
def initialise() -> None:
    """Write a commented configuration, a pre-commit entry and a gate for the CI in use; overwrite nothing."""
    from armready.discovery import find_root
    from armready.initialise import carry_out, plan

    root = find_root([Path()])
    steps = plan(root)
    carry_out(root, steps)
    words = {"write": "wrote", "add": "added to", "keep": "kept, since armready is there already:", "show": "left to you: put this into"}
    for step in steps:
        print(f"{words[step.action]} {step.path}")
        if step.action == "show":
            print("\n" + "".join(f"    {line}\n" for line in step.text.splitlines()))


@app.command("report")
def merge_reports(
    files: Annotated[list[Path], typer.Argument(help="JSON reports, one per repository.")],
    output_format: Annotated[str, typer.Option("--format", help="table, markdown or html.")] = "table",
    output: Output = None,
) -> None:
    """Merge the JSON reports of many repositories into one."""
    from armready.errors import UsageError
    from armready.merge import merge

    text = merge(files, output_format)
    if output is None:
        _write_text(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror}") from error


class CacheAction(StrEnum):
    """What to do with the cache."""

    DIR = "dir"
    SIZE = "size"
    CLEAN = "clean"


@app.command("cache")
def manage_cache(action: Annotated[CacheAction, typer.Argument(help="Print its folder, print its size in bytes, or delete it.")]) -> None:
    """Look at the cache, or delete it."""
    from armready import cache

    if action is CacheAction.CLEAN:
        cache.clean()
    else:
        print(cache.folder() if action is CacheAction.DIR else cache.size())


def _split(values: list[str] | None) -> tuple[str, ...]:
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())


def _overrides(
    select: list[str] | None,
    extend_select: list[str] | None,
    ignore: list[str] | None,
    min_severity: str | None,
    fail_on: str | None,
    pedantic: bool,
    target: str | None,
    ci_mode: str | None,
    no_respect_gitignore: bool,
) -> dict[str, Any]:
    """The configuration keys that the command line sets."""
    lists = {"select": select, "extend-select": extend_select, "ignore": ignore}
    values: dict[str, Any] = {key: list(_split(value)) for key, value in lists.items() if value}
    scalars = {"min-severity": min_severity, "fail-on": fail_on, "target": target, "ci-mode": ci_mode}
    values |= {key: value for key, value in scalars.items() if value is not None}
    if pedantic:
        values["pedantic"] = True
    if no_respect_gitignore:
        values["respect-gitignore"] = False
    return values


def _look_ups(online: bool, resolve: bool) -> dict[str, Any]:
    """The configuration keys that open connections."""
    return {key: True for key, wanted in (("online", online), ("resolve", resolve)) if wanted}


def _filters(session: Session, baseline: Path | None, no_baseline: bool, changed_since: str | None) -> Filters:
    from armready.config import BASELINE_FILE
    from armready.pipeline import Filters

    if changed_since is None and (no_baseline or (baseline is None and not (session.root / BASELINE_FILE).is_file())):
        return Filters()
    from armready.gate import filters_of

    return filters_of(session, baseline, use_baseline=not no_baseline, changed_since=changed_since)


def _informed(session: Session, quiet: bool) -> Session:
    """The session with what registries and indexes say; unchanged unless it is asked for."""
    if not session.settings.online:
        return session
    from armready.online.stage import inform

    informed = inform(session)
    if not quiet:
        print(informed.tally.summary, file=sys.stderr)
    return informed.session


def _exit_code(report: Report, session: Session, strict: bool) -> int:
    """1 when a finding at or above `fail-on` remains, shown or not, or a file could not be parsed under `--strict`."""
    from armready.finding import Severity

    if strict and report.unparsed:
        return FINDINGS
    if session.settings.fail_on == "never":
        return CLEAN
    limit = Severity(session.settings.fail_on).rank
    shown = any(finding.severity.rank <= limit and finding not in report.tolerated for finding in report.findings)
    unseen = any(count and Severity(level).rank <= limit for level, count in report.below.items())
    return FINDINGS if shown or unseen else CLEAN


def _list_files(analysis: Analysis) -> None:
    for path, result in analysis.results.items():
        if result.kind is not None:
            print(f"{path}\t{result.kind}")


def _print_diff(outcome: FixOutcome) -> None:
    from armready.fixer import unified_diff

    sys.stdout.buffer.write(unified_diff(outcome.changes).encode("utf-8", "surrogateescape"))
    sys.stdout.flush()


def _write(session: Session, outcome: FixOutcome) -> bool:
    """Write the changes; name what could not be written. Returns whether there was any."""
    from armready.changed import uncommitted
    from armready.fixer import write
    from armready.reporters.base import escape

    dirty = uncommitted(session.root, {path: old for path, (old, _) in outcome.changes.items()}) if outcome.changes else ()
    if dirty:
        more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        print(f"armready: {escape(dirty[0])}{more} had changes that are not committed; the fixes are now among them", file=sys.stderr)
    failed = write(session.root, outcome.changes)
    for path, reason in failed.items():
        print(f"armready: {escape(path)}: not written: {reason}", file=sys.stderr)
    return bool(failed)


def _write_text(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
