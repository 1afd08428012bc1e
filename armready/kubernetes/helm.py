"""Helm values: mappings that schedule, and images in one string or in parts.

Values are judged by the names of their keys, at any depth: charts agree on `nodeSelector`, `affinity`, `tolerations` and on
`image`, a string or a mapping of registry, repository, tag and digest. The values of Flux HelmReleases and Argo CD Applications
are read alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

from armready.core.file import File
from armready.kubernetes.documents import Resource, documents, mappings_inside, roots_inside, source_text
from armready.kubernetes.model import SCHEDULING_KEYS, Image, Origin, Pod, Role, chains, is_schema
from armready.languages.yaml.nodes import MappingNode, Node, ScalarNode, find, get, items, key_of, kind_of, pairs, span, text_of, walk

_VALUE_PATHS = {
    "HelmRelease": (("spec", "values"),),
    "Application": (("spec", "source", "helm", "valuesObject"), ("spec", "sources", "*", "helm", "valuesObject")),
    "ApplicationSet": (("spec", "template", "spec", "source", "helm", "valuesObject"),),
}
# Values in a string of their own.
_STRING_PATHS = {
    "Application": (("spec", "source", "helm", "values"), ("spec", "sources", "*", "helm", "values")),
    "ApplicationSet": (("spec", "template", "spec", "source", "helm", "values"),),
}
_PARTS = ("registry", "repository", "tag", "digest")
_NOT_AN_IMAGE = frozenset({"git", "repo", "chart", "source", "helm"})


def release_pods(file: File, resource: Resource) -> Iterator[Pod]:
    """The pods that the values of a release set."""
    for path in _VALUE_PATHS[resource.kind]:
        for chain, node in chains(resource.node, path):
            yield from value_pods(file, node, chain, resource)
    for path in _STRING_PATHS.get(resource.kind, ()):
        for text in find(resource.node, *path):
            for root in roots_inside(text):
                yield from value_pods(file, root, (), resource)


def value_pods(file: File, node: Node, chain: tuple[tuple[Node, Node], ...], resource: Resource | None = None) -> Iterator[Pod]:
    """Every mapping in the values that has a selector, an affinity or tolerations, with the images that stand beside them."""
    if isinstance(node, MappingNode):
        images = tuple(_images_beside(file, node))
        scope = _opened(file, node)
        if (images or _schedules(scope)) and not is_schema(node):
            yield Pod(
                resource=resource, node=scope, chain=chain, images=images, containers=(), origin=Origin.VALUES, schedulable=scope is node
            )
        for key, value in pairs(node):
            if key_of(key) not in ("annotations", "labels", "podLabels", "affinity", "nodeSelector", "tolerations"):
                yield from value_pods(file, value, (*chain, (node, key)), resource)
    else:
        for item in items(node):
            yield from value_pods(file, item, chain, resource)


def texts(file: File) -> dict[int, Node]:
    """The YAML that scheduling keys hold as text (`nodeSelector: |`), for a template of the chart: where the text starts -> its root."""
    found = (pair for root in file.parse(documents).roots for node in walk(root) for pair in pairs(node))
    return mappings_inside(value for key, value in found if key_of(key) in SCHEDULING_KEYS)


def _opened(file: File, node: MappingNode) -> MappingNode:
    """The mapping with the text of its scheduling keys read; the mapping itself where they hold none."""
    found = file.parse(texts)
    inside = {id(value): found[span(value).start] for _, value in pairs(node) if span(value).start in found} if found else {}
    if not inside:
        return node
    opened = copy(node)
    opened.value = [(key, inside.get(id(value), value)) for key, value in pairs(node)]
    return opened


def _schedules(node: Node) -> bool:
    return (
        isinstance(get(node, "nodeSelector"), MappingNode)
        or isinstance(get(node, "affinity"), MappingNode)
        or bool(items(get(node, "tolerations")))
    )


def _images_beside(file: File, node: Node) -> Iterator[Image]:
    for key, value in pairs(node):
        name = key_of(key) or ""
        if name == "image" or name.endswith(("Image", "_image", "-image")) or name == "imageName":
            image = _image(file, value, name)
            if image is not None:
                yield image


def _image(file: File, value: Node, name: str) -> Image | None:
    if isinstance(value, ScalarNode):
        return _whole(file, value) if name != "image" or looks_like_reference(value.value) else None
    return _joined(file, value)


def _whole(file: File, value: ScalarNode) -> Image | None:
    if not looks_like_reference(value.value):
        return None
    return Image(source_text(file, value) or "", (("reference", value),), Role.CONTAINER)


def looks_like_reference(text: str) -> bool:
    """Whether a string of the values can be an image: it has a path, a tag or at least no blanks."""
    return bool(text) and not any(each in text for each in " \n,;") and ("/" in text or ":" in text) and "://" not in text


def _joined(file: File, value: Node) -> Image | None:
    repository = get(value, "repository") or get(value, "name")
    if not isinstance(repository, ScalarNode) or not repository.value or kind_of(repository) != "str":
        return None
    parts = {"repository": repository}
    for name in ("registry", "tag", "digest"):
        part = get(value, name)
        if isinstance(part, ScalarNode) and part.value and kind_of(part) != "null":
            parts[name] = part
    texts = {name: source_text(file, part) or "" for name, part in parts.items()}
    text = texts["repository"]
    if texts.get("registry"):
        text = f"{texts['registry']}/{text}"
    if texts.get("tag"):
        text += f":{texts['tag']}"
    elif ":" not in text.rpartition("/")[2]:
        text += ":${TAG}"
    if texts.get("digest"):
        text += f"@{texts['digest']}"
    return Image(text, tuple((name, parts[name]) for name in _PARTS if name in parts), Role.CONTAINER)


def value_images(file: File, root: Node) -> Iterator[Image]:
    """Images of the values that no pod's scope holds: mappings with `repository` and a tag, a registry or a digest."""
    stack: list[tuple[str, Node]] = [("", root)]
    seen: set[int] = set()
    while stack:
        name, node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            is_image = text_of(get(node, "repository")) is not None and any(
                get(node, part) is not None for part in ("tag", "registry", "digest")
            )
            if is_image and name not in _NOT_AN_IMAGE:
                image = _joined(file, node)
                if image is not None:
                    yield image
            stack.extend((key_of(key) or "", value) for key, value in reversed(pairs(node)))
        else:
            stack.extend((name, item) for item in reversed(items(node)))
