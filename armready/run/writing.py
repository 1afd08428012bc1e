"""Files that are written at a place the user names, or that has its name at the root of the repository."""

from __future__ import annotations

import os
from pathlib import Path

from armready.core.errors import UsageError


def write_file(path: Path, data: bytes, root: Path) -> None:
    """Write a file, unless a link of the repository leads it out.

    Raises:
        UsageError: one does, or the file cannot be written.
    """
    check_place(path, root)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def check_place(path: Path, root: Path) -> None:
    """Refuse a place that is named inside of the repository and lies outside of it.

    Raises:
        UsageError: it does.
    """
    root = root.resolve()
    folders = [Path(os.path.realpath(each)) for each in Path(os.path.abspath(path)).parents]
    real = Path(os.path.realpath(path))
    if any(each.is_relative_to(root) for each in folders) and not real.is_relative_to(root):
        raise UsageError(f"{path}: a link leads to {real}, out of {root}; nothing was written there")
