"""GoReleaser: the images of `dockers`, `dockers_v2` and `kos`.

Each entry of `dockers` builds one architecture, amd64 unless `goarch` says otherwise; `docker_manifests` join them under one name.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Sequence

from armready.builds.editor import Editor
from armready.builds.events import Build
from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.builds.platforms import normalise
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.runners import Buildx
from armready.languages.yaml.edit import append_item, set_scalar
from armready.languages.yaml.nodes import MappingNode, Node, get, items, parse_yaml, span, strings, text_of
from armready.systems.goreleaser_edit import build_for_arm64
from armready.systems.yaml_steps import line_of

GLOBS = {
    "goreleaser": (".goreleaser*.yml", ".goreleaser*.yaml", "goreleaser*.yml", "goreleaser*.yaml"),
}

_PLATFORM_FLAG = regex(r"--platform[= ](?P<value>\S+)")
_FOR_ARM64 = "--platform=linux/arm64"
_HOW = "goreleaser builds one architecture an entry: an entry for arm64 and docker_manifests join them, or dockers_v2 builds both"
_NEEDS = "The job that runs goreleaser needs QEMU for what the Dockerfile runs, and Buildx"
_DEFAULT_PLATFORMS = ("linux/amd64", "linux/arm64")
_DOUBT = "the machine that runs goreleaser is not known"


def read(file: File) -> Pipeline:
    """One job with a step for each image of the file, and one for each manifest that joins them."""
    jobs = []
    for root in file.parse(parse_yaml):
        entries = [entry for entry in items(get(root, "dockers")) if isinstance(entry, MappingNode)]
        manifests = [entry for entry in items(get(root, "docker_manifests")) if isinstance(entry, MappingNode)]
        newer = [entry for entry in items(get(root, "dockers_v2")) if isinstance(entry, MappingNode)]
        members = {_spelled(image) for manifest in manifests for image in strings(get(manifest, "image_templates"))}
        alone = {id(entry) for entry in _alone(root, entries)}
        for entry in entries:
            exempt = "dockers_v2 builds it for arm64 as well" if newer else _joined(entry, members)
            jobs.append(_docker(file, root, entry, exempt, alone=id(entry) in alone))
        jobs += [job for each in manifests if (job := _manifest(file, root, each, entries)) is not None]
        jobs += [_docker_v2(file, root, entry) for entry in newer]
        jobs += [_ko(file, root, entry) for entry in items(get(root, "kos")) if isinstance(entry, MappingNode)]
    return Pipeline("goreleaser", tuple(jobs))


_SPACE = regex(r"(?<=\{\{)\s+|\s+(?=\}\})")


def _spelled(image: str) -> str:
    """An image without the spaces that a template may have at its ends."""
    return _SPACE.sub("", image)


def _joined(entry: MappingNode, members: Collection[str]) -> str:
    """Why an entry need not build arm64: a manifest joins each of its images with others."""
    images = strings(get(entry, "image_templates"))
    return "docker_manifests join it with others" if images and all(_spelled(image) in members for image in images) else ""


def _platform(entry: MappingNode) -> tuple[str, Node] | None:
    """The value of an entry's `--platform` flag, and where it stands."""
    for flag in items(get(entry, "build_flag_templates")):
        match = _PLATFORM_FLAG.search(text_of(flag) or "")
        if match:
            return normalise(match["value"]), flag
    return None


def _architecture(entry: MappingNode) -> str:
    """The architecture of an entry: that of its `--platform` flag, else its `goarch`; amd64 where the program or the image is."""
    named, program = _platform(entry), text_of(get(entry, "goarch")) or ""
    if named is None:
        return program or "amd64"
    image = named[0].partition("/")[2]
    return "amd64" if program == "amd64" and image == "arm64" else image


def _wrong_platform(entry: MappingNode) -> Node | None:
    """The flag of an entry that takes the program for arm64 and names another platform for its image."""
    named = _platform(entry)
    return named[1] if named is not None and text_of(get(entry, "goarch")) == "arm64" and named[0] != "linux/arm64" else None


def _alone(root: Node, entries: Sequence[MappingNode]) -> list[MappingNode]:
    """The entries that need a counterpart for arm64: all of a file that builds none."""
    if items(get(root, "dockers_v2")) or any(_architecture(entry) == "arm64" for entry in entries):
        return []
    return [entry for entry in entries if _architecture(entry) == "amd64" and _pushes(entry)]


def _pushes(entry: MappingNode) -> bool:
    return text_of(get(entry, "skip_push")) not in ("true", "yes")


def _folder(file: File) -> str | None:
    """Where GoReleaser runs: at the root, as far as the place of its file says."""
    return None if posixpath.dirname(file.path) not in ("", ".config") else ""


def _docker(file: File, root: Node, entry: MappingNode, exempt: str, *, alone: bool) -> Job:
    """The job of an entry; where it stands `alone` its fix gives all such entries their counterparts together."""
    tags = strings(get(entry, "image_templates"))
    architecture = _architecture(entry)
    target = text_of(get(entry, "goos")) or "linux"
    named = _platform(entry)
    declared = Declared(
        verb=Verb.BUILD,
        span=line_of(file, named[1] if named is not None else entry),
        tool="goreleaser",
        tags=tags,
        platforms=None if architecture == "amd64" else (f"{target}/{architecture}",),
        pushes=_pushes(entry),
        push_span=line_of(file, get(entry, "image_templates") or entry),
        dockerfile=text_of(get(entry, "dockerfile")) or "",
        folder=_folder(file),
        native=True,
        takes_platforms=alone,
        reasons=(_NEEDS,) if alone else (_HOW,),
    )
    return _job(file, root, entry, declared, exempt, architecture)


def _manifest(file: File, root: Node, manifest: MappingNode, entries: Sequence[MappingNode]) -> Job | None:
    """The job of a manifest: what it joins is what its name is for. None where an image of it is not built here."""
    makers = {_spelled(image): entry for entry in entries for image in strings(get(entry, "image_templates"))}
    joined = [makers.get(_spelled(image)) for image in strings(get(manifest, "image_templates"))]
    name = get(manifest, "name_template")
    if not joined or name is None or None in joined:
        return None
    present = [entry for entry in joined if entry is not None]
    wrong = next((found for entry in present if (found := _wrong_platform(entry)) is not None), None)
    declared = Declared(
        verb=Verb.BUILD,
        span=line_of(file, name),
        tool="goreleaser",
        tags=strings(name),
        platforms=tuple(dict.fromkeys(f"linux/{_architecture(entry)}" for entry in present)),
        platforms_span=span(wrong) if wrong is not None else None,
        pushes=_pushes(manifest),
        push_span=line_of(file, name),
        dockerfile=text_of(get(present[0], "dockerfile")) or "",
        folder=_folder(file),
        native=True,
        takes_platforms=wrong is not None,
        reasons=(_NEEDS,) if wrong is not None else (_HOW,),
    )
    return _job(file, root, manifest, declared, "", "")


def _docker_v2(file: File, root: Node, entry: MappingNode) -> Job:
    """The job of an entry of `dockers_v2`, which builds both architectures unless it names its platforms."""
    given = get(entry, "platforms")
    platforms = strings(given) or _DEFAULT_PLATFORMS
    tags = strings(get(entry, "tags")) or ("latest",)
    declared = Declared(
        verb=Verb.BUILD,
        span=line_of(file, entry),
        tool="goreleaser",
        tags=tuple(f"{image}:{tag}" for image in strings(get(entry, "images")) for tag in tags),
        platforms=platforms,
        platforms_span=span(given) if given is not None else None,
        pushes=text_of(get(entry, "disable")) not in ("true", "yes"),
        push_span=line_of(file, entry),
        dockerfile=text_of(get(entry, "dockerfile")) or "",
        folder=_folder(file),
        native=True,
        takes_platforms=given is not None,
        reasons=(_NEEDS,),
    )
    return _job(file, root, entry, declared, "", "")


def _ko(file: File, root: Node, entry: MappingNode) -> Job:
    platforms = strings(get(entry, "platforms"))
    declared = Declared(
        verb=Verb.BUILD,
        span=line_of(file, entry),
        tool="ko",
        tags=tuple(f"{repository}:latest" for repository in strings(get(entry, "repositories")) or strings(get(entry, "repository"))),
        platforms=platforms or None,
        pushes=True,
        push_span=line_of(file, entry),
        native=True,
        folder=None,
        reasons=("name both platforms under platforms; ko cross-compiles and needs no emulator",),
    )
    return _job(file, root, entry, declared, "", "amd64")


def _job(file: File, root: Node, entry: MappingNode, declared: Declared, one_of_several: str, architecture: str) -> Job:
    step = Step(span(entry), declared=(declared,), detect_only=_HOW)
    host = Host(HostKind.UNKNOWN, architecture, buildx=Buildx.UNKNOWN, doubt=_DOUBT)
    name = text_of(get(entry, "id")) or text_of(get(root, "project_name")) or "docker"
    return Job(name, line_of(file, entry), host, (step,), one_of_several=one_of_several)


def _widened(file: File) -> dict[Span, list[Edit] | None]:
    """The edits that make an image one of both architectures, by the place of its entry or manifest."""
    found: dict[Span, list[Edit] | None] = {}
    for root in file.parse(parse_yaml):
        entries = [entry for entry in items(get(root, "dockers")) if isinstance(entry, MappingNode)]
        alone = _alone(root, entries)
        found |= dict.fromkeys((span(entry) for entry in alone), build_for_arm64(file, root, alone))
        for manifest in items(get(root, "docker_manifests")):
            found[span(manifest)] = _one(_right_platform(file, manifest, entries))
        for entry in items(get(root, "dockers_v2")):
            found[span(entry)] = _one(append_item(file, get(entry, "platforms"), "linux/arm64"))
    return found


def _one(edit: Edit | None) -> list[Edit] | None:
    return None if edit is None else [edit]


def _right_platform(file: File, manifest: Node, entries: Sequence[MappingNode]) -> Edit | None:
    """The edit of the flag that names another platform than its program has, in the entry that a manifest takes for arm64."""
    members = {_spelled(image) for image in strings(get(manifest, "image_templates"))}
    for entry in entries:
        flag = _wrong_platform(entry)
        if flag is not None and any(_spelled(image) in members for image in strings(get(entry, "image_templates"))):
            return set_scalar(file, flag, _PLATFORM_FLAG.sub(_FOR_ARM64, text_of(flag) or ""))
    return None


class GoreleaserEditor(Editor):
    """Edit the images of GoReleaser."""

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Give the entries of `dockers` their counterparts, and join both in manifests; or name arm64 where another platform stands."""
        others = set(platforms) - set(build.platforms.values)
        return self.file.parse(_widened).get(build.step.span) if others <= set(_DEFAULT_PLATFORMS) and "linux/arm64" in others else None


EDITOR = GoreleaserEditor
