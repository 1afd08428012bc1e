"""Edits of YAML text: pairs and items put in, taken out, replaced or moved, in block and in flow style. Nothing is serialised again.

New text takes the indentation, the sequence style, the quotes and the line ending of its surroundings. Comments stay where they are, except
those that stand directly above a block that is moved: they go with it. Where the notation is too unusual to be sure, the answer is None.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import regex
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    Place,
    ScalarNode,
    SequenceNode,
    content_start,
    embedded,
    in_flow_style,
    parse_yaml,
    places,
    span,
    walk,
)

Value: TypeAlias = "str | Mapping[str, Value] | Sequence[Value]"

_PLAIN = regex(r"[A-Za-z0-9_./][A-Za-z0-9_./:@=+$-]*")
_TYPED = regex(r"(?i)(?:y|yes|n|no|true|false|on|off|null|~|[-+.]?[0-9][0-9_.:eExXa-f+-]*)")
_COMMENT_LINE = regex(r"[ \t]*#")


class Style(NamedTuple):
    """How a file indents.

    Attributes:
        step: spaces per level.
        deeper: a sequence under a key stands deeper than the key.
    """

    step: int = 2
    deeper: bool = False

    @property
    def offset(self) -> int:
        """Spaces between a key and the dashes below it."""
        return self.step if self.deeper else 0


def style_of(file: File) -> Style:
    """The habits of a file; two spaces, and dashes straight below their key, where it shows none."""
    steps: Counter[int] = Counter()
    deeper: Counter[bool] = Counter()
    try:
        roots = parse_yaml(file)
    except ParseProblem:
        return Style()
    for root in roots:
        for node in walk(root):
            if not isinstance(node, MappingNode) or in_flow_style(node):
                continue
            for key, value in node.value:
                if in_flow_style(value) or isinstance(value, ScalarNode) or not value.value or value.start_mark.line <= key.start_mark.line:
                    continue
                distance = column(file, content_start(value)) - key.start_mark.column
                if isinstance(value, SequenceNode):
                    deeper[distance > 0] += 1
                if distance > 0:
                    steps[distance] += 1
    return Style(steps.most_common(1)[0][0] if steps else 2, deeper[True] > deeper[False])


def column(file: File, offset: int) -> int:
    """The 0-based column of an offset."""
    return offset - file.source.line_starts[file.source.line_index(offset)]


def rendered(data: Mapping[str, Value], style: Style) -> list[str]:
    """Pairs in block style, without indentation of their own."""
    lines: list[str] = []
    for key, value in data.items():
        name = scalar(key)
        if isinstance(value, str):
            lines.append(f"{name}: {scalar(value)}")
        elif isinstance(value, Mapping):
            lines += [f"{name}:", *(" " * style.step + line for line in rendered(value, style))]
        elif all(isinstance(item, str) for item in value):
            lines.append(f"{name}: {flow(value)}")
        else:
            lines.append(f"{name}:")
            for item in value:
                first, *rest = rendered(item, style) if isinstance(item, Mapping) else [flow(item)]
                indent = " " * style.offset
                lines += [f"{indent}- {first}", *(f"{indent}  {line}" for line in rest)]
    return lines


def flow(value: Value, quote: str = "") -> str:
    """A value in flow style; `quote` is put around every scalar."""
    if isinstance(value, str):
        return scalar(value, quote)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key, quote)}: {flow(item, quote)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(flow(item, quote) for item in value) + "]"


def scalar(value: str, quote: str = "") -> str:
    """A string that is read as that string."""
    if not quote and _PLAIN.fullmatch(value) and not _TYPED.fullmatch(value) and not value.endswith(":"):
        return value
    if quote == "'" and "\n" not in value:
        return "'" + value.replace("'", "''") + "'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def set_scalar(file: File, node: Node, value: str) -> Edit | None:
    """Give a scalar (a value or a key) another text, in its own notation where that can hold it."""
    if not isinstance(node, ScalarNode):
        return None
    becomes_typed = not node.style and bool(_TYPED.fullmatch(value)) and not _TYPED.fullmatch(node.value)
    inner = embedded(file, node) if not becomes_typed else None
    if inner is not None and node.value:
        edit = inner.edit(Span(0, len(inner.text)), value)
        if edit is not None:
            return file.replace(*edit)
    if node.style in ("|", ">"):
        return None
    place = span(node)
    text = scalar(value, node.style or "")
    return file.replace(place, text if file.text[place.start - 1 : place.start] != ":" else f" {text}")


def set_value(file: File, mapping: Node, key: Node, data: Value) -> Edit | None:
    """Put new data in the place of a pair's value."""
    place = _place(mapping, key)
    if place is None:
        return None
    quote = _quote(mapping)
    after_key = key.end_mark.index
    gap = file.text[after_key : place.span.start]
    colon = after_key + gap.find(":") + 1
    if ":" not in gap:
        return None
    if isinstance(data, str) or in_flow_style(mapping) or isinstance(data, Sequence):
        return file.replace(Span(colon, max(colon, place.span.end)), f" {flow(data, quote)}")
    style = file.parse(style_of)
    indent = " " * (key.start_mark.column + style.step)
    lines = "".join(f"{file.source.newline}{indent}{line}" for line in rendered(data, style))
    return file.replace(Span(colon, max(colon, place.span.end)), lines)


def insert_pair(file: File, mapping: Node, key: str, data: Value, *, before: Node | None = None) -> Edit | None:
    """Put a pair into a mapping.

    Args:
        file: the file of the mapping.
        mapping: where it goes.
        key: its key.
        data: its value.
        before: the key above which it goes; None: behind the last pair.
    """
    if not isinstance(mapping, MappingNode):
        return None
    if in_flow_style(mapping):
        return _insert_flow_pair(file, mapping, key, data, before)
    return insert_lines(file, mapping, rendered({key: data}, file.parse(style_of)), before=before)


def insert_lines(file: File, mapping: MappingNode, lines: Sequence[str], *, before: Node | None = None) -> Edit | None:
    """Put lines that hold pairs, without the indentation of the mapping, into a block mapping."""
    if not mapping.value:
        return None
    newline, indent = file.source.newline, " " * mapping.value[0][0].start_mark.column
    if before is None:
        last = places(mapping)[-1]
        if _keeps_breaks(file, last.value) or _is_explicit(file, mapping):
            return None
        line = file.source.line_span(file.source.line_index(_end_of(last)))
        return file.insert(line.end, "".join(f"{newline}{_indented(indent, each)}" for each in lines))
    start = before.start_mark.index
    first = file.source.line_starts[file.source.line_index(start)]
    if file.text[first:start].strip(" "):
        return file.insert(
            start, "".join(f"{_indented(indent, each) if index else each}{newline}" for index, each in enumerate(lines)) + indent
        )
    top = _above_comments(file, first, len(indent))
    return file.insert(top, "".join(f"{_indented(indent, each)}{newline}" for each in lines))


def _indented(indent: str, line: str) -> str:
    return indent + line if line.strip() else line


def _has_brackets(file: File, collection: Node) -> bool:
    """Whether a flow collection is written with its brackets: `[a: b]` holds a mapping without."""
    return file.text[content_start(collection) : content_start(collection) + 1] in ("[", "{")


def _insert_flow_pair(file: File, mapping: MappingNode, key: str, data: Value, before: Node | None) -> Edit | None:
    if not _has_brackets(file, mapping):
        return None
    text = f"{scalar(key, _quote(mapping))}: {flow(data, _quote(mapping))}"
    if not mapping.value:
        place = span(mapping)
        return file.replace(place, "{" + text + "}")
    children = places(mapping)
    index = next((number for number, each in enumerate(children) if each.key is before), None)
    if index is not None and before is not None:
        start = before.start_mark.index
        return file.insert(start, f"{text},{_gap(file, mapping)}")
    return file.insert(_end_of(children[-1]), f",{_gap(file, mapping)}{text}")


def _gap(file: File, collection: Node) -> str:
    """What stands between the children of a flow collection: a space, or a line break and an indent."""
    children = places(collection)
    first = (children[0].key or children[0].value).start_mark.index
    before = file.text[content_start(collection) + 1 : first]
    return before[before.rindex("\n") - ("\r" in before) :] if "\n" in before and not before.strip() else " "


def _quote(mapping: Node) -> str:
    """The quotes around the keys of a mapping, where they all have them (JSON)."""
    keys = [key for key, _ in mapping.value] if isinstance(mapping, MappingNode) else []
    return '"' if keys and all(getattr(key, "style", "") == '"' for key in keys) else ""


def _place(mapping: Node, key: Node) -> Place | None:
    return next((each for each in places(mapping) if each.key is key), None)


def _end_of(place: Place) -> int:
    key_end = place.key.end_mark.index if place.key is not None else 0
    return max(place.span.end, key_end)


def _keeps_breaks(file: File, node: Node) -> bool:
    return (
        isinstance(node, ScalarNode)
        and node.style in ("|", ">")
        and "+" in file.text[node.start_mark.index : node.end_mark.index].split("\n")[0]
    )


def _is_explicit(file: File, mapping: MappingNode) -> bool:
    """Whether keys are written with `?`."""
    return any(file.text[: key.start_mark.index].rstrip(" ").endswith("?") for key, _ in mapping.value[-1:])


def _above_comments(file: File, line_start: int, indent: int) -> int:
    """The start of the comment lines that stand directly above a line, at its indentation."""
    starts = file.source.line_starts
    index = file.source.line_index(line_start)
    while index > 0:
        line = file.text[starts[index - 1] : starts[index]]
        if not _COMMENT_LINE.match(line) or len(line) - len(line.lstrip(" ")) != indent:
            break
        index -= 1
    return starts[index]


def pair_lines(file: File, mapping: Node, key: Node) -> Span | None:
    """The full lines of a pair in a block mapping; None when it shares them with something else."""
    place = _place(mapping, key)
    if place is None or in_flow_style(mapping):
        return None
    source = file.source
    first, last = source.line_index(key.start_mark.index), source.line_index(max(_end_of(place) - 1, key.start_mark.index))
    start = source.line_starts[first]
    if file.text[start : key.start_mark.index].strip(" "):
        return None
    return Span(start, source.full_line_span(last).end)


def remove_pair(file: File, mapping: Node, key: Node) -> Edit | None:
    """Take a pair out of a mapping that keeps others; None when it is the only one."""
    if not isinstance(mapping, MappingNode) or len(mapping.value) < 2:
        return None
    if in_flow_style(mapping):
        return _remove_flow_child(file, mapping, next(index for index, pair in enumerate(mapping.value) if pair[0] is key))
    lines = pair_lines(file, mapping, key)
    if lines is not None:
        return file.delete(lines)
    if mapping.value[0][0] is key and file.text[: key.start_mark.index].rstrip(" ").endswith("-"):
        following = mapping.value[1][0].start_mark.index
        gap = file.text[_end_of(places(mapping)[0]) : following]
        return None if gap.strip() else file.delete(Span(key.start_mark.index, following))
    return None


def prune(file: File, *chain: tuple[Node, Node]) -> Edit | None:
    """Take out the innermost pair of a chain, and with it every pair around it that would be left empty.

    Args:
        file: the file.
        chain: (mapping, key) from the outermost pair that may go to the innermost; each mapping but the first is the value before it.
    """
    for mapping, key in reversed(chain):
        if len(mapping.value) > 1:
            return remove_pair(file, mapping, key)
    mapping, key = chain[0]
    return set_value(file, mapping, key, {}) if in_flow_style(mapping) else _empty(file, mapping, key)


def _empty(file: File, mapping: Node, key: Node) -> Edit | None:
    place = _place(mapping, key)
    if place is None:
        return None
    return file.replace(Span(key.end_mark.index, max(place.span.end, key.end_mark.index)), ": {}")


def _remove_flow_child(file: File, collection: Node, index: int) -> Edit | None:
    children = places(collection)
    start = (children[index].key or children[index].value).start_mark.index if not children[index].is_alias else children[index].span.start
    if children[index].key is not None:
        start = children[index].key.start_mark.index  # type: ignore[union-attr]
    if index + 1 < len(children):
        following = children[index + 1]
        end = following.key.start_mark.index if following.key is not None else following.span.start
        gap = file.text[_end_of(children[index]) : end]
        return None if "#" in gap else file.delete(Span(start, end))
    before = _end_of(children[index - 1])
    gap = file.text[before:start]
    return None if "#" in gap else file.delete(Span(before, _end_of(children[index])))


def remove_item(file: File, sequence: Node | None, index: int) -> Edit | None:
    """Take an item out of a sequence that keeps others; None when it is the only one."""
    if not isinstance(sequence, SequenceNode) or len(sequence.value) < 2:
        return None
    if in_flow_style(sequence):
        return _remove_flow_child(file, sequence, index)
    dash = _dash(file, places(sequence)[index])
    if dash is None:
        return None
    source = file.source
    end = max(places(sequence)[index].span.end - 1, dash)
    return file.delete(Span(source.line_starts[source.line_index(dash)], source.full_line_span(source.line_index(end)).end))


def _dash(file: File, place: Place) -> int | None:
    """Where the dash of an item stands; None when something else stands before it on its line."""
    dash = file.text.rfind("-", 0, place.span.start)
    line = file.source.line_starts[file.source.line_index(dash)] if dash >= 0 else 0
    between = file.text[dash + 1 : place.span.start]
    return None if dash < 0 or file.text[line:dash].strip(" ") or re.search(r"[^\s#]", re.sub(r"#[^\n]*", "", between)) else dash


def append_item(file: File, sequence: Node | None, value: str) -> Edit | None:
    """Put a scalar behind the last item of a sequence, quoted as that one is."""
    if not isinstance(sequence, SequenceNode) or not sequence.value:
        return None
    children = places(sequence)
    last = children[-1]
    style = getattr(last.value, "style", "") or ""
    text = scalar(value, style if style in ("'", '"') else "")
    if in_flow_style(sequence):
        return file.insert(last.span.end, f",{_gap(file, sequence)}{text}")
    dash = _dash(file, last)
    if dash is None:
        return None
    line = file.source.line_span(file.source.line_index(last.span.end))
    return file.insert(line.end, f"{file.source.newline}{' ' * column(file, dash)}- {text}")


def move_pair(file: File, mapping: Node, key: Node, target: Node, *, before: Node | None = None) -> tuple[Edit, ...] | None:
    """Move a pair, with the comments directly above it, from one block mapping into another one, indented anew.

    Returns:
        The removal and the insertion; None where the pair cannot be taken as a whole.
    """
    lines = pair_lines(file, mapping, key)
    if lines is None or not isinstance(target, MappingNode) or in_flow_style(target) or not target.value or len(mapping.value) < 2:
        return None
    old = key.start_mark.column
    start = _above_comments(file, lines.start, old)
    block = file.text[start : lines.end].splitlines()
    if any(line.strip() and line[:old].strip(" ") for line in block) or "\t" in "".join(line[: old + 1] for line in block):
        return None
    insertion = insert_lines(file, target, [line[old:] for line in block], before=before)
    if insertion is None:
        return None
    removal = Span(start, lines.end)
    if removal.end == len(file.text) and not file.text.endswith("\n") and removal.start > 0:
        removal = Span(removal.start - (2 if file.text[: removal.start].endswith("\r\n") else 1), removal.end)
    if insertion.span.start > removal.start and insertion.span.start < removal.end:
        return None
    return file.delete(removal), insertion


def append_pairs_item(file: File, sequence: Node | None, data: Value) -> Edit | None:
    """Put a mapping behind the last item of a sequence."""
    if not isinstance(sequence, SequenceNode) or not sequence.value or not isinstance(data, Mapping):
        return None
    last = places(sequence)[-1]
    if in_flow_style(sequence):
        quote = _quote(last.value)
        return file.insert(last.span.end, f",{_gap(file, sequence)}{flow(data, quote)}")
    dash = _dash(file, last)
    if dash is None:
        return None
    indent = " " * column(file, dash)
    first, *rest = rendered(data, file.parse(style_of))
    line = file.source.line_span(file.source.line_index(last.span.end))
    return file.insert(
        line.end, "".join(f"{file.source.newline}{indent}{each}" for each in (f"- {first}", *(f"  {other}" for other in rest)))
    )


def replace_pair(file: File, mapping: Node, key: Node, new_key: str, data: Value) -> Edit | None:
    """Put another pair in the place of one."""
    place = _place(mapping, key)
    if place is None:
        return None
    if in_flow_style(mapping):
        if not _has_brackets(file, mapping):
            return None
        quote = _quote(mapping)
        return file.replace(Span(key.start_mark.index, _end_of(place)), f"{scalar(new_key, quote)}: {flow(data, quote)}")
    lines = pair_lines(file, mapping, key)
    if lines is None:
        return None
    indent = " " * key.start_mark.column
    text = file.source.newline.join(indent + line for line in rendered({new_key: data}, file.parse(style_of)))
    last = file.source.line_span(file.source.line_index(max(_end_of(place) - 1, key.start_mark.index)))
    return file.replace(Span(lines.start, last.end), text)


def dedent_pair(file: File, outer: Node, outer_key: Node, inner: Node, key: Node) -> tuple[Edit, ...] | None:
    """Move a pair one level up, out of the mapping under `outer_key`: behind it when it is the last pair in there, else above it.

    Args:
        file: the file.
        outer: the mapping that gets the pair.
        outer_key: the key in it whose value is `inner`.
        inner: the mapping that holds the pair.
        key: the key of the pair.
    """
    if not isinstance(inner, MappingNode) or not isinstance(outer, MappingNode) or in_flow_style(inner) or in_flow_style(outer):
        return None
    lines = pair_lines(file, inner, key)
    if lines is None:
        return None
    if inner.value[-1][0] is not key:
        return move_pair(file, inner, key, outer, before=outer_key)
    old, indent = key.start_mark.column, " " * outer_key.start_mark.column
    start = _above_comments(file, lines.start, old)
    block = file.text[start : lines.end].splitlines(keepends=True)
    if any(line.strip() and line[:old].strip(" ") for line in block):
        return None
    if len(inner.value) == 1:
        whole = pair_lines(file, outer, outer_key)
        if whole is None:
            return None
        start = whole.start
    return (file.replace(Span(start, lines.end), "".join(_indented(indent, line[old:]) for line in block)),)


def with_comments(file: File, edit: Edit | None, about: Callable[[str], bool], most: int = 3) -> Edit | None:
    """A removal of lines that takes the comment right above with it, when that is short and about what is removed.

    Args:
        file: the file.
        edit: the removal.
        about: whether a comment line is about it.
        most: the number of comment lines up to which it is short.
    """
    if edit is None or edit.text or file.source.line_starts[file.source.line_index(edit.span.start)] != edit.span.start:
        return edit
    first = file.text[edit.span.start : edit.span.end].split("\n", 1)[0]
    top = _above_comments(file, edit.span.start, len(first) - len(first.lstrip(" ")))
    lines = file.text[top : edit.span.start].splitlines()
    if not 0 < len(lines) <= most or not any(about(line) for line in lines):
        return edit
    return file.delete(Span(top, edit.span.end))
