"""A stage is fixed to Arm, or another architecture that is not amd64, by a constant `--platform`.

## What it finds

`FROM --platform=linux/arm64`, `linux/arm/v7`, `linux/s390x` and the like. Left alone are stages for one architecture
of several, files named after an architecture, and stages whose name contains the operating system or the
architecture, as BuildKit's own check does. When arm64 is all that is built for (`target = "arm64"`), arm64 is left
alone.

## Why it stops arm64

`linux/arm64` does not, but such a file cannot build for amd64 as well. 32-bit Arm does not run on many arm64 servers
(Neoverse V1, N2, V2) nor on Apple's processors, and other architectures run on amd64 and arm64 under emulation only.

## What to do

Remove the flag, and name the platform when you build: `docker buildx build --platform linux/arm64`.

## Fix safety

Unsafe: builds that name no platform change.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.config import Target
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, FileRule
from armready.dockerfiles.stages import relevant_stages, unpinned
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import Platform, PlatformKind, refused


class FromPlatformArmConstant(FileRule):
    code = "DF104"
    name = "from-platform-arm-constant"
    summary = "The stage is fixed to an architecture other than amd64"
    severity = Severity.INFO
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"--platform",)
    examples = (
        Example(
            "arm64",
            path="Dockerfile",
            bad="FROM «--platform=linux/arm64» debian:12\n",
            fixed="FROM debian:12\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.INFO,
        ),
        Example("32 bits", path="Dockerfile", bad="FROM «--platform=linux/arm/v7» debian:12\n", severity=Severity.WARNING),
        Example(
            "both, chosen by the target",
            path="Dockerfile",
            good="FROM --platform=linux/arm64 a AS b-arm64\nFROM a AS b-amd64\nFROM b-$TARGETARCH\n",
            breaks=("-arm64", "-amd64"),
        ),
        Example(
            "arm64 is all",
            path="Dockerfile",
            good="FROM --platform=linux/arm64 debian:12\n",
            settings={"target": "arm64"},
            breaks=("target", ""),
        ),
        Example(
            "another processor",
            path="Dockerfile",
            bad="FROM «--platform=linux/s390x» debian:12\n",
            severity=Severity.WARNING,
        ),
        Example(
            "a value that BuildKit refuses is DF106's",
            path="Dockerfile",
            good="FROM --platform=linux/arm64,linux/s390x debian:12\n",
            breaks=("linux/arm64,", ""),
        ),
        Example("another system", path="Dockerfile", good="FROM --platform=wasi/wasm scratch\n", breaks=("wasi/wasm", "linux/arm64")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        dockerfile = file.parse(parse_dockerfile)
        for stage in relevant_stages(file):
            flag, platform = stage.platform_flag, stage.own_platform
            if (
                flag is None
                or platform.kind is not PlatformKind.CONSTANT
                or "$" in (flag.value or "")
                or platform.os != "linux"
                or refused(platform.value)
            ):
                continue
            if not platform.arch or platform.arch in ("amd64", "386") or platform.arch in stage.name or platform.os in stage.name:
                continue
            if platform.arch == "arm64" and file.settings.target is Target.ARM64:
                continue
            fix = unpinned(file, stage).demoted(Applicability.UNSAFE, "Builds that name no platform change.")
            yield self.finding(
                file.location(flag.span),
                f"{stage.title} is fixed to {platform.value}: {_wrong(platform)}.",
                severity=Severity.INFO if platform.arch == "arm64" else Severity.WARNING,
                confidence=dockerfile.confidence,
                fix=fix,
            )


def _wrong(platform: Platform) -> str:
    if platform.arch == "arm64":
        return "it cannot be built for amd64 too"
    if platform.arch.startswith("arm"):
        return "many arm64 machines do not run it"
    return "amd64 and arm64 machines run it under emulation only"
