"""`armready fleet`: many repositories. The command line alone; what it calls is imported when it is called."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from armready.commands.options import ConfigFile, Ignore, Select, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

fleet = typer.Typer(
    name="fleet", help="Scan, plan and report many repositories (extra: fleet).", no_args_is_help=True, rich_markup_mode=None
)

Database = Annotated[Path, typer.Option("--db", help="The database of the fleet.")]
DEFAULT = Path("armready-fleet.duckdb")


@fleet.command("scan")
def fleet_scan(
    named: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCES...", help="Folders, bare repositories, addresses, files with lists or exports of a forge; - reads a list."
        ),
    ],
    database: Database = DEFAULT,
    scheduler: Annotated[str | None, typer.Option("--scheduler", help="The address of a Dask scheduler: tcp://host:port.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes of the local cluster.", show_default=False)] = None,
    seconds: Annotated[int, typer.Option("--timeout", min=1, help="Seconds for one repository.")] = 600,
    megabytes: Annotated[int, typer.Option("--memory", min=64, help="Megabytes for one repository.")] = 2048,
    export: Annotated[str | None, typer.Option("--export", help="parquet: write every table to --output afterwards.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The folder of --export.")] = None,
    select: Select = None,
    ignore: Ignore = None,
    config: ConfigFile = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Scan repositories, each in a process with limits; what did not change is not scanned again."""
    from armready.core.errors import UsageError
    from armready.fleet.scan import Limits, say, scan
    from armready.fleet.sources import sources
    from armready.fleet.store import Store

    if (export is None) != (output is None) or export not in (None, "parquet"):
        raise UsageError("--export parquet goes with --output FOLDER")
    text = sys.stdin.read() if "-" in named else ""
    found = sources(named, text)
    if not found.found:
        raise UsageError("no repositories")
    if found.archived and not quiet:
        print(f"{found.archived:,} archived repositories are left out", file=sys.stderr)
    values = {"select": list(split(select)), "ignore": list(split(ignore))}
    overrides = {key: value for key, value in values.items() if value}
    limits = Limits(seconds=seconds, megabytes=megabytes, scheduler=scheduler, workers=workers or os.cpu_count() or 1)
    store = Store(database, writing=True)
    with _progress(len(found.found), quiet=quiet) as advance:
        outcome = scan(store, found.found, overrides, config, limits, advance)
    if export is not None and output is not None:
        store.export(output)
    store.close()
    if not quiet:
        say(outcome, len(found.found))


Run = Annotated[int | None, typer.Option("--run", help="The number of a run; default: the last.", show_default=False)]
Target = Annotated[Path | None, typer.Option("--output", "-o", help="Default: standard output.")]


@fleet.command("report")
def fleet_report(
    database: Database = DEFAULT,
    run: Run = None,
    output_format: Annotated[str, typer.Option("--format", help="html, markdown or csv.")] = "markdown",
    output: Target = None,
) -> None:
    """Show readiness by repository and team, what blocks most, and the trend over runs."""
    from armready.fleet.report import render
    from armready.fleet.store import Store

    store = Store(database)
    _write(render(store, store.run(run), output_format), output)


@fleet.command("plan")
def fleet_plan(
    database: Database = DEFAULT,
    run: Run = None,
    output_format: Annotated[str, typer.Option("--format", help="text, markdown, json or html.")] = "text",
    output: Target = None,
    config: ConfigFile = None,
) -> None:
    """Put the changes of all repositories in order: what unblocks most, the longest chain, and the waves."""
    from armready.fleet.graph import fleet_of, ordered
    from armready.fleet.order import render
    from armready.fleet.scan import mirrors
    from armready.fleet.store import Store

    store = Store(database)
    _write(render(ordered(*fleet_of(store, store.run(run), mirrors(config))), output_format), output)


@fleet.command("sql")
def fleet_sql(
    query: Annotated[str, typer.Argument(help="One query; docs/fleet.md has the tables.")],
    database: Database = DEFAULT,
    output_format: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
) -> None:
    """Answer a question in SQL; read-only, and without access to anything but the database."""
    from armready.fleet.sql import answer

    _write(answer(database, query, output_format), None)


@fleet.command("diff")
def fleet_diff(
    before: Annotated[int, typer.Argument(metavar="RUN", help="The number of a run.")],
    after: Annotated[int, typer.Argument(metavar="RUN", help="The number of a later run.")],
    database: Database = DEFAULT,
) -> None:
    """Say which findings are new and which are gone between two runs."""
    from armready.fleet.store import Store
    from armready.fleet.views import difference
    from armready.reporters.base import escape

    store = Store(database)
    changes = difference(store, store.run(before), store.run(after))
    _write("".join(escape(" ".join(filter(None, each))) + "\n" for each in changes) or "nothing changed\n", None)


@fleet.command("export-facts")
def fleet_export_facts(database: Database = DEFAULT, run: Run = None, output: Target = None) -> None:
    """Write what the fleet builds, for `facts = [...]` in the configurations of its repositories."""
    from armready.fleet.export import facts_of
    from armready.fleet.store import Store

    store = Store(database)
    _write(facts_of(store, store.run(run)), output)


@fleet.command("fix")
def fleet_fix(
    named: Annotated[list[str], typer.Argument(metavar="SOURCES...", help="As for scan.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the patches.")],
    unsafe_fixes: Annotated[bool, typer.Option("--unsafe-fixes", help="Make unsafe fixes too.")] = False,
    select: Select = None,
    ignore: Ignore = None,
    config: ConfigFile = None,
) -> None:
    """Write a patch and the body of a pull request for each repository; change and push nothing."""
    from armready.fleet.patches import patches
    from armready.fleet.sources import sources
    from armready.reporters.base import escape

    found = sources(named, sys.stdin.read() if "-" in named else "").found
    values = {"select": list(split(select)), "ignore": list(split(ignore))}
    overrides = {key: value for key, value in values.items() if value}
    failed = False
    for each in patches(found, output, overrides, config, unsafe=unsafe_fixes):
        failed = failed or bool(each.problem)
        what = each.problem or (f"{each.files:,} files change" if each.files else "nothing to change")
        print(f"{escape(each.name)}: {escape(what)}", file=sys.stderr)
    raise typer.Exit(2 if failed else 0)


def _write(text: str, output: Path | None) -> None:
    from armready.core.errors import UsageError

    data = text.encode("utf-8", "backslashreplace")
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror}") from error


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("scanning repositories"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)
        yield lambda number: bar.advance(task, number)
