"""The services of a Compose file, and the images that they run."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from armready.builds.platforms import normalise
from armready.builds.variables import expand
from armready.core.file import File
from armready.core.finding import Confidence
from armready.core.fix import Applicability, Edit, Fix
from armready.core.source import Location
from armready.core.startup import dataclass
from armready.knowledge.images import verdict
from armready.knowledge.verdicts import Has
from armready.languages.yaml.edit import append_item, remove_pair
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    get,
    is_anchored,
    key_of,
    pair_of,
    pairs,
    parse_yaml,
    span,
    strings,
    text_of,
)

# One of these stands at the top of a file that has its services, if any, under `services`.
_LATER_KEYS = frozenset({"version", "name", "include", "networks", "volumes", "secrets", "configs", "models"})


def services(file: File) -> tuple[tuple[Node, MappingNode], ...]:
    """The services of a file with their names; in the first form of Compose files they stand at the top, without `services`.

    Raises:
        ParseProblem: the file is no YAML.
    """
    return tuple((name, service) for name, service in _entries(file) if isinstance(service, MappingNode))


def _entries(file: File) -> Iterator[tuple[Node, Node]]:
    for root in file.parse(parse_yaml):
        named = get(root, "services")
        if named is not None:
            yield from pairs(named)
        elif not any(key_of(key) in _LATER_KEYS for key, _ in pairs(root)):
            yield from ((key, value) for key, value in pairs(root) if get(value, "image") is not None or get(value, "build") is not None)


@dataclass(frozen=True, eq=False)
class ServiceImage:
    """An image that a service runs and does not build.

    Attributes:
        service: the name of the first service that runs it.
        node: where it is written; services can share it.
        text: the reference, with the defaults of its variables.
        pinned: a service says which platform it wants.
    """

    service: str
    node: ScalarNode
    text: str
    pinned: bool


def service_images(file: File) -> tuple[ServiceImage, ...]:
    """The images that the services of a file run, each place once, without those that a service of the file builds."""
    built = {text_of(get(service, "image")) for _, service in file.parse(services) if get(service, "build") is not None}
    found: dict[int, ServiceImage] = {}
    for name, service in file.parse(services):
        node = get(service, "image")
        if isinstance(node, ScalarNode) and node.value and node.value not in built:
            pinned = get(service, "platform") is not None
            text = expand(node.value, {})[0]
            found.setdefault(id(node), ServiceImage(service=key_of(name) or "", node=node, text=text, pinned=pinned))
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class PinnedService:
    """A service that runs as amd64 on every machine, or is built for it alone.

    Attributes:
        location: the platform.
        name: of the service.
        platform: as written; empty where it is what the service is built for.
        dockerfile: what builds it, relative to the root; empty for an image that is pulled.
        as_of: the date of the fact that its image exists for arm64; empty where no fact says so.
        fix: without the platform, or with arm64 beside it.
    """

    location: Location
    name: str
    platform: str
    dockerfile: str
    as_of: str
    fix: Fix | None


_AMD64 = ("linux/amd64", "linux/386")


def pinned_services(file: File) -> Iterator[PinnedService]:
    """The services of a file that are fixed to amd64, but for those whose image exists for amd64 alone."""
    for key, service in file.parse(services):
        name, build = text_of(key) or "", get(service, "build")
        dockerfile = _dockerfile(file, build) if build is not None else ""
        pair = pair_of(service, "platform")
        if pair is not None and normalise(text_of(pair[1]) or "") in _AMD64:
            yield from _run(file, name, service, pair, dockerfile)
        platforms = get(build, "platforms")
        values = strings(platforms)
        if isinstance(platforms, SequenceNode) and values and all(normalise(value) in _AMD64 for value in values):
            fix = _fix("Build arm64 too", append_item(file, platforms, "linux/arm64"), Applicability.UNSAFE)
            yield PinnedService(
                location=file.location(span(platforms.value[0])), name=name, platform="", dockerfile=dockerfile, as_of="", fix=fix
            )


def _run(file: File, name: str, service: MappingNode, pair: tuple[Node, Node], dockerfile: str) -> Iterator[PinnedService]:
    known = verdict(text_of(get(service, "image")) or "", file.settings)
    if not dockerfile and known.arm64 is Has.NO:
        return
    proven = not dockerfile and known.arm64 is Has.YES and known.confidence is Confidence.HIGH
    applicability = Applicability.SAFE if proven and not is_anchored(service) else Applicability.UNSAFE
    fix = _fix("Remove the platform", remove_pair(file, service, pair[0]), applicability)
    if fix is not None and not dockerfile and known.arm64 is Has.UNKNOWN:
        fix = fix.demoted(
            Applicability.DISPLAY, "Whether the image exists for arm64 is not known: without the platform, arm64 may get none"
        )
    yield PinnedService(
        location=file.location(span(pair[0])._replace(end=span(pair[1]).end)),
        name=name,
        platform=text_of(pair[1]) or "",
        dockerfile=dockerfile,
        as_of=known.as_of or "" if proven else "",
        fix=fix,
    )


def _dockerfile(file: File, build: Node) -> str:
    """The path of what builds a service; a path that cannot be one where that is not told."""
    context = text_of(build) if isinstance(build, ScalarNode) else text_of(get(build, "context")) or "."
    if get(build, "dockerfile_inline") is not None or context is None or "$" in context or ":" in context:
        return "?"
    return posixpath.normpath(posixpath.join(posixpath.dirname(file.path), context, text_of(get(build, "dockerfile")) or "Dockerfile"))


def _fix(title: str, edit: Edit | None, applicability: Applicability) -> Fix | None:
    return None if edit is None else Fix(title, (edit,), applicability)
