"""YAML to nodes with exact places, by ruamel.yaml's C parser.

Nodes are ruamel.yaml's own (`MappingNode`, `SequenceNode`, `ScalarNode`). Nothing is constructed and nothing is dumped: types of plain
scalars are told by `kind_of` on demand, and edits are made on the text (`armready.yaml_edit`). JSON is read by the same parser.

Nodes without an explicit tag share one tag object, which also carries the text they were parsed from: `span` needs the node alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from _ruamel_yaml import CParser  # type: ignore[import-not-found]
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.tag import Tag

from armready.embedded import Embedded
from armready.errors import ParseProblem
from armready.parsers import yaml_scalars
from armready.source import Span

if TYPE_CHECKING:
    from armready.file import File

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
    "find",
    "get",
    "in_flow_style",
    "is_alias",
    "is_anchored",
    "items",
    "key_of",
    "kind_of",
    "merged_pairs",
    "pair_of",
    "pairs",
    "parse_stream",
    "parse_yaml",
    "parse_yaml_text",
    "places",
    "span",
    "strings",
    "text_of",
    "text_under",
    "walk",
]

MAX_DEPTH = 1_000
# Nesting of so many levels is far from what overflows the stack.
_SAFE_BRACKETS = 4_000
_MAX_BAD_DOCUMENTS = 10

_EXPLICIT_TAG = re.compile(r"(?:^|[\s,\[{\-])!", re.MULTILINE)
_INDENT = re.compile(r"(?m)^[ \-?:]+")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:[ \t]+|[ \t]*(?:#[^\n]*)?\r?\n[ \t]*)*)+")
_DOCUMENT_START = re.compile(r"(?m)^(?:---|\.\.\.)(?=[ \t\r\n]|$)")
_GAP = re.compile(r"(?:[\s,:?\-]|#[^\n]*\n)*")
_ALIAS = re.compile(r"\*[^\s,\[\]{}]+")


class _ImplicitTag(Tag):
    """The tag of all nodes of one text that name none."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__(suffix="")
        self.text = text


class _ExplicitTag(Tag):
    __slots__ = ("text",)

    def __init__(self, suffix: str, text: str) -> None:
        super().__init__(suffix=suffix)
        self.text = text


class _Parser(CParser):  # type: ignore[misc]
    """The C parser and composer, with a resolver that resolves nothing: three quarters of the stock loader's time go there."""

    def __init__(self, text: str, tag: Tag) -> None:
        CParser.__init__(self, text)
        self._tag = tag

    def resolve(self, _kind: object, _value: object, _implicit: object) -> Tag:
        return self._tag

    def descend_resolver(self, _parent: object, _index: object) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


class Stream(NamedTuple):
    """The documents of a text, and what is wrong with those that could not be read (they stand as None)."""

    documents: tuple[Node | None, ...]
    problems: tuple[str, ...]


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


def parse_yaml_text(text: str) -> Stream:
    """Parse all documents of `text`; those that cannot be read stand as None."""
    tag = _ImplicitTag(text)
    problems: list[str] = []
    readable = text
    while True:
        try:
            roots = _compose(readable, tag)
            break
        except _BadDocument as bad:
            problems.append(bad.reason)
            blanked = _without_document(readable, bad.offset) if len(problems) < _MAX_BAD_DOCUMENTS else None
            if blanked is None:
                roots = ()
                break
            readable = blanked
    if _EXPLICIT_TAG.search(text):
        for root in roots:
            _tag_explicitly(root, text)
    return Stream(tuple(None if _is_empty(root) else root for root in roots), tuple(problems))


def _without_document(text: str, offset: int) -> str | None:
    """`text` with the document around an offset blanked out, so that the places of all others stay; None when that leaves nothing."""
    borders = [match.start() for match in _DOCUMENT_START.finditer(text)]
    index = bisect_right(borders, offset)
    if index and offset <= borders[index - 1] + 3:
        index -= 1
    start = borders[index - 1] + 3 if index else 0
    end = borders[index] if index < len(borders) else len(text)
    if not text[start:end].strip() and index < len(borders):
        start, end = borders[index] + 3, borders[index + 1] if index + 1 < len(borders) else len(text)
    if end <= start or not text[start:end].strip() or not (text[:start].strip("-. \r\n") or text[end:].strip("-. \r\n")):
        return None
    return text[:start] + re.sub(r"[^\r\n]", " ", text[start:end]) + text[end:]


class _BadDocument(Exception):
    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


_COLON_IN_FLOW = re.compile(r"(?<=[^\s,\[\]{}'\":]):(?=[^\s,\[\]{}])")
_COLON_MASK = "\ue03a"
_MAX_MASKED_LINES = 3


def _compose(text: str, tag: Tag) -> tuple[Node, ...]:
    """The roots of `text`.

    A plain scalar with a colon in a flow collection (`[docker:dind]`), which libyaml refuses, is read with the colon masked: at first in
    the lines that it complains of, then in all.
    """
    readable = text
    for _ in range(_MAX_MASKED_LINES):
        try:
            roots = _composed(readable, tag)
            break
        except _BadDocument as bad:
            start = readable.rfind("\n", 0, bad.offset) + 1
            end = readable.find("\n", bad.offset)
            line = readable[start : end if end >= 0 else len(readable)]
            masked = _COLON_IN_FLOW.sub(_COLON_MASK, line)
            if "found unexpected ':'" not in bad.reason or masked == line:
                raise
            readable = readable[:start] + masked + readable[start + len(line) :]
    else:
        readable = _COLON_IN_FLOW.sub(_COLON_MASK, readable)
        roots = _composed(readable, tag)
    if readable is not text:
        for root in roots:
            for node in walk(root):
                if isinstance(node, ScalarNode):
                    node.value = node.value.replace(_COLON_MASK, ":")
    return roots


def _composed(text: str, tag: Tag) -> tuple[Node, ...]:
    try:
        parser = _Parser(text, tag)
    except (YAMLError, ValueError, UnicodeError) as error:
        raise _BadDocument(0, f"not YAML: {error}") from error
    try:
        _check_depth(text)
        roots = []
        while parser.check_node():
            roots.append(parser.get_node())
        return tuple(roots)
    except YAMLError as error:
        raise _BadDocument(*_described(error, text)) from error
    finally:
        parser.dispose()


def _described(error: YAMLError, text: str) -> tuple[int, str]:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    if mark is None:
        position = getattr(error, "position", 0) or 0
        return min(int(position), len(text)), f"not YAML: {problem}"
    return min(mark.index, len(text)), f"not YAML: line {mark.line + 1}: {problem}"


def _check_depth(text: str) -> None:
    """The composer recurses in C and would overflow the stack; the exact count is made only where the depth could be large."""
    deepest = max((match.end() - match.start() for match in _INDENT.finditer(text)), default=0)
    brackets = text.count("[") + text.count("{")
    if brackets + 2 * deepest < MAX_DEPTH:
        return
    if brackets < _SAFE_BRACKETS and _left_open(text) + 2 * deepest < MAX_DEPTH:
        return
    events = _Parser(text, Tag(suffix=""))
    depth = 0
    try:
        while events.check_event():
            event = events.get_event()
            if isinstance(event, CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    mark = event.start_mark
                    raise _BadDocument(mark.index, f"not read: line {mark.line + 1}: nested more than {MAX_DEPTH} levels deep")
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
    finally:
        events.dispose()


def _left_open(text: str) -> int:
    """How many brackets are left open by the lines they stand in: what closes them later does not count."""
    return sum(
        max(0, line.count("[") + line.count("{") - line.count("]") - line.count("}"))
        for line in text.split("\n")
        if "[" in line or "{" in line
    )


def _is_empty(root: Node) -> bool:
    return isinstance(root, ScalarNode) and not root.value and not root.style


def _tag_explicitly(root: Node, text: str) -> None:
    for node in walk(root):
        if not isinstance(node.ctag, _ImplicitTag):
            node.ctag = _ExplicitTag(str(node.ctag), text)


def walk(root: Node | None) -> Iterator[Node]:
    """The node and all nodes below it, each once, however often it is aliased, in the order of the text."""
    stack = [] if root is None else [root]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, MappingNode):
            for key, value in reversed(node.value):
                stack.append(value)
                stack.append(key)
        elif isinstance(node, SequenceNode):
            stack.extend(reversed(node.value))


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
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def kind_of(node: Node | None) -> str:
    """What a YAML 1.1 reader makes of a node: `str`, `null`, `bool`, `int`, `float`, `map`, `seq`, or `` for no node."""
    if isinstance(node, MappingNode):
        return "map"
    if isinstance(node, SequenceNode):
        return "seq"
    if not isinstance(node, ScalarNode):
        return ""
    if node.style or not isinstance(node.ctag, _ImplicitTag):
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
    if not isinstance(node, MappingNode | SequenceNode):
        return ()
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
    in_flow = masked is not None or _in_flow(file, scalar)
    return yaml_scalars.decode(masked or file.text, scalar, span(scalar), int(scalar.end_mark.index), in_flow)


def _in_flow(file: File, scalar: ScalarNode) -> bool:
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
