"""Labels of nodes where manifests refer to them: selectors, expressions, topology keys and JSON patches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from armready.core.file import File
from armready.core.fix import Edit, Fix
from armready.core.source import Span
from armready.core.startup import dataclass
from armready.kubernetes.documents import documents, is_open, set_text
from armready.languages.yaml.edit import remove_pair
from armready.languages.yaml.nodes import MappingNode, Node, ScalarNode, get, items, key_of, pair_of, pairs, span, text_of, walk

_BETA = ("beta.kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/instance-type")
_GA = {"beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type"}


@dataclass(frozen=True, eq=False)
class LabelUse:
    """A deprecated label.

    Attributes:
        label: which one.
        node: the scalar that names it.
        selector: the node selector whose key it is; None elsewhere.
        is_open: a variable decides the value it is compared with.
        conflicts: the selector has the label of today too, with another value.
        beside_today: the document compares the label of today too, so that both are there on purpose.
    """

    label: str
    node: ScalarNode
    selector: MappingNode | None = None
    is_open: bool = False
    conflicts: bool = False
    beside_today: bool = False


def label_uses(file: File) -> tuple[LabelUse, ...]:
    """The deprecated labels that a file refers to, in order; what nodes bear themselves does not count."""
    found: dict[int, LabelUse] = {}
    for root in file.parse(documents).roots:
        if text_of(get(root, "kind")) not in ("Node", "CustomResourceDefinition"):
            uses = list(_uses(root))
            today = {text_of(get(node, "key")) for node in walk(root)} if uses else set()
            for use in uses:
                found.setdefault(id(use.node), replace(use, beside_today=use.selector is None and today_of(use.label) in today))
    return tuple(sorted(found.values(), key=lambda use: int(use.node.start_mark.index)))


def _uses(root: Node) -> Iterator[LabelUse]:
    stack: list[tuple[str, Node]] = [("", root)]
    seen: set[int] = set()
    while stack:
        name, node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            yield from _in_mapping(name, node)
            stack.extend((key_of(key) or "", value) for key, value in pairs(node) if key_of(key) not in ("status", "annotations"))
        else:
            stack.extend((name, item) for item in items(node))


def _in_mapping(name: str, node: MappingNode) -> Iterator[LabelUse]:
    if name.lower().endswith("nodeselector"):
        for key, value in pairs(node):
            if isinstance(key, ScalarNode) and key.value in _BETA:
                today = text_of(get(node, today_of(key.value)))
                yield LabelUse(
                    label=key.value,
                    node=key,
                    selector=node,
                    is_open=is_open(text_of(value)),
                    conflicts=today is not None and today != text_of(value),
                )
    label, topology, path = get(node, "key"), get(node, "topologyKey"), get(node, "path")
    if isinstance(label, ScalarNode) and label.value in _BETA and get(node, "operator") is not None:
        yield LabelUse(label.value, label, is_open=any(is_open(text_of(value)) for value in items(get(node, "values"))))
    if isinstance(topology, ScalarNode) and topology.value in _BETA:
        yield LabelUse(topology.value, topology)
    if isinstance(path, ScalarNode) and get(node, "op") is not None:
        for beta in _BETA:
            if path.value.endswith("/" + beta.replace("/", "~1")):
                yield LabelUse(beta, path)


def today_of(beta: str) -> str:
    """The label that took the place of a deprecated one."""
    return _GA.get(beta, beta.removeprefix("beta."))


def renamed(file: File, use: LabelUse, new: str) -> Fix | None:
    """The fix: the label of today, or nothing where that stands beside it already; none where both are compared on purpose."""
    if use.beside_today:
        return None
    pair = pair_of(use.selector, use.label) if use.selector is not None else None
    if use.selector is not None and pair is not None and get(use.selector, new) is not None:
        edit: Edit | None = remove_pair(file, use.selector, use.node)
        return Fix(f"Remove {use.label}, which repeats {new}", (edit,)) if edit else None
    if pair is not None:
        place = Span(span(use.node).start, max(span(use.node).end, span(pair[1]).end))
        return Fix(f"Use {new}", (file.replace(place, file.source.slice(place).replace(use.label, new, 1)),))
    edit = set_text(file, use.node, use.node.value.replace(use.label.replace("/", "~1"), new.replace("/", "~1")).replace(use.label, new))
    return Fix(f"Use {new}", (edit,)) if edit else None
