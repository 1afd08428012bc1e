"""The names in a git index, read from the file itself: no program is started for them.

The format is that of git's `Documentation/gitformat-index.txt`, versions 2 to 4, with split indexes. Folders that a sparse index holds
as one entry are left out: nothing below them is on the disk.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection

from armready.core.errors import ParseProblem

# What stands before the object name: times, device, inode, mode, owner, size.
_STATUS = 40
_MODE = 24
_FOLDER = 0o040000
_EXTENDED = 0x4000
_LONG_NAME = 0xFFF
_WORD = 64
# No path is longer; in version 4, where each name goes on from the one before, a small file could hold names without end.
_LONGEST_PATH = 4096


def names_in(data: bytes, hash_size: int, shared: Callable[[str], bytes]) -> list[bytes]:
    """The paths of an index, from the top of the repository.

    Args:
        data: the index file.
        hash_size: bytes of an object name.
        shared: reads the other half of a split index by its name.

    Raises:
        ParseProblem: it is no index, or is cut.
    """
    try:
        return _names(data, hash_size, shared)
    except (IndexError, ValueError, struct.error, _Cut) as error:
        raise ParseProblem("not a git index") from error


class _Cut(Exception):
    """The index ends before it should."""


def _names(data: bytes, hash_size: int, shared: Callable[[str], bytes] | None) -> list[bytes]:
    if len(data) < 12 or data[:4] != b"DIRC":
        raise _Cut
    version, count = struct.unpack_from(">II", data, 4)
    if version not in (2, 3, 4):
        raise _Cut
    at, name = 12, b""
    names: list[bytes] = []
    for _ in range(count):
        begin, flags_at = at, at + _STATUS + hash_size
        flags = data[flags_at] << 8 | data[flags_at + 1]
        at = flags_at + (4 if flags & _EXTENDED else 2)
        if version == 4:
            drop, at = _offset(data, at)
            end = data.index(b"\0", at)
            name = name[: len(name) - drop] + data[at:end]
            at = end + 1
        else:
            length = flags & _LONG_NAME
            end = data.index(b"\0", at) if length == _LONG_NAME else at + length
            name = data[at:end]
            at = begin + (end - begin + 8) // 8 * 8
        if len(name) > _LONGEST_PATH:
            raise _Cut
        folder = data[begin + _MODE] << 24 | data[begin + _MODE + 1] << 16 | data[begin + _MODE + 2] << 8 | data[begin + _MODE + 3]
        if folder != _FOLDER:
            names.append(name)
    if at > len(data):
        raise _Cut
    return names if shared is None else _joined(names, data, at, hash_size, shared)


def _offset(data: bytes, at: int) -> tuple[int, int]:
    """A number in the form that packs and version 4 use, and where it ends."""
    value = data[at] & 127
    while data[at] & 128:
        at += 1
        value = (value + 1) << 7 | data[at] & 127
    return value, at + 1


def _joined(names: list[bytes], data: bytes, at: int, hash_size: int, shared: Callable[[str], bytes]) -> list[bytes]:
    """`names` with those of the other half, where the extension `link` names one."""
    while at + 8 + hash_size <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "big")
        if data[at : at + 4] == b"link":
            other = data[at + 8 : at + 8 + hash_size]
            base = _names(shared(other.hex()), hash_size, None) if any(other) else []
            gone = _bits(data, at + 8 + hash_size, len(base)) if size > hash_size else frozenset()
            return [*(each for number, each in enumerate(base) if number not in gone), *filter(None, names)]
        at += 8 + size
    return names


def _bits(data: bytes, at: int, limit: int) -> Collection[int]:
    """The positions below `limit` that are set in a bitmap compressed as EWAH."""
    (words,) = struct.unpack_from(">I", data, at + 4)
    at += 8
    end = at + 8 * words
    found: set[int] = set()
    position = 0
    while at < end:
        (marker,) = struct.unpack_from(">Q", data, at)
        at += 8
        run, literals = marker >> 1 & 0xFFFFFFFF, marker >> 33
        if marker & 1:
            found.update(range(position, min(position + run * _WORD, limit)))
        position += run * _WORD
        for _ in range(literals):
            (word,) = struct.unpack_from(">Q", data, at)
            at += 8
            found.update(position + bit for bit in range(_WORD) if word >> bit & 1)
            position += _WORD
    return found
