"""The first pass in processes of its own: several where there is much to do, one for the files that are large.

A process that dies costs the file that it was reading and no other: a new process goes on after it. The system holds each of them to
`MEMORY` and, for one file, to `SECONDS` of work: far more than a file takes that `limits.py` lets through, on a slow machine too.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, cast

from armready.core.results import Failure, FileResult
from armready.run.check_file import Read, read_and_check
from armready.run.registry import Registry

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from armready.core.config import Settings
    from armready.core.tree import DiskTree
    from armready.run.cache import Entry, Stamp

# Bytes of data that a process may hold.
MEMORY = 2 << 30
# Seconds of processor time for one file.
SECONDS = 120

_SHARES_PER_PROCESS = 4

_Task = tuple[str, "Entry | None"]


def check_in_processes(
    tree: DiskTree,
    paths: Sequence[str],
    stamps: Mapping[str, Stamp | None],
    settings: Settings,
    known: Mapping[str, Entry],
    jobs: int,
) -> dict[str, Read]:
    """`read_and_check` of every path.

    The files are dealt out largest first, so that every process gets about as many bytes.
    """
    largest_first = sorted(paths, key=lambda path: -(stamp.size if (stamp := stamps.get(path)) else 0))
    count = min(jobs * _SHARES_PER_PROCESS, len(paths))
    waiting = deque(deque((path, known.get(path)) for path in largest_first[start::count]) for start in range(count))
    context = _context()
    busy: dict[Connection, _Worker] = {}
    done: dict[str, Read] = {}
    while waiting or busy:
        while waiting and len(busy) < jobs:
            worker = _Worker(context, tree, settings, tuple(busy))
            busy[worker.connection] = worker
            worker.take(waiting.popleft())
        for connection in cast("list[Connection]", wait(list(busy))):
            worker = busy[connection]
            path, _ = worker.share.popleft()
            try:
                done[path] = connection.recv()
            except (EOFError, OSError):
                done[path] = _failed(path, f"its process {busy.pop(connection).end()}")
                waiting.extend([worker.share] if worker.share else ())
                continue
            if not worker.share and waiting:
                worker.take(waiting.popleft())
            elif not worker.share:
                busy.pop(connection).end()
    return done


def _context() -> Any:
    """How processes are started. One that has several threads is not forked: a lock that another of them holds would never be free."""
    # A process that is not forked starts as a Python of its own, which would look for modules in the current folder first.
    os.environ["PYTHONSAFEPATH"] = "1"
    if threading.active_count() > 1:
        return multiprocessing.get_context("spawn")
    return multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)


class _Worker:
    """A process that reads one share of the files after the other, and answers file by file."""

    def __init__(self, context: Any, tree: DiskTree, settings: Settings, others: Sequence[Connection]) -> None:
        self.connection, theirs = context.Pipe()
        inherited = (*others, self.connection) if context.get_start_method() == "fork" else ()
        self.process = context.Process(target=_serve, args=(tree, settings, theirs, inherited), daemon=True)
        self.process.start()
        theirs.close()
        self.share: deque[_Task] = deque()

    def take(self, share: deque[_Task]) -> None:
        """Begin with a share. Should the process be dead, that shows when its answer is awaited."""
        self.share = share
        with suppress(OSError):
            self.connection.send(list(share))

    def end(self) -> str:
        """Let it end, and say how it did."""
        self.connection.close()
        self.process.join()
        code = self.process.exitcode
        if code == -getattr(signal, "SIGXCPU", 0):
            return f"worked for more than {SECONDS} seconds"
        return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


def _serve(tree: DiskTree, settings: Settings, connection: Connection, inherited: Sequence[Connection]) -> None:
    """Answer until the other end is closed; the copies of other ends that a fork brings would keep it open."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for each in inherited:
        each.close()
    registry = Registry(settings)
    _limit("RLIMIT_DATA", MEMORY)
    with suppress(EOFError, BrokenPipeError):
        while True:
            for path, known in connection.recv():
                _limit("RLIMIT_CPU", int(time.process_time()) + 1 + SECONDS)
                try:
                    connection.send(read_and_check(tree, path, registry, known, digested=True))
                except MemoryError:
                    connection.send(_failed(path, f"it takes more than {MEMORY >> 20} MB of memory"))


def _failed(path: str, error: str) -> Read:
    return Read(FileResult(path, failures=(Failure(path, "the reader", error),)), b"")


def _limit(name: str, value: int) -> None:
    """Set a limit of this process, where the system has it and the user has not set a lower one for good."""
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
