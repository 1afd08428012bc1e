"""YAML to nodes with exact places, by ruamel.yaml's C parser.

Nodes are ruamel.yaml's own (`MappingNode`, `SequenceNode`, `ScalarNode`). Nothing is constructed and nothing is dumped: types of plain
scalars are told by `kind_of` on demand, and edits are made on the text (`armready.languages.yaml.edit`). JSON is read by the same parser.

Nodes without an explicit tag share one tag object, which also carries the text they were parsed from: `span` needs the node alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from armready.core.embedded import Embedded
from armready.core.errors import ParseProblem
from armready.core.source import Span
from armready.core.startup import regex
from armready.languages.yaml import scalars as yaml_scalars
from armready.languages.yaml.reader import Stream, has_tag, parse_yaml_text, walk

if TYPE_CHECKING:
    from armready.core.file import File

__all__ = [
    "MappingNode",
    "Node",
    "Place",
    "ScalarNode",
    "SequenceNode",
    "Stream",
    "alias_span",
    "content_start",
    "embedded",
    "entries",
    "find",
    "get",
    "in_flow_style",
    "is_alias",
    "is_anchored",
    "items",
    "key_of",
    "kind_of",
    "merged_pairs",
    "pair_at",
    "pair_of",
    "pairs",
    "parse_stream",
    "parse_yaml",
    "parse_yaml_text",
    "places",
    "sequence_at",
    "span",
    "strings",
    "text_of",
    "text_under",
    "walk",
]

_PROPERTIES = regex(r"(?:[&!][^\s,\[\]{}]*(?:[ \t]+|[ \t]*(?:#[^\n]*)?\r?\n[ \t]*)*)+")
_GAP = regex(r"(?:[\s,:?\-]|#[^\n]*)*")
_ALIAS = regex(r"\*[^\s,\[\]{}]+")


def parse_stream(file: File) -> Stream:
    """All documents of a file, in order; one that cannot be read does not take the others with it."""
    stream = parse_yaml_text(file.text)
    if any(stream.documents):
        for problem in stream.problems:
            file.note(problem)
    return stream


def parse_yaml(file: File) -> tuple[Node, ...]:
    """The roots of a file's documents; empty documents are left out.

    Raises:
        ParseProblem: no document of it can be read.
    """
    stream = file.parse(parse_stream)
    roots = tuple(root for root in stream.documents if root is not None)
    if not roots and stream.problems:
        raise ParseProblem(stream.problems[0])
    return roots


class _Index(NamedTuple):
    """The sequences of a file by where they begin, and its pairs, each with its mapping, by where the content of their key begins."""

    sequences: dict[int, SequenceNode]
    pairs: dict[int, tuple[MappingNode, Node, Node]]


def _index(file: File) -> _Index:
    found = _Index({}, {})
    for root in file.parse(parse_yaml):
        for node in walk(root):
            if isinstance(node, SequenceNode):
                found.sequences[int(node.start_mark.index)] = node
            elif isinstance(node, MappingNode):
                found.pairs.update((content_start(key), (node, key, value)) for key, value in node.value)
    return found


def sequence_at(file: File, start: int) -> SequenceNode | None:
    """The sequence whose node begins at an offset."""
    return file.parse(_index).sequences.get(start)


def pair_at(file: File, start: int) -> tuple[MappingNode, Node, Node] | None:
    """The mapping, the key and the value of the pair whose key is at an offset."""
    return file.parse(_index).pairs.get(start)


def pairs(node: Node | None) -> tuple[tuple[Node, Node], ...]:
    """The pairs that stand in a mapping itself, in order, merge keys as they are written; () for anything else."""
    return tuple(node.value) if isinstance(node, MappingNode) else ()


def merged_pairs(node: Node | None) -> tuple[tuple[Node, Node], ...]:
    """The pairs of a mapping as a reader sees them: its own ones, then those that `<<` brings and that it does not set itself."""
    return tuple(_merged(node, set(), set()))


def _merged(node: Node | None, keys: set[str], seen: set[int]) -> Iterator[tuple[Node, Node]]:
    if not isinstance(node, MappingNode) or id(node) in seen:
        return
    seen.add(id(node))
    merges = []
    own: set[str] = set()
    for key, value in node.value:
        name = key_of(key)
        if name == "<<" and not key.style:
            merges.append(value)
        elif name is None or name not in keys:
            own.add(name or "")
            yield key, value
    keys |= own
    for merge in merges:
        for source in merge.value if isinstance(merge, SequenceNode) else (merge,):
            yield from _merged(source, keys, seen)


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a sequence; () for anything else."""
    return tuple(node.value) if isinstance(node, SequenceNode) else ()


def key_of(key: Node) -> str | None:
    """The text of a scalar key."""
    return key.value if isinstance(key, ScalarNode) else None


def pair_of(node: Node | None, key: str) -> tuple[Node, Node] | None:
    """The pair of that key: the last one in the mapping itself, else one that `<<` brings."""
    if not isinstance(node, MappingNode):
        return None
    merge = False
    for each, value in reversed(node.value):
        if isinstance(each, ScalarNode):
            if each.value == key:
                return each, value
            merge = merge or (each.value == "<<" and not each.style)
    if merge:
        return next((pair for pair in _merged(node, set(), set()) if key_of(pair[0]) == key), None)
    return None


def get(node: Node | None, *keys: str | int) -> Node | None:
    """The node that a path of mapping keys and sequence indexes leads to; merge keys are resolved."""
    for key in keys:
        if isinstance(key, str):
            pair = pair_of(node, key)
            node = pair[1] if pair else None
        else:
            node = node.value[key] if isinstance(node, SequenceNode) and -len(node.value) <= key < len(node.value) else None
        if node is None:
            return None
    return node


def entries(node: Node | None) -> dict[str, Node]:
    """The values of a mapping by their keys, as `get` finds them: for a mapping that is asked for many."""
    if not isinstance(node, MappingNode):
        return {}
    found = {key.value: value for key, value in node.value if isinstance(key, ScalarNode)}
    if "<<" in found:
        for key, value in _merged(node, set(), set()):
            found.setdefault(key_of(key) or "", value)
    return found


def find(node: Node | None, *keys: str) -> Iterator[Node]:
    """Every node that a path leads to, where `*` stands for each item of a sequence or each value of a mapping."""
    if node is None:
        return
    if not keys:
        yield node
        return
    first, *rest = keys
    if first != "*":
        yield from find(get(node, first), *rest)
        return
    for each in items(node) or [value for _, value in merged_pairs(node)]:
        yield from find(each, *rest)


def text_of(node: Node | None) -> str | None:
    """The decoded text of a scalar; None for anything else."""
    return node.value if isinstance(node, ScalarNode) else None


def strings(node: Node | None) -> tuple[str, ...]:
    """The texts of a scalar or of the scalars in a sequence (nested ones flattened), empty plain ones left out."""
    if isinstance(node, MappingNode):
        return ()
    return tuple(each.value for each in walk(node) if isinstance(each, ScalarNode) and (each.value or each.style))


_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = frozenset(word for low in ("y", "yes", "n", "no", "true", "false", "on", "off") for word in (low, low.capitalize(), low.upper()))
_INTEGER = regex(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)")
_FLOAT = regex(r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def kind_of(node: Node | None) -> str:
    """What a YAML 1.1 reader makes of a node: `str`, `null`, `bool`, `int`, `float`, `map`, `seq`, or `` for no node."""
    if isinstance(node, MappingNode):
        return "map"
    if isinstance(node, SequenceNode):
        return "seq"
    if not isinstance(node, ScalarNode):
        return ""
    if node.style or has_tag(node):
        return "str"
    value = node.value
    if value in _NULL:
        return "null"
    if value in _BOOLEAN:
        return "bool"
    if _INTEGER.fullmatch(value):
        return "int"
    return "float" if _FLOAT.fullmatch(value) else "str"


def text_under(node: Any) -> str:
    """The text that a node was parsed from."""
    return node.ctag.text  # type: ignore[no-any-return]


def in_flow_style(node: Any) -> bool:
    """Whether a node is a collection in `[]` or `{}`."""
    return bool(getattr(node, "flow_style", False))


def content_start(node: Node) -> int:
    """Where the node begins after its anchor and tag."""
    text, start = text_under(node), int(node.start_mark.index)
    if start < len(text) and text[start] in "&!":
        found = _PROPERTIES.match(text, start)
        return min(found.end() if found else start, int(node.end_mark.index))
    return start


def is_anchored(node: Node) -> bool:
    """Whether the node bears an anchor, so that others may refer to it."""
    return "&" in text_under(node)[node.start_mark.index : content_start(node)]


def span(node: Node) -> Span:
    """Where the node's own text stands: without anchor and tag, trailing blank lines and comments."""
    start = content_start(node)
    end = int(node.end_mark.index)
    if isinstance(node, ScalarNode):
        return Span(start, max(start, _block_scalar_end(text_under(node), start, end) if node.style in ("|", ">") else end))
    if in_flow_style(node) or not node.value:
        return Span(start, end)
    return Span(start, _last_end(node))


def _last_end(node: Node) -> int:
    """The end of a block collection: that of its last child, which may be an alias."""
    while True:
        child = node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1]
        place = places(node)[-1] if isinstance(node, SequenceNode) or is_alias(node, child, node.value[-1][0].end_mark.index) else None
        if place is not None and place.is_alias:
            return place.span.end
        if isinstance(child, ScalarNode) or in_flow_style(child) or not child.value:
            return span(child).end
        node = child


class Place(NamedTuple):
    """A child of a collection where it stands in it.

    Attributes:
        key: its key, in a mapping.
        value: the node; that of the anchor when it is an alias.
        span: from the value's anchor or tag to its end; the `*name` of an alias.
        is_alias: it stands there as `*name`.
    """

    key: Node | None
    value: Node
    span: Span
    is_alias: bool


def places(node: Node | None) -> tuple[Place, ...]:
    """The children of a collection with the spans that they take up in it."""
    return _places(node) if isinstance(node, MappingNode | SequenceNode) else ()


@lru_cache(maxsize=64)
def _places(node: MappingNode | SequenceNode) -> tuple[Place, ...]:
    text, position = text_under(node), content_start(node)
    result = []
    for child in node.value:
        key, value = child if isinstance(node, MappingNode) else (None, child)
        if key is not None:
            found = alias_span(text, position) if is_alias(node, key, position) else None
            position = found.end if found else int(key.end_mark.index)
        if is_alias(node, value, position):
            where = alias_span(text, position) or Span(position, position)
            position = where.end
            result.append(Place(key, value, where, True))
        else:
            position = int(value.end_mark.index)
            is_block = not isinstance(value, ScalarNode) and not in_flow_style(value) and value.value
            end = span(value).end if is_block or getattr(value, "style", None) in ("|", ">") else position
            result.append(Place(key, value, Span(int(value.start_mark.index), end), False))
    return tuple(result)


def is_alias(parent: Node, child: Node, before: int) -> bool:
    """Whether a child stands in its parent as `*name`.

    Args:
        parent: the collection.
        child: its key, item or value.
        before: the end of what stands before the child in it (its key, the item above).
    """
    return child is parent or child.start_mark.index < before or child.end_mark.index > parent.end_mark.index


def alias_span(text: str, before: int) -> Span | None:
    """The span of the `*name` that follows an offset."""
    gap = _GAP.match(text, before)
    found = _ALIAS.match(text, gap.end()) if gap else None
    return Span(found.start(), found.end()) if found else None


def _block_scalar_end(text: str, start: int, end: int) -> int:
    """Without the trailing blank lines, which the mark includes."""
    stripped = len(text[start:end].rstrip(" \t\r\n"))
    return start + stripped


def embedded(file: File, scalar: Node, masked: str | None = None) -> Embedded | None:
    """The decoded text of a scalar, mapped to the file; None where the map cannot reproduce it exactly.

    Args:
        file: the file.
        scalar: one of its nodes.
        masked: the text that was parsed, when it is not the file's own.
    """
    if not isinstance(scalar, ScalarNode):
        return None
    in_flow = not scalar.style and (masked is not None or _in_flow(file, scalar))
    return yaml_scalars.decode(masked or file.text, scalar, span(scalar), int(scalar.end_mark.index), in_flow=in_flow)


def _in_flow(file: File, scalar: ScalarNode) -> bool:
    if "[" not in file.text and "{" not in file.text:
        return False
    try:
        return scalar.start_mark.index in file.parse(_flow_scalars)
    except ParseProblem:
        return True


def _flow_scalars(file: File) -> frozenset[int]:
    """Where the scalars begin that stand inside of flow collections."""
    found: set[int] = set()
    for root in parse_yaml(file):
        for node in walk(root):
            if not in_flow_style(node):
                continue
            found.update(each.start_mark.index for each in walk(node) if isinstance(each, ScalarNode))
    return frozenset(found)
