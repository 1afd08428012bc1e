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
same image as before. It is unsafe where the image is built from source, and only
shown where the image is unknown or the Dockerfile stops arm64. More entries for `build.platforms` are unsafe, since a
builder with the default driver cannot build them.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.compose import PinnedService
from armready.builds.gates import blocking_in
from armready.core.classify import Kind
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule


class ComposePlatformAmd64(ProjectRule):
    code = "CI118"
    name = "compose-platform-amd64"
    summary = "A Compose service is fixed to amd64"
    severity = Severity.WARNING
    reads = (PinnedService,)
    kinds = frozenset({Kind.COMPOSE})
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
            "built on an image without arm64",
            path="docker-compose.yml",
            bad="services:\n  db:\n    build: ./db\n    «platform: linux/amd64»\n",
            fixed="services:\n  db:\n    build: ./db\n",
            files={"db/Dockerfile": "FROM mysql:5.7\n"},
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "an image of which nothing is known",
            path="docker-compose.yml",
            bad="services:\n  web:\n    image: example/tiles:1\n    «platform: linux/amd64»\n",
            fixed="services:\n  web:\n    image: example/tiles:1\n",
            applicability=Applicability.DISPLAY,
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

    def check(self, project: Project) -> Iterator[Finding]:
        for path, each in project.facts(PinnedService):
            fact = f", although its image exists for arm64 (as of {each.as_of})" if each.as_of else ""
            message = (
                f"The service {each.name!r} runs as {each.platform} on every machine{fact}: on arm64 it is emulated, or does not start."
                if each.platform
                else f"The service {each.name!r} is built for amd64 alone, so arm64 machines have no image of it."
            )
            yield self.finding(each.location, message, fix=_gated(project, each), cause=f"{path} {each.platform} {fact}")


def _gated(project: Project, service: PinnedService) -> Fix | None:
    """Without the platform, an arm64 machine builds for itself: only shown where that fails."""
    blocking = blocking_in(project, service.dockerfile) if service.fix is not None and service.dockerfile else None
    if service.fix is None or blocking is None:
        return service.fix
    where = f"{blocking.location.path}:{blocking.location.region.line}"
    return service.fix.demoted(Applicability.DISPLAY, f"Mend {blocking.code} at {where} first: {blocking.message}")
