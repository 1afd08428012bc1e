"""A pod as rules see it: a mapping in which scheduling keys count, with the images that run under it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property

from armready.core.source import Span
from armready.core.startup import dataclass
from armready.kubernetes.documents import Resource, is_open
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    find,
    get,
    is_anchored,
    items,
    key_of,
    merged_pairs,
    pair_of,
    span,
    strings,
    text_of,
)

SCHEDULING_KEYS = ("nodeSelector", "affinity", "tolerations")
_OS_KEYS = ("kubernetes.io/os", "beta.kubernetes.io/os")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class Role(StrEnum):
    """What an image does in a pod."""

    CONTAINER = "container"
    INIT = "init container"
    EPHEMERAL = "ephemeral container"
    STEP = "step"


class Origin(StrEnum):
    """Where a pod was read."""

    MANIFEST = "manifest"
    TEMPLATE = "template"
    VALUES = "values"


@dataclass(frozen=True, eq=False)
class Image:
    """An image reference, in one scalar or in the parts of a Helm value.

    Attributes:
        text: the whole reference, template actions as they are written.
        parts: (what, scalar) for `reference`, or for `registry`, `repository`, `tag`, `digest`.
        role: what it does.
        container: the name of the container; empty when there is none.
    """

    text: str
    parts: tuple[tuple[str, ScalarNode], ...]
    role: Role
    container: str = ""

    @property
    def node(self) -> ScalarNode:
        """The scalar to point at."""
        return dict(self.parts).get("repository") or self.parts[0][1]

    @property
    def is_open(self) -> bool:
        """A variable or a template decides a part of it."""
        return is_open(self.text)


@dataclass(frozen=True, eq=False)
class Pod:
    """A scope of scheduling with the images that run in it.

    Attributes:
        resource: the object; None for Helm values.
        node: the mapping that holds the scheduling fields.
        chain: the (mapping, key) pairs that lead to `node`, outermost first.
        images: of all containers, init containers and sidecars.
        containers: the mappings of the containers, with what they are.
        origin: where it was read.
        strict: `node` is a pod spec of a kind whose schema is known.
        schedulable: the scheduling fields may stand in `node`.
    """

    resource: Resource | None
    node: MappingNode
    chain: tuple[tuple[Node, Node], ...]
    images: tuple[Image, ...]
    containers: tuple[tuple[Role, MappingNode], ...]
    origin: Origin
    strict: bool = False
    schedulable: bool = True

    @property
    def title(self) -> str:
        """`Deployment/web`, or words with the path of the keys in Helm values."""
        if self.resource is not None:
            return self.resource.title
        path = ".".join(key_of(key) or "" for _, key in self.chain)
        return f"the workload of {path}" if path else "the workload of these values"

    @property
    def kind(self) -> str:
        """The kind of the object; empty for Helm values."""
        return self.resource.kind if self.resource is not None else ""

    @property
    def anchor(self) -> Span:
        """A short place to point at for the pod as a whole: its first container's image, or the key that leads to it."""
        if self.images:
            return span(self.images[0].node)
        return span(self.chain[-1][1]) if self.chain else span(self.node)

    @property
    def shared(self) -> bool:
        """Whether a part of it is used elsewhere too, through an anchor."""
        return is_anchored(self.node) or any(is_anchored(mapping) for mapping, _ in self.chain)

    @cached_property
    def derived(self) -> dict[str, frozenset[str]]:
        """What others worked out of it, so that they do it once."""
        return {}

    @cached_property
    def is_windows(self) -> bool:
        """Whether it runs on Windows nodes only."""
        if text_of(get(self.node, "os", "name")) == "windows":
            return True
        if any(text_of(get(self.node, "nodeSelector", key)) == "windows" for key in _OS_KEYS):
            return True
        return any(
            text_of(get(expression, "key")) in _OS_KEYS
            and text_of(get(expression, "operator")) == "In"
            and strings(get(expression, "values")) == ("windows",)
            for expression in find(self.node, "affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms", "*", "matchExpressions", "*")
        )


def chains(root: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[tuple[Node, Node], ...], MappingNode]]:
    """Every mapping that a path leads to, with the pairs that lead there; items of sequences are no pairs."""
    if not path:
        if isinstance(root, MappingNode):
            yield (), root
        return
    first, *rest = path
    steps: list[tuple[Node | None, Node]] = []
    if first == "*":
        steps += [(None, item) for item in items(root)] or merged_pairs(root)
    else:
        pair = pair_of(root, first)
        steps += [pair] if pair else []
    for key, value in steps:
        for chain, node in chains(value, tuple(rest)):
            yield (((root, key), *chain) if key is not None else chain), node


def is_schema(node: Node) -> bool:
    """Whether the fields are described and not set, as in JSON schemas."""
    fields = (get(node, key) for key in SCHEDULING_KEYS)
    return any(
        get(field, "type") is not None and (get(field, "properties") or get(field, "additionalProperties") or get(field, "items"))
        for field in fields
    )
