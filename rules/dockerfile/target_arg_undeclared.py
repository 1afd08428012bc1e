"""One of BuildKit's own arguments is used where it is not declared.

## What it finds

`$TARGETARCH` and its like in a stage without `ARG TARGETARCH` above it, in the stage or in one it is built from. An
ARG in front of the first FROM does not count: it makes nothing visible in a stage. Left alone are FROM lines,
variables that an ENV or the same script sets, ONBUILD, and what runs in the container later (CMD, ENTRYPOINT). With a
default (`${TARGETARCH:-amd64}`), or as `GOARCH=$TARGETARCH` on the target platform, where empty means native, it is a
warning.

## Why it stops arm64

BuildKit sets these arguments, but a stage sees them only once it declares them. Until then they are empty: downloads
get a wrong URL, and tests on the architecture take the wrong branch.

## What to do

Put `ARG TARGETARCH` above the first instruction that uses it.

## Fix safety

Safe: the argument gets the value that the text expects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.dockerfiles.edit import declared_above
from armready.languages.dockerfile.expansion import Use, uses
from armready.languages.dockerfile.instructions import Instruction
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import AUTOMATIC
from armready.languages.dockerfile.stages import Stage

_LATER = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "ONBUILD", "ARG", "SHELL", "MAINTAINER"})
_GO = re.compile(r"GO(?:ARCH|OS|ARM)=[\"']?\Z")


class TargetArgUndeclared(FileRule):
    code = "DF121"
    name = "target-arg-undeclared"
    summary = "One of BuildKit's own arguments is used where it is not declared"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"$target", b"${target", b"$build", b"${build")
    examples = (
        Example(
            "in a RUN",
            path="Dockerfile",
            bad="""
            FROM debian:12
            # the right file
            RUN curl -fsSLO https://example.com/tool-linux-«${TARGETARCH}» \\
                && echo $TARGETARCH
            """,
            fixed="""
            FROM debian:12
            ARG TARGETARCH
            # the right file
            RUN curl -fsSLO https://example.com/tool-linux-${TARGETARCH} \\
                && echo $TARGETARCH
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "declared for FROM only",
            path="Dockerfile",
            bad="ARG TARGETARCH\nFROM debian:12\nCOPY bin/app-«${TARGETARCH}» /app\n",
            fixed="ARG TARGETARCH\nFROM debian:12\nARG TARGETARCH\nCOPY bin/app-${TARGETARCH} /app\n",
        ),
        Example("with a default", path="Dockerfile", bad="FROM debian:12\nRUN echo «${TARGETARCH:-amd64}»\n", severity=Severity.WARNING),
        Example(
            "empty means native", path="Dockerfile", bad="FROM golang:1.22\nRUN GOARCH=«$TARGETARCH» go build\n", severity=Severity.WARNING
        ),
        Example(
            "declared",
            path="Dockerfile",
            good="FROM debian:12 AS a\nARG TARGETARCH\nFROM a\nRUN echo $TARGETARCH\n",
            breaks=("ARG TARGETARCH\n", ""),
        ),
        Example(
            "in a FROM",
            path="Dockerfile",
            good="FROM --platform=$BUILDPLATFORM debian:12 AS a-amd64\nFROM a-$TARGETARCH\n",
            breaks=("FROM a-$TARGETARCH", "RUN echo $TARGETARCH"),
        ),
        Example(
            "set by the script",
            path="Dockerfile",
            good='FROM debian:12\nRUN TARGETARCH=$(dpkg --print-architecture); echo "$TARGETARCH"\n',
            breaks=("TARGETARCH=$(dpkg --print-architecture); ", ""),
        ),
        Example(
            "set by ENV",
            path="Dockerfile",
            good="FROM debian:12\nENV TARGETOS=linux\nRUN echo $TARGETOS\n",
            breaks=("ENV TARGETOS=linux\n", ""),
        ),
        Example(
            "later",
            path="Dockerfile",
            good="FROM debian:12\nCMD echo $TARGETARCH\nRUN echo \\$TARGETARCH\n",
            breaks=("RUN echo ", "RUN GOARCH=$TARGETARCH "),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        dockerfile = file.parse(parse_dockerfile)
        for stage in dockerfile.stages:
            if stage.is_windows:
                continue
            seen: set[str] = set()
            for instruction in stage.instructions:
                for use, span in _automatic_uses(instruction):
                    if use.name in seen or stage.declares(use.name, instruction):
                        continue
                    seen.add(use.name)
                    yield self.finding(
                        file.location(span),
                        _message(stage, use),
                        severity=_severity(file, stage, use, span),
                        confidence=dockerfile.confidence,
                        fix=Fix(f"Declare {use.name}", (declared_above(file, instruction, use.name),)),
                    )


def _automatic_uses(instruction: Instruction) -> Iterator[tuple[Use, Span]]:
    """The uses of BuildKit's own arguments, with their places, except those that the script itself sets."""
    if instruction.keyword in _LATER:
        return
    code = instruction.code if instruction.shell is None else instruction.shell
    found = [use for use in uses(code.text, instruction.escape) if use.name in AUTOMATIC]
    own = {name for name in {use.name for use in found} if _sets(code.text, name)}
    yield from ((use, code.nearest_host_span(use.span)) for use in found if use.name not in own)
    for heredoc in instruction.heredocs if instruction.keyword != "RUN" else ():
        text = instruction.source.slice(heredoc.body)
        for use in uses(text, instruction.escape) if heredoc.expands else ():
            if use.name in AUTOMATIC:
                yield use, use.span.shift(heredoc.body.start)


def _sets(script: str, name: str) -> bool:
    return re.search(rf"(?<![\w$-]){name}=|\b(?:for|read|local|declare)\s[^;|&\n]{{0,500}}\b{name}\b|\$\{{{name}:?=", script) is not None


def _message(stage: Stage, use: Use) -> str:
    if stage.graph.definitions_in(None, use.name):
        return f"{use.name} is empty here: an ARG in front of the first FROM is not visible in a stage; declare it in this stage."
    return f"{use.name} is empty here: declare it in this stage."


def _severity(file: File, stage: Stage, use: Use, span: Span) -> Severity:
    native = _GO.search(file.text, max(0, span.start - 12), span.start) is not None and not stage.on_build_platform
    return Severity.WARNING if use.defaulted or native else Severity.ERROR
