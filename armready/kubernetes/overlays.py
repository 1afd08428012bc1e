"""Kustomize: which overlays change what a base says about architectures."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.project import Project, join
from armready.core.reference import Reference
from armready.core.startup import dataclass
from armready.kubernetes.documents import documents, patches_inside
from armready.kubernetes.images import kustomized
from armready.kubernetes.placement import allowed, says_arch
from armready.kubernetes.pods import pods
from armready.languages.yaml.nodes import find, get, items, strings, text_of

_ARCH_PATHS = ("/nodeSelector", "/nodeSelector/kubernetes.io~1arch", "/nodeSelector/beta.kubernetes.io~1arch", "/affinity")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An object whose manifest says on which architectures it runs.

    Attributes:
        kind: of the object.
        name: of the object.
        arm64: arm64 is one of them.
    """

    kind: str
    name: str
    arm64: bool


@dataclass(frozen=True, slots=True)
class Overlay:
    """A kustomization.

    Attributes:
        folder: where it lies.
        bases: the folders and files it builds on.
        patches: the files of its patches.
        schedules: what its own patches say of objects.
        repins: its JSON patches change selectors or affinities; (kind, name) of their targets, empty for any.
        images: the names of images that it replaces, with the references it puts in their place.
    """

    folder: str
    bases: tuple[str, ...]
    patches: tuple[str, ...]
    schedules: tuple[Scheduled, ...]
    repins: tuple[tuple[str, str], ...]
    images: tuple[tuple[str, str], ...] = ()


def scheduled(file: File) -> Iterator[Scheduled]:
    """What the manifests of a file say of architectures."""
    for pod in file.parse(pods):
        if pod.resource is not None and says_arch(pod):
            yield Scheduled(pod.kind, pod.resource.name, "arm64" in allowed(pod))


def overlays(file: File) -> Iterator[Overlay]:
    """The kustomization that a file is."""
    if file.kind is not Kind.KUSTOMIZATION:
        return
    folder = posixpath.dirname(file.path)
    for root in file.parse(documents).roots:
        bases = [text for key in ("resources", "bases", "components") for text in strings(get(root, key)) if "://" not in text]
        patch_files = [*strings(get(root, "patchesStrategicMerge"))]
        patch_files += [text_of(node) or "" for key in ("patches", "patchesJson6902") for node in find(root, key, "*", "path")]
        repins: list[tuple[str, str]] = []
        for key in ("patches", "patchesJson6902"):
            for patch in items(get(root, key)):
                paths = [text_of(get(each, "path")) or "" for inside in patches_inside(get(patch, "patch")) for each in items(inside)]
                if any(path.endswith(_ARCH_PATHS) for path in paths):
                    repins.append((text_of(get(patch, "target", "kind")) or "", text_of(get(patch, "target", "name")) or ""))
        yield Overlay(
            folder=folder,
            bases=tuple(each for each in (join(folder, base) for base in bases) if each is not None),
            patches=tuple(each for each in (join(folder, path) for path in patch_files if path and "\n" not in path) if each is not None),
            schedules=tuple(
                Scheduled(pod.kind, pod.resource.name, "arm64" in allowed(pod))
                for pod in file.parse(pods)
                if pod.resource and says_arch(pod)
            ),
            repins=tuple(repins),
            images=tuple(
                (text_of(get(item, "name")) or "", image.text) for item in items(get(root, "images")) for image in kustomized(item)
            ),
        )


def covering(project: Project) -> dict[str, list[Overlay]]:
    """Path -> the kustomizations that build on that file, directly or through others."""
    known = {overlay.folder: overlay for _, overlay in project.facts(Overlay)}
    found: dict[str, list[Overlay]] = {}
    for overlay in known.values():
        todo, seen = [overlay], {overlay.folder}
        while todo:
            for base in todo.pop().bases:
                if base in known and base not in seen:
                    todo.append(known[base])
                elif base not in known and base not in seen:
                    found.setdefault(base, []).append(overlay)
                seen.add(base)
    return found


def overlay_of(project: Project, covers: dict[str, list[Overlay]], path: str, kind: str, name: str) -> str:
    """The folder of an overlay that changes where an object of a base runs; empty when there is none."""
    for overlay in covers.get(path, ()):
        if posixpath.dirname(path) != overlay.folder and _changes(project, overlay, kind, name):
            return overlay.folder
    return ""


def replaced_image(covers: dict[str, list[Overlay]], path: str, image: str) -> str:
    """The reference that a kustomization puts in the place of a manifest's image; the image itself when none does."""
    name = Reference.parse(image).name
    return next((dict(overlay.images)[name] for overlay in covers.get(path, ()) if name in dict(overlay.images)), image)


def _changes(project: Project, overlay: Overlay, kind: str, name: str) -> bool:
    if any(each in ((kind, name), ("", ""), (kind, ""), ("", name)) for each in overlay.repins):
        return True
    said = [*overlay.schedules, *(each for path in overlay.patches for each in project.facts_in(path, Scheduled))]
    return any((each.kind, each.name) == (kind, name) and each.arm64 for each in said)
