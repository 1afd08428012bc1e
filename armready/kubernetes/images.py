"""Every image reference of a file of any Kubernetes kind, with the pod that it runs in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.startup import dataclass
from armready.kubernetes.documents import documents
from armready.kubernetes.helm import value_images
from armready.kubernetes.model import Image, Pod, Role
from armready.kubernetes.pods import pods
from armready.languages.yaml.nodes import Node, ScalarNode, get, items


@dataclass(frozen=True, eq=False)
class Use:
    """An image where it is used.

    Attributes:
        image: the reference.
        pod: what runs it; None in a kustomization or where Helm values name an image alone.
        templated: it stands in a template, or a variable decides a part of it.
        has_counterpart: another object of the file is the same for arm64.
    """

    image: Image
    pod: Pod | None
    templated: bool
    has_counterpart: bool


def image_uses(file: File) -> tuple[Use, ...]:
    """The images of a file, each place once, in order."""
    templated = file.parse(documents).templated
    found: dict[int, Use] = {}
    names = {(pod.kind, pod.resource.name) for pod in file.parse(pods) if pod.resource is not None}
    for pod in file.parse(pods):
        if pod.is_windows:
            continue
        for image in pod.images:
            found.setdefault(id(image.node), Use(image, pod, templated, _has_counterpart(pod, names)))
    for image in _alone(file):
        found.setdefault(id(image.node), Use(image, None, templated, False))
    return tuple(sorted(found.values(), key=lambda use: int(use.image.node.start_mark.index)))


def _has_counterpart(pod: Pod, names: set[tuple[str, str]]) -> bool:
    name = pod.resource.name if pod.resource is not None else ""
    return any(
        other != name and (pod.kind, other) in names
        for other in (re.sub(r"amd64|x86[_-]64", "arm64", name), re.sub(r"arm64|aarch64", "amd64", name))
    )


def _alone(file: File) -> Iterator[Image]:
    for root in file.parse(documents).roots:
        if file.kind is Kind.HELM_VALUES:
            yield from value_images(file, root)
        elif file.kind is Kind.KUSTOMIZATION:
            for item in items(get(root, "images")):
                yield from kustomized(item)


def kustomized(item: Node) -> Iterator[Image]:
    """An entry of `images:`: the new name (or the old one, when only the tag changes) with the new tag and digest."""
    name, new_name, tag, digest = (get(item, key) for key in ("name", "newName", "newTag", "digest"))
    shown = new_name if isinstance(new_name, ScalarNode) else name
    if not isinstance(shown, ScalarNode) or not (
        isinstance(new_name, ScalarNode) or isinstance(tag, ScalarNode) or isinstance(digest, ScalarNode)
    ):
        return
    parts = [("repository", shown)]
    text = str(shown.value)
    if isinstance(tag, ScalarNode):
        parts.append(("tag", tag))
        text += f":{tag.value}"
    elif not isinstance(digest, ScalarNode):
        text += ":${TAG}"
    if isinstance(digest, ScalarNode):
        parts.append(("digest", digest))
        text += f"@{digest.value}"
    yield Image(text, tuple(parts), Role.CONTAINER)
