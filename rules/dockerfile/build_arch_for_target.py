"""The architecture of the build machine chooses what is shipped.

## What it finds

`GOARCH=$BUILDARCH` in a stage whose files are shipped, and `$BUILDARCH` or `$BUILDPLATFORM` in a download of a stage
that is shipped itself.

## Why it stops arm64

BUILDARCH is the machine that builds. Built for arm64 on an amd64 machine, the image gets amd64 files.

## What to do

Use TARGETARCH for what ends up in the image, BUILDARCH only for tools that run during the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.dockerfiles.stages import relevant_stages
from armready.languages.dockerfile.instructions import Instruction
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.stages import Stage

_GOARCH = re.compile(r"(?<![\w$])GOARCH[= ][\"']?(\$\{?BUILDARCH\b\}?)")
_DOWNLOAD = re.compile(r"https?://[^\s\"';|&)]{0,500}?(\$\{?BUILD(?:ARCH|PLATFORM)\b\}?)")


class BuildArchForTarget(FileRule):
    code = "DF123"
    name = "build-arch-for-target"
    summary = "The architecture of the build machine chooses what is shipped"
    severity = Severity.WARNING
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"$buildarch", b"${buildarch", b"$buildplatform", b"${buildplatform")
    examples = (
        Example(
            "Go",
            path="Dockerfile",
            bad="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS build
            ARG BUILDARCH
            RUN GOARCH=«$BUILDARCH» go build -o /app
            FROM debian:12
            COPY --from=build /app /app
            """,
        ),
        Example(
            "download", path="Dockerfile", bad="FROM debian:12\nARG BUILDARCH\nADD https://example.com/tool-«${BUILDARCH}» /usr/bin/tool\n"
        ),
        Example(
            "a tool of the build",
            path="Dockerfile",
            good="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS build
            ARG BUILDARCH TARGETARCH
            RUN curl -fsSL https://example.com/protoc-${BUILDARCH} -o /usr/bin/protoc && GOARCH=$TARGETARCH go build -o /app
            FROM debian:12
            COPY --from=build /app /app
            """,
            breaks=("$TARGETARCH", "$BUILDARCH"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for stage in relevant_stages(file):
            for instruction in stage.instructions if stage.ships else ():
                for span, use in _choices(stage, instruction):
                    message = f"{use} is the build machine's architecture: on a cross build the image gets files of the wrong one."
                    yield self.finding(file.location(span), message, confidence=limit)


def _choices(stage: Stage, instruction: Instruction) -> Iterator[tuple[Span, str]]:
    code = instruction.shell or instruction.code
    patterns = (_GOARCH, _DOWNLOAD) if stage.is_shipped and not stage.on_build_platform else (_GOARCH,)
    for pattern in patterns:
        for match in pattern.finditer(code.text):
            yield code.nearest_host_span(Span(*match.span(1))), match[1].strip("${}")
