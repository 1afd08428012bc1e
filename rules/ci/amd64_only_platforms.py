"""An image is built for amd64 by name and pushed.

## What it finds

Builds whose `--platform`, `platforms:` or DOCKER_DEFAULT_PLATFORM names amd64 and not arm64, and whose result reaches a
registry. Lists with other architectures beside amd64 (arm/v7, 386) count when arm64 is missing. Values that are known
only when the pipeline runs are left alone, and so is everything that `single-platform-push` leaves alone.

## Why it stops arm64

The registry gets an image without arm64: a node with arm64 finds none to pull.

## What to do

Add `linux/arm64` to the list. The job needs an emulator for what its Dockerfile runs on arm64, and a builder that can
hold several platforms.

## Fix safety

As that of `single-platform-push`. A build that loads its result, or gets its platforms from an expression, is shown only.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.facts import ImageBuild
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.multiplatform.reporting import image_of, pushed_builds, report

from . import KINDS

_DOCKERFILE = {"Dockerfile": "FROM alpine:3.20\nCOPY run.sh /run.sh\nRUN chmod +x /run.sh\n"}


class Amd64OnlyPlatforms(ProjectRule):
    code = "CI102"
    name = "amd64-only-platforms"
    summary = "An image is built for amd64 by name and pushed"
    severity = Severity.ERROR
    reads = (ImageBuild,)
    kinds = KINDS
    examples = (
        Example(
            "GitHub, platforms of an action",
            path=".github/workflows/image.yml",
            files=_DOCKERFILE,
            bad="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: docker/setup-buildx-action@v3
                      - name: Build
                        uses: docker/build-push-action@v6
                        with:
                          push: true
                          platforms: «linux/amd64»
                          tags: ghcr.io/example/app:latest
                """,
            fixed="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: docker/setup-buildx-action@v3
                      - uses: docker/setup-qemu-action@v3
                      - name: Build
                        uses: docker/build-push-action@v6
                        with:
                          push: true
                          platforms: linux/amd64,linux/arm64
                          tags: ghcr.io/example/app:latest
                """,
            severity=Severity.ERROR,
        ),
        Example(
            "32-bit arm, misspelled",
            path=".github/workflows/image.yml",
            files=_DOCKERFILE,
            bad="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: docker/setup-qemu-action@v3
                      - uses: docker/setup-buildx-action@v3
                      - uses: docker/build-push-action@v6
                        with: {push: true, platforms: «"linux/amd64,linux/arm/v8"», tags: example/app:1}
                """,
            severity=Severity.ERROR,
        ),
        Example(
            "Bake, by a parent",
            path="docker-bake.hcl",
            files={**_DOCKERFILE, "release.sh": "docker buildx bake --push app\n"},
            bad=(
                'target "base" {\n  platforms = «["linux/amd64"]»\n}\n'
                'target "common" {\n  dockerfile = "Dockerfile"\n}\n'
                'target "app" {\n  inherits = ["base", "common"]\n  tags = ["example/app:1"]\n}\n'
            ),
            fixed=(
                'target "base" {\n  platforms = ["linux/amd64", "linux/arm64"]\n}\n'
                'target "common" {\n  dockerfile = "Dockerfile"\n}\n'
                'target "app" {\n  inherits = ["base", "common"]\n  tags = ["example/app:1"]\n}\n'
            ),
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "arm64 among them",
            path=".github/workflows/image.yml",
            good="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: docker/setup-qemu-action@v3
                      - uses: docker/setup-buildx-action@v3
                      - uses: docker/build-push-action@v6
                        with:
                          push: true
                          platforms: linux/amd64,linux/arm64/v8
                          tags: ghcr.io/example/app:latest
                """,
            breaks=("arm64", "amd64"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for build in pushed_builds(project):
            if build.platforms.amd64_only:
                names = ", ".join(each.removeprefix("linux/") for each in build.platforms.values)
                where = "DOCKER_DEFAULT_PLATFORM names" if build.platforms_from.environment else "its platforms are"
                hint = " (arm/v8 is 32-bit arm; arm64 is spelled linux/arm64)" if "linux/arm/v8" in build.platforms.values else ""
                message = f"{image_of(build)} is pushed without arm64: {where} {names}{hint}, so arm64 nodes have no image to run"
                yield report(self, project, build, message, build.platforms_from.location)
