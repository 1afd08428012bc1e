"""Find the programs that armready starts, and what they may see of the environment: nothing that the scanned tree supplies.

A folder of the tree can stand on `PATH` without anybody's ill will: the `bin` of an active virtual environment that was committed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# As many as Linux follows.
_MOST_LINKS = 40


def program(name: str, root: Path | None) -> str | None:
    """The first program of this name in an absolute folder of `PATH` that does not lie in the tree.

    Args:
        name: without a suffix.
        root: the scanned tree.
    """
    for folder in _folders(os.environ.get("PATH", os.defpath), root):
        path = folder / (f"{name}.exe" if os.name == "nt" else name)
        if path.is_file() and os.access(path, os.X_OK) and not leads_through(path, root):
            return str(path)
    return None


def environment(root: Path | None) -> dict[str, str]:
    """The variables of this process, without the places in the tree that they name, and `PATH` without relative folders."""
    kept = {}
    for name, value in os.environ.items():
        if name == "PATH":
            kept[name] = os.pathsep.join(map(str, _folders(value, root)))
            continue
        parts = value.split(os.pathsep)
        own = [part for part in parts if not (os.path.isabs(part) and leads_through(Path(part), root))]
        if own:
            kept[name] = os.pathsep.join(own)
    return kept


def leads_through(path: Path, root: Path | None, *, links: int = _MOST_LINKS) -> bool:
    """Whether a path lies in the tree, or reaches what it names by way of it."""
    if root is None:
        return False
    try:
        return any(
            each.is_relative_to(root)
            or each.resolve().is_relative_to(root.resolve())
            or (each.is_symlink() and (links == 0 or leads_through(each.parent / each.readlink(), root, links=links - 1)))
            for each in (path, *path.parents)
        )
    except (OSError, ValueError, RuntimeError):
        return True


def _folders(value: str, root: Path | None) -> Iterator[Path]:
    for text in value.split(os.pathsep):
        if os.path.isabs(text) and not leads_through(Path(text), root):
            yield Path(text)
