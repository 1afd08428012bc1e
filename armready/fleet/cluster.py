"""Tasks on a cluster of Dask: a local one, or one that exists. No other module knows Dask."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from armready.core.errors import UsageError
from armready.fleet.worker import identity, scan_one

# So many tasks are given to each worker ahead of time.
_AHEAD = 4
# How often a task may lose its worker before its repository is given up.
_LOSSES = 3
_PATIENCE = "10s"
_CONFIG = {
    "distributed.scheduler.allowed-failures": _LOSSES,
    "distributed.comm.timeouts.connect": _PATIENCE,
    "distributed.comm.retry.count": 3,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.scheduler.work-stealing": True,
    "distributed.admin.large-graph-warning-threshold": "1GB",
}


class ClusterLost(UsageError):
    """The scheduler is gone. What was done is kept; the same command goes on from there."""


@contextmanager
def cluster(scheduler: str | None, workers: int) -> Iterator[Any]:
    """A client of the cluster whose workers are checked to be of our version.

    Args:
        scheduler: the address of one that exists; None: a local one, which ends with us.
        workers: how many processes a local one has.

    Raises:
        UsageError: the extra is not installed, there is no scheduler at that address, or a worker is of another version.
    """
    try:
        dask: Any = import_module("dask")
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise UsageError("armready fleet needs its extra: pip install 'armready[fleet]'") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set(_CONFIG):
        own = None
        if scheduler is None:
            own = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
            )
        try:
            client = distributed.Client(own or scheduler, timeout=_PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError(f"{scheduler}: no scheduler answers ({error})") from error
        try:
            _check(client)
            yield client
        finally:
            with suppress(Exception):
                client.close(timeout=2)
            if own is not None:
                with suppress(Exception):
                    own.close(timeout=5)


def _check(client: Any) -> None:
    """See `cluster`.

    Raises:
        UsageError: a worker is of another version, cannot import armready, or there is none.
    """
    with suppress(TimeoutError):
        client.wait_for_workers(1, timeout=30)
    try:
        found: Mapping[str, tuple[str, str]] = client.run(identity)
    except Exception as error:
        raise UsageError(f"the workers cannot run armready: {type(error).__name__}: {error}") from error
    if not found:
        raise UsageError("the scheduler has no workers")
    ours = identity()
    others = sorted({f"{worker} has armready {theirs[0]} with facts of {theirs[1]}" for worker, theirs in found.items() if theirs != ours})
    if others:
        raise UsageError(f"workers of another version than this armready {ours[0]} with facts of {ours[1]}: {'; '.join(others[:3])}")


def rows(client: Any, tasks: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows of all tasks as they come. A task that takes its workers down with it becomes a row that says so.

    Raises:
        ClusterLost: the scheduler is gone.
    """
    distributed: Any = import_module("distributed")
    waiting = iter(tasks)
    by_key: dict[str, dict[str, Any]] = {}

    def submit(number: int) -> list[Any]:
        futures = []
        for _ in range(number):
            task = next(waiting, None)
            if task is None:
                break
            future = client.submit(scan_one, task, pure=False, retries=2)
            by_key[future.key] = task
            futures.append(future)
        return futures

    ahead = _AHEAD * max(1, len(client.scheduler_info()["workers"]))
    results = distributed.as_completed(submit(ahead), loop=client.loop)
    for future in results:
        task = by_key.pop(future.key)
        if future.status == "finished":
            yield future.result()
        elif future.status == "cancelled" or client.status != "running":
            raise ClusterLost("the scheduler is gone; the same command goes on from here")
        else:
            yield {
                "location": task["id"],
                "seconds": 0.0,
                "status": "killed",
                "reason": f"its workers died: {type(future.exception()).__name__}",
            }
        future.release()
        for each in submit(1):
            results.add(each)
