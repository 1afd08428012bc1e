"""Declared lists of platforms: of uv, pixi and conda-lock."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.fix import Applicability, Fix
from armready.core.source import Location, Span
from armready.core.startup import dataclass, regex
from armready.knowledge.targets import AARCH64, LINUX_ARM64, X86_64, Target, marker_holds
from armready.languages.toml import Node, parse_toml

_CONDA_X86 = "linux-64"
_CONDA_ARM = "linux-aarch64"
# A platform in a lock: an item of a list, the key of a table, or the name of an entry.
_LOCK_PLATFORM = regex(r"(?m)^[ \t]+(?:-[ \t]+(?:name:[ \t]*)?)?(linux-64|linux-aarch64)[ \t]*+:?[ \t\r]*$")


@dataclass(frozen=True, slots=True)
class PlatformList:
    """A list that holds Linux x86-64 and not Linux arm64: a fact.

    Attributes:
        key: its name.
        tool: who reads it.
        location: the list.
        fix: the entry for arm64.
        is_lock: it is the lock that was made from the list.
    """

    key: str
    tool: str
    location: Location
    fix: Fix | None
    is_lock: bool = False


@dataclass(frozen=True, slots=True)
class ExplicitFile:
    """An `@EXPLICIT` file of conda: a fact.

    Attributes:
        first_x86: the first archive for linux-64.
        arm64: it lists archives for linux-aarch64.
    """

    first_x86: Location | None
    arm64: bool


def explicit_facts(file: File) -> Iterator[ExplicitFile]:
    """The collector for `@EXPLICIT` files."""
    match = re.search(r"(?m)^\S+/linux-64/\S+", file.text)
    yield ExplicitFile(file.location(Span(*match.span())) if match else None, "/linux-aarch64/" in file.text)


def platform_facts(file: File) -> Iterator[PlatformList]:
    """The collector.

    Raises:
        ParseProblem: the file cannot be read as what it is.
    """
    if file.kind is Kind.CONDA_ENV:
        yield from _conda(file)
        return
    root = parse_toml(file).root
    if file.kind is Kind.PYPROJECT:
        yield from _uv(file, root.get("tool", "uv", "environments"))
        root = root.get("tool", "pixi") or Node(Span(0, 0))
    for table in ("workspace", "project"):
        yield from _pixi(file, root.get(table, "platforms"))


def lock_platform_facts(file: File) -> Iterator[PlatformList]:
    """The collector for `conda-lock.yml` and `pixi.lock`, whose lines are read as text: they are long and made by a tool."""
    names = set(_LOCK_PLATFORM.findall(file.text))
    if _CONDA_X86 in names and _CONDA_ARM not in names:
        match = next(each for each in _LOCK_PLATFORM.finditer(file.text) if each[1] == _CONDA_X86)
        tool = "pixi" if file.kind is Kind.PIXI_LOCK else "conda-lock"
        yield PlatformList("platforms", tool, file.location(Span(*match.span(1))), None, is_lock=True)


def _fix(file: File, array: Node, text: str, relock: str) -> Fix | None:
    last = array.elements()[-1]
    return Fix("Add Linux arm64", (file.insert(last.span.end, f', "{text}"'),), Applicability.UNSAFE, (f"then run `{relock}`",))


def _uv(file: File, array: Node | None) -> Iterator[PlatformList]:
    if array is None or not array.strings():
        return
    markers = [each.value or "" for each in array.strings()]
    target = Target((3, 12), AARCH64)
    if any(marker_holds(each, target) is not False for each in markers):
        return
    if any(marker_holds(each, target.on(X86_64)) for each in markers):
        yield PlatformList("environments", "uv", file.location(array.span), _fix(file, array, LINUX_ARM64, "uv lock"))


def _pixi(file: File, array: Node | None) -> Iterator[PlatformList]:
    if array is None:
        return
    names = {each.value for each in array.strings()}
    if _CONDA_X86 in names and _CONDA_ARM not in names:
        yield PlatformList("platforms", "pixi", file.location(array.span), _fix(file, array, _CONDA_ARM, "pixi lock"))


def _conda(file: File) -> Iterator[PlatformList]:
    from armready.languages.yaml.nodes import get, parse_yaml, places, text_of

    for root in parse_yaml(file):
        listed = places(get(root, "platforms"))
        names = [text_of(place.value) for place in listed]
        if _CONDA_X86 not in names or _CONDA_ARM in names:
            continue
        place = listed[names.index(_CONDA_X86)]
        index = file.source.line_index(place.span.start)
        line = file.source.slice(file.source.line_span(index))
        fix = None
        if line.strip() == f"- {_CONDA_X86}":
            end = file.source.line_span(index).end
            text = f"{file.source.newline}{line.replace(_CONDA_X86, _CONDA_ARM)}"
            fix = Fix("Add Linux arm64", (file.insert(end, text),), Applicability.UNSAFE, ("then lock again",))
        yield PlatformList("platforms", "conda-lock", file.location(place.span), fix)
