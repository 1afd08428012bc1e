"""Derive needles from the tables and the patterns of which they are a first, quick test.

A rule or a collector names the bytes without which it finds nothing; these functions make them from what it looks for, so that a new row of
a table cannot be forgotten here. They run when a rule is imported, or its index made: a run reads the needles from the index.

A needle is lower-case ASCII. `\\b` at its beginning or end asks for a word boundary there: `\\bsse` does not stand in `assert`; and `both`
makes one that asks for two things at once.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from functools import cache
from itertools import product
from typing import Any

from armready.core.startup import regex

_BOUNDARY, _AND, _OR = b"\b", b"\0", b"\x1f"
_PARTS = re.compile(b"[\0\x1f]")
# In Python's own reading of a regular expression: what has no width, and what repeats.
_WIDTHLESS = frozenset({"AT", "ASSERT", "ASSERT_NOT"})
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_MOST_TEXTS = 16
# Where words are put together in scripts.
_SEPARATOR = regex(r"[/:@-]")
# Shorter parts, and these, stand in too many files.
_TELLING = 5
_COMMON = frozenset({"linux", "image", "headers", "tools", "driver", "devel", "static", "include", "desktop", "microsoft"})


class Finder:
    """Finds which of many needles stand in a text, in one pass over it: a file has hundreds to be looked for."""

    def __init__(self, needles: Iterable[bytes]) -> None:
        import ahocorasick

        self._automaton = ahocorasick.Automaton()
        for plain in {part.strip(_BOUNDARY) for needle in needles for part in _PARTS.split(needle)}:
            self._automaton.add_word(plain.decode(), plain)
        self._automaton.make_automaton()

    def found_in(self, lowered: bytes) -> frozenset[bytes]:
        """The needles in a text, without their word boundaries; of one that asks for two at once each part."""
        if not len(self._automaton):
            return frozenset()
        return frozenset(plain for _, plain in self._automaton.iter(lowered.decode("latin-1")))


class Lowered:
    """A text in lower case, and the needles in it.

    Args:
        lowered: the text.
        finder: knows every needle that will be asked for.
    """

    def __init__(self, lowered: bytes, finder: Finder) -> None:
        self._lowered = lowered
        self._plain = finder.found_in(lowered)

    def may_hold(self, needles: tuple[bytes, ...]) -> bool:
        """Whether one of the needles stands in the text, or there are none to ask for."""
        return not needles or not self._plain.isdisjoint(needles) or any(map(self._holds, _special(needles)))

    def _holds(self, needle: bytes) -> bool:
        if _AND in needle:
            return all(self.may_hold(tuple(group.split(_OR))) for group in needle.split(_AND))
        return needle.strip(_BOUNDARY) in self._plain and _word(needle).search(self._lowered) is not None


@cache
def _special(needles: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The needles that ask for more than that they occur."""
    return tuple(needle for needle in needles if _BOUNDARY in needle or _AND in needle)


@cache
def _word(needle: bytes) -> re.Pattern[bytes]:
    """A pattern that begins with the plain text, which is found much faster than a boundary; what stands before is asked afterwards."""
    plain = re.escape(needle.strip(_BOUNDARY))
    before = b"(?<![a-z0-9_]" + plain + b")" if needle.startswith(_BOUNDARY) else b""
    return re.compile(plain + before + (b"(?![a-z0-9_])" if needle.endswith(_BOUNDARY) else b""))


def both(first: Iterable[bytes], second: Iterable[bytes]) -> bytes:
    """A needle that asks for one of the first and one of the second, in any order."""
    return _AND.join(_OR.join(group) for group in (first, second))


def whole_words(texts: Iterable[str]) -> tuple[bytes, ...]:
    """The texts as needles that stand there as words of their own."""
    return tuple(sorted(_BOUNDARY + text.lower().encode() + _BOUNDARY for text in set(texts)))


def word_starts(*patterns: re.Pattern[str] | str) -> tuple[bytes, ...]:
    """Needles for patterns that match from the beginning of a word on: how their matches begin.

    Raises:
        ValueError: a pattern may begin with anything.
    """
    parser: Any = importlib.import_module("re._parser")
    found: set[str] = set()
    for pattern in patterns:
        text = pattern if isinstance(pattern, str) else pattern.pattern
        begins = _beginnings(parser.parse(text, 0 if isinstance(pattern, str) else pattern.flags & re.VERBOSE))
        if "" in begins:
            raise ValueError(f"anything may begin a match of {text}")
        found |= {each.lower() for each in begins}
    shortest = {text for text in found if not any(text.startswith(other) for other in found if other != text)}
    return tuple(sorted(_BOUNDARY + text.encode() for text in shortest))


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


def _beginnings(items: Any) -> set[str]:
    """How the matches of a pattern begin, as far as few texts say it."""
    found = {""}
    for item in items:
        texts = _texts(item)
        if texts is None or len(found) * len(texts) > _MOST_TEXTS:
            return {before + text for before, text in product(found, _opening(item))}
        found = {before + text for before, text in product(found, texts)}
    return found


def _opening(item: Any) -> set[str]:
    name, value = str(item[0]), item[1]
    if name == "SUBPATTERN":
        return _beginnings(value[-1])
    if name == "BRANCH":
        return set[str]().union(*map(_beginnings, value[1]))
    return {""}


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
