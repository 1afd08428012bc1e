"""Where a pod may run: the architectures that its selector and its required node affinity leave.

Selector and affinity are ANDed; the terms of an affinity are ORed, the expressions of a term ANDed. Preferences do not constrain.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from armready.core.finding import Confidence
from armready.core.startup import dataclass
from armready.knowledge.instances import Machine, machine
from armready.kubernetes.documents import is_open
from armready.kubernetes.model import Pod
from armready.languages.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, get, items, key_of, merged_pairs, text_of

ARCH_KEY = "kubernetes.io/arch"
BETA_ARCH_KEY = "beta.kubernetes.io/arch"
ARCH_KEYS = frozenset({ARCH_KEY, BETA_ARCH_KEY})

EVERY = frozenset({"amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "mips64le", "loong64"})

# What people write, and the value that the kubelet sets (Go's name).
MEANT = {
    "x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "x86": "amd64", "linux/amd64": "amd64", "aarch64": "arm64", "arm64v8": "arm64",
    "arm64/v8": "arm64", "armv8": "arm64", "linux/arm64": "arm64", "i386": "386", "i686": "386", "armv7": "arm", "armhf": "arm",
    "arm/v7": "arm",
    "armv7l": "arm", "linux/arm/v7": "arm",
}  # fmt: skip

# Label -> the cloud whose machine types are its values.
MACHINE_LABELS = {
    "node.kubernetes.io/instance-type": "",
    "beta.kubernetes.io/instance-type": "",
    "karpenter.k8s.aws/instance-family": "aws",
    "karpenter.k8s.aws/instance-type": "aws",
    "eks.amazonaws.com/instance-family": "aws",
    "cloud.google.com/machine-family": "gcp",
    "karpenter.azure.com/sku-name": "azure",
}
OPAQUE_LABELS = frozenset(
    {
        "kubernetes.io/hostname",
        "eks.amazonaws.com/nodegroup",
        "alpha.eksctl.io/nodegroup-name",
        "cloud.google.com/gke-nodepool",
        "agentpool",
    }
    | {"kubernetes.azure.com/agentpool", "karpenter.sh/nodepool", "karpenter.sh/provisioner-name", "doks.digitalocean.com/node-pool"}
)


@dataclass(frozen=True, eq=False)
class Requirement:
    """A condition on a node label.

    Attributes:
        key: its scalar.
        operator: `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt`, `Lt`.
        values: the scalars it compares with.
        mapping: what holds it: the node selector, or the expression.
        sequence: the list that holds the values; None for a node selector.
    """

    key: ScalarNode
    operator: str
    values: tuple[ScalarNode, ...]
    mapping: MappingNode
    sequence: SequenceNode | None = None

    @property
    def name(self) -> str:
        """The label."""
        return str(self.key.value)

    @property
    def is_arch(self) -> bool:
        """It is about the architecture."""
        return self.name in ARCH_KEYS

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as written."""
        return tuple(str(value.value) for value in self.values)

    @property
    def is_open(self) -> bool:
        """A variable decides a value."""
        return any(is_open(text) for text in self.texts)


def selector(pod_node: Node | None) -> tuple[Requirement, ...]:
    """The pairs of a node selector that are strings, as requirements."""
    node = get(pod_node, "nodeSelector")
    if not isinstance(node, MappingNode):
        return ()
    return tuple(
        Requirement(key, "In", (value,), node)
        for key, value in merged_pairs(node)
        if isinstance(key, ScalarNode) and isinstance(value, ScalarNode)
    )


def required_terms(pod_node: Node | None) -> tuple[tuple[Requirement, ...], ...]:
    """The terms of the required node affinity."""
    terms = get(pod_node, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    return tuple(tuple(_expressions(term)) for term in items(terms))


def preferred_terms(pod_node: Node | None) -> tuple[tuple[Requirement, ...], ...]:
    """The terms of the preferred node affinity."""
    terms = get(pod_node, "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution")
    return tuple(tuple(_expressions(get(term, "preference"))) for term in items(terms))


def _expressions(term: Node | None) -> Iterator[Requirement]:
    for expression in items(get(term, "matchExpressions")):
        requirement = requirement_of(expression)
        if requirement is not None:
            yield requirement


def requirement_of(expression: Node) -> Requirement | None:
    """A `{key, operator, values}` mapping as a requirement."""
    key, values = get(expression, "key"), get(expression, "values")
    if not isinstance(expression, MappingNode) or not isinstance(key, ScalarNode):
        return None
    scalars = tuple(value for value in items(values) if isinstance(value, ScalarNode))
    sequence = values if isinstance(values, SequenceNode) else None
    return Requirement(
        key=key, operator=text_of(get(expression, "operator")) or "In", values=scalars, mapping=expression, sequence=sequence
    )


def meant(value: str) -> str:
    """The architecture that a value of the label stands for, also where it is misspelt."""
    return MEANT.get(value.lower(), value.lower() if value.lower() in EVERY else value)


def satisfied_by(requirement: Requirement) -> frozenset[str]:
    """The architectures whose nodes can satisfy a requirement."""
    if requirement.is_open:
        return EVERY
    if not requirement.is_arch:
        return _machines(requirement)
    named = frozenset(meant(text) for text in requirement.texts)
    if requirement.operator == "In":
        return named if named and named <= EVERY else EVERY
    if requirement.operator == "NotIn":
        return EVERY - named
    return frozenset() if requirement.operator == "DoesNotExist" else EVERY


def machine_of(label: str, value: str) -> Machine | None:
    """The machine type that a label's value names."""
    provider = MACHINE_LABELS[label]
    if provider:
        return machine(value, provider)
    if value.lower().startswith("standard_"):
        return machine(value, "azure")
    if value.startswith("ecs."):
        return machine(value, "alibaba")
    if value.startswith("VM."):
        return machine(value, "oci")
    return machine(value, "aws" if "." in value else "gcp")


def _machines(requirement: Requirement) -> frozenset[str]:
    if requirement.name not in MACHINE_LABELS or requirement.operator != "In" or not requirement.values:
        return EVERY
    machines = [machine_of(requirement.name, text) for text in requirement.texts]
    if any(each is None or each.confidence is Confidence.LOW for each in machines):
        return EVERY
    return frozenset(each.arch for each in machines if each is not None)


def allowed(pod: Pod) -> frozenset[str]:
    """The architectures of the nodes that the pod may be put on."""
    if "allowed" not in pod.derived:
        pod.derived["allowed"] = allowed_by_selector(pod) & allowed_by_affinity(pod)
    return pod.derived["allowed"]


def allowed_by_selector(pod: Pod) -> frozenset[str]:
    """The architectures that the node selector leaves."""
    return _all(selector(pod.node))


def allowed_by_affinity(pod: Pod) -> frozenset[str]:
    """The architectures that the required node affinity leaves."""
    terms = required_terms(pod.node)
    return frozenset().union(*(_all(term) for term in terms)) if terms else EVERY


def _all(requirements: tuple[Requirement, ...]) -> frozenset[str]:
    return reduce(frozenset.intersection, (satisfied_by(each) for each in requirements), EVERY)


def arch_requirements(pod: Pod) -> tuple[Requirement, ...]:
    """All requirements on the architecture that constrain the pod."""
    every = (*selector(pod.node), *(each for term in required_terms(pod.node) for each in term))
    return tuple(each for each in every if each.is_arch)


def says_arch(pod: Pod) -> bool:
    """Whether the architecture is constrained: by the selector, by every term of the affinity, or by something that a template puts in."""
    if allowed(pod) != EVERY or any(each.is_arch for each in selector(pod.node)):
        return True
    terms = required_terms(pod.node)
    if terms and all(any(each.is_arch for each in term) for term in terms):
        return True
    return any(is_unread(pod.node, key) for key in ("nodeSelector", "affinity"))


def is_unread(node: Node, key: str) -> bool:
    """Whether a field is there and its content comes from a template or a variable."""
    value = get(node, key)
    return value is not None and not isinstance(value, MappingNode) and key in {key_of(each) for each, _ in merged_pairs(node)}


def opaque_pins(pod: Pod) -> tuple[ScalarNode, ...]:
    """What puts the pod on certain nodes by hand: node names, node groups, node pools."""
    found = [each.key for each in selector(pod.node) if each.name in OPAQUE_LABELS]
    found += [each.key for term in required_terms(pod.node) for each in term if each.name in OPAQUE_LABELS and each.operator == "In"]
    name = get(pod.node, "nodeName")
    if isinstance(name, ScalarNode) and name.value:
        found.append(name)
    return tuple(found)


def tolerates_arm(pod: Pod, taint: str) -> tuple[Node, bool] | None:
    """The toleration that lets the pod on tainted arm nodes, and whether it names the taint itself.

    Args:
        pod: the pod.
        taint: `key=value:effect`.
    """
    key, _, rest = taint.partition("=")
    value = rest.partition(":")[0]
    broad: Node | None = None
    for toleration in items(get(pod.node, "tolerations")):
        named, operator = text_of(get(toleration, "key")), text_of(get(toleration, "operator")) or "Equal"
        tolerated = meant(text_of(get(toleration, "value")) or "")
        if named in (key, ARCH_KEY) and (operator == "Exists" or tolerated in (value, "arm64")):
            return toleration, True
        if not named and operator == "Exists":
            broad = broad or toleration
    return (broad, False) if broad is not None else None
