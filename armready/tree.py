"""Where files are read from: the disk, or memory over it.

Everything above this module names files by their path relative to the root, with forward slashes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from armready.errors import ParseProblem


class Tree(Protocol):
    """A readable set of files."""

    def read(self, path: str, limit: int | None = None) -> bytes:
        """The bytes of a file, at most `limit` of them.

        Raises:
            ParseProblem: it is missing, not a regular file, unreadable, or lies outside of the root.
        """

    def exists(self, path: str) -> bool:
        """Whether a regular file is there."""

    def is_directory(self, path: str) -> bool:
        """Whether a folder is there."""


class DiskTree:
    """The files below a folder. Links that lead out of it are not followed; pipes and devices are not opened."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def absolute(self, path: str) -> Path | None:
        """The real file behind a path, or None when it is not a regular file inside of the root."""
        candidate = self.root / path
        try:
            resolved = candidate.resolve()
            if not resolved.is_relative_to(self.root) or not stat.S_ISREG(resolved.stat().st_mode):
                return None
        except (OSError, RuntimeError, ValueError):
            return None
        return resolved

    def read(self, path: str, limit: int | None = None) -> bytes:
        """See `Tree.read`."""
        resolved = self.absolute(path)
        if resolved is None:
            raise ParseProblem("not a regular file inside the repository")
        try:
            descriptor = os.open(resolved, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            with open(descriptor, "rb") as handle:
                return handle.read() if limit is None else handle.read(limit)
        except OSError as error:
            raise ParseProblem(f"cannot be read: {error.strerror}") from error

    def exists(self, path: str) -> bool:
        """See `Tree.exists`."""
        return self.absolute(path) is not None

    def is_directory(self, path: str) -> bool:
        """See `Tree.is_directory`."""
        try:
            return (self.root / path).is_dir()
        except (OSError, ValueError):
            return False


class MemoryTree:
    """Files held in memory, over those of another tree if there is one."""

    def __init__(self, files: Mapping[str, bytes], below: Tree | None = None) -> None:
        self.files = dict(files)
        self.below = below

    def read(self, path: str, limit: int | None = None) -> bytes:
        """See `Tree.read`."""
        if path in self.files:
            return self.files[path][:limit]
        if self.below is None:
            raise ParseProblem("no such file")
        return self.below.read(path, limit)

    def exists(self, path: str) -> bool:
        """See `Tree.exists`."""
        return path in self.files or (self.below is not None and self.below.exists(path))

    def is_directory(self, path: str) -> bool:
        """See `Tree.is_directory`."""
        prefix = f"{path.rstrip('/')}/"
        return any(each.startswith(prefix) for each in self.files) or (self.below is not None and self.below.is_directory(path))
