"""Where skaffold's platforms are mended: in the configurations that a command reads, its own and those it requires."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from armready.builds.facts import BuildFixes, CallMade, ImageBuild, Pushed, SkaffoldArtifacts
from armready.builds.model import Needs
from armready.core.file import File
from armready.core.fix import Applicability, Fix
from armready.core.project import Project
from armready.languages.yaml.edit import insert_pair
from armready.languages.yaml.nodes import MappingNode, Node, get, items, pair_of, parse_yaml, span, strings, text_of, walk

_NEEDS = "The machine needs QEMU for what the Dockerfiles run, and base images that have arm64"
_MOST_FILES = 50


def artifacts(file: File) -> Iterator[SkaffoldArtifacts]:
    """The collector of skaffold's configurations: what each builds, and which others it requires."""
    folder = posixpath.dirname(file.path)
    for root in file.parse(parse_yaml):
        build = get(root, "build")
        pair = pair_of(build, "artifacts")
        listed = items(pair[1]) if pair is not None else ()
        required = (_configuration(folder, text_of(get(each, "path"))) for each in items(get(root, "requires")))
        yield SkaffoldArtifacts(
            location=file.location(span(pair[0] if pair is not None else root)),
            images=tuple(_image(each) for each in listed if get(each, "jib") is None and not strings(get(each, "platforms"))),
            jib=tuple(_jib_folder(folder, each) for each in listed if get(each, "jib") is not None),
            requires=tuple(each for each in required if each),
            fix=_fix(file, build),
            arm64=any("arm64" in value or value == "all" for node in walk(root) for value in strings(get(node, "platforms"))),
        )


def _configuration(folder: str, path: str | None) -> str:
    """The file that `path` names: itself, or the `skaffold.yaml` in that folder; empty for one outside of the repository."""
    if not path or "{{" in path:
        return ""
    found = posixpath.normpath(posixpath.join(folder, path))
    found = found if found.endswith((".yaml", ".yml")) else posixpath.join(found, "skaffold.yaml")
    return "" if found.startswith("..") else posixpath.normpath(found)


def _image(artifact: Node) -> str:
    return text_of(get(artifact, "image")) or ""


def _jib_folder(folder: str, artifact: Node) -> str:
    found = posixpath.normpath(posixpath.join(folder, text_of(get(artifact, "context")) or "."))
    return "" if found == "." else found


def _fix(file: File, build: Node | None) -> Fix | None:
    pair = pair_of(build, "artifacts")
    if not isinstance(build, MappingNode) or pair is None or get(build, "platforms") is not None:
        return None
    edit = insert_pair(file, build, "platforms", ["linux/amd64", "linux/arm64"], before=pair[0])
    return Fix("Build for both platforms", (edit,), Applicability.UNSAFE, (_NEEDS,)) if edit is not None else None


def configurations(project: Project, build: ImageBuild) -> list[SkaffoldArtifacts]:
    """What a command of skaffold builds: by its configuration and those that it requires, as far as the repository holds them."""
    if build.tool.name != "skaffold":
        return []
    waiting, seen = list(build.tool.described_in), set[str]()
    found: list[SkaffoldArtifacts] = []
    while waiting and len(seen) < _MOST_FILES:
        path = waiting.pop(0)
        if path in seen or not project.exists(path):
            continue
        seen.add(path)
        for fact in project.facts_in(path, SkaffoldArtifacts):
            found.append(fact)
            waiting += fact.requires
    return found


def lacking(project: Project, build: ImageBuild) -> list[ImageBuild] | None:
    """A build by skaffold once for each configuration without platforms, at the place where it is mended.

    None for other builds, and where the repository holds no configuration.
    """
    found = configurations(project, build)
    return [_at(build, fact) for fact in found if fact.images and not fact.arm64] if found else None


def _at(build: ImageBuild, fact: SkaffoldArtifacts) -> ImageBuild:
    pushed = tuple(Pushed(image, image, (image,), build.location) for image in fact.images)
    return replace(build, location=fact.location, pushes=pushed, fixes=BuildFixes(build=fact.fix))


def jib_calls(project: Project, build: ImageBuild) -> Iterator[CallMade]:
    """The builds by Jib that a command of skaffold runs."""
    for fact in () if build.exempt or build.platforms.arm64 else configurations(project, build):
        for folder in fact.jib:
            yield CallMade(
                location=build.location,
                runner="jib",
                path=posixpath.join(folder, "pom.xml"),
                target="jib",
                missing=Needs(emulator=False, builder=False),
                pushes=True,
            )
