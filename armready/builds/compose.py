"""The services of a Compose file, and the images that they run."""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.variables import expand
from armready.core.file import File
from armready.core.startup import dataclass
from armready.languages.yaml.nodes import MappingNode, Node, ScalarNode, get, key_of, pairs, parse_yaml, text_of

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
