"""An image does not exist for arm64.

## What it finds

Images in FROM, `COPY --from` and `RUN --mount=from` of which the facts say that they were never built for arm64: all
tags (`archlinux`), tags that are too old (`mysql:5.7`, `node:6.0`), variants (`eclipse-temurin:17-jre-alpine`). The
message names the day of the fact. What is not known is never reported. In stages that run on the build machine it is
an info: there the builder's architecture counts.

## Why it stops arm64

A build for arm64 takes the amd64 image all the same: each RUN fails with `exec format error` or is emulated, and the
image that is shipped holds amd64 files.

## What to do

Take the nearest image that has arm64: another variant of the same version, the next version, or the successor that
the message names. Where there is none, this part has to stay on amd64 nodes.

## Fix safety

Always unsafe: another tag is another content. Where the alternative is another major version, or another image without
a tag, the fix is only shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, FileRule
from armready.dockerfiles.images import findings
from armready.knowledge.image_verdicts import no_arm64


class ImageNoArm64(FileRule):
    code = "DF114"
    name = "image-no-arm64"
    summary = "The image does not exist for arm64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    examples = (
        Example(
            "tag too old",
            path="Dockerfile",
            bad="FROM «redis:3.2.9»\n",
            fixed="FROM redis:3.2.10\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example("test data", path="parser/testdata/a/Dockerfile", bad="FROM «mysql:5.7»\n", severity=Severity.INFO),
        Example("another major version", path="Dockerfile", bad="FROM «mysql:5.7»\n", severity=Severity.ERROR),
        Example(
            "variant, in an ARG",
            path="Dockerfile",
            bad="ARG RUNTIME=«eclipse-temurin:17-jre-alpine»\nFROM eclipse-temurin:17 AS build\nFROM ${RUNTIME}\n",
            fixed="ARG RUNTIME=eclipse-temurin:17-jre\nFROM eclipse-temurin:17 AS build\nFROM ${RUNTIME}\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a variant whose packages the stage installs",
            path="Dockerfile",
            bad="FROM «eclipse-temurin:17-jre-alpine»\nRUN apk add --no-cache curl && addgroup -S app && adduser -S app -G app\n",
            fixed="FROM eclipse-temurin:17-jre\nRUN apk add --no-cache curl && addgroup -S app && adduser -S app -G app\n",
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "a variant whose packages a later stage installs",
            path="Dockerfile",
            bad="FROM «eclipse-temurin:17-jre-alpine» AS base\nFROM base\nRUN adduser -D app\n",
            fixed="FROM eclipse-temurin:17-jre AS base\nFROM base\nRUN adduser -D app\n",
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "a variant that only another stage makes use of",
            path="Dockerfile",
            bad="FROM alpine:3.20 AS tool\nRUN apk add curl\nFROM «eclipse-temurin:17-jre-alpine»\nCOPY --from=tool /a /a\n",
            fixed="FROM alpine:3.20 AS tool\nRUN apk add curl\nFROM eclipse-temurin:17-jre\nCOPY --from=tool /a /a\n",
            applicability=Applicability.UNSAFE,
        ),
        Example("version in an ARG", path="Dockerfile", bad="ARG NODE=6.0\nFROM «node:${NODE}»\n", severity=Severity.ERROR),
        Example("another image, without the version", path="Dockerfile", bad="ARG VERSION=latest\nFROM «postgis/postgis:${VERSION}»\n"),
        Example(
            "another release of Debian",
            path="Dockerfile",
            bad="FROM «debian:jessie»\n",
            fixed="FROM debian:stretch\n",
            applicability=Applicability.DISPLAY,
        ),
        Example("copied from", path="Dockerfile", bad="FROM debian:12\nCOPY --from=«golang:1.7» /usr/local/go /usr/local/go\n"),
        Example("on the build machine", path="Dockerfile", bad="FROM --platform=$BUILDPLATFORM «archlinux»\n", severity=Severity.INFO),
        Example("has arm64", path="Dockerfile", good="FROM mysql:8.0\n", breaks=("8.0", "5.7")),
        Example(
            "not known",
            path="Dockerfile",
            good="FROM registry.example.com/team/app:1\nFROM node:${VERSION}\n",
            breaks=("node", "postgis/postgis"),
        ),
        Example("a stage", path="Dockerfile", good="FROM debian:12 AS archlinux\nFROM archlinux\n"),
        Example(
            "Windows",
            path="Dockerfile",
            good="FROM mcr.microsoft.com/windows/servercore:ltsc2022\n",
            breaks=("mcr.microsoft.com/windows/servercore:ltsc2022", "mysql:5.7"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        return findings(self, file, no_arm64)
