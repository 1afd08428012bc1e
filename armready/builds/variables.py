"""Variables in words: `$X`, `${X:-default}`, `$(X)` of Make, `${{ env.X }}`, `<< parameters.x >>`, `{{ .X }}`.

An environment maps a name to all values it is known to take; a name that is not in it stays in the text as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from armready.core.startup import regex

Environment = Mapping[str, tuple[str, ...]]

_MAX_ALTERNATIVES = 64
_MAX_DEPTH = 6
# Characters that the expansions of one text may take together.
_MAX_WORK = 300_000
MAX_LENGTH = 3_000

_VARIABLE = regex(
    r"""
    \$\{\{\s*(?P<github>[\w.-]+)\s*\}\}
    | \$\{(?P<braced>[A-Za-z_]\w*)(?:(?P<operator>:?[-=])(?P<default>[^{}]*))?\}
    | \$\((?P<make>[A-Za-z_][\w.-]*)\)
    | \$(?P<plain>[A-Za-z_]\w*)
    | <<\s*(?P<circle>[\w.-]+)\s*>>
    | \{\{\s*\.?(?P<mustache>[\w.-]+)\s*\}\}
    """,
    re.VERBOSE,
)
_OPERATOR = regex(r"\$\{\w+:?[-=]")
_ANY_EXPANSION = regex(r"\$[\w{(@*#?!-]|<<\s*[\w.-]+\s*>>|\{\{|`|@[A-Z_]{2,}@|%\w+%")


def has_expansion(text: str) -> bool:
    """Whether a part of the text is only known when it runs."""
    return bool(_ANY_EXPANSION.search(text))


def names(text: str) -> set[str]:
    """The names of the variables in a text."""
    return {found for match in _VARIABLE.finditer(text) if (found := _name(match))}


def _name(match: re.Match[str]) -> str:
    return next((match[group] for group in ("github", "braced", "make", "plain", "circle", "mustache") if match[group]), "")


def _values(match: re.Match[str], environment: Environment) -> tuple[str, ...] | None:
    name = _name(match)
    known = environment.get(name)
    if known is None and match["github"] and name.startswith("env."):
        known = environment.get(name.removeprefix("env."))
    if known:
        return known
    return (match["default"],) if match["operator"] else None


class Default(str):
    """A value that a variable has only where nothing outside sets another: `TAG=${CI_TAG:-latest}`."""

    __slots__ = ()


def _is_default(match: re.Match[str], known: tuple[str, ...] | None) -> bool:
    return any(isinstance(each, Default) for each in known) if known else bool(match["operator"])


def expand(text: str, environment: Environment) -> tuple[str, ...]:
    """All texts that `text` can become; parts that are not known stay as written.

    More than 64 alternatives, long ones, and variables that contain themselves, are left unexpanded.
    """
    return _Expansion(environment).of(text, frozenset())


def takes_default(text: str, environment: Environment) -> bool:
    """Whether what a text becomes rests on the default of a variable that something outside may set: `${X:-latest}`."""
    expansion = _Expansion(environment)
    expansion.of(text, frozenset())
    return expansion.took_default


class _Expansion:
    """The expansion of one text, which ends even where each variable holds several times the one before it."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.work = 0
        self.took_default = False

    def of(self, text: str, seen: frozenset[str]) -> tuple[str, ...]:
        """All texts that a text can become within the values of the variables `seen`."""
        if len(seen) > _MAX_DEPTH or ("$" not in text and "<<" not in text and "{{" not in text):
            return (text,)
        results = [""]
        position = 0
        for match in _VARIABLE.finditer(text):
            literal = text[position : match.start()]
            position = match.end()
            values = _values(match, self.environment)
            name = _name(match)
            self.took_default |= _is_default(match, self.environment.get(name))
            if values is None or name in seen:
                alternatives: tuple[str, ...] = (match[0],)
            else:
                alternatives = tuple(dict.fromkeys(each for value in values for each in self.of(value, seen | {name})))
            if len(results) * len(alternatives) > _MAX_ALTERNATIVES or self.work > _MAX_WORK:
                return (text,)
            results = [before + literal + each for before in results for each in alternatives]
            lengths = [len(each) for each in results]
            self.work += sum(lengths)
            if max(lengths) > MAX_LENGTH:
                return (text,)
        return tuple(before + text[position:] for before in results)


def canonical(text: str) -> str:
    """The text with every simple variable written as `${NAME}`, so that `$X/app` and `"${X}"/app` compare equal."""

    def spell(match: re.Match[str]) -> str:
        if match["operator"]:
            return match[0]
        if match["github"]:
            name = match["github"]
            return "${" + name.removeprefix("env.") + "}" if name.startswith("env.") else "${{" + name + "}}"
        name = match["braced"] or match["plain"] or match["make"]
        return "${" + name + "}" if name else "{{" + _name(match) + "}}"

    return _VARIABLE.sub(spell, text)
