"""A base image comes from one of Docker Hub's namespaces for single architectures.

## What it finds

`amd64/`, `i386/`, `arm64v8/`, `arm32v7/`, `ppc64le/` and their like in FROM, `COPY --from` and `RUN --mount=from`,
with or without `docker.io/`, also where an ARG holds the reference or the namespace. Stages and files made for one
architecture are left alone.

## Why it stops arm64

The images below these namespaces exist for that architecture alone. A build for arm64 takes the amd64 image all the
same and puts its files into an image that says arm64; what runs ends with `exec format error`.

## What to do

Drop the namespace: `debian:12` is the same image for amd64, and exists for arm64.

## Fix safety

Safe where the facts list the plain name for both architectures: Docker Hub's official images are copied into the
namespaces, so nothing changes for amd64. Unsafe where that is not known, for a reference with a digest (it names the
image of one architecture and has to go), where a build argument decides, and for 32-bit images.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.needles import needles_of
from armready.core.reference import HUB_NAMESPACES
from armready.core.rule import Example, FileRule
from armready.dockerfiles.images import findings, relevant_uses
from armready.knowledge.image_verdicts import arch_namespace
from armready.knowledge.images import verdict

# An official image below a namespace that is a build argument without a value.
_PASSED = re.compile(r"\$\{?(?=\w*?ARCH)\w+\}?/([a-z0-9-]+(?::[\w.-]+)?)", re.IGNORECASE)


class ImageArchNamespace(FileRule):
    code = "DF110"
    name = "image-arch-namespace"
    summary = "The image comes from a namespace for a single architecture"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"arch", *needles_of(HUB_NAMESPACES))
    examples = (
        Example(
            "official image",
            path="Dockerfile",
            bad="FROM «amd64/python:3.12-slim» AS app\n",
            fixed="FROM python:3.12-slim AS app\n",
            severity=Severity.ERROR,
        ),
        Example(
            "with the registry",
            path="Dockerfile",
            bad="FROM «docker.io/amd64/debian:12»\nCOPY --from=«amd64/busybox:1.36» /bin/busybox /bin/\n",
            fixed="FROM docker.io/debian:12\nCOPY --from=busybox:1.36 /bin/busybox /bin/\n",
        ),
        Example(
            "the default of an ARG",
            path="Dockerfile",
            bad='ARG BASE="«amd64/alpine:3.20»"\nFROM ${BASE}\n',
            fixed='ARG BASE="alpine:3.20"\nFROM ${BASE}\n',
        ),
        Example(
            "namespace in an ARG",
            path="Dockerfile",
            bad="ARG ARCH=amd64\nFROM «${ARCH}/alpine:3.20»\n",
            fixed="ARG ARCH=amd64\nFROM alpine:3.20\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "digest",
            path="Dockerfile",
            bad="FROM «amd64/debian:12@sha256:" + "0" * 64 + "»\n",
            fixed="FROM debian:12\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "32 bits",
            path="Dockerfile",
            bad="FROM «i386/debian:12»\n",
            fixed="FROM debian:12\n",
            applicability=Applicability.UNSAFE,
        ),
        Example("plain name without arm64", path="Dockerfile", bad="FROM «amd64/openjdk:7»\n", severity=Severity.ERROR),
        Example(
            "namespace that each build has to pass",
            path="Dockerfile",
            bad="ARG ARCH\nFROM «${ARCH}/busybox:1.36»\n",
            fixed="ARG ARCH\nFROM busybox:1.36\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example("arm64 alone", path="Dockerfile", bad="FROM «arm64v8/alpine:3.20»\n", severity=Severity.INFO),
        Example(
            "multi-arch image",
            path="Dockerfile",
            good="FROM debian:12\nRUN echo amd64/debian\n",
            breaks=("debian:12\nRUN", "amd64/debian:12\nRUN"),
        ),
        Example(
            "namespace of a registry of one's own",
            path="Dockerfile",
            good="FROM registry.example.com/team/app:1\nLABEL a=amd64/x\n",
            breaks=("registry.example.com/team/app", "amd64/debian"),
        ),
        Example(
            "one stage for each architecture",
            path="Dockerfile",
            good="FROM amd64/debian:12 AS base-amd64\nFROM arm64v8/debian:12 AS base-arm64\nFROM base-${TARGETARCH}\n",
            breaks=("-arm64", "-amd64"),
        ),
        Example(
            "a file for one architecture", path="Dockerfile.amd64", good="FROM amd64/debian:12\n", breaks=("Dockerfile.amd64", "Dockerfile")
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        yield from findings(self, file, arch_namespace)
        for use in relevant_uses(file):
            match = _PASSED.fullmatch(use.text)
            if match is not None and verdict(match[1], file.settings).multi_arch and use.written == use.text:
                message = (
                    f"The architecture of this image has to be passed to each build; {match[1]} exists for all of them under one name."
                )
                fix = Fix(
                    "Drop the namespace", (file.replace(use.span, match[1]),), Applicability.UNSAFE, ("The argument is not used any more.",)
                )
                yield self.finding(file.location(use.span), message, confidence=Confidence.MEDIUM, fix=fix)
