"""A stage asks for a platform that BuildKit refuses.

## What it finds

`FROM --platform=x86`, which is neither an operating system nor an architecture, and lists such as
`--platform=linux/amd64,linux/arm64`: a stage has one platform.

## Why it stops arm64

BuildKit refuses to parse the value, for every architecture: `unknown operating system or architecture`.

## What to do

Remove the flag, and name the platforms when you build: `docker buildx build --platform linux/amd64,linux/arm64`.

## Fix safety

Unsafe: what the author meant is not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, FileRule
from armready.dockerfiles.stages import relevant_stages, unpinned
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import PlatformKind, refused


class FromPlatformInvalid(FileRule):
    code = "DF106"
    name = "from-platform-invalid"
    summary = "The stage asks for a platform that BuildKit refuses"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"--platform",)
    examples = (
        Example(
            "no architecture of that name",
            path="Dockerfile",
            bad="FROM «--platform=x86» debian:12\n",
            fixed="FROM debian:12\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "a list",
            path="Dockerfile",
            bad="FROM «--platform=linux/amd64,linux/arm64» debian:12\n",
            fixed="FROM debian:12\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "through an argument",
            path="Dockerfile",
            bad="ARG P=linux_amd64\nFROM «--platform=$P» debian:12\n",
            fixed="ARG P=linux_amd64\nFROM debian:12\n",
            applicability=Applicability.UNSAFE,
        ),
        Example("one word", path="Dockerfile", good="FROM --platform=x86_64 debian:12 AS a-amd64\n", breaks=("x86_64", "x64")),
        Example(
            "a version of Windows", path="Dockerfile", good="FROM --platform=windows(10.0.17763)/amd64 a\n", breaks=("windows(", "linux,(")
        ),
        Example("not known", path="Dockerfile", good="ARG P\nFROM --platform=$P debian:12\n", breaks=("ARG P", "ARG P=x64")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        dockerfile = file.parse(parse_dockerfile)
        for stage in relevant_stages(file):
            flag, platform = stage.platform_flag, stage.own_platform
            if flag is None or platform.kind is not PlatformKind.CONSTANT or not refused(platform.value):
                continue
            fix = unpinned(file, stage).demoted(Applicability.UNSAFE, "What platform was meant is not known.")
            message = f"{stage.title} is built for `{platform.value}`, which BuildKit refuses: a stage has one platform, such as linux/arm64, or none."
            yield self.finding(file.location(flag.span), message, confidence=dockerfile.confidence, fix=fix)
