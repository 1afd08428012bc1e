"""Fields of a pod spec that stand in a wrong place, and moving them into the right one."""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.fix import Applicability, Edit, Fix
from armready.core.startup import dataclass
from armready.kubernetes.documents import Resource, documents
from armready.kubernetes.model import Pod, Role
from armready.kubernetes.pods import pods
from armready.languages.yaml.edit import dedent_pair, move_pair, remove_pair
from armready.languages.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, get, items, key_of, kind_of, pair_of, pairs

# Fields that only a pod spec has: elsewhere in a workload they are a mistake.
SCHEDULING_FIELDS = frozenset(
    {"nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "nodeName", "schedulerName", "priorityClassName"}
    | {
        "runtimeClassName",
        "restartPolicy",
        "imagePullSecrets",
        "serviceAccountName",
        "hostNetwork",
        "dnsPolicy",
        "initContainers",
        "volumes",
    }
    | {"terminationGracePeriodSeconds", "schedulingGates"}
)
POD_SPEC_FIELDS = SCHEDULING_FIELDS | frozenset(
    {"containers", "ephemeralContainers", "securityContext", "hostPID", "hostIPC", "dnsConfig", "hostAliases", "hostname", "subdomain"}
    | {"automountServiceAccountToken", "enableServiceLinks", "overhead", "readinessGates", "setHostnameAsFQDN", "shareProcessNamespace"}
    | {"preemptionPolicy", "activeDeadlineSeconds", "serviceAccount", "os", "resourceClaims"}
)
_IN_CONTAINERS = SCHEDULING_FIELDS - {"restartPolicy", "terminationGracePeriodSeconds"}


@dataclass(frozen=True, eq=False)
class Misplaced:
    """A field outside of the pod spec.

    Attributes:
        pod: the pod that it was meant for.
        mapping: where it stands.
        key: its key.
        value: its value.
        where: the place in words.
        others: the object has more than one pod spec.
    """

    pod: Pod
    mapping: MappingNode
    key: ScalarNode
    value: Node
    where: str
    others: bool

    @property
    def name(self) -> str:
        """The field."""
        return str(self.key.value)

    @property
    def belongs(self) -> str:
        """The path of the pod spec."""
        return ".".join(key_of(key) or "" for _, key in self.pod.chain)


def misplaced(file: File) -> tuple[Misplaced, ...]:
    """The fields of pod specs that stand around the pod spec instead of in it."""
    if file.parse(documents).templated:
        return ()
    found: list[Misplaced] = []
    by_object: dict[int, list[Pod]] = {}
    for pod in file.parse(pods):
        if pod.strict and pod.resource is not None:
            by_object.setdefault(id(pod.resource.node), []).append(pod)
    for each in by_object.values():
        found += _misplaced(each[0], len(each) > 1)
    return tuple(found)


def _misplaced(pod: Pod, others: bool) -> Iterator[Misplaced]:
    for mapping, where in _around(pod):
        for key, value in pairs(mapping):
            if (
                key_of(key) in SCHEDULING_FIELDS
                and isinstance(key, ScalarNode)
                and isinstance(mapping, MappingNode)
                and kind_of(value) != "null"
            ):
                yield Misplaced(pod=pod, mapping=mapping, key=key, value=value, where=where, others=others)
    for role, container in pod.containers:
        for key, value in pairs(container):
            if key_of(key) in _IN_CONTAINERS and role is not Role.EPHEMERAL and isinstance(key, ScalarNode) and kind_of(value) != "null":
                yield Misplaced(pod=pod, mapping=container, key=key, value=value, where="in a container", others=others)


def _around(pod: Pod) -> Iterator[tuple[Node, str]]:
    assert isinstance(pod.resource, Resource)
    root = pod.resource.node
    yield root, "at the document root"
    metadata = get(root, "metadata")
    if metadata is not None:
        yield metadata, "in metadata"
    path: list[str] = []
    for mapping, key in pod.chain[1:]:
        path.append(key_of(pod.chain[len(path)][1]) or "")
        yield mapping, f"in {'.'.join(path)}"
        template_metadata = get(mapping, "metadata") if key_of(key) == "spec" else None
        if template_metadata is not None:
            yield template_metadata, f"in {'.'.join(path)}.metadata"


def moved(file: File, field: Misplaced) -> Fix | None:
    """The fix: the field goes into the pod spec, or away when the pod spec says the same already."""
    if field.others:
        return None
    node = field.pod.node
    present = pair_of(node, field.name)
    if present is not None:
        if shape(present[1]) != shape(field.value):
            return None
        edit = remove_pair(file, field.mapping, field.key)
        return Fix(f"Remove {field.name}, which the pod spec has too", (edit,)) if edit else None
    containers = pair_of(node, "containers")
    edits = move_pair(file, field.mapping, field.key, node, before=containers[0] if containers else None)
    return Fix(f"Move {field.name} to {field.belongs}", edits) if edits else None


def shape(node: Node) -> object:
    """The content of a node, for comparing."""
    if isinstance(node, MappingNode):
        return tuple(sorted((key_of(key) or "", repr(shape(value))) for key, value in pairs(node)))
    if isinstance(node, SequenceNode):
        return tuple(repr(shape(item)) for item in items(node))
    return str(getattr(node, "value", ""))


@dataclass(frozen=True, eq=False)
class Swallowed:
    """Something under a scheduling field that does not belong there.

    Attributes:
        pod: the pod.
        parent: the scheduling field: `nodeSelector`, `affinity` or `tolerations`.
        mapping: where it stands.
        key: its key.
        value: its value.
    """

    pod: Pod
    parent: str
    mapping: MappingNode
    key: ScalarNode
    value: Node

    @property
    def name(self) -> str:
        """The field."""
        return str(self.key.value)

    @property
    def is_field(self) -> bool:
        """It is a field of the pod spec that slipped in by its indentation."""
        return self.name in POD_SPEC_FIELDS


def swallowed(file: File) -> tuple[Swallowed, ...]:
    """What is nested under scheduling fields by mistake."""
    if file.parse(documents).templated:
        return ()
    return tuple(each for pod in file.parse(pods) for each in _swallowed(pod))


def _swallowed(pod: Pod) -> Iterator[Swallowed]:
    selector = get(pod.node, "nodeSelector")
    for key, value in pairs(selector):
        if isinstance(key, ScalarNode) and isinstance(selector, MappingNode) and key.value != "<<":
            is_collection = isinstance(value, MappingNode | SequenceNode)
            if (is_collection and (pod.strict or key.value in POD_SPEC_FIELDS)) or _is_settled(key.value, value):
                yield Swallowed(pod=pod, parent="nodeSelector", mapping=selector, key=key, value=value)
    affinity = get(pod.node, "affinity")
    for mapping, parent in ((affinity, "affinity"), *((item, "tolerations") for item in items(get(pod.node, "tolerations")))):
        for key, value in pairs(mapping):
            if (
                isinstance(key, ScalarNode)
                and isinstance(mapping, MappingNode)
                and key.value in POD_SPEC_FIELDS - {"nodeSelector", "tolerations"}
            ):
                yield Swallowed(pod=pod, parent=parent, mapping=mapping, key=key, value=value)


def _is_settled(name: str, value: Node) -> bool:
    """Whether a scalar under a node selector is a pod spec's field: labels may have plain names too (`hostname: a`)."""
    return name in SCHEDULING_FIELDS and isinstance(value, ScalarNode)


def lifted(file: File, field: Swallowed) -> Fix | None:
    """The fix: the field goes one level up."""
    if not field.is_field or field.parent == "tolerations" or get(field.pod.node, field.name) is not None:
        return None
    parent = pair_of(field.pod.node, field.parent)
    if parent is None or parent[1] is not field.mapping:
        return None
    edits: tuple[Edit, ...] | None = dedent_pair(file, field.pod.node, parent[0], field.mapping, field.key)
    if not edits:
        return None
    applicability = Applicability.SAFE if field.pod.strict else Applicability.UNSAFE
    return Fix(f"Move {field.name} out of {field.parent}", edits, applicability)
