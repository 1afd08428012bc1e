"""Files that are written at a place the user names, or that has its name at the root of the repository: as a whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from armready.core.errors import UsageError

WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH

# What temporary files are called: the name of the file, this, and eight characters.
_MARK = ".armready-"
_LEFT = re.compile(r"\..+\.armready-[a-z0-9_]{8}", re.DOTALL)
# Why a file that can be written to cannot be replaced: its folder is read-only, or it is mounted by itself.
_IN_ITS_PLACE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY})
_ANYBODY = 0o666
# So much of the name of a file is kept in that of its temporary file, which systems hold to 255 bytes.
_LONGEST_NAME = 50


def write_file(path: Path, data: bytes, root: Path) -> None:
    """Write a file, unless a link of the repository leads it out. A pipe or a device gets the data as it is.

    Raises:
        UsageError: one does, or the file cannot be written.
    """
    check_place(path, root)
    try:
        _write(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error


def _write(path: Path, data: bytes) -> None:
    status = path.stat() if path.exists() else None
    if status is not None and not (stat.S_ISREG(status.st_mode) and os.access(path, os.W_OK)):
        path.write_bytes(data)
        return
    remove_left([path.parent])
    try:
        replace_file(path, data, status, path.parent)
    except OSError as error:
        if status is None or error.errno not in _IN_ITS_PLACE:
            raise
        path.write_bytes(data)


def check_place(path: Path, root: Path) -> None:
    """Refuse a place that is named inside of the repository and lies outside of it, or in `.git`.

    Raises:
        UsageError: it does.
    """
    root = root.resolve()
    folders = [Path(os.path.realpath(each)) for each in Path(os.path.abspath(path)).parents]
    real = Path(os.path.realpath(path))
    if not any(each.is_relative_to(root) for each in folders):
        return
    if not real.is_relative_to(root):
        raise UsageError(f"{path}: a link leads to {real}, out of {root}; nothing was written there")
    if real.is_relative_to(root / ".git") and not Path(os.path.abspath(path)).is_relative_to(root / ".git"):
        raise UsageError(f"{path}: a link leads to {real}; nothing was written there")


def remove_left(folders: Iterable[Path]) -> None:
    """Remove what runs that were killed have left in these folders. A run that is alive has locked what it writes."""
    for folder in folders:
        with suppress(OSError):
            for each in [entry for entry in os.scandir(folder) if _LEFT.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)]:
                _unlink_unless_locked(each.path)


def _unlink_unless_locked(path: str) -> None:
    with suppress(OSError):
        with open(path, "rb") as handle:
            dead = _lock(handle.fileno())
        if dead:
            os.unlink(path)


def _lock(descriptor: int) -> bool:
    """Lock a file if nobody has; where the system knows no such locks, a file that is open cannot be removed."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def replace_file(target: Path, new: bytes, status: os.stat_result | None, folder: Path) -> None:
    """Put new contents in the place of a file by way of a temporary file in a folder of the same file system.

    Args:
        target: the file; no link.
        new: its contents.
        status: what it was, to be kept; None: it is new.
        folder: where the temporary file is.

    Raises:
        OSError: it cannot be written.
    """
    temporary = folder / f".{target.name[:_LONGEST_NAME]}{_MARK}{token_hex(4)}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o600 if status is not None else _ANYBODY)
    lock = os.dup(descriptor)
    try:
        _lock(lock)
        with open(descriptor, "wb") as handle:
            handle.write(new)
            handle.flush()
            os.fsync(handle.fileno())
        if status is not None:
            with suppress(OSError, AttributeError):
                os.chown(temporary, status.st_uid, status.st_gid)
            os.chmod(temporary, status.st_mode)
        os.replace(temporary, target)
    except BaseException:
        os.close(lock)
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    os.close(lock)
