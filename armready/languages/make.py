"""Makefiles: variables, rules and their recipes, each recipe as the shell will read it.

A recipe is one script, although Make gives each of its lines a shell of its own: `lines` tells them apart. `$$` is decoded to `$`; Make's
own references (`$(VAR)`, `$@`) stay in the text as opaque spans, for their value comes from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import NamedTuple

from armready.core.embedded import Embedded, Segment
from armready.core.file import File
from armready.core.source import Source, Span
from armready.core.startup import dataclass, regex

_DIRECTIVES = frozenset({"ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "include", "-include", "sinclude", "vpath", "unexport"})
_OPENING = frozenset({"ifeq", "ifneq", "ifdef", "ifndef"})
_ASSIGN = regex(r"(?P<operator>:::=|::=|:=|\?=|\+=|!=|=)")
_WORD = regex(r"[^\s]+")
_MODIFIERS = regex(r"(?:(?:override|export|private|undefine)\s+)*")
_EXPANSION = regex(r"\$(?:\((?P<round>[\w.-]+)\)|\{(?P<curly>[\w.-]+)\})")
_LONGEST_EXPANSION = 4_000


class Variable(NamedTuple):
    """An assignment.

    Attributes:
        name: as written.
        operator: `=`, `:=`, `?=`, `+=` …
        value: as written, comments and continuations removed.
        span: the whole logical line.
        value_span: the value.
        exported: after `export`.
        target: the targets it is for; empty for a global one.
        conditional: inside of `ifeq` or its like.
    """

    name: str
    operator: str
    value: str
    span: Span
    value_span: Span
    exported: bool = False
    target: str = ""
    conditional: bool = False


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule with its recipe, or a `define` (then `targets` is its name and `is_define` is true).

    Attributes:
        targets: the words before the colon, as written; behind them the pattern of a static pattern rule.
        prerequisites: the words after it.
        span: from the targets to the end of the recipe.
        recipe: the script, prefixes such as `@` removed; None without one.
        opaque: Make's references in the recipe.
        lines: the recipe's logical lines, in offsets of the recipe's text.
        prefixes: `@`, `-` and `+` of each line.
        conditional: inside of `ifeq` or its like.
        branched: `ifeq` or its like stands between its lines, so Make runs only some of them.
    """

    targets: tuple[str, ...]
    prerequisites: tuple[str, ...]
    span: Span
    recipe: Embedded | None
    opaque: tuple[Span, ...]
    lines: tuple[Span, ...]
    prefixes: tuple[str, ...]
    conditional: bool = False
    branched: bool = False
    is_define: bool = False


@dataclass(frozen=True, eq=False)
class Makefile:
    """A Makefile as read. `includes` are the words of its include lines."""

    variables: tuple[Variable, ...]
    rules: tuple[Rule, ...]
    includes: tuple[str, ...]

    @cached_property
    def values(self) -> Mapping[str, str]:
        """Global variables with the value that an unconditional reading gives them."""
        values: dict[str, str] = {}
        for each in self.variables:
            if each.target or (each.operator == "?=" and each.name in values):
                continue
            values[each.name] = f"{values[each.name]} {each.value}" if each.operator == "+=" and each.name in values else each.value
        return values

    def expand(self, text: str) -> str:
        """`text` with the variables that this file sets put in; what it does not know stays as written."""
        for _ in range(6):
            expanded = _EXPANSION.sub(lambda found: self.values.get(found["round"] or found["curly"], found[0]), text)
            if expanded == text or len(expanded) > _LONGEST_EXPANSION:
                return text
            text = expanded
        return text

    def rule(self, target: str) -> Rule | None:
        """The rule with a recipe that makes `target`."""
        return next((rule for rule in self.rules if target in rule.targets and rule.recipe is not None and not rule.is_define), None)


class _Head(NamedTuple):
    """The line of a rule, and the branches of conditionals that it stands in."""

    targets: tuple[str, ...]
    prerequisites: tuple[str, ...]
    span: Span
    branch: tuple[int, ...]


class _Line(NamedTuple):
    """A logical line: the indexes of its physical lines, first and last."""

    first: int
    last: int


def parse_makefile(file: File) -> Makefile:
    """Read a Makefile; never fails: what is not understood is left out."""
    return _Reader(file.source).read()


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.prefix = "\t"
        self.branch: list[int] = []
        self.branched = False
        self.variables: list[Variable] = []
        self.rules: list[Rule] = []
        self.includes: list[str] = []
        self.head: _Head | None = None
        self.recipe: list[tuple[_Line, int]] = []

    def read(self) -> Makefile:
        index, count = 0, len(self.source.line_starts)
        while index < count:
            line = self._logical(index)
            self._line(line)
            index = line.last + 1
            if self._first_word(line) == "define":
                index = self._define(line)
        self._close()
        return Makefile(tuple(self.variables), tuple(self.rules), tuple(self.includes))

    def _text(self, index: int) -> str:
        return self.source.slice(self.source.line_span(index))

    def _logical(self, index: int) -> _Line:
        last = index
        while last + 1 < len(self.source.line_starts):
            text = self._text(last)
            if (len(text) - len(text.rstrip("\\"))) % 2 == 0:
                break
            last += 1
        return _Line(index, last)

    def _first_word(self, line: _Line) -> str:
        text = self._text(line.first)
        found = None if text.startswith(self.prefix) else _WORD.search(_MODIFIERS.sub("", text.strip(), count=1))
        return found[0] if found else ""

    def _line(self, line: _Line) -> None:
        text = self._text(line.first)
        if self.head is not None and text.startswith(self.prefix):
            self.recipe.append((line, len(self.prefix)))
            self.branched |= self.head.branch != tuple(self.branch)
            return
        stripped = text.strip()
        if not stripped or stripped.startswith("#"):
            return
        word = self._first_word(line).partition("(")[0]
        if word in _DIRECTIVES:
            self._directive(word)
            if word.endswith("include"):
                self.includes += stripped.split("#")[0].split()[1:]
            return
        self._close()
        self._statement(line)

    def _directive(self, word: str) -> None:
        if word in _OPENING:
            self.branch.append(0)
        elif word == "else" and self.branch:
            self.branch[-1] += 1
        elif word == "endif" and self.branch:
            self.branch.pop()

    def _statement(self, line: _Line) -> None:
        start = self.source.line_span(line.first).start
        end = self.source.line_span(line.last).end
        text = self.source.text[start:end]
        assign, colon = _find_operator(text)
        if assign is not None and colon is None:
            self._variable(text, start, assign, "")
            return
        if colon is None:
            return
        after = text[colon:].lstrip(":&")
        at = start + len(text) - len(after)
        targets = tuple(text[:colon].rstrip("&").split())
        inner, second = _find_operator(after)
        if (
            inner is not None
            and second is None
            and re.fullmatch(r"\s*(?:(?:override|export|private)\s+)*[\w.%-]+\s*", after[: inner.start()])
        ):
            self._variable(after, at, inner, " ".join(targets))
            return
        command = _unquoted(after, ";")
        words = _without_comment(after[:command] if command is not None else after)
        pattern, prerequisites_of_pattern = _static_pattern(words)
        if pattern:
            targets, words = (*targets, *pattern), prerequisites_of_pattern
        prerequisites = tuple(word for word in words.replace("\\\n", " ").split() if word != "|")
        self.head = _Head(targets, prerequisites, Span(start, end), tuple(self.branch))
        if command is not None:
            self.recipe.append((line, at + command + 1 - start))

    def _variable(self, text: str, start: int, operator: re.Match[str], target: str) -> None:
        modifiers = _MODIFIERS.match(text.lstrip())
        name = text[: operator.start()].strip()
        if modifiers:
            name = name[modifiers.end() :].strip()
        raw = text[operator.end() :]
        value = _without_comment(raw)
        begin = operator.end() + len(value) - len(value.lstrip())
        value = value.strip()
        joined = re.sub(r"(?:(?<![ \t])[ \t]+)?\\\r?\n[ \t]*", " ", value)
        exported = bool(modifiers and "export" in modifiers[0])
        span, value_span = Span(start, start + len(text)), Span(start + begin, start + begin + len(value))
        conditional = bool(self.branch)
        self.variables.append(
            Variable(
                name=name,
                operator=operator["operator"],
                value=joined,
                span=span,
                value_span=value_span,
                exported=exported,
                target=target,
                conditional=conditional,
            )
        )
        if name == ".RECIPEPREFIX" and value:
            self.prefix = value[0]

    def _define(self, line: _Line) -> int:
        """Read a `define`; returns the line behind its `endef`."""
        name = _MODIFIERS.sub("", self._text(line.first).strip(), count=1).removeprefix("define").strip().rstrip("=:?+ ")
        index = line.last + 1
        body: list[tuple[_Line, int]] = []
        while index < len(self.source.line_starts) and self._text(index).strip() != "endef":
            inner = self._logical(index)
            text = self._text(index)
            body.append((inner, len(text) - len(text.lstrip())))
            index = inner.last + 1
        self.head = _Head((name,), (), self.source.line_span(line.first), tuple(self.branch))
        self.recipe = body
        self._close(is_define=True)
        return index + 1

    def _close(self, *, is_define: bool = False) -> None:
        if self.head is None:
            return
        targets, prerequisites, span, branch = self.head
        recipe, opaque, lines, prefixes = None, (), (), ()
        if self.recipe:
            builder = _Recipe(self.source, self.prefix)
            for line, skip in self.recipe:
                builder.add(line, skip)
            recipe, opaque, lines, prefixes = builder.embedded(), tuple(builder.opaque), tuple(builder.lines), tuple(builder.prefixes)  # type: ignore[assignment]
            span = Span(span.start, self.source.line_span(self.recipe[-1][0].last).end)
        self.rules.append(
            Rule(
                targets=targets,
                prerequisites=prerequisites,
                span=span,
                recipe=recipe,
                opaque=opaque,
                lines=lines,
                prefixes=prefixes,
                conditional=bool(branch),
                branched=self.branched,
                is_define=is_define,
            )
        )
        self.head, self.recipe, self.branched = None, [], False


class _Recipe:
    """Decodes recipe lines into one script."""

    def __init__(self, source: Source, prefix: str) -> None:
        self.source = source
        self.prefix = prefix
        self.parts: list[str] = []
        self.segments: list[Segment] = []
        self.length = 0
        self.opaque: list[Span] = []
        self.lines: list[Span] = []
        self.prefixes: list[str] = []

    def add(self, line: _Line, skip: int) -> None:
        """Add a logical line, `skip` characters of which come before the command."""
        if self.lines:
            self._literal("\n")
        text = self._text(line.first)
        start = self.source.line_span(line.first).start
        at = skip
        while at < len(text) and text[at] in " \t@-+":
            at += 1
        self.prefixes.append("".join(sorted({each for each in text[skip:at] if each in "@-+"})))
        begin = self.length
        self._decode(start + at, self.source.line_span(line.first).end)
        for index in range(line.first + 1, line.last + 1):
            span = self.source.line_span(index)
            self._literal("\n")
            drop = len(self.prefix) if self.source.text.startswith(self.prefix, span.start) else 0
            self._decode(span.start + drop, span.end)
        self.lines.append(Span(begin, self.length))

    def _text(self, index: int) -> str:
        return self.source.slice(self.source.line_span(index))

    def _literal(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def _copy(self, start: int, end: int) -> None:
        if end > start:
            self.segments.append(Segment(self.length, start, end - start))
            self._literal(self.source.text[start:end])

    def _decode(self, start: int, end: int) -> None:
        text, at = self.source.text, start
        while (dollar := text.find("$", at, end)) >= 0:
            self._copy(at, dollar)
            if text.startswith("$$", dollar) and dollar + 1 < end:
                self._copy(dollar + 1, dollar + 2)
                at = dollar + 2
                continue
            close = _reference_end(text, dollar, end)
            self.opaque.append(Span(self.length, self.length + close - dollar))
            self._copy(dollar, close)
            at = close
        self._copy(at, end)

    def embedded(self) -> Embedded:
        """The script, whose encoder doubles `$` except in the references that the recipe has."""
        text = "".join(self.parts)
        references = sorted({text[span.start : span.end] for span in self.opaque}, key=len, reverse=True)
        doubled = {text[found.start() : found.start() + len(each)] for each in references for found in re.finditer(re.escape(each), text)}
        plain = "".join(text[a.end : b.start] for a, b in zip([Span(0, 0), *self.opaque], [*self.opaque, Span(len(text), 0)], strict=True))
        ambiguous = any(each in plain for each in doubled)
        breaks = f"{self.source.newline}{self.prefix}"
        return Embedded(text, tuple(self.segments), partial(_encode, tuple(references), ambiguous, breaks))


def _encode(references: tuple[str, ...], ambiguous: bool, breaks: str, fragment: str) -> str | None:
    """Write shell in a recipe; None where a reference of the recipe could also be the shell's own text."""
    out: list[str] = []
    at = 0
    while (dollar := fragment.find("$", at)) >= 0:
        out.append(fragment[at:dollar])
        reference = next((each for each in references if fragment.startswith(each, dollar)), None)
        if reference is not None and ambiguous:
            return None
        out.append(reference or "$$")
        at = dollar + len(reference or "$")
    out.append(fragment[at:])
    return "".join(out).replace("\n", breaks)


def _reference_end(text: str, dollar: int, end: int) -> int:
    """The end of Make's reference at `dollar`: one character, or up to the bracket that closes it."""
    if dollar + 1 >= end:
        return end
    opening = text[dollar + 1]
    closing = {"(": ")", "{": "}"}.get(opening)
    if closing is None:
        return dollar + 2
    depth = 0
    for at in range(dollar + 1, end):
        if text[at] == opening:
            depth += 1
        elif text[at] == closing:
            depth -= 1
            if depth == 0:
                return at + 1
    return end


_OUTSIDE = regex(r"\$[({]|[(){}:=;#?+!]")


def _find_operator(text: str) -> tuple[re.Match[str] | None, int | None]:
    """The first assignment operator or the first rule colon outside of references: exactly one of the two is given, if any."""
    depth, at = 0, 0
    while (found := _OUTSIDE.search(text, at)) is not None:
        token, at = found[0], found.end()
        if token in ("$(", "${") or (depth and token in ("(", "{")):
            depth += 1
        elif token in ")}":
            depth = max(0, depth - 1)
        elif depth:
            continue
        elif token == "#":
            return None, None
        elif (operator := _ASSIGN.match(text, found.start())) is not None:
            return operator, None
        elif token == ":":
            return None, found.start()
    return None, None


def _static_pattern(words: str) -> tuple[tuple[str, ...], str]:
    """The target pattern of a static pattern rule (`$(ALL): build-%: %.c`) and what stands behind it; () and the words for another rule."""
    colon = _unquoted(words, ":")
    pattern = tuple(words[:colon].split()) if colon is not None else ()
    if colon is None or not pattern or not all("%" in each for each in pattern):
        return (), words
    return pattern, words[colon + 1 :]


def _unquoted(text: str, character: str) -> int | None:
    """The first `character` of `text` outside of references."""
    depth, at = 0, 0
    while (found := _OUTSIDE.search(text, at)) is not None:
        token, at = found[0], found.end()
        if token in ("$(", "${") or (depth and token in ("(", "{")):
            depth += 1
        elif token in ")}":
            depth = max(0, depth - 1)
        elif not depth and token == character:
            return found.start()
    return None


def _without_comment(text: str) -> str:
    at = 0
    while (at := text.find("#", at)) >= 0:
        if at == 0 or text[at - 1] != "\\":
            return text[:at]
        at += 1
    return text


def recipes(makefile: Makefile) -> Iterator[Rule]:
    """The rules and definitions that hold a script."""
    return (rule for rule in makefile.rules if rule.recipe is not None)
