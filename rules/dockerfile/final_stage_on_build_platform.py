"""The shipped image is built for the machine that builds it.

## What it finds

A final stage with `--platform=$BUILDPLATFORM`, or with `--platform=linux`, which is the same, its own or that of the
stage it is built from. Left alone are stages whose name says that their image is not shipped (tests, linters,
generators, exporters), and stages from `scratch` that only collect files.

## Why it stops arm64

On a build for another architecture the image says arm64 and holds the programs of the build machine: they end with
`exec format error`.

## What to do

Leave `--platform=$BUILDPLATFORM` to the stages that build, and ship from a stage without it.

## Fix safety

Safe where the facts say that the base image has arm64 and the stage is not the base of another one. Otherwise unsafe:
removing the flag makes its steps run under emulation, or with an image that does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.dockerfiles.stages import is_helper, relevant_stages, trusted, without_flag
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.stages import Stage

_RUNTIME = frozenset({"CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "VOLUME"})


class FinalStageOnBuildPlatform(FileRule):
    code = "DF105"
    name = "final-stage-on-build-platform"
    summary = "The shipped image is built for the machine that builds it"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"buildplatform", b"platform=linux", b'platform="linux"')
    examples = (
        Example(
            "the only stage",
            path="Dockerfile",
            bad='FROM «--platform=$BUILDPLATFORM» python:3.12\nCMD ["app"]\n',
            fixed='FROM python:3.12\nCMD ["app"]\n',
            severity=Severity.ERROR,
        ),
        Example(
            "through a common base",
            path="Dockerfile",
            bad='FROM «--platform=${BUILDPLATFORM}» node:20 AS base\nFROM base AS build\nRUN npm ci\nFROM base\nENTRYPOINT ["node"]\n',
            fixed='FROM node:20 AS base\nFROM base AS build\nRUN npm ci\nFROM base\nENTRYPOINT ["node"]\n',
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a system without an architecture",
            path="Dockerfile",
            bad='FROM «--platform=linux» python:3.12\nCMD ["app"]\n',
            fixed='FROM python:3.12\nCMD ["app"]\n',
        ),
        Example(
            "nothing says that it is run",
            path="Dockerfile",
            bad="FROM «--platform=$BUILDPLATFORM» node:20\nRUN npm ci\n",
            severity=Severity.WARNING,
        ),
        Example(
            "a stage that builds",
            path="Dockerfile",
            good="FROM --platform=$BUILDPLATFORM golang:1.22 AS b\nRUN GOARCH=$TARGETARCH go build\nFROM a\nCOPY --from=b /a /a\n",
        ),
        Example(
            "tests",
            path="Dockerfile",
            good='FROM --platform=$BUILDPLATFORM golang:1.22 AS unit-test\nCMD ["go", "test"]\nFROM debian:12\n',
            breaks=("unit-test", "ci"),
        ),
        Example(
            "an exporter",
            path="Dockerfile",
            good="FROM --platform=$BUILDPLATFORM scratch AS result\nCOPY api.json /\n",
            breaks=("scratch", "node:20"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        seen: set[int] = set()
        for stage in relevant_stages(file):
            root = list(stage.chain())[-1]
            flag = root.platform_flag
            if not stage.is_final or not stage.on_build_platform or flag is None or root.index in seen or is_helper(stage):
                continue
            if root.image == "scratch" or not (_is_run(stage) or _is_last(stage)):
                continue
            seen.add(root.index)
            yield self.finding(
                file.location(flag.span),
                f"The shipped {stage.label} is built for the build machine: a build for arm64 on amd64 says arm64 and contains amd64.",
                confidence=limit.at_most(Confidence.HIGH if _is_run(stage) and "devcontainer" not in file.path else Confidence.MEDIUM),
                fix=_fix(file, root),
                related=() if root is stage else (Related(file.location(stage.origin.span), "shipped here"),),
            )


def _is_run(stage: Stage) -> bool:
    return any(instruction.keyword in _RUNTIME for each in stage.chain() for instruction in each.instructions)


def _is_last(stage: Stage) -> bool:
    return stage.index == len(stage.graph) - 1


def _fix(file: File, root: Stage) -> Fix:
    fix = trusted(file, root, Fix("Remove the --platform flag", (without_flag(file, root),)))
    children = [each for each in root.graph if each.parent is root]
    return fix.demoted(Applicability.UNSAFE, "Stages that build on it run under emulation then.") if len(children) > 1 else fix
