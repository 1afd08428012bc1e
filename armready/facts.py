"""The records of the first pass: what a file is, in small, plain, picklable pieces.

A collector reads one file and yields facts; `COLLECTORS` says which ones read which kind. Project rules join the facts of many files
and parse nothing again. Each fact carries the locations and the source words that a finding or a fix will need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from armready.classify import Kind
    from armready.file import File


class Fact(Protocol):
    """Any frozen, picklable record. Facts are found by their type."""


class Collector(NamedTuple):
    """A function `(File) -> Iterator[Fact]`, imported when a file first needs it.

    Attributes:
        function: "package.module:function".
        kinds: the kinds of files that it reads.
        needles: as those of `FileRule`: without one of them in the file there is no fact.
    """

    function: str
    kinds: frozenset[Kind]
    needles: tuple[bytes, ...] = ()

    def load(self) -> Callable[[File], Iterator[Fact]]:
        """Import the function."""
        module, _, name = self.function.partition(":")
        return getattr(import_module(module), name)  # type: ignore[no-any-return]


COLLECTORS: tuple[Collector, ...] = ()
