"""A job builds arm64 images and registers no emulator.

## What it finds

Builds for arm64 in a job on a machine that is known to be amd64 (GitHub-hosted runners, docker:dind, CircleCI, Azure),
where nothing before the build sets up QEMU, or sets it up for other architectures, and the Dockerfile runs commands on
the target platform. Dockerfiles that only copy, or that run everything in `FROM --platform=$BUILDPLATFORM` stages, need no
emulator. Builders with arm machines of their own need none either. The build may stand in what the job runs: a Makefile, a script, the
configuration of GoReleaser.

## Why it stops arm64

The first RUN of the arm64 half ends with `exec format error`, and the whole build fails with it. BuildKit's own image
brings QEMU along and falls back to it, so a builder in a container often gets through: that is a warning, because the
fallback covers less than a registered emulator.

## What to do

Register QEMU before the build: the action `docker/setup-qemu-action`, or `docker run --privileged --rm tonistiigi/binfmt
--install arm64`. A native arm runner is faster where the Dockerfile compiles.

## Fix safety

Safe on machines that are known: the step only adds what the build lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from armready.builds.facts import BakePlatforms, CallMade, ImageBuild, WeakEmulator
from armready.builds.gates import dockerfile_of, emulated
from armready.builds.platforms import parse
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.multiplatform.reporting import ill_prepared_calls, image_builds

from . import KINDS

_WORKFLOW = """
    on: push
    jobs:
      image:
        runs-on: ubuntu-latest
        steps:
          - name: Check out
            uses: actions/checkout@v4
          - name: Set up Docker Buildx
            uses: docker/setup-buildx-action@v3
          - name: Build
            uses: {build}
            with:
              platforms: linux/amd64,linux/arm64
              push: true
              tags: example/app:latest
    """

_CALLS = """
    on: push
    jobs:
      release:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          - uses: {setup}
          - run: {call}
    """
_GORELEASER = """\
builds: [{goarch: [amd64, arm64]}]
dockers:
  - {use: buildx, goarch: amd64, build_flag_templates: [--platform=linux/amd64], image_templates: ["example/app:1-amd64"]}
  - {use: buildx, goarch: arm64, build_flag_templates: [--platform=linux/arm64], image_templates: ["example/app:1-arm64"]}
docker_manifests:
  - {name_template: "example/app:1", image_templates: ["example/app:1-amd64", "example/app:1-arm64"]}
"""


class MissingEmulator(ProjectRule):
    code = "CI103"
    name = "missing-emulator"
    summary = "A job builds arm64 images and registers no emulator"
    severity = Severity.ERROR
    reads = (ImageBuild, WeakEmulator, CallMade)
    kinds = KINDS
    examples = (
        Example(
            "GitHub",
            path=".github/workflows/image.yml",
            files={"Dockerfile": "FROM alpine:3.20\nRUN apk add --no-cache curl\n"},
            bad=_WORKFLOW.format(build="«docker/build-push-action@v6»"),
            fixed="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - name: Check out
                        uses: actions/checkout@v4
                      - name: Set up Docker Buildx
                        uses: docker/setup-buildx-action@v3
                      - name: Set up QEMU
                        uses: docker/setup-qemu-action@v3
                      - name: Build
                        uses: docker/build-push-action@v6
                        with:
                          platforms: linux/amd64,linux/arm64
                          push: true
                          tags: example/app:latest
                """,
            severity=Severity.WARNING,
        ),
        Example(
            "no BuildKit to fall back to",
            path=".github/workflows/image.yml",
            files={"Dockerfile": "FROM alpine:3.20\nRUN apk add --no-cache curl\n"},
            bad="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: actions/checkout@v4
                      - run: |
                          «docker build --platform linux/arm64 -t example/app:1-arm64 .»
                          docker push example/app:1-arm64
                """,
            severity=Severity.ERROR,
        ),
        Example(
            "for other architectures",
            path=".github/workflows/image.yml",
            bad="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: docker/setup-qemu-action@v3
                        with:
                          platforms: «linux/amd64»
                      - uses: docker/build-push-action@v6
                        with:
                          push: true
                          tags: example/app:latest
                """,
            severity=Severity.WARNING,
        ),
        Example(
            "nothing runs on the target platform",
            path=".github/workflows/image.yml",
            files={
                "Dockerfile": "FROM --platform=$BUILDPLATFORM golang:1.22 AS build\nRUN go version\nFROM scratch\nCOPY --from=build /a /a\n"
            },
            good=_WORKFLOW.format(build="docker/build-push-action@v6"),
            breaks=("$BUILDPLATFORM", "linux/amd64"),
        ),
        Example(
            "Make",
            path=".github/workflows/release.yml",
            files={
                "Dockerfile": "FROM alpine:3.20\nRUN apk add --no-cache curl\n",
                "Makefile": "release:\n\tdocker buildx build --platform linux/amd64,linux/arm64 --push -t example/app:1 .\n",
            },
            bad=_CALLS.format(setup="docker/setup-buildx-action@v3", call="«make release»"),
            severity=Severity.WARNING,
        ),
        Example(
            "GoReleaser",
            path=".github/workflows/release.yml",
            files={"Dockerfile": "FROM alpine:3.20\nRUN apk add --no-cache curl\n", ".goreleaser.yml": _GORELEASER},
            bad=_CALLS.format(setup="docker/setup-buildx-action@v3", call="«goreleaser release --clean»"),
            severity=Severity.WARNING,
        ),
        Example(
            "GoReleaser copies the program only",
            path=".github/workflows/release.yml",
            files={"Dockerfile": "FROM alpine:3.20\nCOPY app /app\n", ".goreleaser.yml": _GORELEASER},
            good=_CALLS.format(setup="docker/setup-buildx-action@v3", call="goreleaser release --clean"),
            breaks=("COPY app /app", "RUN apk add --no-cache curl"),
        ),
        Example(
            "Make sets up the emulator",
            path=".github/workflows/release.yml",
            files={
                "Dockerfile": "FROM alpine:3.20\nRUN apk add --no-cache curl\n",
                "Makefile": (
                    "release: qemu\n\tdocker buildx build --platform linux/amd64,linux/arm64 --push -t example/app:1 .\n"
                    "qemu:\n\tdocker run --privileged --rm tonistiigi/binfmt --install arm64\n"
                ),
            },
            good=_CALLS.format(setup="docker/setup-buildx-action@v3", call="make release"),
            breaks=("\tdocker run --privileged --rm tonistiigi/binfmt --install arm64\n", "\ttrue\n"),
        ),
        Example(
            "the job chooses the platforms of the Makefile",
            path=".github/workflows/release.yml",
            files={
                "Dockerfile": "FROM alpine:3.20\nRUN apk add --no-cache curl\n",
                "Makefile": (
                    "PLATFORMS ?= linux/amd64,linux/arm64\n"
                    "release:\n\tdocker buildx build --platform $(PLATFORMS) --push -t example/app:1 .\n"
                ),
            },
            good=_CALLS.format(setup="docker/setup-buildx-action@v3", call="make release PLATFORMS=linux/amd64"),
            breaks=(" PLATFORMS=linux/amd64", ""),
        ),
        Example(
            "the job has it",
            path=".github/workflows/release.yml",
            files={
                "Dockerfile": "FROM alpine:3.20\nRUN apk add --no-cache curl\n",
                "Makefile": "release:\n\tdocker buildx build --platform linux/amd64,linux/arm64 --push -t example/app:1 .\n",
            },
            good=_CALLS.format(setup="docker/setup-qemu-action@v3", call="docker buildx create --use && make release"),
            breaks=("qemu", "buildx"),
        ),
        Example(
            "a builder with machines of its own",
            path=".github/workflows/image.yml",
            good=_WORKFLOW.format(build="depot/build-push-action@v1"),
            breaks=("depot/build-push-action@v1", "docker/build-push-action@v6"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        yield from self._calls(project)
        for _, weak in project.facts(WeakEmulator):
            message = f"The emulator is set up for {weak.platforms} alone, so nothing that this job builds for arm64 can run."
            yield self.finding(weak.location, message, severity=Severity.WARNING)
        for written in image_builds(project):
            build = _described(project, written)
            if not _lacks_emulator(build) or not emulated(project, build):
                continue
            falls_back = build.tool.is_docker and not build.missing.builder
            what = "has only the QEMU that BuildKit falls back to" if falls_back else "fails at its first RUN"
            yield self.finding(
                build.location,
                f"The job runs on amd64 ({build.job.host}) and registers no emulator, so the arm64 half of this build {what}.",
                severity=_severity(project, build, guessed=build is not written, falls_back=falls_back),
                fix=build.fixes.setup,
            )

    def _calls(self, project: Project) -> Iterator[Finding]:
        for call, builds in ill_prepared_calls(project):
            build = next((each for each in builds if _has_no_machines(each) and emulated(project, each)), None)
            if build is None or not call.missing.emulator:
                continue
            falls_back = build.tool.is_docker and not (call.missing.builder and build.missing.builder)
            what = "has only the QEMU that BuildKit falls back to" if falls_back else "fails at its first RUN"
            yield self.finding(
                call.location,
                f"The job runs on amd64 ({call.host}) and registers no emulator, so the arm64 half of what it calls {what}.",
                severity=_severity(project, build, guessed=False, falls_back=falls_back),
                confidence=Confidence.MEDIUM,
                fix=call.setup,
                related=[Related(build.location, "built here")],
            )


def _has_no_machines(build: ImageBuild) -> bool:
    """Whether the builder has no arm machines of its own. That of GoReleaser is the job's own docker."""
    return build.missing.emulator and (not build.tool.native or build.tool.name == "goreleaser")


def _severity(project: Project, build: ImageBuild, *, guessed: bool, falls_back: bool) -> Severity:
    """Info where the platforms may be those of another target of the bake."""
    if guessed:
        return Severity.INFO
    return Severity.WARNING if falls_back or dockerfile_of(project, build) is None else Severity.ERROR


def _described(project: Project, build: ImageBuild) -> ImageBuild:
    """A bake with the platforms that its files name."""
    if build.platforms.given or not build.tool.described_in:
        return build
    values = [each for path in build.tool.described_in for fact in project.facts_in(path, BakePlatforms) for each in fact.values]
    return replace(build, platforms=parse(values, {})) if values else build


def _lacks_emulator(build: ImageBuild) -> bool:
    return (
        build.platforms.arm64
        and build.missing.emulator
        and not build.tool.native
        and build.job.known_machine
        and build.job.architecture == "amd64"
    )
