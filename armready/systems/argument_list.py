"""A command as a list of arguments (`args: [build, -t, app, .]`), read as one line of shell whose edits become items of the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from armready.core.embedded import Embedded, Segment
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.languages.shell.script import parse_shell
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import Node, ScalarNode, SequenceNode, embedded, in_flow_style, places

_PLAIN_WORD = regex(r"(?:[\w@%+=:,./^~\[\]-]|\$\w|\$\{\w+\}|\$\([\w.-]+\)|\$\$|\{\{[^{}]*\}\}|\(\([\w.:/-]+\)\))+")
_PLAIN_ARGUMENT = regex(r"(?!\d)(?!(?i:true|false|yes|no|on|off|null|y|n)$)-{0,2}[A-Za-z][\w./=-]*")
_QUOTED = regex(r"[\"\\`]")


@dataclass(frozen=True)
class ArgumentList(Embedded):
    """Words of shell that are items of a list.

    Attributes:
        file: where the list stands.
        sequence: the list.
        words: the span of each item in the text, in order.
    """

    file: File | None = field(default=None, compare=False, repr=False)
    sequence: SequenceNode | None = field(default=None, compare=False, repr=False)
    words: tuple[Span, ...] = ()

    def edit(self, inner: Span, fragment: str) -> tuple[Span, str] | None:
        """The edit of the list that does what an edit of the text would do: whole items in and out, or a part of one item."""
        file, sequence = self.file, self.sequence
        if file is None or sequence is None:
            return None
        touched = [index for index, word in enumerate(self.words) if word.start < inner.end and inner.start < word.end]
        if touched and len(touched) == 1 and self.words[touched[0]].contains(inner) and " " not in fragment and fragment:
            return self._within(touched[0], inner, fragment)
        new = self._arguments(fragment)
        if new is None:
            return None
        if touched:
            whole = self.words[touched[0]].start >= inner.start and self.words[touched[-1]].end <= inner.end
            return self._replaced(touched[0], touched[-1], new) if whole else None
        if inner.start < inner.end or not new:
            return None
        after = next((index for index, word in enumerate(self.words) if word.end == inner.start), None)
        if fragment.startswith(" ") and after is not None:
            return self._inserted(after + 1, new)
        before = next((index for index, word in enumerate(self.words) if word.start == inner.start), None)
        return self._inserted(before, new) if before is not None and fragment.endswith(" ") else None

    def _arguments(self, fragment: str) -> list[str] | None:
        """The words of a fragment, quotes removed."""
        script = parse_shell(Embedded.whole(f"x {fragment}"))
        if len(script.commands) != 1 or not script.intact(Span(0, len(script.text))) or script.commands[0].redirects:
            return None
        return [word.template for word in script.commands[0].args]

    def _within(self, index: int, inner: Span, fragment: str) -> tuple[Span, str] | None:
        assert self.file is not None
        assert self.sequence is not None
        node = self.sequence.value[index]
        own = embedded(self.file, node)
        if own is None or self.words[index].end - self.words[index].start != len(own.text):
            return None
        start = self.words[index].start
        plain = self._arguments(fragment)
        return own.edit(Span(inner.start - start, inner.end - start), plain[0]) if plain and len(plain) == 1 else None

    def _replaced(self, first: int, last: int, new: Sequence[str]) -> tuple[Span, str] | None:
        assert self.file is not None
        assert self.sequence is not None
        children = places(self.sequence)
        span = Span(children[first].span.start, children[last].span.end)
        if new:
            return span, self._joined(new, first)
        return self._removed(first, last)

    def _removed(self, first: int, last: int) -> tuple[Span, str] | None:
        assert self.file is not None
        assert self.sequence is not None
        children, text = places(self.sequence), self.file.text
        if first == 0:
            return None
        span = Span(children[first - 1].span.end, children[last].span.end)
        return None if "#" in text[span.start : children[first].span.start] else (span, "")

    def _inserted(self, index: int, new: Sequence[str]) -> tuple[Span, str] | None:
        assert self.file is not None
        assert self.sequence is not None
        children = places(self.sequence)
        if index < len(children):
            at = children[index].span.start
            return Span(at, at), self._joined(new, index) + self._separator(index)
        at = children[-1].span.end
        return Span(at, at), self._separator(len(children) - 1) + self._joined(new, len(children) - 1)

    def _joined(self, new: Sequence[str], like: int) -> str:
        return self._separator(like).join(self._scalar(each, like) for each in new)

    def _scalar(self, value: str, like: int) -> str:
        assert self.sequence is not None
        node = self.sequence.value[like]
        quote = node.style if isinstance(node, ScalarNode) and node.style in ("'", '"') else ""
        if not quote and not in_flow_style(self.sequence) and argument(value.replace(",", "")) == value.replace(",", ""):
            return value
        return argument(value, quote)

    def _separator(self, like: int) -> str:
        """What stands between two items: a comma, with the line break where each item has a line of its own; or a new dash."""
        assert self.file is not None
        assert self.sequence is not None
        children, text = places(self.sequence), self.file.text
        start = children[like].span.start
        line = text.rfind("\n", 0, start) + 1
        newline = self.file.source.newline
        if not in_flow_style(self.sequence):
            dash = text.rfind("-", line, start)
            head = text[line:start] if dash < 0 or not text[line:dash].strip() else " " * (dash - line) + text[dash:start]
            return newline + head
        return f",{newline}{text[line:start]}" if line and not text[line:start].strip() else ", "


def argument(value: str, quote: str = "") -> str:
    """An argument as an item of a list: plain where that is plainly a string."""
    return value if not quote and _PLAIN_ARGUMENT.fullmatch(value) else yaml_edit.scalar(value, quote or "'")


def command_line(file: File, sequence: Node | None, program: str) -> ArgumentList | None:
    """The list as the arguments of a program; None when an item is no scalar.

    Args:
        file: where it stands.
        sequence: the list.
        program: what goes before it, empty when the list begins with the program itself.
    """
    if not isinstance(sequence, SequenceNode) or not all(isinstance(each, ScalarNode) for each in sequence.value) or not sequence.value:
        return None
    parts, segments, words = [program] if program else [], [], []
    position = len(program)
    for node, place in zip(sequence.value, places(sequence), strict=True):
        if parts:
            parts.append(" ")
            position += 1
        text = node.value
        start = position
        if _PLAIN_WORD.fullmatch(text):
            quote = 1 if node.style in ("'", '"') else 0
            segments.append(Segment(position, place.span.start + quote, len(text)))
            parts.append(text)
            position += len(text)
        else:
            written = '"' + _QUOTED.sub(lambda match: "\\" + match[0], text) + '"'
            segments.append(Segment(position, place.span.start, 1))
            parts.append(written)
            position += len(written)
        words.append(Span(start, position))
    return ArgumentList("".join(parts), tuple(segments), file=file, sequence=sequence, words=tuple(words))
