"""A compiler would run under emulation when arm64 is built on an amd64 machine.

## What it finds

A stage from an image of Go, Rust, GCC or the .NET SDK that compiles on the target platform, and feeds the shipped
one. Off by default.

## Why it stops arm64

It does not, but it is slow: under emulation compilers take 5 to 20 times as long, and .NET's is not supported there.

## What to do

Compile on the build machine for the target (`FROM --platform=$BUILDPLATFORM`, `GOARCH=$TARGETARCH`), or build on
arm64 machines.

## Fix safety

Unsafe, and offered for Go with CGO_ENABLED=0 only: the program is the same, but tests and generators of the stage run
on the build machine then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.scripts import scripts
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.needles import literals
from armready.core.rule import Example, FileRule
from armready.dockerfiles.go import for_target, without_cgo
from armready.dockerfiles.stages import compiles, copied_out, relevant_stages, stage_text
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import PlatformKind
from armready.languages.dockerfile.stages import Stage

_TOOLCHAIN = re.compile(r"(?:^|/)(?:golang|rust|gcc)(?::|$|@)|dotnet/(?:nightly/)?sdk(?::|$|@)")
_DOTNET = re.compile(r"dotnet\s+(?:build|publish)")


class NotCrossFriendly(FileRule):
    code = "DF170"
    name = "not-cross-friendly"
    summary = "A compiler would run under emulation when arm64 is built on an amd64 machine"
    severity = Severity.INFO
    kinds = frozenset({Kind.DOCKERFILE})
    needles = literals(_TOOLCHAIN)
    off_by_default = True
    examples = (
        Example(
            "Go without cgo",
            path="Dockerfile",
            bad="FROM «golang:1.22» AS b\nRUN CGO_ENABLED=0 go build -o /app\nFROM scratch\nCOPY --from=b /app /app\n",
            fixed="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS b
            ARG TARGETOS
            ARG TARGETARCH
            RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app
            FROM scratch
            COPY --from=b /app /app
            """,
            applicability=Applicability.UNSAFE,
        ),
        Example("Rust", path="Dockerfile", bad="FROM «rust:1» AS b\nRUN cargo build --release\nFROM debian:12\nCOPY --from=b /app /app\n"),
        Example(
            "on the build machine",
            path="Dockerfile",
            good="FROM --platform=$BUILDPLATFORM rust:1 AS b\nRUN xx-cargo build\nFROM a\nCOPY --from=b /a /a\n",
            breaks=("--platform=$BUILDPLATFORM rust:1 AS b\nRUN xx-cargo", "rust:1 AS b\nRUN cargo"),
        ),
        Example(
            "no compiler",
            path="Dockerfile",
            good="FROM golang:1.22 AS b\nRUN go mod download\nFROM debian:12\nCOPY --from=b /go /go\n",
            breaks=("go mod download", "go build ./..."),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for stage in relevant_stages(file):
            if stage.base is None or stage.platform_flag is not None or stage.platform.kind is not PlatformKind.TARGET:
                continue
            *_, root = stage.chain()
            works = compiles(stage) or _DOTNET.search(stage_text(stage)) is not None
            if root.base is not None and _TOOLCHAIN.search(root.image or "") and works and any(copied_out(stage)):
                message = "On an amd64 machine the compiler of this stage runs under emulation for arm64, which takes many times as long."
                yield self.finding(file.location(root.base.span), message, confidence=limit, fix=_fix(file, stage, root))


def _fix(file: File, stage: Stage, root: Stage) -> Fix | None:
    """The flag stands at the first of the stages that this one is built from, which no other stage may be built from."""
    if not without_cgo(stage) or "GOARCH" in stage_text(stage) or root.base is None:
        return None
    built = [each for each in stage.graph if any(one is root for one in each.chain())]
    if any(not any(one is each for one in stage.chain()) for each in built):
        return None
    builds = [
        (hosted, command)
        for hosted in file.parse(scripts)
        if hosted.stage is stage
        for command in hosted.script.commands
        if command.name == "go" and [word.template for word in command.args[:1]] == ["build"]
    ]
    edits = for_target(file, *builds[0]) if len(builds) == 1 else None
    if edits is None:
        return None
    flag = file.insert(root.base.span.start, "--platform=$BUILDPLATFORM ")
    notes = ("Tests and generators of the stage run on the build machine then.",)
    return Fix("Cross-compile on the build machine", (*edits, flag), Applicability.UNSAFE, notes)
