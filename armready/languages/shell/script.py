"""Shell, wherever it stands: commands in order with their words, redirects and the conditions they run under.

tree-sitter-bash reads the structure; words are scanned again here, because quote removal and adjacency must be exact. All spans are
character offsets into the embedded text. Template expressions of the hosts (`${{ }}`, `{{ }}`, `<< >>`) are masked at equal length
first and stay opaque parts of words. What the grammar cannot read is recorded in `Script.errors`, and the commands of such a
statement are `broken`: good enough to look at, never to edit.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from armready.core.embedded import Embedded, Segment
from armready.core.errors import ParseProblem
from armready.core.shells import SHELLS
from armready.core.source import Span
from armready.core.startup import dataclass, lazy, regex
from armready.languages.shell.model import Assignment, Branch, Command, Conditional, Context, Frame, Redirect, Word
from armready.languages.shell.parts import syntax_tree
from armready.languages.shell.tree import Reader
from armready.languages.shell.words import expansion_end, unquote

if TYPE_CHECKING:
    from armready.core.file import File
    from armready.core.fix import Edit

__all__ = [
    "RUN_WORDS",
    "Assignment",
    "Branch",
    "Command",
    "Conditional",
    "Frame",
    "Redirect",
    "Script",
    "Word",
    "expansion_end",
    "mask",
    "parse_shell",
    "unquote",
]

Derived = TypeVar("Derived")

# How deep `sh -c` in `sh -c` is read.
_NESTING = 3

# How many closing brackets of a script may have no opening one: the patterns of `case` have; the grammar's recovery takes time and memory
# with the square of the rest.
MAX_STRAY = 1_000


@dataclass(frozen=True)
class Script:
    """A script as read. `commands` are in source order, those inside of substitutions after the command that holds them."""

    embedded: Embedded
    commands: tuple[Command, ...]
    conditionals: tuple[Conditional, ...] = ()
    functions: tuple[tuple[str, Span], ...] = ()
    errors: tuple[Span, ...] = ()
    comments: tuple[Span, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """The text of the script."""
        return self.embedded.text

    @lazy
    def _starts(self) -> list[int]:
        return [command.span.start for command in self.commands]

    @lazy
    def _derived(self) -> dict[Callable[[Script], Any], Any]:
        return {}

    def derive(self, make: Callable[[Script], Derived]) -> Derived:
        """`make(script)`, computed at most once, however many rules ask for it."""
        if make not in self._derived:
            self._derived[make] = make(self)
        return self._derived[make]  # type: ignore[no-any-return]

    @lazy
    def conditional_at(self) -> dict[int, Conditional]:
        """The conditionals by the offset at which they begin."""
        return {conditional.span.start: conditional for conditional in reversed(self.conditionals)}

    @lazy
    def settled(self) -> tuple[Command, ...]:
        """The commands, with the value in the place of a word that is nothing but a variable, where the script sets it to one literal.

        The value stands where it is assigned: what is said of it points there, and an edit changes it there. A command with the value of
        a variable that is used elsewhere too counts as `broken`.
        """
        values = _settled_values(self.commands)
        if not values:
            return self.commands
        uses = Counter(name for name in _NAMES_USED.findall(self.text) if name in values)
        return tuple(_settled(command, values, uses) for command in self.commands)

    def commands_in(self, span: Span) -> tuple[Command, ...]:
        """The commands that begin within `span`."""
        return self.commands[bisect_left(self._starts, span.start) : bisect_left(self._starts, span.end)]

    def asks_for_status(self, offset: int) -> bool:
        """Whether the line at `offset` asks how the command before it ended (`$?`), so that nothing may come between the two."""
        end = self.text.find("\n", offset)
        return _STATUS.search(self.text, offset, len(self.text) if end < 0 else end) is not None

    def intact(self, span: Span) -> bool:
        """Whether the grammar could read everything in `span`."""
        return not any(span.start <= error.end and error.start <= span.end for error in self.errors)

    def host_span(self, span: Span) -> Span:
        """Where to point in the host file; exact or nearly so."""
        return self.embedded.nearest_host_span(span)

    def edit(self, file: File, span: Span, text: str) -> Edit | None:
        """An edit that replaces `span` by `text` in the host file; None where the map is not exact or the text does not fit there."""
        edited = self.embedded.edit(span, text)
        return None if edited is None else file.replace(*edited)


_DECLARATIONS = frozenset({"export", "local", "declare", "readonly", "typeset"})
_NAMES_USED = regex(r"\$\{?([A-Za-z_]\w*)")
_ONE_VARIABLE = regex(r"(\"?)\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))\1")


def _settled_values(commands: Sequence[Command]) -> dict[str, tuple[int, Word]]:
    """The variables that a script sets once, in any case and to a literal: where that happens, and the value."""
    found: dict[str, tuple[int, Word] | None] = {}
    for command in commands:
        for frame in command.context:
            if frame.kind in ("for", "select"):
                found[frame.label] = None
        if command.name in ("read", "mapfile", "getopts", "unset"):
            found.update(dict.fromkeys(word.template for word in command.args))
        for each in command.assignments:
            lasts = not command.words or command.name in _DECLARATIONS
            literal = each.value is not None and bool(each.value.value) and not each.append
            once = each.name not in found and lasts and literal and not command.guards and not command.nested
            found[each.name] = (command.span.end, each.value) if once and each.value is not None else None
    return {name: each for name, each in found.items() if each is not None}


def _settled(command: Command, values: dict[str, tuple[int, Word]], uses: Counter[str]) -> Command:
    words, broken = list(command.words), command.broken
    for index, word in enumerate(words):
        match = _ONE_VARIABLE.fullmatch(word.text)
        name = match[2] or match[3] if match is not None else ""
        if match is None or name not in values:
            continue
        end, value = values[name]
        if end <= word.span.start and (match[1] or not re.search(r"\s", value.value or "")):
            words[index] = value
            broken = broken or uses[name] > 1
    return command if words == list(command.words) else command._replace(words=tuple(words), broken=broken)


_STATUS = regex(r"\$\{?(?:\?|PIPESTATUS)")

# Template expressions of the hosts. Bounded, so that an unclosed one cannot make the search quadratic.
_TEMPLATE = regex(
    r"\$\{\{[^}]{0,600}\}\}(?!\})|\{\{(?:[^{}]|\{(?!\{)|\}(?!\})){0,600}\}\}"
    r"|<<[#/^]?\s{0,5}(?:parameters|pipeline|matrix|executor|orb)\.[\w.\-]{1,200}\s{0,5}>>"
    r"|\$\[\s?[\w(][^\]\n]{0,200}\]|@[A-Z][A-Z0-9_]{0,60}@|(?<!\$)\(\([a-zA-Z][\w.\-/:]{0,100}\)\)"
)
_NOT_NEWLINE = regex(r"[^\n]+")


def mask(text: str, opaque: Sequence[Span] = ()) -> tuple[str, list[Span]]:
    """`text` with host templates and the `opaque` spans replaced by underscores, newlines kept, and the spans so masked.

    CircleCI's `\\<<`, its way to write `<<`, is read as that.
    """
    spans = sorted({*opaque, *(Span(*found.span()) for found in _TEMPLATE.finditer(text))})
    merged: list[Span] = []
    for span in spans:
        if merged and span.start < merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(span.end, merged[-1].end))
        else:
            merged.append(span)
    parts: list[str] = []
    at = 0
    for span in merged:
        parts += text[at : span.start], _NOT_NEWLINE.sub(lambda found: "_" * len(found[0]), text[span.start : span.end])
        at = span.end
    parts.append(text[at:])
    return "".join(parts).replace("\\<<", " <<").replace("\\\r\n", " \\\n").replace("\r\n", " \n"), merged


def parse_shell(embedded: Embedded, *, opaque: Sequence[Span] = ()) -> Script:
    """Read a script.

    Raises:
        ParseProblem: it is nested too deeply, or has too many brackets that close nothing.

    Args:
        embedded: the text and its place in the host.
        opaque: spans that the host replaces before a shell sees them (Make's `$(VAR)`, Groovy's `${x}`).
    """
    return _parse(embedded, opaque, _NESTING)


def _parse(embedded: Embedded, opaque: Sequence[Span], depth: int) -> Script:
    masked, templates = mask(embedded.text, opaque)
    if any(masked.count(closing) - masked.count(opening) > MAX_STRAY for opening, closing in ("()", "[]")):
        raise ParseProblem(f"shell with more than {MAX_STRAY} brackets that close nothing")
    data = masked.encode("utf-8", "surrogatepass")
    tree = syntax_tree(data)
    reader = Reader(embedded.text, masked, data, templates)
    if tree is not None:
        reader.read(tree.root_node)
    else:
        reader.read_lines()
    script = Script(
        embedded=embedded,
        commands=tuple(sorted(reader.commands, key=lambda command: (command.span.start, -command.span.end))),
        conditionals=tuple(sorted(reader.conditionals, key=lambda conditional: conditional.span.start)),
        functions=tuple(reader.functions),
        errors=tuple(sorted(reader.errors)),
        comments=tuple(reader.comments),
    )
    return _with_nested(script, templates, depth) if depth else script


# Scripts inside of words: `sh -c '…'`, `ssh host '…'`, a here-document for `bash`.

_TAKE_SCRIPTS = frozenset({"su", "sg", "runuser", "flock", "script"})
# Commands of which a word is a script.
RUN_WORDS = SHELLS | _TAKE_SCRIPTS | {"eval", "ssh"}


def _nested_words(command: Command) -> Iterator[Word]:
    if command.name not in RUN_WORDS:
        return
    args = command.args
    if command.name in SHELLS or command.name in _TAKE_SCRIPTS:
        for option, word in pairwise(args):
            text = option.template
            if text in ("-c", "--command") or (command.name in SHELLS and re.fullmatch(r"-[a-zA-Z]*c", text)):
                yield word
                return
    elif command.name == "eval":
        yield from args
    elif command.name == "ssh" and len(args) > 1 and " " in args[-1].template:
        yield args[-1]


def _word_script(word: Word, outer: Embedded) -> Embedded | None:
    """The text that a quoted word hands on, mapped to the script that holds it."""
    text = word.text
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":
        return None
    if text[0] == "'":
        if "'" in text[1:-1]:
            return None
        return Embedded(text[1:-1], (Segment(0, word.span.start + 1, len(text) - 2),))
    parts: list[str] = []
    segments: list[Segment] = []
    inner, at = 0, 1
    for found in re.finditer(r"\\([$`\"\\])|\\\r?\n", text[1:-1]):
        start = found.start() + 1
        if start > at:
            segments.append(Segment(inner, word.span.start + at, start - at))
            parts.append(text[at:start])
            inner += start - at
        parts.append(found[1] or "")
        inner += len(found[1] or "")
        at = found.end() + 1
    if len(text) - 1 > at:
        segments.append(Segment(inner, word.span.start + at, len(text) - 1 - at))
        parts.append(text[at:-1])
    return Embedded("".join(parts), tuple(segments))


def _with_nested(script: Script, templates: list[Span], depth: int) -> Script:
    found: list[Command] = []
    conditionals: list[Conditional] = []
    for command in script.commands:
        sources = [_word_script(word, script.embedded) for word in _nested_words(command)]
        if command.name in SHELLS or command.name == "ssh":
            sources += [
                Embedded.whole(script.text[each.body.start : each.body.end], each.body.start) for each in command.redirects if each.body
            ]
        for source in sources:
            if source is None or not source.text.strip():
                continue
            inner = _parse(source, (), depth - 1)
            context = (*command.context, Frame("nested", command.span.start))
            found += [_moved(each, source, context) for each in inner.commands]
            conditionals += [_moved_conditional(each, source, context) for each in inner.conditionals]
    if not found:
        return script
    commands = sorted((*script.commands, *found), key=lambda command: (command.span.start, command.nested))
    return Script(
        embedded=script.embedded,
        commands=tuple(commands),
        conditionals=(*script.conditionals, *conditionals),
        functions=script.functions,
        errors=script.errors,
        comments=script.comments,
    )


def _moved(command: Command, source: Embedded, context: Context) -> Command:
    def span(each: Span) -> Span:
        return source.nearest_host_span(each)

    def word(each: Word) -> Word:
        return each._replace(span=span(each.span))

    return command._replace(
        span=span(command.span),
        words=tuple(map(word, command.words)),
        prefix=tuple(map(word, command.prefix)),
        assignments=tuple(each._replace(span=span(each.span), value=each.value and word(each.value)) for each in command.assignments),
        redirects=tuple(
            each._replace(span=span(each.span), target=each.target and word(each.target), body=each.body and span(each.body))
            for each in command.redirects
        ),
        context=(*context, *(frame._replace(start=span(Span(frame.start, frame.start)).start) for frame in command.context)),
        nested=True,
    )


def _moved_conditional(conditional: Conditional, source: Embedded, context: Context) -> Conditional:
    def span(each: Span) -> Span:
        return source.nearest_host_span(each)

    def branch(each: Branch) -> Branch:
        patterns = tuple(word._replace(span=span(word.span)) for word in each.patterns)
        return Branch(each.condition and span(each.condition), span(each.body), patterns)

    subject = conditional.subject and conditional.subject._replace(span=span(conditional.subject.span))
    return Conditional(
        span(conditional.span),
        subject,
        tuple(map(branch, conditional.branches)),
        (*context, Frame("nested", conditional.span.start), *conditional.context),
    )
