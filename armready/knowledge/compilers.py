"""Commands that compile, for whom, and at what cost under emulation (`data/compilers.tsv`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from armready.knowledge.tables import table

_ANY = "*"


@cache
def compiling() -> re.Pattern[str]:
    """Commands that write files for the machine that they run on."""
    return _commands("output")


@cache
def heavy() -> re.Pattern[str]:
    """Commands that take many times as long under emulation, or fail there."""
    return _commands("heavy")


@cache
def own_output() -> Mapping[str, str]:
    """The compilers whose output in a job is for the job's own machine, each with its verb; empty where it has none."""
    return {row["name"]: row["event"].replace(_ANY, "") for row in table("compilers").rows() if row["event"]}


def _commands(column: str) -> re.Pattern[str]:
    words = [_command(row["spelling"] or re.escape(row["name"]), row[column]) for row in table("compilers").rows() if row[column]]
    return re.compile(rf"(?<![\w./-])(?:{'|'.join(words)})(?![\w.-])")


def _command(spelling: str, verbs: str) -> str:
    return spelling if verbs == _ANY else rf"{spelling}\s+(?:{'|'.join(map(re.escape, verbs.split()))})"
