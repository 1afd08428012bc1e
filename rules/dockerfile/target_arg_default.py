"""One of BuildKit's own arguments has a constant default.

## What it finds

`ARG TARGETARCH=amd64`, and the same for TARGETPLATFORM, TARGETVARIANT, BUILDARCH and BUILDPLATFORM, in a stage or in
front of the first FROM; TARGETOS and BUILDOS only when the default is not `linux`. `ARG TARGETARCH=${TARGETARCH}` is
left alone. An argument in front of the first FROM that a `--platform` uses is DF102's.

## Why it stops arm64

The default wins over the value that BuildKit sets, in a stage as well as for all stages when it stands in front of
the first FROM: an arm64 build goes on with amd64, and nothing says so.

## What to do

Declare the argument without a default.

## Fix safety

Safe: for amd64 BuildKit, Podman and kaniko set the same value. Unsafe where the default is another one than they set
for amd64.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.dockerfiles.edit import without_default
from armready.dockerfiles.stages import path_arch
from armready.knowledge.arch import amd64_tokens
from armready.languages.dockerfile.expansion import unquote, uses
from armready.languages.dockerfile.instructions import Instruction, Pair
from armready.languages.dockerfile.parser import Dockerfile, parse_dockerfile
from armready.languages.dockerfile.platforms import AMD64, AUTOMATIC
from armready.languages.dockerfile.variables import users

_SYSTEMS = ("TARGETOS", "BUILDOS")


class TargetArgDefault(FileRule):
    code = "DF120"
    name = "target-arg-default"
    summary = "One of BuildKit's own arguments has a constant default"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = needles_of(AUTOMATIC)
    examples = (
        Example(
            "in a stage",
            path="Dockerfile",
            bad="FROM golang:1.22\nARG TARGETOS=linux «TARGETARCH=amd64»\nRUN GOARCH=$TARGETARCH go build\n",
            fixed="FROM golang:1.22\nARG TARGETOS=linux TARGETARCH\nRUN GOARCH=$TARGETARCH go build\n",
            severity=Severity.ERROR,
        ),
        Example(
            "in front of the first FROM",
            path="Dockerfile",
            bad='ARG «TARGETARCH="amd64"»\nFROM golang:1.22\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build\n',
            fixed="ARG TARGETARCH\nFROM golang:1.22\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build\n",
        ),
        Example(
            "with a comment on the default",
            path="Dockerfile",
            bad="FROM golang:1.22\n# A default for builders that set none\nARG «TARGETARCH=amd64»\nRUN GOARCH=$TARGETARCH go build\n",
            fixed="FROM golang:1.22\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build\n",
        ),
        Example(
            "with a comment on something else",
            path="Dockerfile",
            bad="FROM golang:1.22\n# For the compiler\nARG «TARGETARCH=amd64»\nRUN GOARCH=$TARGETARCH go build\n",
            fixed="FROM golang:1.22\n# For the compiler\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build\n",
        ),
        Example("unused", path="Dockerfile", bad="FROM debian:12\nARG «TARGETPLATFORM=linux/amd64»\n", severity=Severity.WARNING),
        Example(
            "arm64",
            path="Dockerfile",
            bad="FROM debian:12\nARG «TARGETARCH=arm64»\nRUN echo $TARGETARCH\n",
            fixed="FROM debian:12\nARG TARGETARCH\nRUN echo $TARGETARCH\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "for Windows",
            path="Dockerfile",
            good="ARG TARGETARCH=amd64\nFROM mcr.microsoft.com/windows/servercore:ltsc2022\nARG TARGETARCH\nRUN get $TARGETARCH\n",
            breaks=("mcr.microsoft.com/windows/servercore:ltsc2022", "debian:12"),
        ),
        Example(
            "no default",
            path="Dockerfile",
            good="FROM debian:12\nARG TARGETOS=linux\nARG TARGETARCH\nARG TARGETPLATFORM=${TARGETPLATFORM}\n",
            breaks=("ARG TARGETARCH", "ARG TARGETARCH=amd64"),
        ),
        Example(
            "arm64 has no variant",
            path="Dockerfile",
            good='FROM debian:12\nARG TARGETVARIANT=""\nRUN echo $TARGETVARIANT\n',
            breaks=('TARGETVARIANT=""', "TARGETVARIANT=v7"),
        ),
        Example(
            "used as the platform of a stage",
            path="Dockerfile",
            good="ARG BUILDPLATFORM=linux/amd64\nFROM --platform=$BUILDPLATFORM debian:12\n",
            breaks=("$BUILDPLATFORM", "linux/amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if path_arch(file.path):
            return
        dockerfile = file.parse(parse_dockerfile)
        for instruction in dockerfile.instructions:
            for pair in instruction.pairs if instruction.keyword == "ARG" else ():
                if pair.name in AUTOMATIC and _is_constant(pair) and not _elsewhere(dockerfile, instruction, pair):
                    yield self._found(file, dockerfile, instruction, pair)

    def _found(self, file: File, dockerfile: Dockerfile, instruction: Instruction, pair: Pair) -> Finding:
        value = unquote(pair.value or "", dockerfile.escape)
        fix = Fix("Drop the default", without_default(file, instruction, pair))
        if value != AMD64.value(pair.name):
            fix = fix.demoted(Applicability.UNSAFE, f"For amd64 the value becomes {AMD64.value(pair.name)!r}.")
        harmful = bool(amd64_tokens(value)) and bool(users(file, instruction, pair.name))
        return self.finding(
            file.location(pair.span),
            f"This default beats the value that BuildKit sets: {pair.name} stays {value} in every build.",
            severity=Severity.ERROR if harmful else Severity.WARNING,
            confidence=dockerfile.confidence,
            fix=fix,
        )


def _is_constant(pair: Pair) -> bool:
    value = pair.value
    if not value or "$" in value or (pair.name == "TARGETVARIANT" and not unquote(value)):
        return False
    return not (pair.name in _SYSTEMS and unquote(value) in ("linux", ""))


def _elsewhere(dockerfile: Dockerfile, instruction: Instruction, pair: Pair) -> bool:
    """Whether the ARG is one of a Windows or single-architecture stage, or DF102 speaks of it."""
    stage = dockerfile.stage_of(instruction)
    if stage is not None:
        return stage.is_windows or bool(stage.variant)
    if all(each.is_windows for each in dockerfile.stages if each.is_final):
        return True
    flags = (each.platform_flag for each in dockerfile.stages)
    return any(use.name == pair.name for flag in flags if flag is not None for use in uses(flag.value or ""))
