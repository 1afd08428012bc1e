"""Words of a shell: quote removal, expansions, and the prefixes that only wrap a command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from armready.core.source import Span
from armready.core.startup import regex
from armready.languages.shell.model import Assignment, Word

_SIMPLE = regex(r"[^\\'\"$`]*")
_PLAIN = regex(r"[^\\'\"$`]+")
_PLAIN_IN_DOUBLE = regex(r"[^\\\"$`]+")
_NAME = regex(r"[A-Za-z_]\w*|[0-9@*#?$!-]")


def unquote(text: str, templates: Sequence[Span] = ()) -> tuple[str | None, str]:
    """The value of a word after quote removal (None when it has expansions), and its template."""
    if not templates and _SIMPLE.fullmatch(text):
        return text, text
    out: list[str] = []
    literal, at, double, next_template = True, 0, False, 0
    while at < len(text):
        while next_template < len(templates) and templates[next_template].end <= at:
            next_template += 1
        limit = len(text)
        if next_template < len(templates):
            start, end = templates[next_template]
            if at >= start:
                out.append(text[at:end])
                literal, at = False, end
                continue
            limit = start
        plain = (_PLAIN_IN_DOUBLE if double else _PLAIN).match(text, at, limit)
        if plain:
            out.append(plain[0])
            at = plain.end()
            continue
        character = text[at]
        if character == '"':
            double = not double
            at += 1
        elif character == "\\":
            at = _escape(text, at, double, out)
        elif character == "'":
            end = text.find("'", at + 1)
            end = len(text) if end < 0 else end
            out.append(text[at + 1 : end])
            literal, at = literal and not any(each.start < end and each.end > at for each in templates), end + 1
        elif character == "$" and not double and text.startswith(("$'", '$"'), at):
            at += 1
            if text[at] == "'":
                end = _ansi_end(text, at + 1)
                out.append(text[at + 1 : end])
                literal, at = literal and "\\" not in text[at:end], end + 1
        else:
            end = expansion_end(text, at)
            raw = text[at:end]
            found = _NAME.fullmatch(raw, 1) if character == "$" else None
            out.append(f"${{{raw[1:]}}}" if found else raw)
            literal, at = literal and raw == "$", end
    joined = "".join(out)
    return (joined if literal else None), joined


def _escape(text: str, at: int, double: bool, out: list[str]) -> int:
    following = text[at + 1 : at + 2]
    if text.startswith("\\\r\n", at):
        return at + 3
    if following == "\n":
        return at + 2
    if double and following not in ("$", "`", '"', "\\"):
        out.append("\\")
        return at + 1
    out.append(following)
    return at + 2


def _ansi_end(text: str, at: int) -> int:
    while at < len(text) and text[at] != "'":
        at += 2 if text[at] == "\\" else 1
    return min(at, len(text))


# The patterns of a `case` close brackets that nothing opened.
_CASE = regex(r"(?:^|[\s;&|])case\s")
_BRACKET = regex(r"[^(){}'\"\\`]+")


def expansion_end(text: str, at: int) -> int:
    """The end of the expansion (`$x`, `${…}`, `$(…)`, `` `…` ``) at `at`; `at + 1` when there is none."""
    if text[at] == "`":
        end = at + 1
        while end < len(text) and text[end] != "`":
            end += 2 if text[end] == "\\" else 1
        return min(end + 1, len(text))
    if text[at] != "$" or at + 1 >= len(text):
        return at + 1
    if text[at + 1] not in "({":
        name = _NAME.match(text, at + 1)
        return name.end() if name else at + 1
    opened: list[str] = []
    position = at + 1
    while position < len(text):
        plain = _BRACKET.match(text, position)
        if plain:
            case = _CASE.search(plain[0])
            esac = text.find("esac", position + case.end()) if case else -1
            position = esac + 4 if esac >= 0 else plain.end()
            continue
        character = text[position]
        in_string = bool(opened) and opened[-1] == '"'
        if character == "\\":
            position += 1
        elif character == '"':
            if in_string:
                opened.pop()
            else:
                opened.append('"')
        elif character == "'" and not in_string:
            end = text.find("'", position + 1)
            position = end if end >= 0 else position
        elif character in "({" and (not in_string or text[position - 1] == "$"):
            opened.append(character)
        elif character in ")}" and not in_string:
            opened.pop()
            if not opened:
                return position + 1
        position += 1
    return len(text)


# Prefixes: commands that run another command.

ASSIGNMENT = regex(r"[A-Za-z_]\w*\+?=")
_NUMBER = regex(r"[0-9][0-9.]*[smhd]?")


class _Prefix(NamedTuple):
    """Options with a value, how many operands come before the command, and whether the command may be run again."""

    with_value: frozenset[str] = frozenset()
    operands: int = 0
    assignments: bool = False
    optional_number: bool = False
    retries: bool = False


# Those that retry: https://github.com/kadwanev/retry and functions of that name, https://docs.travis-ci.com/user/common-build-problems/;
# what `timeout` ends is run again by the job.
PREFIXES = {
    "sudo": _Prefix(
        frozenset({"-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "--user", "--group", "--host", "--prompt", "--chdir"}),
        assignments=True,
    ),
    "doas": _Prefix(frozenset({"-u", "-C"})),
    "env": _Prefix(frozenset({"-u", "-C", "-S", "--unset", "--chdir"}), assignments=True),
    "time": _Prefix(frozenset({"-f", "-o"})),
    "nice": _Prefix(frozenset({"-n"})),
    "ionice": _Prefix(frozenset({"-c", "-n", "-p"})),
    "command": _Prefix(),
    "builtin": _Prefix(),
    "exec": _Prefix(frozenset({"-a"})),
    "nohup": _Prefix(),
    "setsid": _Prefix(),
    "stdbuf": _Prefix(frozenset({"-i", "-o", "-e"})),
    "timeout": _Prefix(frozenset({"-s", "-k", "--signal", "--kill-after"}), operands=1, retries=True),
    "retry": _Prefix(frozenset({"-n", "-t", "-d", "-s", "--attempts", "--times", "--delay"}), optional_number=True, retries=True),
    "travis_retry": _Prefix(retries=True),
    "travis_wait": _Prefix(optional_number=True, retries=True),
    "gosu": _Prefix(operands=1),
    "su-exec": _Prefix(operands=1),
    "runuser": _Prefix(frozenset({"-u"})),
    "chroot": _Prefix(operands=1),
    "eatmydata": _Prefix(),
    "fakeroot": _Prefix(),
    "xvfb-run": _Prefix(frozenset({"-e", "-f", "-n", "-p", "-s", "-w"})),
    "catchsegv": _Prefix(),
    "unbuffer": _Prefix(),
    "@": _Prefix(),
    "-": _Prefix(),
    "+": _Prefix(),
    "!": _Prefix(),
}
# Forms that only ask, and run nothing: `command -v docker`, `sudo -v`.
_ASKS = {"command": frozenset({"-v", "-V"}), "sudo": frozenset({"-l", "-v", "-k", "-K", "--list", "--validate"})}


def is_retried(prefix: Sequence[Word]) -> bool:
    """Whether the words in front of a command run it again when it fails."""
    known = (PREFIXES.get(word.template.rpartition("/")[2]) for word in prefix)
    return any(each is not None and each.retries for each in known)


def strip_prefixes(words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """The words that only wrap the command (`sudo -E`, `env A=1`, `timeout 30`), and those of the command itself."""
    at = 0
    while at < len(words):
        name = words[at].template.rpartition("/")[2]
        prefix = PREFIXES.get(name)
        if prefix is None:
            break
        after = _after_prefix(words, at + 1, name, prefix)
        if after is None or after >= len(words):
            break
        at = after
    return list(words[:at]), list(words[at:])


def _after_prefix(words: Sequence[Word], at: int, name: str, prefix: _Prefix) -> int | None:
    operands = prefix.operands
    while at < len(words):
        text = words[at].template
        if text in _ASKS.get(name, ()):
            return None
        if text == "--":
            return at + 1 + operands
        if text.startswith("-") and len(text) > 1:
            at += 2 if text in prefix.with_value else 1
        elif prefix.assignments and ASSIGNMENT.match(text):
            at += 1
        elif operands:
            operands -= 1
            at += 1
        elif prefix.optional_number and _NUMBER.fullmatch(text):
            at += 1
        else:
            return at
    return None


def prefix_assignment(word: Word) -> Assignment:
    """The assignment that a word such as `A=1` after `env` is."""
    name, _, raw = word.text.partition("=")
    start = word.span.start + len(name) + 1
    value, template = unquote(raw)
    return Assignment(word.span, name.rstrip("+"), Word(Span(start, word.span.end), raw, value, template), name.endswith("+"))


def quotes_at(raw: str, at: int) -> str:
    """The quotes that an offset of a shell word stands in; empty outside of any."""
    quote, position = "", 0
    while position < at:
        character = raw[position]
        if character == "\\" and quote != "'":
            position += 1
        elif character == quote:
            quote = ""
        elif character in "'\"" and not quote:
            quote = character
        position += 1
    return quote
