"""Steps that are items of a YAML list: their scripts, and how lines are put before them and taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.editor import Editor
from armready.builds.model import Step
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    get,
    in_flow_style,
    key_of,
    merged_pairs,
    places,
    sequence_at,
    span,
    strings,
    text_of,
)

# Aliases of aliases can make a short file endless.
MOST_NODES = 20_000
_COMMENT = regex(r"[ \t]*#")


@dataclass(frozen=True, eq=False)
class Item:
    """One item of a sequence, as the place of a step."""

    file: File
    sequence: SequenceNode
    index: int

    @property
    def node(self) -> Node:
        """The item itself."""
        node: Node = self.sequence.value[self.index]
        return node

    def insert_scripts(self, lines: tuple[str, ...]) -> list[Edit] | None:
        """Edits that put scalar items before this one."""
        if in_flow_style(self.sequence):
            start = places(self.sequence)[self.index].span.start
            return [self.file.insert(start, "".join(f"{yaml_edit.scalar(line, chr(39))}, " for line in lines))]
        if any(re.search(r": | #|^[-?:,\[\]{}#&*!|>'\"%@`]", line) for line in lines):
            return None
        return self.insert_items(tuple((line,) for line in lines))

    def insert_items(self, blocks: tuple[tuple[str, ...], ...], *, blank: bool = False) -> list[Edit] | None:
        """Edits that put items, each given as its lines without the dash, before this one and the comments directly above it.

        Args:
            blocks: the items.
            blank: an empty line stands between the items of this list.
        """
        dash = self.dash
        if dash is None:
            return None
        source, newline = self.file.source, self.file.source.newline
        line = source.line_starts[source.line_index(dash)]
        indent = self.file.text[line:dash]
        gap = self._gap(dash)
        if gap is None:
            text = "".join(
                f"{indent}-{newline}{indent}  {first}{newline}" + "".join(f"{indent}  {each}{newline}" for each in rest)
                for first, *rest in blocks
            )
        else:
            inner = indent + " " + " " * len(gap)
            text = (newline if blank else "").join(
                f"{indent}-{gap}{first}{newline}" + "".join(f"{inner}{each}{newline}" for each in rest) for first, *rest in blocks
            )
        return [self.file.insert(self._above_comments(line, indent), text + (newline if blank else ""))]

    @property
    def dash(self) -> int | None:
        """Where the dash stands; None in flow style, or when something stands before it on its line."""
        if in_flow_style(self.sequence):
            return None
        start = places(self.sequence)[self.index].span.start
        dash = self.file.text.rfind("-", 0, start)
        between = self.file.text[dash + 1 : start]
        line = self.file.source.line_starts[self.file.source.line_index(dash)] if dash >= 0 else 0
        if dash < 0 or re.sub(r"#[^\n]*", "", between).strip() or self.file.text[line:dash].strip(" "):
            return None
        return dash

    def _gap(self, dash: int) -> str | None:
        """The spaces between dash and content; None when the content begins on the next line."""
        start = places(self.sequence)[self.index].span.start
        between = self.file.text[dash + 1 : start]
        return None if "\n" in between else between

    def _above_comments(self, line: int, indent: str) -> int:
        source = self.file.source
        index = source.line_index(line)
        while index > 0:
            text = self.file.text[source.line_starts[index - 1] : source.line_starts[index]]
            if not _COMMENT.match(text) or len(text) - len(text.lstrip(" ")) != len(indent):
                break
            index -= 1
        return source.line_starts[index]

    def remove(self) -> list[Edit] | None:
        """Edits that take the item out; a comment at its end stays, on a line of its own."""
        place = places(self.sequence)[self.index]
        if in_flow_style(self.sequence):
            edit = yaml_edit.remove_item(self.file, self.sequence, self.index)
            return None if edit is None else [edit]
        dash = self.dash
        if dash is None or len(self.sequence.value) < 2:
            return None
        source = self.file.source
        last = source.line_index(max(place.span.end - 1, dash))
        tail = self.file.text[place.span.end : source.line_span(last).end]
        comment = re.search(r"#.*", tail)
        if comment and place.span.end < source.line_span(last).end and getattr(place.value, "style", "") not in ("|", ">"):
            return [self.file.delete(Span(dash, place.span.end + comment.start()))]
        first = source.line_starts[source.line_index(dash)]
        end = source.full_line_span(last).end
        blank = re.compile(r"(?>(?:[ \t]*+\r?\n)+)").match(self.file.text, end)
        spaced = not self.file.text[:first].rpartition("\n")[0].rpartition("\n")[2].strip()
        return [self.file.delete(Span(first, blank.end() if blank and spaced else end))]


def place_in(sequence: SequenceNode | None, index: int) -> tuple[int, int] | None:
    """The place of an item as a step has it; None outside of a list."""
    return None if sequence is None else (int(sequence.start_mark.index), index)


class ListEditor(Editor):
    """Edit steps that are items of a YAML list."""

    def item(self, step: Step) -> Item | None:
        """The item that a step is."""
        sequence = sequence_at(self.file, step.place[0]) if step.place is not None else None
        return None if sequence is None or step.place is None else Item(self.file, sequence, step.place[1])

    def insert_scripts(self, step: Step, lines: tuple[str, ...]) -> list[Edit] | None:
        """Put the lines before the step as items."""
        item = self.item(step)
        return None if item is None else item.insert_scripts(lines)

    def remove_step(self, step: Step) -> list[Edit] | None:
        """Take out the item."""
        item = self.item(step)
        return None if item is None else item.remove()


def flattened(node: Node | None) -> Iterator[tuple[ScalarNode, SequenceNode | None, int]]:
    """The scalars of a scalar or of a list with lists in it, each with the list that holds it and its index."""
    stack: list[tuple[Node | None, SequenceNode | None, int]] = [(node, None, 0)]
    visited = 0
    while stack and visited < MOST_NODES:
        each, parent, index = stack.pop()
        visited += 1
        if isinstance(each, ScalarNode):
            yield each, parent, index
        elif isinstance(each, SequenceNode):
            stack.extend((item, each, number) for number, item in reversed(list(enumerate(each.value))))


def mapping_texts(node: Node | None) -> dict[str, str]:
    """The scalar values of a mapping as text; a value that is a mapping with `value:` counts as that."""
    found: dict[str, str] = {}
    for key, value in merged_pairs(node):
        name = key_of(key)
        text = text_of(value)
        if text is None:
            text = text_of(get(value, "value"))
        if name is not None and text is not None:
            found[name] = text
    return found


def environment_of(*nodes: Node | None) -> dict[str, tuple[str, ...]]:
    """Variables from mappings, the later ones over the earlier ones."""
    found: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        found |= {name: (text,) for name, text in mapping_texts(node).items()}
    return found


def named_environment(node: Node | None) -> dict[str, tuple[str, ...]]:
    """Variables from a list of `{name, value}` or of `NAME=value`, or from a mapping."""
    if isinstance(node, MappingNode):
        return environment_of(node)
    found: dict[str, tuple[str, ...]] = {}
    if isinstance(node, SequenceNode):
        for item in node.value:
            if isinstance(item, ScalarNode):
                name, equals, text = item.value.partition("=")
                if equals:
                    found[name.strip()] = (text.strip().strip("\"'"),)
            else:
                known = text_of(get(item, "name"))
                value = text_of(get(item, "value"))
                if known and value is not None:
                    found[known] = (value,)
                elif known is None:
                    found |= environment_of(item)
    return found


def listed(node: Node | None) -> tuple[str, ...]:
    """The texts of a list, or of a scalar with commas or lines."""
    if isinstance(node, ScalarNode):
        return tuple(part.strip() for part in re.split(r"[\n,]", node.value) if part.strip())
    return strings(node)


def line_of(file: File, node: Node) -> Span:
    """The first line of a node, as a place to point at."""
    whole = span(node)
    end = file.text.find("\n", whole.start)
    end = len(file.text) if end < 0 else end
    return Span(whole.start, min(whole.end, end)) if whole.end > end else whole
