"""The first pass over many files: from the cache, in this process or in several."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from armready.core.classify import kind_by_name, needs_content
from armready.core.tree import DiskTree
from armready.run.cache import stamp_of
from armready.run.check_file import Read, read_and_check

if TYPE_CHECKING:
    from armready.core.results import FileResult
    from armready.core.tree import Tree
    from armready.run.cache import Cache, Stamp
    from armready.run.registry import Registry

# Bytes of files with a telling name above which starting processes pays off, where each file counts as some more (docs/performance.md).
WORTH_A_POOL = 300_000
_BYTES_OF_A_FILE = 400

# Bytes from which on a file is read by a process of its own even if it is the only one, so that no file can end the run.
LARGE = 1_000_000


def first_pass(tree: Tree, paths: Sequence[str], registry: Registry, *, jobs: int = 1, cache: Cache | None = None) -> dict[str, FileResult]:
    """The results of many files, in the order of `paths`; by several processes where there is enough to do.

    Args:
        tree: where the files are.
        paths: relative to its root.
        registry: the rules.
        jobs: how many processes may be used.
        cache: results of earlier runs over the same tree on disk.
    """
    stamps = {path: stamp_of(os.path.join(tree.root, path)) for path in paths} if isinstance(tree, DiskTree) else {}
    results = {path: result for path in paths if cache and (stamp := stamps.get(path)) and (result := cache.by_stamp(path, stamp))}
    missing = [path for path in paths if path not in results]
    known = {path: entry for path in missing if cache and (entry := cache.entry(path))}
    read: dict[str, Read] = {}
    if isinstance(tree, DiskTree) and (apart := _apart(missing, stamps, jobs)):
        from armready.run.parallel import check_in_processes

        read = check_in_processes(tree, apart, stamps, registry.settings, known, jobs)
    for path in missing:
        each = read.get(path) or read_and_check(tree, path, registry, known.get(path), digested=cache is not None)
        results[path] = each.result
        if cache and each.lasting and (stamp := stamps.get(path)):
            cache.add(path, stamp, each.digest, each.result)
    return {path: results[path] for path in paths}


def _apart(paths: Sequence[str], stamps: Mapping[str, Stamp | None], jobs: int) -> Sequence[str]:
    """The files that other processes read: all where that pays off, else the large ones."""
    sizes = {path: stamp.size for path in paths if (stamp := stamps.get(path))}
    if jobs > 1 and sum(size + _BYTES_OF_A_FILE for path, size in sizes.items() if kind_by_name(path)) > WORTH_A_POOL:
        return paths
    return [path for path, size in sizes.items() if size > LARGE and (kind_by_name(path) or needs_content(path))]
