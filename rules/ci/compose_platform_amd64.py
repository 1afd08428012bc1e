"""A Compose service is fixed to amd64.

## What it finds

`platform: linux/amd64` on a service, and `build.platforms` without arm64. A service whose image is known to exist for amd64 alone is left
alone: there the key says what is so. Windows platforms are left alone too.

## Why it stops arm64

On an arm64 machine the service runs under emulation, or not at all where none is set up; with `build`, what
`docker compose build` makes and pushes is amd64.

## What to do

Remove the key; Docker then takes the image of the machine it runs on. Keep it where the image has no arm64, and say why in a comment.

## Fix safety

Removing the key is safe where the facts say that the service's image has arm64 and the service builds nothing: amd64 machines get the
same image as before. It is unsafe where the image is unknown or built from source. More entries for `build.platforms` are unsafe, since a
builder with the default driver cannot build them.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.compose import services
from armready.builds.platforms import normalise
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.rule import Example, FileRule
from armready.knowledge.images import Has, verdict
from armready.languages.yaml.edit import append_item, remove_pair
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    SequenceNode,
    get,
    is_anchored,
    pair_of,
    span,
    strings,
    text_of,
)

_AMD64 = ("linux/amd64", "linux/386")


class ComposePlatformAmd64(FileRule):
    code = "CI118"
    name = "compose-platform-amd64"
    summary = "A Compose service is fixed to amd64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.COMPOSE})
    needles = (b"platform",)
    examples = (
        Example(
            "an image that has arm64",
            path="compose.yaml",
            bad="services:\n  cache:\n    image: redis:7.2\n    «platform: linux/amd64»\n    ports: [6379]\n",
            fixed="services:\n  cache:\n    image: redis:7.2\n    ports: [6379]\n",
        ),
        Example(
            "a file without `services`",
            path="docker-compose.yml",
            bad="cache:\n  image: redis:7.2\n  «platform: linux/amd64»\n",
            fixed="cache:\n  image: redis:7.2\n",
        ),
        Example(
            "built from source",
            path="docker-compose.yml",
            bad="services:\n  web:\n    build: .\n    «platform: linux/x86_64»\n",
            fixed="services:\n  web:\n    build: .\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "platforms of a build",
            path="compose.yaml",
            bad="services:\n  web:\n    build:\n      context: .\n      platforms:\n        - «linux/amd64»\n",
            fixed="services:\n  web:\n    build:\n      context: .\n      platforms:\n        - linux/amd64\n        - linux/arm64\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "no arm64 to be had",
            path="compose.yaml",
            good="services:\n  db:\n    image: mysql:5.7\n    platform: linux/amd64\n",
            breaks=("5.7", "7.2"),
        ),
        Example(
            "arm64 too",
            path="compose.yaml",
            good="services:\n  web:\n    build:\n      platforms: [linux/amd64, linux/arm64]\n",
            breaks=("arm64", "amd64"),
        ),
        Example(
            "a fragment for other services, and no service",
            path="compose.yaml",
            good="x-old:\n  image: redis:7.2\n  platform: linux/amd64\nnetworks: {}\nservices: {}\n",
            breaks=("networks: {}\nservices: {}\n", ""),
        ),
        Example(
            "from outside",
            path="compose.yaml",
            good="services:\n  web:\n    image: redis:7.2\n    platform: ${PLATFORM:-linux/amd64}\n",
            breaks=("${PLATFORM:-linux/amd64}", "linux/amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for name, service in file.parse(services):
            yield from self._pinned(file, text_of(name) or "", service)
            yield from self._built(file, text_of(name) or "", get(service, "build", "platforms"))

    def _pinned(self, file: File, name: str, service: MappingNode) -> Iterator[Finding]:
        pair = pair_of(service, "platform")
        if pair is None or normalise(text_of(pair[1]) or "") not in _AMD64:
            return
        builds = get(service, "build") is not None
        known = verdict(text_of(get(service, "image")) or "", file.settings)
        if not builds and known.arm64 is Has.NO:
            return
        proven = not builds and known.arm64 is Has.YES and known.confidence is Confidence.HIGH
        fact = f", although its image exists for arm64 (as of {known.as_of})" if proven and known.as_of else ""
        place = span(pair[0])._replace(end=span(pair[1]).end)
        yield self.finding(
            file.location(place),
            f"The service {name!r} runs as {text_of(pair[1])} on every machine{fact}: on arm64 it is emulated, or does not start.",
            fix=_fix("Remove the platform", remove_pair(file, service, pair[0]), safe=proven and not is_anchored(service)),
            cause=f"{file.path} {fact}",
        )

    def _built(self, file: File, name: str, platforms: Node | None) -> Iterator[Finding]:
        values = strings(platforms)
        if not isinstance(platforms, SequenceNode) or not values or any(normalise(value) not in _AMD64 for value in values):
            return
        yield self.finding(
            file.location(span(platforms.value[0])),
            f"The service {name!r} is built for amd64 alone, so arm64 machines have no image of it.",
            fix=_fix("Build arm64 too", append_item(file, platforms, "linux/arm64"), safe=False),
        )


def _fix(title: str, edit: Edit | None, *, safe: bool) -> Fix | None:
    return None if edit is None else Fix(title, (edit,), Applicability.SAFE if safe else Applicability.UNSAFE)
