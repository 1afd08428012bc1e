"""Read the headers of a layer: what files it brings, and how each begins. Nothing is unpacked, and a hostile layer costs a bounded amount.

The standard library's reader takes names and attributes of any length into memory; this one takes what an image can have.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from armready.core.errors import ParseProblem

_BLOCK = 512
_PIECE = 1 << 16
_MOST_BYTES = 64 << 30
_MOST_MEMBERS = 2_000_000
_LONGEST_HEADER = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Member(NamedTuple):
    """A regular file of a layer: its path without a leading slash, its size and its first bytes."""

    path: str
    size: int
    head: bytes


def members(layer: IO[bytes], head: int) -> Iterator[Member]:
    """The regular files of a layer, with the first `head` bytes of each.

    Raises:
        ParseProblem: it is no layer, or more than an image has.
    """
    stream = _Stream(layer)
    name = ""
    for _ in range(_MOST_MEMBERS):
        header = stream.read(_BLOCK)
        if len(header) < _BLOCK or not any(header):
            return
        size, kind = _number(header[124:136]), header[156:157]
        padding = -size % _BLOCK
        if kind in b"LxgK":
            text = stream.read(min(size, _LONGEST_HEADER + 1))
            if len(text) < size:
                raise ParseProblem("a layer with an attribute of more than a megabyte, or cut short")
            stream.skip(padding)
            name = _long_name(kind, text) or name
            continue
        path, name = name or _short_name(header), ""
        if kind in (b"0", b"\0", b"7", b"S"):
            begin = stream.read(min(size, head))
            yield Member(path.removeprefix("./").lstrip("/"), size, begin)
            size -= len(begin)
        stream.skip(size + padding)
    raise ParseProblem(f"a layer with more than {_MOST_MEMBERS:,} files")


def _short_name(header: bytes) -> str:
    prefix = header[345:500] if header[257:262] == b"ustar" and header[262:263] != b" " else b""
    parts = (part.split(b"\0")[0].decode("utf-8", "replace") for part in (prefix, header[:100]))
    return "/".join(part for part in parts if part)


def _long_name(kind: bytes, text: bytes) -> str:
    """The name in a GNU long name or among the attributes of PAX."""
    if kind == b"L":
        return text.split(b"\0")[0].decode("utf-8", "replace")
    if kind != b"x":
        return ""
    at = 0
    while at < len(text):
        digits = text[at : text.find(b" ", at, at + 12)]
        length = int(digits) if digits.isdigit() else 0
        if length <= len(digits) + 1:
            return ""
        key, _, value = text[at + len(digits) + 1 : at + length].rstrip(b"\n").partition(b"=")
        if key == b"path":
            return value.decode("utf-8", "replace")
        at += length
    return ""


def _number(text: bytes) -> int:
    """A size: octal digits, or with the highest bit set a binary number.

    Raises:
        ParseProblem: it is neither.
    """
    if text[:1] >= b"\x80":
        return int.from_bytes(bytes((text[0] & 0x7F,)) + text[1:], "big")
    digits = text.strip(b" \0")
    try:
        return int(digits or b"0", 8)
    except ValueError as error:
        raise ParseProblem("not a tar archive") from error


class _Stream:
    """The bytes of a layer, decompressed as far as they are asked for."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._ready = b""
        self._left = _MOST_BYTES
        self._packed = source.read(_PIECE)
        if self._packed.startswith(_ZSTD):
            raise ParseProblem("a layer compressed by zstd, which is not read")
        self._inflate = zlib.decompressobj(wbits=31) if self._packed.startswith(_GZIP) else None

    def read(self, size: int) -> bytes:
        """As many bytes, less at the end."""
        pieces: list[bytes] = []
        while size > 0:
            if not self._ready and not self._more():
                break
            piece, self._ready = self._ready[:size], self._ready[size:]
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def skip(self, size: int) -> None:
        """Leave bytes out."""
        while size > 0 and (self._ready or self._more()):
            step = min(size, len(self._ready))
            self._ready = self._ready[step:]
            size -= step

    def _more(self) -> bool:
        """Read and decompress the next piece; False at the end."""
        while not self._ready:
            if not self._packed:
                self._packed = self._source.read(_PIECE)
                if not self._packed:
                    return False
            self._ready = self._decompressed()
        self._left -= len(self._ready)
        if self._left < 0:
            raise ParseProblem(f"a layer of more than {_MOST_BYTES >> 30} GB")
        return True

    def _decompressed(self) -> bytes:
        if self._inflate is None:
            piece, self._packed = self._packed, b""
            return piece
        try:
            piece = self._inflate.decompress(self._packed, _PIECE)
        except zlib.error as error:
            raise ParseProblem(f"a damaged layer ({error})") from error
        self._packed = self._inflate.unconsumed_tail
        if self._inflate.eof:
            self._packed = self._inflate.unused_data
            self._inflate = zlib.decompressobj(wbits=31)
            if self._packed and not any(self._packed):
                self._packed = b""
        return piece
