"""A stage is fixed to amd64 by the default of an ARG.

## What it finds

`--platform=$P` that comes to amd64 on every machine: because an ARG in front of the first FROM has amd64 as its
default (`ARG PLATFORM=linux/amd64`), because the flag has a default of its own (`${P:-linux/amd64}`), or because one
of BuildKit's own arguments gets a default there (`ARG BUILDPLATFORM=linux/amd64`). An ARG without a default, or with
one that is made of BuildKit's arguments, is left alone.

## Why it stops arm64

The flag beats the platform that is built for. A default in front of the first FROM replaces the value that BuildKit
would set, so that `--platform=$BUILDPLATFORM` is amd64 on an arm64 machine too.

## What to do

Declare none of BuildKit's arguments with a default. Where an ARG of your own chooses the platform, remove the flag
and build with `--platform`.

## Fix safety

Dropping the default of one of BuildKit's own arguments is safe: on amd64 the value is the same. Removing the flag is
unsafe: a build may pass the argument.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Related, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.dockerfiles.edit import without_default
from armready.dockerfiles.stages import cross_compiles, relevant_stages, unpinned
from armready.languages.dockerfile.expansion import uses
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import AUTOMATIC, PlatformKind
from armready.languages.dockerfile.stages import Definition, Stage

_ARCHITECTURES = ("amd64", "386")


class FromPlatformArgConstant(FileRule):
    code = "DF102"
    name = "from-platform-arg-constant"
    summary = "The stage is fixed to amd64 by the default of an ARG"
    severity = Severity.WARNING
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"--platform",)
    examples = (
        Example(
            "an argument of BuildKit's",
            path="Dockerfile",
            bad="ARG «BUILDPLATFORM=linux/amd64»\nFROM --platform=$BUILDPLATFORM golang:1.22 AS build\nFROM debian:12\n",
            fixed="ARG BUILDPLATFORM\nFROM --platform=$BUILDPLATFORM golang:1.22 AS build\nFROM debian:12\n",
            severity=Severity.ERROR,
        ),
        Example(
            "with a comment on the default",
            path="Dockerfile",
            bad="# Not empty by default\nARG «BUILDPLATFORM=linux/amd64»\nFROM --platform=$BUILDPLATFORM golang:1.22 AS build\nFROM debian:12\n",
            fixed="ARG BUILDPLATFORM\nFROM --platform=$BUILDPLATFORM golang:1.22 AS build\nFROM debian:12\n",
        ),
        Example(
            "an argument of BuildKit's, for a stage that compiles for the target",
            path="Dockerfile",
            bad=(
                "ARG «BUILDPLATFORM=linux/amd64»\nFROM --platform=$BUILDPLATFORM golang:1.22 AS build\nARG TARGETARCH\n"
                "RUN GOARCH=$TARGETARCH go build -o /app .\nFROM debian:12\nCOPY --from=build /app /app\n"
            ),
            severity=Severity.WARNING,
        ),
        Example(
            "an argument of one's own",
            path="Dockerfile",
            bad="ARG ARCH=amd64\nFROM «--platform=linux/${ARCH}» debian:12\n",
            fixed="ARG ARCH=amd64\nFROM debian:12\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example("a default in the flag", path="Dockerfile", bad="FROM «--platform=${PLATFORM:-linux/amd64}» debian:12\n"),
        Example(
            "no default",
            path="Dockerfile",
            good="ARG PLATFORM\nFROM --platform=$PLATFORM debian:12\n",
            breaks=("ARG PLATFORM", "ARG PLATFORM=linux/amd64"),
        ),
        Example(
            "made of BuildKit's arguments",
            path="Dockerfile",
            good="ARG PLATFORM=$TARGETPLATFORM\nFROM --platform=$PLATFORM debian:12\nFROM --platform=linux/$TARGETARCH debian:12\n",
            breaks=("$TARGETPLATFORM", "linux/amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        dockerfile = file.parse(parse_dockerfile)
        seen: set[int] = set()
        for stage in relevant_stages(file):
            flag, platform = stage.platform_flag, stage.own_platform
            if (
                flag is None
                or platform.kind is not PlatformKind.CONSTANT
                or "$" not in (flag.value or "")
                or platform.arch not in _ARCHITECTURES
            ):
                continue
            definition = _redefined(stage)
            if definition is None:
                message = f"{stage.title} is fixed to {platform.value} unless a build argument says otherwise."
                fix = unpinned(file, stage).demoted(Applicability.UNSAFE, "A build may pass the argument.")
                yield self.finding(file.location(flag.span), message, confidence=dockerfile.confidence, fix=fix)
            elif definition.position not in seen:
                seen.add(definition.position)
                pair = definition.pair
                yield self.finding(
                    file.location(pair.span),
                    f"This default replaces the value that BuildKit sets: {pair.name} is {platform.value} on every machine.",
                    severity=_severity(file, definition),
                    confidence=dockerfile.confidence,
                    fix=Fix("Drop the default", without_default(file, definition.instruction, pair)),
                    related=(Related(file.location(flag.span), "used here"),),
                )


def _severity(file: File, definition: Definition) -> Severity:
    """Warning where every stage that it fixes compiles for the target all the same: arm64 machines emulate it."""
    fixed = [stage for stage in relevant_stages(file) if _redefined(stage) == definition]
    return Severity.WARNING if all(not stage.is_shipped and cross_compiles(stage) for stage in fixed) else Severity.ERROR


def _redefined(stage: Stage) -> Definition | None:
    """The ARG that gives one of BuildKit's arguments in the stage's --platform a value."""
    flag = stage.platform_flag
    for use in uses(flag.value or "") if flag is not None else ():
        definition = stage.graph.global_definition(use.name, stage.position) if use.name in AUTOMATIC else None
        if definition is not None and definition.pair.value is not None:
            return definition
    return None
