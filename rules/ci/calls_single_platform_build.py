"""A CI job runs a script or a target that builds an image for one platform and pushes it.

## What it finds

Calls of scripts, Make targets and the like (`./build.sh`, `make docker-push`, `docker compose build --push`, `docker buildx bake`,
`goreleaser release`) in CI jobs, where the file that is called has a build of `single-platform-push` or
`amd64-only-platforms` and the job has no emulator or no builder for several platforms. The flaw itself is reported at the
build. On a machine that the file does not describe it is an info.

## Why it stops arm64

Once the script builds arm64 as well, this job needs an emulator for what the Dockerfile runs, and a builder that can hold
several platforms.

## What to do

Mend the build in the called file, and give the job what it needs: QEMU and a builder of the driver `docker-container`.

## Fix safety

Unsafe: it prepares the job for a build that is changed in another file.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.facts import CallMade, ImageBuild
from armready.builds.model import Needs
from armready.builds.publishers import PUBLISHERS
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.multiplatform.reporting import image_of, pushed_builds, reaches

from . import KINDS

_SCRIPT = "docker build -t example/app:1 .\ndocker push example/app:1\n"


class CallsSinglePlatformBuild(ProjectRule):
    code = "CI117"
    name = "calls-single-platform-build"
    summary = "A CI job runs a script or a target that builds an image for one platform and pushes it"
    severity = Severity.WARNING
    reads = (CallMade,)
    kinds = KINDS
    examples = (
        Example(
            "script",
            path=".gitlab-ci.yml",
            files={"ci/build.sh": _SCRIPT},
            bad="""
                build:
                  image: docker:27
                  services:
                    - docker:27-dind
                  script:
                    - «source ci/build.sh»
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
                    - source ci/build.sh
                """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "Make",
            path=".github/workflows/release.yml",
            files={"Makefile": "docker-build:\n\tdocker build -t example/app .\n\ndocker-push: docker-build\n\tdocker push example/app\n"},
            bad="""
                on: push
                jobs:
                  release:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: docker/setup-qemu-action@v3
                      - run: «make docker-push»
                """,
        ),
        Example(
            "the script makes its builder itself",
            path=".github/workflows/release.yml",
            files={"build.sh": "docker buildx create --use\ndocker buildx build --platform linux/amd64 -t example/app --push .\n"},
            good="""
                on: push
                jobs:
                  release:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: docker/setup-qemu-action@v3
                      - run: ./build.sh
                """,
            breaks=("docker buildx create --use\n", ""),
        ),
        Example(
            "builds without pushing",
            path=".github/workflows/test.yml",
            files={"Makefile": "image:\n\tdocker build -t app .\n"},
            good="on: push\njobs:\n  t:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make image\n",
            breaks=("-t app .", "-t a/app .\n\tdocker push a/app"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        by_path: dict[str, list[ImageBuild]] = {}
        for build in pushed_builds(project):
            needs_machine = build.tool.name not in PUBLISHERS or build.tool.name == "skaffold"
            if needs_machine and not build.platforms.arm64 and build.platforms.resolved:
                by_path.setdefault(build.location.path, []).append(build)
        for path, call in project.facts(CallMade):
            if call.path == path or (call.setup is None and not call.in_ci):
                continue
            called = [build for build in by_path.get(call.path or "", ()) if reaches(call, build) and _lacking(call, build)]
            if called:
                yield self._finding(call, called[0])

    def _finding(self, call: CallMade, build: ImageBuild) -> Finding:
        return self.finding(
            call.location,
            f"What this job runs builds {image_of(build)} for one platform and pushes it, and the job lacks what a build for arm64 needs.",
            severity=Severity.WARNING if call.setup is not None else Severity.INFO,
            confidence=Confidence.MEDIUM,
            fix=call.setup if _lacking(call, build) == call.missing else None,
            related=[Related(build.location, "built here")],
        )


def _lacking(call: CallMade, build: ImageBuild) -> Needs:
    """What neither the job nor what it runs sets up."""
    return Needs(call.missing.emulator and build.missing.emulator, call.missing.builder and build.missing.builder)
