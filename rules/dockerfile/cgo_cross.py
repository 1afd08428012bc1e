"""Go compiles C for another architecture without a compiler for it.

## What it finds

In a stage with `--platform=$BUILDPLATFORM`: CGO_ENABLED=1 together with a GOARCH from TARGETARCH, and neither CC nor
tonistiigi/xx.

## Why it stops arm64

cgo calls the C compiler of the stage, which makes code of the build machine: the cross build fails in the linker or
the assembler.

## What to do

Compile on the target platform (remove the flag), or install a cross compiler and name it in CC; tonistiigi/xx does
both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.dockerfiles.stages import relevant_stages, stage_text
from armready.languages.dockerfile.parser import parse_dockerfile

_CGO = re.compile(r"CGO_ENABLED[= ][\"']?1")
_TARGET = re.compile(r"GOARCH[= ][\"']?\$\{?TARGETARCH")
_COMPILER = re.compile(r"(?<![\w-])(?:CC|CXX|CC_FOR_TARGET)[= ]|(?<![\w-])xx-|zig cc")


class CgoCross(FileRule):
    code = "DF132"
    name = "cgo-cross"
    summary = "Go compiles C for another architecture without a compiler for it"
    severity = Severity.WARNING
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"cgo_enabled",)
    examples = (
        Example(
            "no cross compiler",
            path="Dockerfile",
            bad="FROM --platform=$BUILDPLATFORM golang\nARG TARGETARCH\nRUN «CGO_ENABLED=1» GOARCH=$TARGETARCH go build\nFROM debian:12\n",
        ),
        Example(
            "with one",
            path="Dockerfile",
            good="FROM --platform=$BUILDPLATFORM golang\nARG TARGETARCH\nENV CC=clang\nRUN CGO_ENABLED=1 GOARCH=$TARGETARCH go build\n",
            breaks=("\nENV CC=clang", ""),
        ),
        Example(
            "native",
            path="Dockerfile",
            good="FROM golang:1.22\nARG TARGETARCH\nRUN CGO_ENABLED=1 GOARCH=$TARGETARCH go build\n",
            breaks=("FROM golang", "FROM --platform=$BUILDPLATFORM golang"),
        ),
        Example(
            "no C",
            path="Dockerfile",
            good="FROM --platform=$BUILDPLATFORM go\nARG TARGETARCH\nRUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build\n",
            breaks=("0", "1"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for stage in relevant_stages(file):
            text = "\n".join(stage_text(each) for each in stage.chain())
            if not stage.on_build_platform or not _TARGET.search(text) or _COMPILER.search(text):
                continue
            for instruction in stage.instructions:
                code = instruction.shell or instruction.code
                match = _CGO.search(code.text)
                if match is not None and instruction.keyword in ("RUN", "ENV", "ARG"):
                    message = "cgo needs a C compiler for the target here; that of the build machine makes the cross build fail."
                    span = code.nearest_host_span(Span(*match.span()))
                    yield self.finding(file.location(span), message, confidence=limit.at_most(Confidence.MEDIUM))
                    break
