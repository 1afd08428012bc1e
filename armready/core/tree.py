"""Where files are read from: the disk, or memory over it.

Everything above this module names files by their path relative to the root, with forward slashes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from armready.core.errors import ParseProblem

# What is asked, of which path, and how.
Question = tuple[str, str, str]

# What stands for the answers; None: it was answered in two ways, which it never will be again.
Answers = dict[Question, object]


_NOT_REGULAR = "not a regular file inside the repository"


def digest_of(data: bytes | memoryview) -> bytes:
    """What stands for the contents of a file."""
    from hashlib import blake2b

    return blake2b(data, digest_size=16).digest()


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
        self._real_folders = {"": str(self.root)}
        self._inside = os.path.join(self.root, "")

    def _real(self, path: str) -> str | None:
        """The real file behind a path, or None when it is not a regular file inside of the root."""
        folder, _, name = path.rstrip("/").rpartition("/")
        try:
            real = f"{self._real_folder(folder)}{os.sep}{name}"
            mode = os.lstat(real).st_mode
            if stat.S_ISLNK(mode):
                real = os.path.realpath(real)
                mode = os.lstat(real).st_mode
        except (OSError, ValueError):
            return None
        return real if stat.S_ISREG(mode) and real.startswith(self._inside) else None

    def _real_folder(self, folder: str) -> str:
        """The real folder; each is looked at once, so that a file costs no more the deeper it lies."""
        real = self._real_folders.get(folder)
        if real is None:
            above, _, name = folder.rpartition("/")
            plain = name not in ("", ".", "..") and not os.path.isabs(folder)
            real = os.path.join(self._real_folder(above), name) if plain else os.path.join(self.root, folder)
            if not plain or os.path.islink(real):
                real = os.path.realpath(real)
            self._real_folders[folder] = real
        return real

    def read(self, path: str, limit: int | None = None) -> bytes:
        """See `Tree.read`."""
        real = self._real(path)
        if real is None:
            raise ParseProblem(_NOT_REGULAR)
        try:
            descriptor = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            with open(descriptor, "rb", buffering=0) as handle:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise ParseProblem(_NOT_REGULAR)
                whole = limit is None or status.st_size <= limit
                return handle.readall() if whole else handle.read(limit)
        except OSError as error:
            raise ParseProblem(f"cannot be read: {error.strerror}") from error

    def exists(self, path: str) -> bool:
        """See `Tree.exists`."""
        return self._real(path) is not None

    def is_directory(self, path: str) -> bool:
        """See `Tree.is_directory`."""
        try:
            return (self.root / path).is_dir()
        except (OSError, ValueError):
            return False


class WatchedTree:
    """Another tree, with a record of what it was asked and what it answered (`ask`)."""

    def __init__(self, tree: Tree, answers: Answers) -> None:
        self._tree = tree
        self._answers = answers

    def read(self, path: str, limit: int | None = None) -> bytes:
        """See `Tree.read`."""
        question = ("read", path, "" if limit is None else str(limit))
        try:
            data = self._tree.read(path, limit)
        except ParseProblem:
            note(self._answers, question, False)
            raise
        note(self._answers, question, digest_of(data))
        return data

    def exists(self, path: str) -> bool:
        """See `Tree.exists`."""
        there = self._tree.exists(path)
        note(self._answers, ("exists", path, ""), there)
        return there

    def is_directory(self, path: str) -> bool:
        """See `Tree.is_directory`."""
        there = self._tree.is_directory(path)
        note(self._answers, ("is_directory", path, ""), there)
        return there


def note(answers: Answers, question: Question, answer: object) -> None:
    """Write an answer down."""
    if answers.setdefault(question, answer) != answer:
        answers[question] = None


def ask(tree: Tree, question: Question) -> object:
    """What a tree answers: whether a file or a folder is there, and the digest of what can be read of a file, or False."""
    what, path, limit = question
    if what == "exists":
        return tree.exists(path)
    if what == "is_directory":
        return tree.is_directory(path)
    try:
        return digest_of(tree.read(path, int(limit) if limit else None))
    except ParseProblem:
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
