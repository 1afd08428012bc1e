"""A stage is fixed to amd64 by a constant `--platform`.

## What it finds

`FROM --platform=linux/amd64` in all its spellings (`amd64`, `linux/x86_64`, quoted), and `linux/386`. Left alone are
stages for one architecture of several, Windows, files named after an architecture, and, as BuildKit's own check
`FromPlatformFlagConstDisallowed` does, stages whose name contains the operating system or the architecture. Constants
of other architectures are DF104's.

Where BuildKit is silent about a name, this rule still warns of a stage named for amd64 on which others are built,
when no stage for arm64 stands beside it and nothing selects among several: the name tells that it is amd64, and there
is no other.

hadolint's DL3029 also warns of platforms in variables of one's own, which DF102 judges by their default, and of
`--platform=linux`, which is the platform of the build machine (DF105). A `# check=skip=` silences BuildKit's check
and not this one: the image is amd64 all the same.

## Why it stops arm64

The flag beats the platform that is built for. A shipped stage holds amd64 files in an image that says arm64; a stage
that only feeds `COPY --from` runs under emulation on arm64 machines, and what it compiles is amd64.

## What to do

Remove the flag. A stage whose output is the same everywhere (pages, jars), or which cross-compiles, runs faster with
`--platform=$BUILDPLATFORM`.

## Fix safety

Safe where the facts say that the base image, and the images that are copied from, have arm64, and nothing else in the
stage names amd64. Otherwise the pin may be there for a reason that the message cannot see, and the fix is unsafe.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, FileRule
from armready.dockerfiles.stages import (
    compiles,
    cross_compiles,
    has_cross_compiler,
    is_helper,
    is_neutral,
    relevant_stages,
    serves_files,
    unpinned,
)
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.stages import Stage

_ARCHITECTURES = ("amd64", "386")


class FromPlatformConstant(FileRule):
    code = "DF101"
    name = "from-platform-constant"
    summary = "The stage is fixed to amd64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"--platform",)
    examples = (
        Example(
            "shipped stage",
            path="Dockerfile",
            bad="FROM «--platform=linux/amd64» nginx:1.27\nCOPY site /usr/share/nginx/html\n",
            fixed="FROM nginx:1.27\nCOPY site /usr/share/nginx/html\n",
            severity=Severity.ERROR,
        ),
        Example(
            "other spellings",
            path="Dockerfile",
            bad='from «--platform="linux/X86_64"» debian:12 as base\nFrom «--platform=amd64» nginx:1.27\n',
            fixed="from debian:12 as base\nFrom nginx:1.27\n",
        ),
        Example(
            "pages built on the side",
            path="Dockerfile",
            bad="""
            FROM «--platform=linux/amd64» node:20-alpine AS web
            RUN npm ci && npm run build
            FROM nginx:1.27
            COPY --from=web /app/dist /usr/share/nginx/html
            """,
            fixed="""
            FROM --platform=$BUILDPLATFORM node:20-alpine AS web
            RUN npm ci && npm run build
            FROM nginx:1.27
            COPY --from=web /app/dist /usr/share/nginx/html
            """,
            severity=Severity.WARNING,
        ),
        Example(
            "cross-compiled on the side",
            path="Dockerfile",
            bad="""
            FROM «--platform=linux/amd64» golang:1.22 AS build
            ARG TARGETARCH
            RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /app
            FROM scratch
            COPY --from=build /app /app
            """,
            fixed="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS build
            ARG TARGETARCH
            RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /app
            FROM scratch
            COPY --from=build /app /app
            """,
            severity=Severity.WARNING,
        ),
        Example(
            "a cross compiler of the distribution",
            path="Dockerfile",
            bad="""
            FROM «--platform=linux/amd64» debian:12 AS build
            RUN apt-get update && apt-get install -y crossbuild-essential-arm64 && CC=aarch64-linux-gnu-gcc make
            FROM debian:12
            COPY --from=build /app /app
            """,
            severity=Severity.WARNING,
        ),
        Example(
            "compiled on the side",
            path="Dockerfile",
            bad="""
            FROM «--platform=linux/amd64» golang:1.22 AS build
            RUN go build -o /app
            FROM debian:12
            COPY --from=build /app /app
            """,
            fixed="""
            FROM golang:1.22 AS build
            RUN go build -o /app
            FROM debian:12
            COPY --from=build /app /app
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "pages and scripts of another image",
            path="Dockerfile",
            bad="""
            FROM «--platform=linux/amd64» registry.example.com/pages:1 AS web
            FROM nginx:1.27
            COPY --from=web /pages /usr/share/nginx/html
            """,
            severity=Severity.INFO,
            applicability=Applicability.DISPLAY,
            fixed="""
            FROM registry.example.com/pages:1 AS web
            FROM nginx:1.27
            COPY --from=web /pages /usr/share/nginx/html
            """,
        ),
        Example(
            "the pin has a reason",
            path="Dockerfile",
            bad="FROM «--platform=linux/amd64» debian:12\nRUN curl -fsSLO https://example.com/tool-linux-amd64\n",
            fixed="FROM debian:12\nRUN curl -fsSLO https://example.com/tool-linux-amd64\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "what is copied in may be the reason",
            path="Dockerfile",
            bad="FROM «--platform=linux/amd64» debian:12\nCOPY --from=registry.example.com/driver:1 /opt /opt\n",
            fixed="FROM debian:12\nCOPY --from=registry.example.com/driver:1 /opt /opt\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "base image without arm64",
            path="Dockerfile",
            bad="FROM «--platform=linux/amd64» registry.example.com/base:1\n",
            fixed="FROM registry.example.com/base:1\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "build platform", path="Dockerfile", good="FROM --platform=${BUILDPLATFORM:-linux/amd64} golang:1.22 AS build\nFROM debian:12\n"
        ),
        Example(
            "the stage's name says so",
            path="Dockerfile",
            good="FROM --platform=linux/amd64 debian:12 AS build-amd64\nFROM debian:12\n",
            breaks=("build-amd64", "build"),
        ),
        Example(
            "named for amd64, and there is no other",
            path="Dockerfile",
            bad="""
            FROM «--platform=linux/amd64» debian:12 AS base_amd64
            FROM base_amd64 AS model
            RUN ./convert
            FROM debian:12
            COPY --from=model /model /model
            """,
            severity=Severity.WARNING,
        ),
        Example("a comment", path="Dockerfile", good="# FROM --platform=linux/amd64 debian:12\nFROM debian:12\n", breaks=("# ", "")),
        Example(
            "Windows",
            path="Dockerfile",
            good="FROM --platform=windows/amd64 mcr.microsoft.com/windows/nanoserver:ltsc2022\n",
            breaks=("windows/amd64 mcr.microsoft.com/windows/nanoserver:ltsc2022", "linux/amd64 debian:12"),
        ),
        Example(
            "a file for amd64",
            path="Dockerfile.amd64",
            good="FROM --platform=linux/amd64 debian:12\n",
            breaks=("Dockerfile.amd64", "Dockerfile"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for stage in relevant_stages(file):
            flag, platform = stage.platform_flag, stage.own_platform
            if flag is None or "$" in (flag.value or "") or platform.arch not in _ARCHITECTURES:
                continue
            named = platform.arch in stage.name or platform.os in stage.name
            if named and (stage.is_final or platform.arch not in stage.name or _is_chosen(stage)):
                continue
            severity, consequence = _outcome(file, stage)
            severity = severity.at_most(Severity.WARNING) if named else severity
            message = f"{stage.title} is fixed to {platform.value}: {consequence}."
            yield self.finding(file.location(flag.span), message, severity=severity, confidence=limit, fix=unpinned(file, stage))


def _is_chosen(stage: Stage) -> bool:
    """Whether an expression selects the stage among others."""
    return any(stage in each.choices for each in stage.graph)


def _outcome(file: File, stage: Stage) -> tuple[Severity, str]:
    if stage.is_shipped:
        level = Severity.WARNING if is_helper(stage) else Severity.ERROR
        return level, "an image built for linux/arm64 will contain its amd64 files"
    if compiles(stage) and not cross_compiles(stage) and not has_cross_compiler(stage) and not is_neutral(stage):
        return Severity.ERROR, "what it compiles is copied into the arm64 image as amd64"
    if serves_files(file, stage):
        return Severity.INFO, "on arm64 machines its files are those of amd64, which is right for pages and scripts only"
    return Severity.WARNING, "on arm64 machines its steps run under emulation, and machine code that is copied out of it is amd64"
