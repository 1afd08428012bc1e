"""Look at every program and library of an image: which are for another processor, and which line of the Dockerfile brought them."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from armready.core.startup import dataclass, regex
from armready.knowledge.arch import Arch
from armready.knowledge.elf import HEADER, arch_of
from armready.verify.archive import Member, members
from armready.verify.layout import BuiltImage, open_layer, read_image
from armready.verify.lines import Origin, origins
from armready.verify.model import Recipe

# What runs on which architecture of an image; 32-bit programs of the same maker run on most machines, and are not spoken of.
_FOREIGN = {"arm64": frozenset({Arch.AMD64, Arch.X86}), "amd64": frozenset({Arch.ARM64, Arch.ARM})}
_RUNS = frozenset({2, 3})
_TOKENS = regex(r"(?i)(?:x86[-_]?64|amd64|x64|i[3-6]86|aarch[-_]?64|arm64|armv8)")
_MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class Foreign:
    """A program or library for another processor.

    Attributes:
        path: in the image.
        architecture: what it is for.
        origin: what brought it.
    """

    path: str
    architecture: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in an image.

    Attributes:
        programs: how many programs and libraries it has.
        foreign: those for another processor, up to 200.
        more: how many there are beyond them.
        base: the architecture that the base image is for where it is not the right one; empty otherwise.
    """

    programs: int
    foreign: tuple[Foreign, ...]
    more: int = 0
    base: str = ""


class _Program(NamedTuple):
    path: str
    arch: Arch


def look(layout: Path, architecture: str, recipe: Recipe | None, target: str = "") -> Contents:
    """What is in the image of an architecture in a layout.

    Args:
        layout: the folder.
        architecture: `arm64` or `amd64`.
        recipe: the Dockerfile it was built from.
        target: the stage that was built.

    Raises:
        ParseProblem: the layout cannot be read, or holds more than an image has.
    """
    image = read_image(layout, architecture)
    sources = origins(image.history, image.layers, recipe, target)
    layers = [_programs(layout, image, number) for number in range(len(image.layers))]
    wrong = _FOREIGN.get(architecture, frozenset())
    native = {_neutral(program.path) for layer in layers for program in layer if program.arch not in wrong and _TOKENS.search(program.path)}
    foreign: list[Foreign] = []
    base: Counter[Arch] = Counter()
    for origin, layer in zip(sources, layers, strict=True):
        if origin.is_base:
            base.update(program.arch for program in layer)
            continue
        foreign += [Foreign(each.path, each.arch.value, origin) for each in layer if each.arch in wrong and not _is_variant(each, native)]
    other = sum(count for arch, count in base.items() if arch in wrong)
    named = base.most_common(1)[0][0].value if other * 2 > base.total() else ""
    return Contents(sum(map(len, layers)), tuple(foreign[:_MOST_NAMED]), max(0, len(foreign) - _MOST_NAMED), named)


def _programs(layout: Path, image: BuiltImage, number: int) -> list[_Program]:
    with open_layer(layout, image.layers[number]) as layer:
        return list(_executables(members(layer, HEADER)))


def _executables(files: Iterator[Member]) -> Iterator[_Program]:
    """The ELF files that a machine can load: objects of a compiler and symbols are not run."""
    for member in files:
        arch = arch_of(member.head)
        if arch is not None and int.from_bytes(member.head[16:18], "little") in _RUNS:
            yield _Program(member.path, arch)


def _is_variant(program: _Program, native: Sequence[str] | set[str]) -> bool:
    """Whether it is one of several that a package brings for all architectures: the one for this image lies beside it."""
    return bool(_TOKENS.search(program.path)) and _neutral(program.path) in native


def _neutral(path: str) -> str:
    """A path without the names of architectures in it."""
    return posixpath.normpath(_TOKENS.sub("*", path))
