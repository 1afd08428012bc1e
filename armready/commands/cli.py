"""The command line. The only place that turns errors into exit codes: 0 clean or fixed, 1 findings remain, 2 wrong usage or an error
of armready itself.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from armready import __version__
from armready.commands import streams
from armready.commands.options import (
    ConfigFile,
    Exclude,
    Ignore,
    Online,
    Output,
    Paths,
    RunOptions,
    Select,
    complete_rules,
    informed,
    run_options,
    split,
)

if TYPE_CHECKING:
    from armready.core.results import Failure, Report
    from armready.fixing.fixer import FixOutcome
    from armready.run.passes import Analysis, Filters
    from armready.run.session import Session

CLEAN, FINDINGS, ERROR = 0, 1, 2
BOTH_PLATFORMS = ("linux/amd64", "linux/arm64")

app = typer.Typer(
    name="armready",
    help="Find what stops a repository from running on arm64, and fix it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "ARMREADY"},
)


_HELP = {"-h", "--help"}
# Between two empty lines each, as the help wants its lines.
_EXIT_CODES = """Exit codes: 0 clean or fixed; 1 findings remain; 2 wrong usage, or an internal error.

"""
_SCAN_EXAMPLES = f"""{_EXIT_CODES}Examples:

  armready scan                                  the current folder

  armready scan --format html -o report.html     a page to share

  armready scan --report sarif=armready.sarif    one more report

  armready scan --changed-since origin/main      what a branch brings

  armready scan --fail-on warning services/      a stricter gate"""
_FIX_EXAMPLES = f"""{_EXIT_CODES}Examples:

  armready fix --diff                              what the safe fixes would change

  armready fix                                     make them

  armready fix --unsafe-fixes --diff               and those that need a look

  armready fix --select DF --format markdown       the body of a pull request"""

# What a scan makes it keeps to its end; at Python's 700 the collector walks it again and again (docs/performance.md).
YOUNG_OBJECTS = 50_000


def main() -> None:
    """Run the command line; errors that are meant for the user become one line and exit code 2."""
    from armready.core.errors import DamagedCacheError, UsageError

    gc.set_threshold(YOUNG_OBJECTS)
    streams.prepare()
    try:
        try:
            _run()
        except DamagedCacheError:
            from armready.run.cache import clean

            clean()
            _run()
    except (UsageError, DamagedCacheError) as error:
        _fail(str(error))
    except MemoryError:
        _fail("there is not enough memory for this run")
    except BrokenPipeError:
        streams.give_up()
        raise SystemExit(FINDINGS) from None
    except OSError as error:
        streams.give_up()
        _fail(f"{error.filename or 'standard output'}: {error.strerror or error}")
    except Exception as error:
        _fail(f"internal error, please report it: {type(error).__name__}: {error} ({_place(error)})")


def _place(error: Exception) -> str:
    """Where an exception was raised."""
    from traceback import extract_tb

    last = extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def _run() -> None:
    try:
        _command(sys.argv[1] if len(sys.argv) > 1 else "")()
    finally:
        sys.stdout.flush()


def _command(name: str) -> Any:
    """The command line with a help that fits a screen: the names of environment variables follow from those of the options.

    When the command of that name exists, the parameters of the others are not worked out, and what `fleet` needs is not imported.
    """
    every = app.registered_commands
    named = [each for each in every if name == (each.name or getattr(each.callback, "__name__", ""))]
    if not named and not app.registered_groups:
        from armready.commands.fleet import fleet

        app.add_typer(fleet)
    app.registered_commands = named or every
    app.rich_markup_mode = "rich" if _HELP & {*sys.argv[1:]} or len(sys.argv) == 1 else None
    try:
        top = typer.main.get_command(app)
    finally:
        app.registered_commands = every
    for command in _with_all_below(top):
        for parameter in command.params:
            if isinstance(parameter, typer.core.TyperOption):
                parameter.show_envvar = False
    return top


def _with_all_below(command: Any) -> Iterator[Any]:
    yield command
    for each in getattr(command, "commands", {}).values():
        yield from _with_all_below(each)


def _fail(message: str) -> NoReturn:
    from armready.reporters.base import escape

    print(f"armready: {escape(message)}", file=sys.stderr)
    raise SystemExit(ERROR)


def _version(value: bool) -> None:
    if value:
        print(f"armready {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    del version


@app.command("check", epilog=_SCAN_EXAMPLES, hidden=True)
@app.command(epilog=_SCAN_EXAMPLES)
@run_options
def scan(
    options: RunOptions,
    show_files: Annotated[bool, typer.Option("--show-files", help="List the files that would be scanned, with their kinds.")] = False,
) -> None:
    """Report what stops the files from running on arm64; never write to the tree."""
    from armready.commands.output import Run, write_reports
    from armready.fixing.outlook import forecast
    from armready.reporters.causes import told_once

    shown = options.shown()
    session = options.session()
    shown.check_places(session.root)
    analysis = session.analyse()
    if show_files:
        _list_files(analysis)
        raise typer.Exit(CLEAN)
    filters = options.filters(session)
    report = told_once(session.report(analysis, filters))
    run = Run(
        session=session, analysis=analysis, forecast=forecast(session, analysis, filters), outcome=None, command=options.fix_command()
    )
    write_reports(run, report, shown)
    raise typer.Exit(_exit_code(report, session, options))


@app.command(epilog=_FIX_EXAMPLES)
@run_options
def fix(
    options: RunOptions,
    unsafe_fixes: Annotated[bool, typer.Option("--unsafe-fixes", help="Apply unsafe fixes too.")] = False,
    diff: Annotated[bool, typer.Option("--diff", "--dry-run", help="Print the changes as a diff; write nothing.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="FILE", help="Mend what is found in this file; repeatable. All are read.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Build the images that fixes affect; take back what does not build.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --verify: execute what the Dockerfiles say without asking.")] = False,
    builder: Annotated[str, typer.Option("--builder", help="With --verify: the builder of Buildx; default: the one in use.")] = "",
    build_option: Annotated[
        list[str] | None, typer.Option("--build-option", help="With --verify: one more option for the builder; repeatable.")
    ] = None,
) -> None:
    """Apply safe fixes; with --unsafe-fixes all of them."""
    from armready.commands.output import Run, name_failures, write_reports
    from armready.fixing.fixer import as_written, fix_session
    from armready.fixing.outlook import forecast_after

    shown = options.shown()
    session = options.session()
    shown.check_places(session.root)
    filters = options.filters(session)
    if only:
        from armready.run.filters import only_in

        filters = only_in(session, filters, only)
    outcome = fix_session(session, session.analyse(), filters, unsafe=unsafe_fixes)
    if diff:
        _print_diff(outcome)
        name_failures(outcome.all_failures)
        raise typer.Exit(_settled(FINDINGS if outcome.changes else CLEAN, outcome.all_failures, options))
    if options.stdin_filename and [str(path) for path in options.paths or []] == ["-"]:
        sys.stdout.buffer.write(outcome.tree.read(session.paths[0]))
        sys.stdout.flush()
        name_failures(outcome.all_failures)
        raise typer.Exit(_exit_code(_fixed_report(session, outcome, filters), session, options))
    keep = None
    if verify:
        from armready.commands.verify import Asked, trial

        keep = trial(session, outcome, Asked(builder=builder, platforms=BOTH_PLATFORMS, options=tuple(build_option or ()), yes=yes))
    unwritten = _write(session, outcome)
    if keep is not None:
        unwritten = {*unwritten, *keep()}
    if unwritten:
        outcome = as_written(session, outcome, unwritten)
    report = _fixed_report(session, outcome, filters)
    left_to_do = forecast_after(session, outcome, filters, unsafe=unsafe_fixes)
    run = Run(session=session, analysis=outcome.analysis, forecast=left_to_do, outcome=outcome, command=options.fix_command())
    write_reports(run, report, shown)
    left = bool(unwritten or outcome.not_applied)
    raise typer.Exit(_exit_code(report, session, options, left=left))


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
    from armready.run.filters import GrowthRefused, write
    from armready.run.session import open_session

    values = {"select": list(split(select)), "ignore": list(split(ignore))}
    overrides = {key: value for key, value in values.items() if value}
    session = open_session(paths or [], overrides, config=config, exclude=split(exclude))
    try:
        print(write(session, output, prune=prune, grow=grow), file=sys.stderr)
    except GrowthRefused as refused:
        print(f"armready: {refused}", file=sys.stderr)
        raise typer.Exit(FINDINGS) from refused


@app.command("rule")
def show_rule(
    selector: Annotated[
        str, typer.Argument(metavar="CODE|NAME", help="The code or name of a rule, or a prefix of several.", autocompletion=complete_rules)
    ],
    output_format: Annotated[Literal["text", "markdown", "json"], typer.Option("--format", help="How it is written.")] = "text",
    examples: Annotated[bool, typer.Option("--examples", help="Every example, not the first alone.")] = False,
) -> None:
    """Say what a rule finds, why it matters, and how its fix looks."""
    from armready.commands.rule_pages import render_rule
    from armready.run.registry import all_rules, resolve

    rules = all_rules()
    codes = resolve(selector, rules)
    for rule in rules:
        if rule.code in codes:
            _write_text(render_rule(rule, output_format, examples=examples))


@app.command("rules")
def list_rules(
    output_format: Annotated[Literal["table", "markdown", "json"], typer.Option("--format", help="How it is written.")] = "table",
) -> None:
    """List all rules."""
    from armready.commands.rule_pages import render_rules
    from armready.run.registry import all_rules

    _write_text(render_rules(all_rules(), output_format))


@app.command("config")
def show_config(
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of the configuration.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show the effective settings and where each came from."""
    import json

    from armready.core.config import KEYS, plain
    from armready.core.config import schema as json_schema
    from armready.reporters.base import escape
    from armready.run.session import open_session

    if schema:
        _write_text(json.dumps(json_schema(), indent=2) + "\n")
        return
    session = open_session([], {}, config=config)
    for key, each in KEYS.items():
        origin = session.config.origins.get(key, "default")
        print(f"{key} = {json.dumps(plain(getattr(session.settings, each.name)))}  # {escape(origin)}")


@app.command("image")
def show_image(
    references: Annotated[list[str], typer.Argument(metavar="REF...", help="Image references.")],
    compare: Annotated[bool, typer.Option("--compare", help="Compare two references.")] = False,
    output_format: Annotated[Literal["table", "json"], typer.Option("--format", help="How it is written.")] = "table",
    offline: Annotated[bool, typer.Option("--offline", help="Only what is known without asking a registry.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show the platforms of images, as their registries hold them."""
    from armready.commands.lookups import images

    text, code = images(references, config=config, compare=compare, output_format=output_format, offline=offline)
    _write_text(text)
    raise typer.Exit(code)


@app.command("package")
def show_package(
    requirements: Annotated[list[str], typer.Argument(metavar="NAME[==VERSION]...", help="Python packages.")],
    python: Annotated[list[str] | None, typer.Option("--python", help="Only these Python versions: 3.12.")] = None,
    output_format: Annotated[Literal["table", "json"], typer.Option("--format", help="How it is written.")] = "table",
    config: ConfigFile = None,
) -> None:
    """Show which files of Python packages arm64 gets and which x86-64 gets, per Python and libc."""
    from armready.commands.lookups import packages

    text, code = packages(requirements, config=config, pythons=split(python), output_format=output_format)
    _write_text(text)
    raise typer.Exit(code)


@app.command("facts")
def write_facts(
    paths: Paths = None,
    online: Online = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: standard output.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Print how old the embedded facts are, and write nothing.")] = False,
    exclude: Exclude = None,
    config: ConfigFile = None,
) -> None:
    """Write what this repository builds, runs and was told, for `facts = [...]` in the configuration of another one."""
    from armready.commands.facts import ages, facts_of
    from armready.run.session import open_session
    from armready.run.writing import write_file

    if check:
        from datetime import date

        _write_text(ages(date.today()))
        return
    session = open_session(paths or [], {"online": True} if online else {}, config=config, exclude=split(exclude))
    text = facts_of(informed(session))
    if output is None:
        _write_text(text)
    else:
        write_file(output, text.encode(), session.root)


@app.command("plan")
def show_plan(
    paths: Paths = None,
    output_format: Annotated[str, typer.Option("--format", help="text, markdown, json, html or mermaid.")] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: standard output.")] = None,
    online: Online = False,
    select: Select = None,
    ignore: Ignore = None,
    exclude: Exclude = None,
    config: ConfigFile = None,
) -> None:
    """Say what to do in which order: waves of steps, what each unblocks and who owns it; write nothing to the tree."""
    from armready.commands.plan import planned
    from armready.run.session import open_session
    from armready.run.writing import write_file

    values = {"select": list(split(select)), "ignore": list(split(ignore)), "online": online}
    session = open_session(paths or [], {key: value for key, value in values.items() if value}, config=config, exclude=split(exclude))
    text = planned(informed(session), output_format)
    if output is None:
        _write_text(text)
    else:
        write_file(output, text.encode("utf-8", "backslashreplace"), session.root)


@app.command("verify")
def verify_images(
    paths: Paths = None,
    log: Annotated[Path | None, typer.Option("--log", help="Build nothing: explain this log of a build; - reads standard input.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Execute what the Dockerfiles say without asking.")] = False,
    builder: Annotated[str, typer.Option("--builder", help="The builder of Buildx; default: the one in use.")] = "",
    platform: Annotated[list[str] | None, typer.Option("--platform", help="Default: linux/amd64 and linux/arm64.")] = None,
    command: Annotated[str, typer.Option("--run", help="Run this command in each image, under the emulator where it is another's.")] = "",
    build_option: Annotated[list[str] | None, typer.Option("--build-option", help="One more option for the builder; repeatable.")] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds that each build may take.")] = 3600,
    no_learn: Annotated[bool, typer.Option("--no-learn", help="Do not write .armready-learned.json.")] = False,
    output_format: Annotated[str, typer.Option("--format", help="text, json, markdown or junit.")] = "text",
    output: Output = None,
    exclude: Exclude = None,
    config: ConfigFile = None,
) -> None:
    """Build the repository's images for both platforms with your engine, look inside, and explain failures. It never pushes."""
    from armready.commands.verify import Asked, explain_log, verify
    from armready.run.discovery import find_root
    from armready.run.session import open_session
    from armready.run.writing import write_file

    root = find_root(paths or [Path()])
    session = open_session([root], {}, config=config, exclude=split(exclude))
    if log is not None:
        text, failed = explain_log(session, log, output_format)
    else:
        asked = Asked(
            output_format=output_format,
            builder=builder,
            platforms=split(platform) or BOTH_PLATFORMS,
            command=command,
            options=tuple(build_option or ()),
            seconds=timeout,
            yes=yes,
            learns=not no_learn,
        )
        text, good = verify(session, asked, _named(paths or [], session))
        failed = not good
    if output is None:
        _write_text(text)
    else:
        write_file(output, text.encode("utf-8", "backslashreplace"), session.root)
    raise typer.Exit(FINDINGS if failed else CLEAN)


def _named(paths: Sequence[Path], session: Session) -> tuple[str, ...] | None:
    """The files of a run that some paths cover; None for the whole repository."""
    covered = [path.absolute().resolve() for path in paths]
    root = session.root.resolve()
    if not covered or root in covered:
        return None
    return tuple(path for path in session.paths if any((root / path).is_relative_to(each) for each in covered))


@app.command("schema")
def show_schema(name: Annotated[str, typer.Argument(metavar="NAME", help="config or plan.")]) -> None:
    """Print the JSON schema of the configuration or of an output."""
    import json

    from armready.commands.schemas import schema

    _write_text(json.dumps(schema(name), indent=2) + "\n")


@app.command("init")
def initialise() -> None:
    """Write a commented configuration, a pre-commit entry and a gate for the CI in use; overwrite nothing."""
    from armready.commands.init import carry_out, plan
    from armready.run.discovery import find_root

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
    output_format: Annotated[Literal["table", "markdown", "html"], typer.Option("--format", help="How it is written.")] = "table",
    output: Output = None,
) -> None:
    """Merge the JSON reports of many repositories into one."""
    from armready.commands.report import merge
    from armready.run.discovery import find_root
    from armready.run.writing import write_file

    text = merge(files, output_format)
    if output is None:
        _write_text(text)
        return
    write_file(output, text.encode(), find_root([Path()]))


@app.command("server")
def language_server() -> None:
    """Speak the language server protocol on standard input and output, for an editor (extra: editor)."""
    from armready.commands.serving import server_of

    server_of("editor")()


@app.command("mcp")
def agent_server(
    folders: Annotated[
        list[Path] | None, typer.Argument(help="Folders to work in, beside the roots that the client gives.", show_default=False)
    ] = None,
    online: Online = False,
) -> None:
    """Speak the model context protocol on standard input and output, for an agent (extra: mcp)."""
    from armready.commands.serving import server_of

    server_of("mcp")(folders or (), online=online)


class CacheAction(StrEnum):
    """What to do with the cache."""

    DIR = "dir"
    SIZE = "size"
    CLEAN = "clean"


@app.command("cache")
def manage_cache(action: Annotated[CacheAction, typer.Argument(help="Print its folder, print its size in bytes, or delete it.")]) -> None:
    """Look at the cache, or delete it."""
    from armready.run import cache

    if action is CacheAction.CLEAN:
        cache.clean()
    else:
        print(cache.folder() if action is CacheAction.DIR else cache.size())


def _fixed_report(session: Session, outcome: FixOutcome, filters: Filters) -> Report:
    """What remains after a run of fixes, with what failed on the way."""
    from dataclasses import replace

    from armready.reporters.causes import told_once

    return replace(told_once(session.report(outcome.analysis, filters)), failures=outcome.all_failures)


def _exit_code(report: Report, session: Session, options: RunOptions, *, left: bool = False) -> int:
    """How a run ends.

    Args:
        report: what remains.
        session: the run.
        options: of the command line.
        left: a fix that was asked for was not made.
    """
    return _settled(FINDINGS if left else _remaining(report, session, options), report.failures, options)


def _settled(code: int, failures: Sequence[Failure], options: RunOptions) -> int:
    """The exit code: 2 for an internal error, whatever else is the case; 0 by `--exit-zero`, which says what it turns off."""
    code = ERROR if failures else code
    if not options.exit_zero or code == CLEAN:
        return code
    why = "internal errors: the result is not complete" if code == ERROR else "findings, or files that were not read, remain"
    if code == ERROR or not options.quiet:
        print(f"armready: --exit-zero turns off exit code {code} ({why})", file=sys.stderr)
    return CLEAN


def _remaining(report: Report, session: Session, options: RunOptions) -> int:
    """1 when a finding at or above `fail-on` remains, shown or not, or a file could not be parsed under `--strict`."""
    from armready.core.finding import Severity

    if options.strict and report.unparsed:
        return FINDINGS
    if session.settings.fail_on == "never":
        return CLEAN
    limit = Severity(session.settings.fail_on).rank
    shown = any(finding.severity.rank <= limit and finding not in report.tolerated for finding in report.findings)
    unseen = any(count and Severity(level).rank <= limit for level, count in report.below.items())
    return FINDINGS if shown or unseen else CLEAN


def _list_files(analysis: Analysis) -> None:
    from armready.reporters.base import escape

    for path, result in analysis.results.items():
        if result.kind is not None:
            print(f"{escape(path)}\t{result.kind}")


def _print_diff(outcome: FixOutcome) -> None:
    from armready.fixing.fixer import unified_diff
    from armready.reporters.base import escape_lines

    text = unified_diff(outcome.changes)
    sys.stdout.buffer.write((escape_lines(text) if sys.stdout.isatty() else text).encode("utf-8", "surrogateescape"))
    sys.stdout.flush()


def _write(session: Session, outcome: FixOutcome) -> Collection[str]:
    """Write the changes; name what could not be written. Returns those files."""
    from armready.fixing.fixer import hard_linked, write
    from armready.reporters.base import escape
    from armready.run.changed import uncommitted

    dirty = uncommitted(session.root, {path: old for path, (old, _) in outcome.changes.items()}) if outcome.changes else ()
    if dirty:
        more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        print(f"armready: {escape(dirty[0])}{more} had changes that are not committed; the fixes are now among them", file=sys.stderr)
    for path in hard_linked(session.root, outcome.changes):
        print(f"armready: {escape(path)} has another name (a hard link), which keeps the old text", file=sys.stderr)
    failed = write(session.root, outcome.changes)
    for path, reason in failed.items():
        print(f"armready: {escape(path)}: not written: {escape(reason)}", file=sys.stderr)
    return failed


def _write_text(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
