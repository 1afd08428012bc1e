"""What Kubernetes rules share: kinds, and how they speak of pods and images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from armready.core.classify import KUBERNETES_KINDS, Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.fix import Applicability, Edit
from armready.core.project import Project
from armready.core.rule import ProjectRule
from armready.knowledge.images import Reference
from armready.kubernetes.documents import set_text
from armready.kubernetes.model import Image, Origin, Pod
from armready.kubernetes.overlays import covering, overlay_of
from armready.kubernetes.own_images import build_of, own_builds
from armready.kubernetes.pins import PinFact
from armready.languages.yaml.edit import set_scalar

MANIFESTS = KUBERNETES_KINDS
WITH_TEMPLATES = KUBERNETES_KINDS | {Kind.HELM_TEMPLATE}
SCHEDULING = WITH_TEMPLATES | {Kind.HELM_VALUES, Kind.KUSTOMIZATION}


def pin_findings(rule: ProjectRule, project: Project, wanted: Callable[[PinFact], bool], words: str) -> Iterator[Finding]:
    """The pins that `wanted` chooses as findings of `rule`, in the light of what the repository builds and overlays change.

    Args:
        rule: the rule.
        project: the second pass.
        wanted: which pins are its own.
        words: the first half of the message; `{}` stands for the pod.
    """
    builds, covers = own_builds(project), covering(project)
    for path, pin in project.facts(PinFact):
        if not wanted(pin):
            continue
        because, fix = pin.because, pin.fix
        related: tuple[Related, ...] = ()
        own = [build for build in (build_of(builds, image) for image in pin.unknown) if build is not None]
        if own and len(own) == len(pin.unknown) and all(build.arm64 and build.certain for build in own):
            because = f"although the repository builds its image for arm64 ({own[0].place})"
            fix = replace(fix, applicability=Applicability.UNSAFE, notes=("Pods may go to arm64 nodes afterwards.",)) if fix else None
        elif own and not own[0].arm64:
            related = (Related(own[0].location, "the repository builds its image for amd64 only: mend that first"),)
        overlay = overlay_of(project, covers, path, pin.kind, pin.name) if pin.severity is Severity.WARNING else ""
        if overlay:
            because += f"; the overlay in {overlay} changes that"
            fix = fix.demoted(Applicability.DISPLAY, f"The patches in {overlay} may rely on what stands here.") if fix else None
        message = sentence(f"{words.format(pin.title)}, {because}.")
        yield rule.finding(
            pin.location,
            message,
            severity=Severity.INFO if overlay else pin.severity,
            confidence=pin.confidence,
            fix=fix,
            related=related,
        )


def sentence(text: str) -> str:
    """A message that may begin with a pod's title: `the workload of proxy`."""
    return text[:1].upper() + text[1:]


def confidence_of(pod: Pod) -> Confidence:
    """How far the text of a pod proves what it says: a template may be rendered otherwise."""
    return Confidence.MEDIUM if pod.origin is Origin.TEMPLATE else Confidence.HIGH


def rename(file: File, image: Image, replacement: str) -> tuple[Edit, ...]:
    """The edits that make an image, in one scalar or in parts, the replacement; () where that cannot be."""
    parts = dict(image.parts)
    if "reference" in parts:
        edit = set_text(file, parts["reference"], replacement)
        return (edit,) if edit is not None else ()
    new = Reference.parse(replacement)
    if ("digest" in parts) != (new.digest is not None) or ("tag" in parts) != (new.tag is not None and not new.tag.startswith("${")):
        return ()
    prefix = f"{parts['registry'].value}/" if "registry" in parts else ""
    if not new.name.startswith(prefix):
        return ()
    wanted = {"repository": new.name.removeprefix(prefix), "tag": new.tag or "", "digest": new.digest or ""}
    edits = [set_scalar(file, parts[name], text) for name, text in wanted.items() if name in parts and parts[name].value != text]
    return tuple(edit for edit in edits if edit is not None) if all(edits) else ()
