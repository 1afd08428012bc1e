"""Derive needles from the tables and the patterns of which they are a first, quick test.

A rule or a collector names the bytes without which it finds nothing; these functions make them from what it looks for, so that a new row of
a table cannot be forgotten here. They run when a rule is imported, or its index made: a run reads the needles from the index.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from itertools import product
from typing import Any

from armready.core.startup import regex

# In Python's own reading of a regular expression: what has no width, and what repeats.
_WIDTHLESS = frozenset({"AT", "ASSERT", "ASSERT_NOT"})
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_MOST_TEXTS = 16
# Where words are put together in scripts.
_SEPARATOR = regex(r"[/:@-]")
# Shorter parts, and these, stand in too many files.
_TELLING = 5
_COMMON = frozenset({"linux", "image", "headers", "tools", "driver", "devel", "static", "include", "desktop", "microsoft"})


def needles_of(texts: Iterable[str]) -> tuple[bytes, ...]:
    """The texts as needles, without those that hold another one."""
    lowered = sorted({text.lower().encode() for text in texts})
    return tuple(each for each in lowered if not any(other in each for other in lowered if other != each))


def literals(*patterns: re.Pattern[str] | str) -> tuple[bytes, ...]:
    """Needles of which at least one stands in every text that one of the patterns matches.

    Raises:
        ValueError: a pattern matches texts that have nothing in common.
    """
    parser: Any = importlib.import_module("re._parser")
    found: set[str] = set()
    for pattern in patterns:
        text = pattern if isinstance(pattern, str) else pattern.pattern
        flags = 0 if isinstance(pattern, str) else pattern.flags
        needed = _needed(parser.parse(text, flags & re.VERBOSE))
        if not needed:
            raise ValueError(f"nothing stands in every match of {text}")
        found |= needed
    return needles_of(_piece(needle.decode()) for needle in needles_of(found))


def _piece(text: str) -> str:
    """The longest telling part of a text: what is written with quotes or a variable in the middle still has it."""
    parts = [part for part in _SEPARATOR.split(text) if len(part) >= _TELLING and part.strip("_") not in _COMMON]
    return max(parts, key=len, default=text)


def _needed(items: Any) -> set[str]:
    """The texts of which one stands in every match; none where it cannot be said."""
    candidates: list[set[str]] = []
    current = {""}
    for item in items:
        texts = _texts(item)
        if texts is not None and len(current) * len(texts) <= _MOST_TEXTS:
            current = {before + text for before, text in product(current, texts)}
            continue
        candidates += [current, _inside(item)]
        current = texts if texts is not None else {""}
    candidates.append(current)
    return max((each for each in candidates if each and "" not in each), key=lambda each: (min(map(len, each)), -len(each)), default=set())


def _inside(item: Any) -> set[str]:
    name, value = str(item[0]), item[1]
    if name == "SUBPATTERN":
        return _needed(value[-1])
    if name in _REPEATS:
        return _needed(value[2]) if value[0] else set()
    if name == "BRANCH":
        each = [_needed(branch) for branch in value[1]]
        return set[str]().union(*each) if all(each) else set()
    return set()


def _texts(item: Any) -> set[str] | None:
    """All texts that a part of a pattern matches, when they are few."""
    name, value = str(item[0]), item[1]
    if name in _WIDTHLESS:
        return {""}
    if name == "LITERAL":
        return {chr(value)}
    if name == "IN":
        return _characters(value)
    if name == "SUBPATTERN":
        return _sequence(value[-1])
    if name in _REPEATS and value[1] == 1:
        texts = _sequence(value[2])
        return texts if value[0] or texts is None else texts | {""}
    if name == "BRANCH":
        each = [_sequence(branch) for branch in value[1]]
        return None if None in each else set[str]().union(*filter(None, each))
    return None


def _sequence(items: Any) -> set[str] | None:
    found = {""}
    for item in items:
        texts = _texts(item)
        if texts is None or len(found) * len(texts) > _MOST_TEXTS:
            return None
        found = {before + text for before, text in product(found, texts)}
    return found


def _characters(items: Any) -> set[str] | None:
    found: set[str] = set()
    for item in items:
        name, value = str(item[0]), item[1]
        if name == "LITERAL":
            found.add(chr(value))
        elif name == "RANGE" and value[1] - value[0] < _MOST_TEXTS:
            found |= {chr(each) for each in range(value[0], value[1] + 1)}
        else:
            return None
    return found
