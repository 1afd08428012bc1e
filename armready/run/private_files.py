"""What is kept between runs, in files that are the user's alone.

A cache may come with a scanned tree, or be written to by others: `XDG_CACHE_HOME` or `HOME` may point into the tree, or name a folder
that everybody can write to. Such a cache is refused as a whole. Below an accepted one links are not followed, and what others own or
can write to is not read. Folders are made with mode 0700, files with 0600.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from armready.core.errors import RefusedCacheError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_TEMPORARY = ".tmp"
_LEFT_SECONDS = 3600.0


def location() -> Path:
    """Where the cache would be: `$XDG_CACHE_HOME/armready`, by default `~/.cache/armready`."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "armready"


def accepted_location(root: Path) -> Path:
    """Where the cache is, links resolved down to its own folder.

    Args:
        root: what is scanned; nothing in it is a cache.

    Raises:
        RefusedCacheError: it must not be used, with the reason.
    """
    named = location()
    if not named.is_absolute():
        raise RefusedCacheError(f"{named} is not an absolute path")
    try:
        folder = named.parent.resolve() / named.name
        scanned = os.stat(root)
        _refuse_shared(folder, scanned)
        if folder in (inside := root.resolve()).parents or folder == inside:
            raise RefusedCacheError(f"{root} lies in it")
        if folder.is_symlink() or (folder.exists() and not _is_private(os.lstat(folder), stat.S_ISDIR)):
            raise RefusedCacheError(f"{folder} is a link, belongs to another user, or can be written to by others")
    except (OSError, ValueError, RuntimeError) as error:
        raise RefusedCacheError(f"{named}: {error}") from error
    return folder


def _refuse_shared(folder: Path, scanned: os.stat_result) -> None:
    """Refuse a folder that lies in what is scanned, or that others could put another one in the place of."""
    for above in folder.parents:
        with suppress(FileNotFoundError):
            status = os.stat(above)
            if os.path.samestat(status, scanned):
                raise RefusedCacheError(f"{folder} lies in the scanned folder {above}")
            if os.name == "posix" and status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
                raise RefusedCacheError(f"everybody can write to {above}")


class PrivateFiles:
    """Files below a folder, by their names relative to it.

    Args:
        top: a folder that was accepted.
        below: the folder below it, made when a file is written.
    """

    def __init__(self, top: Path, below: str) -> None:
        self._top = top
        self.folder = top / below

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None when it is missing or not the user's alone."""
        path = self.folder / name
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            if not all(_is_private(os.lstat(each), stat.S_ISDIR) for each in self._folders(path)):
                return None
            with open(os.open(path, flags), "rb", buffering=0) as handle:
                return handle.readall() if _is_private(os.fstat(handle.fileno()), stat.S_ISREG) else None
        except (OSError, ValueError):
            return None

    def write(self, name: str, data: bytes) -> None:
        """Replace a file, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        path = self.folder / name
        self._top.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for each in self._folders(path):
            with suppress(FileExistsError):
                os.mkdir(each, 0o700)
            if not _is_private(os.lstat(each), stat.S_ISDIR):
                raise PermissionError(f"{each} is not the user's alone")
        _remove_left(path)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{time.time_ns()}{_TEMPORARY}")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            with open(os.open(temporary, flags, 0o600), "wb") as handle:
                handle.write(data)
            os.replace(temporary, path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def _folders(self, path: Path) -> Iterator[Path]:
        """From the top to the folder of a file."""
        folder = self._top
        yield folder
        for part in path.parent.relative_to(self._top).parts:
            folder /= part
            yield folder


def _remove_left(path: Path) -> None:
    """Remove what runs that were killed left beside a file."""
    for each in path.parent.glob(f"{path.name}.*{_TEMPORARY}"):
        with suppress(OSError):
            if each.lstat().st_mtime < time.time() - _LEFT_SECONDS:
                each.unlink()


def _is_private(status: os.stat_result, kind: Callable[[int], bool]) -> bool:
    if not kind(status.st_mode):
        return False
    return os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE)
