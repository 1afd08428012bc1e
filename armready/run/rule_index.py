"""What a run must know of every rule without importing it: its code, its kinds and its needles.

`rules/index.json` is made from the rules by `tools/generate.py`. A module that is not in it, or holds anything else than it did then, is
imported and asked, and so is one whose needles derive from a table that has changed: a new rule needs one new file and nothing else, and a
stale index costs time, never a finding.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from zlib import crc32

import armready
from armready.core.results import name_of
from armready.core.rule import FileRule, ProjectRule, Rule
from armready.core.startup import imported

INDEX = "index.json"


class Stage(StrEnum):
    """Where in the pipeline a rule is asked."""

    FILE = "file"
    PROJECT = "project"
    SUPPRESSIONS = "suppressions"


class Entry(NamedTuple):
    """A rule that is not imported yet. `kinds`, `needles`, `reads`, `code`, `name` and `off_by_default` are those of its class."""

    code: str
    name: str
    stage: Stage
    kinds: frozenset[str]
    needles: tuple[bytes, ...]
    reads: frozenset[str]
    off_by_default: bool
    module: str
    attribute: str

    def load(self) -> type[Rule]:
        """Import the rule."""
        return imported(self.module, self.attribute)  # type: ignore[no-any-return]


def entry_of(rule: type[Rule]) -> Entry:
    """The entry of a rule that is imported."""
    stage = Stage.FILE if issubclass(rule, FileRule) else Stage.PROJECT if issubclass(rule, ProjectRule) else Stage.SUPPRESSIONS
    needles = rule.needles if issubclass(rule, FileRule) else ()
    reads = frozenset(map(name_of, rule.reads)) if issubclass(rule, ProjectRule) else frozenset[str]()
    return Entry(
        code=rule.code,
        name=rule.name,
        stage=stage,
        kinds=rule.kinds,
        needles=needles,
        reads=reads,
        off_by_default=rule.off_by_default,
        module=rule.__module__,
        attribute=rule.__name__,
    )


def rules_of(module: ModuleType) -> list[type[Rule]]:
    """The rules that a module defines."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__ and hasattr(value, "code")
    ]


def read(package: ModuleType) -> Iterator[Entry]:
    """The rules of a package of families, from its index where that is fresh."""
    folder = package.__path__[0]
    known = _stored(os.path.join(folder, INDEX))
    check_sum = cache(_check_sum)
    for family in sorted(each.name for each in os.scandir(folder) if each.is_dir() and not each.name.startswith(("_", "."))):
        for each in sorted(os.scandir(os.path.join(folder, family)), key=lambda found: found.name):
            if not each.name.endswith(".py") or each.name.startswith("_"):
                continue
            module = f"{package.__name__}.{family}.{each.name[:-3]}"
            entry, sources = known.get((module, check_sum(each.path)), (None, {}))
            fresh = all(check_sum(_located(source, folder)) == known_sum for source, known_sum in sources.items())
            yield from [entry] if entry is not None and fresh else map(entry_of, rules_of(import_module(module)))


def _stored(path: str) -> dict[tuple[str, int], tuple[Entry, Mapping[str, int]]]:
    """The rows of an index by module and check sum of the module's file, with the check sums of what their needles derive from.

    There are none when it cannot be read.
    """
    try:
        with open(path, encoding="utf-8") as handle:
            rows = json.load(handle)
        return {(row["module"], row["crc32"]): (_entry(row), dict(row["needles_from"])) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _located(source: str, package: str) -> str:
    """The path of a file that `needle_sources` names."""
    return f"{package}/{source[6:]}" if source.startswith("rules/") else f"{armready.__path__[0]}/{source}"


def _check_sum(path: str) -> int:
    """What tells two states of a file apart, the same on every system: line endings do not count. -1 for one that cannot be read."""
    try:
        with open(path, "rb", buffering=0) as handle:
            return crc32(handle.readall().replace(b"\r\n", b"\n"))
    except OSError:
        return -1


def _entry(row: dict[str, object]) -> Entry:
    needles = tuple(str(needle).encode("latin-1") for needle in _list(row["needles"]))
    kinds = frozenset(str(kind) for kind in _list(row["kinds"]))
    reads = frozenset(map(str, _list(row["reads"])))
    off = bool(row["off_by_default"])
    stage = Stage(str(row["stage"]))
    return Entry(
        code=str(row["code"]),
        name=str(row["name"]),
        stage=stage,
        kinds=kinds,
        needles=needles,
        reads=reads,
        off_by_default=off,
        module=str(row["module"]),
        attribute=str(row["class"]),
    )


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def render(entries: list[Entry], package: ModuleType) -> str:
    """The text of an index, one rule a line."""
    from armready.run.needle_sources import sources_of

    folder = package.__path__[0]
    rows = []
    for entry in sorted(entries):
        path = os.path.join(folder, *entry.module.removeprefix(f"{package.__name__}.").split(".")) + ".py"
        row = {
            "code": entry.code,
            "name": entry.name,
            "stage": entry.stage,
            "off_by_default": entry.off_by_default,
            "module": entry.module,
            "class": entry.attribute,
            "crc32": _check_sum(path),
            "reads": sorted(entry.reads),
            "needles_from": {source: _check_sum(_located(source, folder)) for source in sources_of(Path(path), Path(folder))},
            "needles": [needle.decode("latin-1") for needle in entry.needles],
            "kinds": sorted(entry.kinds),
        }
        rows.append(json.dumps(row, ensure_ascii=True))
    return "[\n" + ",\n".join(rows) + "\n]\n"
