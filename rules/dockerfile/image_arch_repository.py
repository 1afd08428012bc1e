"""The repository of an image names a single architecture.

## What it finds

An architecture at the beginning or end of a part of the image's path: `k8s.gcr.io/pause-amd64`,
`homeassistant/amd64-base`, `registry.example.com/x86_64/app`. Stages and files made for one architecture are left
alone.

## Why it stops arm64

Such a repository holds images of that architecture alone. A build for arm64 takes them all the same, and what it runs
ends with `exec format error`.

## What to do

Use the repository without the architecture: Kubernetes' own images, for one, have been multi-arch under it for years.
Where there is none, `app-${TARGETARCH}` in FROM takes the right one for each platform.

## Fix safety

Safe where the facts list the plain name for both architectures. Only shown elsewhere: it may not exist, or may be amd64
too.
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
from armready.knowledge.image_verdicts import arch_repository


class ImageArchRepository(FileRule):
    code = "DF112"
    name = "image-arch-repository"
    summary = "The image's repository names a single architecture"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"64", b"86", b"arm", *needles_of(ARCH_TOKENS))
    examples = (
        Example(
            "an image of Kubernetes",
            path="Dockerfile",
            bad="FROM «k8s.gcr.io/debian-base-amd64:v2.0.0»\n",
            fixed="FROM k8s.gcr.io/debian-base:v2.0.0\n",
            applicability=Applicability.DISPLAY,
            severity=Severity.ERROR,
        ),
        Example(
            "a registry of one's own",
            path="Dockerfile",
            bad="FROM «registry.example.com/team/base-amd64:1.4»\n",
            fixed="FROM registry.example.com/team/base:1.4\n",
            applicability=Applicability.DISPLAY,
            severity=Severity.WARNING,
        ),
        Example(
            "the architecture in an ARG",
            path="Dockerfile",
            good="ARG ARCH=amd64\nFROM registry.example.com/team/base-${ARCH}:1.4\n",
            breaks=("registry.example.com/team/base-${ARCH}", "k8s.gcr.io/debian-base-amd64"),
        ),
        Example("no multi-arch name is known", path="Dockerfile", bad="FROM «k8s.gcr.io/defaultbackend-amd64:1.5»\n"),
        Example(
            "chosen by the build",
            path="Dockerfile",
            good="FROM registry.example.com/team/base-${TARGETARCH}:1.4\n",
            breaks=("${TARGETARCH}", "amd64"),
        ),
        Example(
            "no architecture",
            path="Dockerfile",
            good="FROM registry.example.com/team/base64:1.4\n",
            breaks=("registry.example.com/team/base64", "k8s.gcr.io/debian-base-amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        return findings(self, file, arch_repository)
