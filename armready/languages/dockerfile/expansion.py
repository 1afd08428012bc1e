"""Variables in the words of a Dockerfile, expanded as BuildKit's shell lexer does.

RUN, CMD and ENTRYPOINT are not expanded this way: there a shell does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from armready.core.source import Span
from armready.core.startup import regex

# The value of a name: a string, or None when nothing in the file gives it one.
Lookup = Callable[[str], str | None]

# Longer results are not worth having, and nested definitions could double without end.
_LONGEST = 8192
_DEEPEST = 32

_VARIABLE = regex(r"\$(?:(\w+)|\{(\w++)([^{}]*)\})")
_NAME = regex(r"\w+")
_PLAIN = regex(r"[^$'\"\\`}]+")
_SPECIAL = regex(r"[$'\"\\`]")


class Use(NamedTuple):
    """A variable as it is used in a text.

    Attributes:
        name: the variable.
        span: from the `$` to the end.
        defaulted: it has a value of its own for the case that the variable is unset: `${X:-y}`.
    """

    name: str
    span: Span
    defaulted: bool


def uses(text: str, escape: str = "\\") -> Iterator[Use]:
    """The variables of a text, in order, without those behind an escape. Quotes do not matter: a shell may pass them on to another."""
    for match in _VARIABLE.finditer(text):
        start = match.start()
        if start and text[start - 1] == escape and (start < 2 or text[start - 2] != escape):
            continue
        operator = match[3] or ""
        yield Use(match[1] or match[2], Span(*match.span()), operator.startswith((":-", "-", ":+", "+", ":?", "?")))


def expand(text: str, lookup: Lookup, escape: str = "\\") -> str | None:
    """The text after expansion and quote removal; None when it holds a variable without a known value, or a form that is not stable."""
    if not _SPECIAL.search(text):
        return text if len(text) <= _LONGEST else None
    result = _Expansion(text, lookup, escape).run()
    return None if result is None or len(result) > _LONGEST else result


def resolve(text: str, lookup: Lookup, escape: str = "\\") -> str:
    """As `expand`, but a variable without a known value stays in the text as it is written."""
    if not _SPECIAL.search(text):
        return text
    result = _Expansion(text, lookup, escape, keep=True).run() or ""
    return result if len(result) <= _LONGEST else text


def unquote(text: str, escape: str = "\\") -> str:
    """The text without its quotes and escapes, variables left as they stand."""
    if not _SPECIAL.search(text):
        return text
    return _Expansion(text, lambda name: None, escape, raw=True).run() or ""


class _Expansion:
    """One run over a text: `keep` leaves variables without a value as they are written, `raw` all of them."""

    def __init__(self, text: str, lookup: Lookup, escape: str, *, keep: bool = False, raw: bool = False) -> None:
        self._text = text
        self._lookup = lookup
        self._escape = escape
        self._keep = keep
        self._raw = raw
        self._at = 0
        self._depth = 0

    def run(self, until: str = "") -> str | None:
        """Read up to `until`, which is consumed, or to the end."""
        text, out, unknown = self._text, [], False
        while self._at < len(text):
            plain = _PLAIN.match(text, self._at)
            if plain is not None:
                out.append(plain[0])
                self._at = plain.end()
                continue
            char = text[self._at]
            if char == until:
                break
            if char == "'":
                out.append(self._single())
            elif char == '"':
                part = self._double()
                unknown |= part is None
                out.append(part or "")
            elif char == self._escape and self._at + 1 < len(text):
                out.append(text[self._at + 1])
                self._at += 2
            elif char == "$":
                part = self._variable()
                unknown |= part is None
                out.append(part or "")
            else:
                out.append(char)
                self._at += 1
        self._at += 1
        return None if unknown else "".join(out)

    def _single(self) -> str:
        end = self._text.find("'", self._at + 1)
        end = len(self._text) if end < 0 else end
        inner = self._text[self._at + 1 : end]
        self._at = end + 1
        return inner

    def _double(self) -> str | None:
        text, out, unknown = self._text, [], False
        self._at += 1
        while self._at < len(text) and text[self._at] != '"':
            char = text[self._at]
            if char == "$":
                part = self._variable()
                unknown |= part is None
                out.append(part or "")
            elif char == self._escape and text[self._at + 1 : self._at + 2] in ('"', "$", self._escape):
                out.append(text[self._at + 1])
                self._at += 2
            else:
                out.append(char)
                self._at += 1
        self._at += 1
        return None if unknown else "".join(out)

    def _variable(self) -> str | None:
        start = self._at
        self._at += 1
        braced = self._text.startswith("{", self._at)
        self._at += braced
        match = _NAME.match(self._text, self._at)
        if match is None:
            self._at = start + 1
            return "$"
        self._at = match.end()
        value = self._value(match[0]) if braced else self._lookup(match[0])
        return self._text[start : self._at] if self._raw or (self._keep and value is None) else value

    def _value(self, name: str) -> str | None:
        text, value = self._text, self._lookup(name)
        if text.startswith("}", self._at):
            self._at += 1
            return value
        colon = text.startswith(":", self._at)
        operator = text[self._at + colon : self._at + colon + 1]
        if operator not in ("-", "+", "?"):
            end = text.find("}", self._at)
            self._at = len(text) if end < 0 else end + 1
            return None
        self._at += colon + 1
        if self._depth >= _DEEPEST:
            self._at = len(text)
            return None
        self._depth += 1
        word = self.run("}")
        self._depth -= 1
        given = bool(value) if colon else value is not None
        if operator == "+":
            return word if given else ""
        if operator == "?":
            return value
        return value if given else word
