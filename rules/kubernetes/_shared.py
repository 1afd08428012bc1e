"""What the Kubernetes rules share: kinds, and images."""

from __future__ import annotations

from armready.classify import KUBERNETES_KINDS, Kind
from armready.file import File
from armready.finding import Confidence
from armready.fix import Edit
from armready.knowledge.images import Reference
from armready.kubernetes.documents import documents, set_text
from armready.kubernetes.pods import Image, Origin, Pod
from armready.yaml_edit import set_scalar

MANIFESTS = KUBERNETES_KINDS
WITH_TEMPLATES = KUBERNETES_KINDS | {Kind.HELM_TEMPLATE}
SCHEDULING = WITH_TEMPLATES | {Kind.HELM_VALUES}


def confidence_of(pod: Pod) -> Confidence:
    """How far the text of a pod proves what it says: a template may be rendered otherwise."""
    return Confidence.MEDIUM if pod.origin is Origin.TEMPLATE else Confidence.HIGH


def is_templated(file: File) -> bool:
    """Whether the file is a template, where a structure may be put together from parts."""
    return file.parse(documents).templated


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
