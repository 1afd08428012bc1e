"""What the second pass gets to know of the workloads in a file."""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Confidence
from armready.core.fix import Fix
from armready.core.source import Location
from armready.core.startup import dataclass
from armready.kubernetes.model import Origin, Pod
from armready.kubernetes.placement import EVERY, allowed, opaque_pins, says_arch, selector, tolerates_arm
from armready.kubernetes.pod_images import Judged, images_of
from armready.kubernetes.pods import pods
from armready.kubernetes.selectors import allowing_both, selecting
from armready.languages.yaml.nodes import get, span, text_of


@dataclass(frozen=True, slots=True)
class WorkloadImage:
    """An image that a workload runs.

    Attributes:
        text: the reference, variables and template actions as written.
        location: where it stands.
        role: `container`, `init container`, `step`.
        only: the one architecture of amd64 and arm64 that it is known to exist for; empty otherwise.
        sure: the confidence of that.
        unknown: nothing is known of it offline.
        plain: the name without the architecture in it that facts know for both architectures; empty when there is none.
        reason: a clause that says what is known, with the date of it.
        from_name: its name says so.
    """

    text: str
    location: Location
    role: str
    only: str
    sure: Confidence
    unknown: bool
    plain: str
    reason: str
    from_name: bool


@dataclass(frozen=True, slots=True)
class Workload:
    """A pod spec or a block of Helm values.

    Attributes:
        title: `Deployment/web`.
        kind: `Deployment`; empty for Helm values.
        location: a short place that stands for it.
        images: of all containers.
        allowed: the architectures that its constraints leave; empty when they rule out none.
        says_arch: something in it is about the architecture.
        opaque: it is put on certain nodes by hand.
        tolerates_arm: it tolerates the taint of arm nodes, by name or with all others.
        names_taint: it does so by name.
        origin: `manifest`, `template` or `values`.
        runtime_class: the RuntimeClass it names.
        pools: the Karpenter node pools that it selects.
        schedulable: where it runs is said in it, and not elsewhere.
        selecting: architecture -> the fix that selects its nodes.
        allowing: the fix that allows both architectures.
    """

    title: str
    kind: str
    location: Location
    images: tuple[WorkloadImage, ...]
    allowed: frozenset[str]
    says_arch: bool
    opaque: bool
    tolerates_arm: bool
    names_taint: bool
    origin: str
    runtime_class: str
    pools: tuple[str, ...]
    schedulable: bool
    selecting: tuple[tuple[str, Fix], ...]
    allowing: Fix | None

    @property
    def is_workload(self) -> bool:
        """It runs containers by itself; Helm values only configure something that does."""
        return self.origin != Origin.VALUES

    def only(self, arch: str) -> tuple[WorkloadImage, ...]:
        """The images that tie it to an architecture, and for which there is no plain name to use instead."""
        return tuple(image for image in self.images if image.only == arch and not image.plain)

    def allows(self, arch: str) -> bool:
        """Whether nodes of an architecture may take it."""
        return not self.allowed or arch in self.allowed

    def fix_for(self, arch: str) -> Fix | None:
        """The fix that selects nodes of an architecture."""
        return dict(self.selecting).get(arch)


def workloads(file: File) -> Iterator[Workload]:
    """The workloads of a file that run images."""
    for pod in file.parse(pods):
        if pod.images and not pod.is_windows and (pod.origin is not Origin.VALUES or get(pod.node, "nodeSelector") is not None):
            yield _workload(file, pod)


def _workload(file: File, pod: Pod) -> Workload:
    nodes = allowed(pod)
    toleration = tolerates_arm(pod, file.settings.arm_taint)
    selections = ((arch, selecting(file, pod, arch)) for arch in ("amd64", "arm64")) if not says_arch(pod) else ()
    return Workload(
        title=pod.title,
        kind=pod.kind,
        location=file.location(pod.anchor),
        images=tuple(_image(file, each) for each in images_of(pod, file.settings).judged),
        allowed=frozenset() if nodes == EVERY else nodes,
        says_arch=says_arch(pod) or not pod.schedulable,
        opaque=bool(opaque_pins(pod)),
        tolerates_arm=toleration is not None,
        names_taint=toleration is not None and toleration[1],
        origin=pod.origin,
        runtime_class=text_of(get(pod.node, "runtimeClassName")) or "",
        pools=tuple(text for each in selector(pod.node) if each.name == "karpenter.sh/nodepool" for text in each.texts),
        schedulable=pod.schedulable,
        selecting=tuple((arch, fix) for arch, fix in selections if fix is not None),
        allowing=allowing_both(file, pod) if not says_arch(pod) else None,
    )


def _image(file: File, judged: Judged) -> WorkloadImage:
    verdict = judged.verdict
    return WorkloadImage(
        text=judged.image.text,
        location=file.location(span(judged.image.node)),
        role=judged.image.role,
        only=judged.only,
        sure=verdict.confidence,
        unknown=judged.is_unknown,
        plain=verdict.alternatives[0] if judged.has_plain_name else "",
        reason=verdict.reason,
        from_name=judged.from_name,
    )
