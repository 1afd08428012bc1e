"""The first pass in several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING

from armready.first_pass import Read, read_and_check
from armready.registry import Registry

if TYPE_CHECKING:
    from armready.cache import Entry, Stamp
    from armready.config import Settings
    from armready.tree import DiskTree

_SHARES_PER_PROCESS = 4


def check_in_processes(
    tree: DiskTree,
    paths: Sequence[str],
    stamps: Mapping[str, Stamp | None],
    settings: Settings,
    known: Mapping[str, Entry],
    jobs: int,
) -> list[Read]:
    """`read_and_check` of every path, in the order of `paths`.

    The files are dealt out largest first, so that every process gets about as many bytes.
    """
    order = sorted(range(len(paths)), key=lambda index: -(stamp.size if (stamp := stamps.get(paths[index])) else 0))
    count = min(jobs * _SHARES_PER_PROCESS, len(paths))
    shares = [order[start::count] for start in range(count)]
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=(tree, settings)) as pool:
        tasks = [[(paths[index], known.get(paths[index])) for index in share] for share in shares]
        done = dict(zip(chain.from_iterable(shares), chain.from_iterable(pool.map(_check, tasks)), strict=True))
    return [done[index] for index in range(len(paths))]


_worker: tuple[DiskTree, Registry]


def _start(tree: DiskTree, settings: Settings) -> None:
    global _worker
    _worker = (tree, Registry(settings))


def _check(share: Sequence[tuple[str, Entry | None]]) -> list[Read]:
    tree, registry = _worker
    return [read_and_check(tree, path, registry, known, digested=True) for path, known in share]
