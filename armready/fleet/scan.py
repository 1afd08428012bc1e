"""One run over many repositories: who is asked, who is not asked again, and what is written when."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from armready.core.config import Config, Origin, Settings, load_config, user_config
from armready.fleet import cluster
from armready.fleet.sources import Source
from armready.fleet.store import Judges, Store
from armready.fleet.worker import identity

# What was scanned is written at the latest after so many rows or seconds: so much is done again after a crash.
_ROWS = 25
_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one repository may take, and what scans it.

    Attributes:
        seconds: of time.
        megabytes: of memory.
        scheduler: the address of a cluster; None: a local one.
        workers: processes of a local one.
    """

    seconds: int
    megabytes: int
    scheduler: str | None
    workers: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended.

    Attributes:
        run: its number.
        counts: status -> repositories.
        seconds: of the wall clock.
    """

    run: int
    counts: Mapping[str, int]
    seconds: float


def scan(
    store: Store,
    found: Sequence[Source],
    overrides: Mapping[str, Any],
    config: Path | None,
    limits: Limits,
    advance: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Scan repositories, and write a row for each.

    Args:
        store: the database.
        found: the repositories.
        overrides: configuration keys of the command line.
        config: a configuration file that the user names.
        limits: see `Limits`.
        advance: is told of every repository that is done.

    Raises:
        UsageError: the cluster cannot be used, or is lost on the way.
    """
    start = time.monotonic()
    judges = judges_of(overrides, config)
    run = store.begin_run(judges, found, _mark(found))
    done = store.done(run)
    known = store.known(judges)
    base = {"overrides": {**overrides, "min-severity": "info"}, "config": str(config.resolve()) if config else ""}
    tasks = [
        {
            "id": source.shown,
            "kind": source.kind,
            "location": source.location,
            "name": source.name,
            "known": known.get(source.shown, ""),
            "seconds": limits.seconds,
            "megabytes": limits.megabytes,
            **base,
        }
        for source in found
        if source.shown not in done
    ]
    advance(len(done))
    counts = Counter({"done before": len(done)} if done else {})
    if tasks:
        with cluster.cluster(limits.scheduler, min(limits.workers, len(tasks))) as client:
            _collect(store, run, judges, cluster.rows(client, tasks), counts, advance)
    store.end_run(run)
    return Outcome(run=run, counts=counts, seconds=time.monotonic() - start)


def _collect(store: Store, run: int, judges: Judges, rows: Any, counts: Counter[str], advance: Callable[[int], None]) -> None:
    """Write rows in small groups as they come; what has come is written whatever happens then."""
    group: list[dict[str, Any]] = []
    last = time.monotonic()
    try:
        for row in rows:
            group.append(row)
            counts[row["status"]] += 1
            advance(1)
            if len(group) >= _ROWS or time.monotonic() - last > _SECONDS:
                store.add(run, judges, group)
                group, last = [], time.monotonic()
    finally:
        if group:
            store.add(run, judges, group)


def judges_of(overrides: Mapping[str, Any], config: Path | None) -> Judges:
    """What decides whether a scan still holds."""
    digest = blake2b(digest_size=8)
    own = user_config(Path("/nonexistent"))
    for file in (own, config):
        digest.update(file.read_bytes() if file is not None and file.is_file() else b"")
        digest.update(b"\0")
    digest.update(repr(sorted(overrides.items())).encode("utf-8", "surrogatepass"))
    return Judges(*identity(), digest.hexdigest())


def mirrors(config: Path | None) -> tuple[str, ...]:
    """The registry prefixes that mirror Docker Hub, by the user's own file and the one that is named."""
    found = Config(Settings(), {})
    for file in (user_config(Path("/nonexistent")), config):
        if file is not None:
            found = load_config(file, Origin.TRUSTED, found)
    return found.settings.mirrors


def _mark(found: Sequence[Source]) -> str:
    return blake2b("\n".join(source.shown for source in found).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def say(outcome: Outcome, total: int) -> None:
    """Sum a run up on standard error."""
    words = ", ".join(f"{number:,} {status}" for status, number in sorted(outcome.counts.items()))
    print(f"run {outcome.run}: {total:,} repositories in {outcome.seconds:.1f} s ({words})", file=sys.stderr)
