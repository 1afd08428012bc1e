"""The tag of an image names a single architecture.

## What it finds

Tags that begin or end with an architecture, or have one between hyphens: `:1.2-amd64`, `:amd64-latest`, `:v1-debian-
amd64-1`. Stages and files made for one architecture, and tags that a variable of the build chooses
(`:1.2-${TARGETARCH}`), are left alone.

## Why it stops arm64

Such a tag names the image of that architecture alone. A build for arm64 takes it all the same, and what it runs ends
with `exec format error`.

## What to do

Use the tag without the architecture where it is a multi-arch one, as .NET, distroless and Playwright have it. Where
there is none, `:1.2-${TARGETARCH}` in FROM takes the right one for each platform.

## Fix safety

Safe where the facts list the tag without the architecture for both. Only shown elsewhere: the plain tag may not exist, or
may be amd64 too.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.needles import needles_of
from armready.core.reference import ARCH_TOKENS
from armready.core.rule import Example, FileRule
from armready.dockerfiles.images import findings
from armready.knowledge.image_verdicts import arch_tag


class ImageArchTag(FileRule):
    code = "DF111"
    name = "image-arch-tag"
    summary = "The image's tag names a single architecture"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"64", b"86", b"arm", *needles_of(ARCH_TOKENS))
    examples = (
        Example(
            "a family whose plain tags are multi-arch",
            path="Dockerfile",
            bad="FROM «mcr.microsoft.com/dotnet/aspnet:8.0-alpine-amd64»\n",
            fixed="FROM mcr.microsoft.com/dotnet/aspnet:8.0-alpine\n",
            severity=Severity.ERROR,
        ),
        Example(
            "an image nobody checked",
            path="Dockerfile",
            bad="FROM «registry.example.com/team/base:1.4-amd64»\n",
            fixed="FROM registry.example.com/team/base:1.4\n",
            applicability=Applicability.DISPLAY,
            severity=Severity.WARNING,
        ),
        Example(
            "a version in a variable",
            path="Dockerfile",
            bad="ARG VERSION=1.4\nFROM «registry.example.com/team/base:${VERSION}-amd64»\n",
            fixed="ARG VERSION=1.4\nFROM registry.example.com/team/base:${VERSION}\n",
            applicability=Applicability.DISPLAY,
        ),
        Example("arm64 alone", path="Dockerfile", bad="FROM «registry.example.com/team/base:1.4-arm64»\n", severity=Severity.INFO),
        Example(
            "chosen by the build",
            path="Dockerfile",
            good="FROM registry.example.com/team/base:1.4-${TARGETARCH}\n",
            breaks=("${TARGETARCH}", "amd64"),
        ),
        Example(
            "no architecture",
            path="Dockerfile",
            good="FROM node:20-bookworm\nRUN echo app:1-amd64\n",
            breaks=("node:20-bookworm", "registry.example.com/team/base:1.4-amd64"),
        ),
        Example(
            "one stage for each architecture",
            path="Dockerfile",
            good="FROM reg.example.com/b:1-amd64 AS build-amd64\nFROM reg.example.com/b:1-arm64 AS build-arm64\nFROM build-$TARGETARCH\n",
            breaks=("-arm64\n", "-amd64\n"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        return findings(self, file, arch_tag)
