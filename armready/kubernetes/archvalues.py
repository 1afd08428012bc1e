"""Values of the architecture label, wherever a manifest compares with it: selectors, expressions, tolerations and taints."""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.startup import dataclass
from armready.kubernetes.documents import documents, is_open
from armready.kubernetes.placement import ARCH_KEYS
from armready.languages.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, get, items, key_of, pairs, text_of

# There are not so many architectures in the world.
_MAX_VALUES = 1_000


@dataclass(frozen=True, eq=False)
class ArchValue:
    """A value that the architecture of a node is compared with.

    Attributes:
        node: the scalar.
        is_taint: of a taint or a toleration, whose values people may choose.
        beside: the other values that count in the same place: of the list, or of the tolerations.
        sequence: the list it stands in; None when it stands alone.
    """

    node: ScalarNode
    is_taint: bool
    beside: tuple[str, ...] = ()
    sequence: SequenceNode | None = None


def arch_values(file: File) -> tuple[ArchValue, ...]:
    """The values of the architecture label in a file, in order; those that a variable decides are left out."""
    found: dict[int, ArchValue] = {}
    for root in file.parse(documents).roots:
        if text_of(get(root, "kind")) in ("Node", "CustomResourceDefinition"):
            continue
        for each in _values(root):
            if each.node.value and not is_open(each.node.value):
                found.setdefault(id(each.node), each)
    return tuple(sorted(found.values(), key=lambda each: int(each.node.start_mark.index)))


def _values(root: Node) -> Iterator[ArchValue]:
    stack: list[tuple[str, Node, SequenceNode | None]] = [("", root, None)]
    seen: set[int] = set()
    while stack:
        name, node, parent = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            yield from _in_mapping(name, node, parent)
            stack.extend((key_of(key) or "", value, None) for key, value in pairs(node) if key_of(key) not in ("status", "annotations"))
        elif isinstance(node, SequenceNode):
            stack.extend((name, item, node) for item in node.value)


def _in_mapping(name: str, node: MappingNode, parent: SequenceNode | None) -> Iterator[ArchValue]:
    if name.lower().endswith("nodeselector"):
        for key, value in pairs(node):
            if key_of(key) in ARCH_KEYS and isinstance(value, ScalarNode):
                yield ArchValue(value, False)
    if text_of(get(node, "key")) not in ARCH_KEYS:
        return
    values, single = get(node, "values"), get(node, "value")
    if isinstance(values, SequenceNode):
        listed = values.value[:_MAX_VALUES]
        texts = [text_of(item) or "" for item in listed]
        for index, item in enumerate(listed):
            if isinstance(item, ScalarNode):
                yield ArchValue(item, False, tuple(texts[:index] + texts[index + 1 :]), values)
    if isinstance(single, ScalarNode):
        others = tuple(
            text_of(get(each, "value")) or "" for each in items(parent) if each is not node and text_of(get(each, "key")) in ARCH_KEYS
        )
        yield ArchValue(single, True, others)
