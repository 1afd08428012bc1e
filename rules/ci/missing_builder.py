"""A job builds several platforms and has no builder that can.

## What it finds

Builds for several platforms in a job on a machine that is known (GitHub-hosted runners, docker:dind, CircleCI, Azure), where
nothing before the build creates a builder of the driver `docker-container` or of a remote one. The build may stand in a Makefile or a
script that the job runs.

## Why it stops arm64

The default builder is the Docker daemon, which holds images of one platform: the build ends with `Multi-platform build is not
supported for the docker driver`.

## What to do

Create a builder before the build: the action `docker/setup-buildx-action`, or `docker buildx create --driver
docker-container --use`. Behind a TLS daemon (docker:dind, CircleCI's remote Docker) it needs a Docker context first.

## Fix safety

Safe on machines that are known: the step only adds what the build lacks.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.facts import CallMade, ImageBuild
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.multiplatform.reporting import ill_prepared_calls, image_builds

from . import KINDS

_CALLS = """
    on: push
    jobs:
      release:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: {before}
          - run: {call}
    """


class MissingBuilder(ProjectRule):
    code = "CI104"
    name = "missing-builder"
    summary = "A job builds several platforms and has no builder that can"
    severity = Severity.ERROR
    reads = (ImageBuild, CallMade)
    kinds = KINDS
    examples = (
        Example(
            "GitLab with dind",
            path=".gitlab-ci.yml",
            bad="""
                build:
                  image: docker:27
                  services:
                    - docker:27-dind
                  script:
                    - docker run --privileged --rm tonistiigi/binfmt:qemu-v9.2.2 --install arm64
                    - «docker buildx build --platform linux/amd64,linux/arm64 --push -t example/app .»
                """,
            fixed="""
                build:
                  image: docker:27
                  services:
                    - docker:27-dind
                  script:
                    - docker run --privileged --rm tonistiigi/binfmt:qemu-v9.2.2 --install arm64
                    - docker context create armready-tls
                    - docker buildx create --name armready --driver docker-container --use armready-tls
                    - docker buildx build --platform linux/amd64,linux/arm64 --push -t example/app .
                """,
        ),
        Example(
            "a script",
            path=".github/workflows/release.yml",
            files={"build.sh": "docker buildx build --platform linux/amd64,linux/arm64 --push -t example/app .\n"},
            bad=_CALLS.format(before="docker/setup-qemu-action@v3", call="«./build.sh»"),
            severity=Severity.WARNING,
        ),
        Example(
            "a script that makes its builder",
            path=".github/workflows/release.yml",
            files={
                "build.sh": "docker buildx create --use\ndocker buildx build --platform linux/amd64,linux/arm64 --push -t example/app .\n"
            },
            good=_CALLS.format(before="docker/setup-qemu-action@v3", call="./build.sh"),
            breaks=("docker buildx create --use\n", ""),
        ),
        Example(
            "one platform",
            path=".gitlab-ci.yml",
            good=(
                "b:\n  image: docker:27\n  services:\n    - docker:27-dind\n"
                "  script:\n    - docker buildx build --platform linux/arm64 --push -t a/b .\n"
            ),
            breaks=("linux/arm64", "linux/amd64,linux/arm64"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for build in image_builds(project):
            if _lacks_builder(build):
                yield self.finding(
                    build.location,
                    "The job creates no builder for several platforms, and the Docker daemon builds one only: this build fails.",
                    fix=build.fixes.setup,
                )
        for call, builds in ill_prepared_calls(project):
            called = next((each for each in builds if each.platforms.several and each.missing.builder and each.tool.is_docker), None)
            if called is not None and call.missing.builder and not called.tool.native:
                yield self.finding(
                    call.location,
                    "The job creates no builder for several platforms, and the Docker daemon builds one only: what it calls fails.",
                    severity=Severity.WARNING,
                    confidence=Confidence.MEDIUM,
                    fix=call.setup,
                    related=[Related(called.location, "built here")],
                )


def _lacks_builder(build: ImageBuild) -> bool:
    return build.platforms.several and build.missing.builder and not build.tool.native and build.job.known_machine and build.tool.is_docker
