"""A Compose service runs an image that does not exist for arm64.

## What it finds

Images of services of which the facts say that they were never built for arm64 (`mysql:5.7`, `postgis/postgis`), and images whose name is
that of one architecture (`amd64/redis`, `app:1.2-amd64`). The default of a variable counts. Images that the file itself builds, and what is
not known, are left alone, and so are files whose name says that they are for one architecture.

## Why it stops arm64

`docker compose up` on an arm64 machine ends with `no matching manifest for linux/arm64`. Where the service names its platform it is
emulated instead: that is an info.

## What to do

Take the version, the variant or the successor that exists for arm64. Where there is none, `platform: linux/amd64` says so to everybody, and
the service runs under emulation.

## Fix safety

Always unsafe: another image, or another version of it, is another program, and its data may have to be migrated. Where the alternative is
another major version, or another image without a tag, the fix is only shown. Dropping an architecture from a name is safe where the facts
say that the name without it is the same image.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.compose import ServiceImage, service_images
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.reference import Reference
from armready.core.rule import Example, FileRule
from armready.dockerfiles.stages import path_arch
from armready.knowledge.image_verdicts import Problem, arch_namespace, arch_repository, arch_tag, no_arm64
from armready.languages.yaml.edit import set_scalar
from armready.languages.yaml.nodes import span

_JUDGES = (arch_namespace, arch_tag, arch_repository, no_arm64)


class ComposeImageNoArm64(FileRule):
    code = "CI120"
    name = "compose-image-no-arm64"
    summary = "A Compose service runs an image that does not exist for arm64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.COMPOSE})
    needles = (b"image",)
    examples = (
        Example(
            "tag too old",
            path="compose.yaml",
            bad="services:\n  cache:\n    image: «redis:3.2.9»\n",
            fixed="services:\n  cache:\n    image: redis:3.2.10\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "the default of a variable",
            path="docker-compose.dev.yml",
            bad='services:\n  db:\n    image: «"${DB_IMAGE:-mysql:5.7}"»\n',
            severity=Severity.WARNING,
        ),
        Example(
            "a namespace for one architecture",
            path="compose.yaml",
            bad="services:\n  cache:\n    image: «amd64/redis:7.2»\n",
            fixed="services:\n  cache:\n    image: redis:7.2\n",
        ),
        Example("a file without `services`", path="docker-compose.yml", bad="web:\n  build: .\n  links: [db]\ndb:\n  image: «mysql:5.7»\n"),
        Example(
            "the platform is named: it is emulated",
            path="compose.yaml",
            bad="services:\n  db:\n    image: «mysql:5.7»\n    platform: linux/amd64\n",
            severity=Severity.INFO,
        ),
        Example(
            "text that services share: one place",
            path="compose.yaml",
            bad="x-db: &db\n  image: «mysql:5.7»\nservices:\n  one: *db\n  two:\n    <<: *db\n",
        ),
        Example(
            "an image that has arm64",
            path="compose.yaml",
            good="services:\n  db:\n    image: mysql:8.0\n",
            breaks=("8.0", "5.7"),
        ),
        Example(
            "not known",
            path="compose.yaml",
            good="services:\n  app:\n    image: registry.example.com/team/app:1\n",
            breaks=("registry.example.com/team/app:1", "mysql:5.7"),
        ),
        Example(
            "built here",
            path="compose.yaml",
            good="services:\n  db:\n    build: .\n    image: mysql:5.7\n  again:\n    image: mysql:5.7\n",
            breaks=("    build: .\n", ""),
        ),
        Example(
            "a file for one architecture",
            path="docker-compose.armhf.yml",
            good="services:\n  app:\n    image: example/app:1-armhf\n",
            breaks=("docker-compose.armhf.yml", "docker-compose.yml"),
        ),
        Example(
            "the configuration knows better",
            path="compose.yaml",
            good="services:\n  db:\n    image: mysql:5.7\n",
            settings={"images": {"docker.io/library/mysql": ["amd64", "arm64"]}},
            breaks=("images", ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for image in file.parse(service_images) if not path_arch(file.path) else ():
            reference = Reference.parse(image.text, file.settings.mirrors)
            problem = next(filter(None, (judge(reference, file.settings) for judge in _JUDGES)), None)
            if problem is None:
                continue
            yield self.finding(
                file.location(span(image.node)),
                f"The service {image.service!r}: {problem.message}",
                severity=Severity.INFO if image.pinned else problem.severity.at_most(self.severity),
                confidence=problem.confidence,
                supported=problem.supported,
                fix=_fix(file, image, problem),
                cause=reference.short,
            )


def _fix(file: File, image: ServiceImage, problem: Problem) -> Fix | None:
    if problem.replacement is None or image.text != image.node.value:
        return None
    edit = set_scalar(file, image.node, problem.replacement)
    return Fix(problem.title, (edit,), problem.applicability, problem.notes) if edit is not None else None
