"""Records as bytes for the disk, and back, in MessagePack.

The bytes name no class and no function, as those of a pickle do. Who reads them says which type to expect, and every value is checked
against the annotations of that type, all the way down: what does not fit is refused.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from msgspec.msgpack import Decoder, Encoder

Value = TypeVar("Value")


def encode(value: object) -> bytes:
    """The bytes of a value; equal values have equal bytes.

    Raises:
        ValueError: it holds half a surrogate pair, as a file name that is not UTF-8 does, or a number of more than 64 bits.
    """
    try:
        return _encoder().encode(value)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def decode(data: bytes | memoryview, of: type[Value]) -> Value:
    """The value that bytes stand for.

    Raises:
        ValueError: they stand for no value of that type.
    """
    try:
        return _decoder(of).decode(data)  # type: ignore[arg-type, no-any-return]
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


@cache
def _encoder() -> Encoder:
    with _plain_typing():
        from msgspec.msgpack import Encoder

    return Encoder(order="deterministic")


@cache
def _decoder(of: type) -> Decoder[Any]:
    with _plain_typing():
        from msgspec.msgpack import Decoder

    return Decoder(of)


@contextmanager
def _plain_typing() -> Iterator[None]:
    """Let msgspec do without typing_extensions, which it can: importing both takes 46 ms, importing msgspec alone 18 ms."""
    name = "typing_extensions"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
