"""What makes nodes: Karpenter node pools, eksctl node groups, and the AMI types of EKS node groups in CloudFormation and Crossplane."""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Confidence
from armready.core.fix import Fix
from armready.core.source import Location, Span
from armready.core.startup import dataclass
from armready.knowledge.instances import Machine, machine
from armready.kubernetes.documents import Resource, documents, is_open, resources
from armready.kubernetes.placement import ARCH_KEY, EVERY, MACHINE_LABELS, Requirement, machine_of, requirement_of, satisfied_by, selector
from armready.languages.yaml.edit import append_item, append_pairs_item, remove_item
from armready.languages.yaml.nodes import MappingNode, Node, ScalarNode, find, get, items, span, text_of


@dataclass(frozen=True, eq=False)
class Pool:
    """A Karpenter NodePool or Provisioner."""

    resource: Resource
    requirements: tuple[Requirement, ...]
    sequence: Node | None

    @property
    def arch(self) -> tuple[Requirement, ...]:
        """The requirements on the architecture."""
        return tuple(each for each in self.requirements if each.is_arch)

    @property
    def architectures(self) -> frozenset[str]:
        """What the requirements on the architecture leave."""
        found = EVERY
        for each in self.arch:
            found &= satisfied_by(each)
        return found

    @property
    def machines(self) -> Requirement | None:
        """The requirement that lists families or types of machines, all of which are understood."""
        for each in self.requirements:
            listed = each.name in MACHINE_LABELS and each.operator == "In" and each.values and not each.is_open
            if listed and all(_sure(machine_of(each.name, text)) for text in each.texts):
                return each
        return None

    @property
    def machine_architectures(self) -> frozenset[str]:
        """The architectures of those machines; any when nothing lists them."""
        listed = self.machines
        if listed is None:
            return EVERY
        found = (machine_of(listed.name, text) for text in listed.texts)
        return frozenset(each.arch for each in found if each is not None)


def _sure(found: Machine | None) -> bool:
    return found is not None and found.confidence is not Confidence.LOW


def pools(file: File) -> tuple[Pool, ...]:
    """The node pools of a file."""
    found = []
    for resource in file.parse(resources):
        if resource.group.startswith("karpenter.") and resource.kind in ("NodePool", "Provisioner"):
            path = ("spec", "template", "spec", "requirements") if resource.kind == "NodePool" else ("spec", "requirements")
            sequence = get(resource.node, *path)
            requirements = tuple(each for each in map(requirement_of, items(sequence)) if each is not None)
            found.append(Pool(resource, requirements, sequence))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class NodePool:
    """A node pool, for the second pass.

    Attributes:
        title: `NodePool/general`.
        location: its architectures; its requirements where it names none.
        architectures: what it provisions.
        says_arch: it names architectures, or machines that imply one.
        is_beta: a Provisioner, whose default was amd64.
        widening: the fix that adds arm64.
        keeping: the fix that names amd64 alone.
    """

    title: str
    location: Location
    architectures: frozenset[str]
    says_arch: bool
    is_beta: bool
    widening: Fix | None
    keeping: Fix | None


def node_pools(file: File) -> Iterator[NodePool]:
    """The facts of the node pools in a file."""
    for pool in file.parse(pools):
        if any(each.is_open for each in pool.arch):
            continue
        yield NodePool(
            title=pool.resource.title,
            location=file.location(_place(pool)),
            architectures=pool.architectures & pool.machine_architectures,
            says_arch=bool(pool.arch) or pool.machine_architectures != EVERY,
            is_beta=pool.resource.kind == "Provisioner",
            widening=_widening(file, pool),
            keeping=_keeping(file, pool),
        )


@dataclass(frozen=True, slots=True)
class RuntimeClass:
    """A RuntimeClass that puts its pods on some nodes only.

    Attributes:
        name: of the class.
        architectures: of those nodes.
    """

    name: str
    architectures: frozenset[str]


def runtime_classes(file: File) -> Iterator[RuntimeClass]:
    """The RuntimeClasses of a file that select an architecture."""
    for resource in file.parse(resources):
        if resource.kind == "RuntimeClass":
            found = EVERY
            for each in selector(get(resource.node, "scheduling")):
                found &= satisfied_by(each)
            if found != EVERY:
                yield RuntimeClass(resource.name, found)


def _place(pool: Pool) -> Span:
    if pool.arch:
        first = pool.arch[0]
        return span(first.sequence) if first.sequence is not None else span(first.key)
    name = get(pool.resource.node, "metadata", "name") or get(pool.resource.node, "kind")
    return span(name if name is not None else pool.resource.node)


def _widening(file: File, pool: Pool) -> Fix | None:
    if len(pool.arch) != 1 or pool.arch[0].sequence is None or pool.machine_architectures == {"amd64"}:
        return None
    requirement = pool.arch[0]
    if requirement.operator == "In":
        edit = append_item(file, requirement.sequence, "arm64")
    elif len(requirement.values) > 1 and requirement.operator == "NotIn":
        edit = remove_item(file, requirement.sequence, requirement.texts.index("arm64")) if "arm64" in requirement.texts else None
    else:
        return None
    return Fix("Provision arm64 nodes too", (edit,)) if edit is not None else None


def _keeping(file: File, pool: Pool) -> Fix | None:
    if pool.sequence is None or pool.arch:
        return None
    edit = append_pairs_item(file, pool.sequence, {"key": ARCH_KEY, "operator": "In", "values": ["amd64"]})
    return Fix("Keep the node pool on amd64", (edit,)) if edit is not None else None


@dataclass(frozen=True, eq=False)
class MachineList:
    """Machine types, or an AMI type with machine types, of one group of nodes.

    Attributes:
        title: of the group.
        nodes: the scalars of the types.
        machines: what they are, in the same order.
        ami: the scalar of the AMI type; None when there is none.
    """

    title: str
    nodes: tuple[ScalarNode, ...]
    machines: tuple[Machine, ...]
    ami: ScalarNode | None = None

    @property
    def architectures(self) -> frozenset[str]:
        """Of the machines."""
        return frozenset(each.arch for each in self.machines)

    @property
    def ami_arch(self) -> str:
        """Of the AMI type; empty when it does not say."""
        text = self.ami.value if self.ami is not None else ""
        if "ARM_64" in text:
            return "arm64"
        return "amd64" if "x86_64" in text or text.startswith("AL2_GPU") else ""


def _list(title: str, nodes: tuple[Node, ...], ami: Node | None = None) -> MachineList | None:
    scalars = tuple(node for node in nodes if isinstance(node, ScalarNode) and node.value)
    if any(is_open(node.value) for node in scalars):
        return None
    machines = tuple(machine(node.value) for node in scalars)
    known = tuple(each for each in machines if each is not None)
    if len(known) != len(machines):
        return None
    return MachineList(title, scalars, known, ami if isinstance(ami, ScalarNode) else None)


def eksctl_groups(file: File) -> tuple[MachineList, ...]:
    """The node groups of eksctl's cluster configurations."""
    found = []
    for root in file.parse(documents).roots:
        if (text_of(get(root, "apiVersion")) or "").startswith("eksctl.io/"):
            for group in (*find(root, "nodeGroups", "*"), *find(root, "managedNodeGroups", "*")):
                types = (
                    get(group, "instanceType"),
                    *items(get(group, "instanceTypes")),
                    *items(get(group, "instancesDistribution", "instanceTypes")),
                )
                listed = _list(text_of(get(group, "name")) or "a node group", tuple(each for each in types if each is not None))
                if listed is not None and listed.nodes:
                    found.append(listed)
    return tuple(found)


def eks_groups(file: File) -> tuple[MachineList, ...]:
    """The EKS node groups of CloudFormation templates, and of Crossplane and Cluster API objects."""
    found = []
    for root in file.parse(documents).roots:
        for name, group in _eks_groups(root):
            ami = get(group, "AmiType") or get(group, "amiType")
            single = get(group, "instanceType")
            types = (*items(get(group, "InstanceTypes")), *items(get(group, "instanceTypes")), *((single,) if single is not None else ()))
            listed = _list(name, types, ami)
            if listed is not None and listed.ami is not None:
                found.append(listed)
    return tuple(found)


def _eks_groups(root: Node) -> Iterator[tuple[str, Node]]:
    for key, value in getattr(get(root, "Resources"), "value", ()):
        if isinstance(value, MappingNode) and text_of(get(value, "Type")) == "AWS::EKS::Nodegroup":
            properties = get(value, "Properties")
            if properties is not None:
                yield text_of(key) or "", properties
    kind, name = text_of(get(root, "kind")), text_of(get(root, "metadata", "name")) or ""
    path = {"NodeGroup": ("spec", "forProvider"), "AWSManagedMachinePool": ("spec",)}.get(kind or "")
    node = get(root, *path) if path else None
    if node is not None:
        yield name, node
