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
