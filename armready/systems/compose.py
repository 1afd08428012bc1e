"""Compose: the services that are built and have a name to be pushed under."""

from __future__ import annotations

import posixpath

from armready.builds.compose import services
from armready.builds.editor import Editor
from armready.builds.events import Build
from armready.builds.model import Declared, Job, Pipeline, Verb
from armready.builds.platforms import normalise
from armready.core.file import File
from armready.core.fix import Edit
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    get,
    in_flow_style,
    is_anchored,
    key_of,
    pair_at,
    pair_of,
    pairs,
    span,
    strings,
    text_of,
)
from armready.systems.descriptions import described_job

GLOBS = {
    "compose": (
        "compose.yml",
        "compose.yaml",
        "compose.*.yml",
        "compose.*.yaml",
        "docker-compose*.yml",
        "docker-compose*.yaml",
        "*.docker-compose.y*ml",
        "compose-*.y*ml",
    ),
}

_NEEDS = "A plain `docker compose build` of several platforms needs a builder of the driver docker-container, or containerd's image store"


def read(file: File) -> Pipeline:
    """A job for each service with `build` and `image`; services that say their platform are for the rule on that key."""
    jobs = [_service(file, key, service) for key, service in file.parse(services) if _is_open(service)]
    return Pipeline("compose", tuple(jobs))


def _is_open(service: MappingNode) -> bool:
    build = get(service, "build")
    own = get(service, "platform") is None and get(service, "extends") is None
    return own and build is not None and get(service, "image") is not None and not _is_for_amd64(build)


def _is_for_amd64(build: Node) -> bool:
    values = {normalise(each) for each in strings(get(build, "platforms"))}
    return bool(values) and values <= {"linux/amd64", "linux/386"}


def _service(file: File, key: Node, service: MappingNode) -> Job:
    build = get(service, "build")
    assert build is not None
    platforms = get(build, "x-bake", "platforms") or get(build, "platforms")
    inline = get(build, "dockerfile_inline") is not None
    context = text_of(build) if isinstance(build, ScalarNode) else text_of(get(build, "context"))

    pair = pair_of(service, "build")
    declared = Declared(
        verb=Verb.BUILD,
        span=span(pair[0] if pair is not None else key),
        tool="compose",
        tags=(text_of(get(service, "image")) or "",),
        platforms=None if platforms is None else strings(platforms) or ("${PLATFORMS}",),
        dockerfile=text_of(get(build, "dockerfile")) or "",
        in_context=True,
        context=context or ".",
        folder=None if inline else posixpath.dirname(file.path),
        target=text_of(get(build, "target")) or "",
        arguments=_arguments(get(build, "args")),
        native=True,
        takes_platforms=True,
        reasons=(_NEEDS,),
    )
    return described_job(key_of(key) or "", span(key), declared)


def _arguments(node: Node | None) -> tuple[str, ...]:
    """Build arguments, which a service writes as a mapping or as a list."""
    if isinstance(node, MappingNode):
        return tuple(f"{key_of(key)}={text_of(value)}" for key, value in pairs(node) if key_of(key) and text_of(value) is not None)
    return tuple(each for each in strings(node) if "=" in each)


def _widen(file: File, service: MappingNode, wanted: tuple[str, ...]) -> list[Edit] | None:
    """The platforms in the build of a service; text that services share is left alone."""
    pair = next(((key, value) for key, value in pairs(service) if key_of(key) == "build"), None)
    if pair is None or is_anchored(pair[1]) or in_flow_style(service):
        return None
    key, build = pair
    listed = get(build, "platforms")
    if isinstance(build, ScalarNode):
        edit = yaml_edit.set_value(file, service, key, {"context": build.value, "platforms": list(wanted)})
    elif not isinstance(build, MappingNode) or get(build, "x-bake", "platforms") is not None:
        return None
    elif listed is None:
        edit = yaml_edit.insert_pair(file, build, "platforms", list(wanted))
    else:
        edit = None if is_anchored(listed) else yaml_edit.append_item(file, listed, wanted[-1])
    return None if edit is None else [edit]


class ComposeEditor(Editor):
    """Edit the services of a Compose file."""

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Set the platforms in the build of a service."""
        service = pair_at(self.file, build.job.span.start)
        return _widen(self.file, service[2], platforms) if service is not None and isinstance(service[2], MappingNode) else None


EDITOR = ComposeEditor
