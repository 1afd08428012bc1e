"""A stage compiles on the build machine, for the build machine, and its program is shipped.

## What it finds

In a stage with `--platform=$BUILDPLATFORM` whose files are shipped: a compiler (`go build`, `cargo build`, gcc,
cmake, `dotnet publish` of a program with its runtime, and so on) although nothing in the stage uses TARGETARCH,
TARGETPLATFORM, TARGETOS or the helpers of tonistiigi/xx. The installation of packages with native parts (`npm ci`,
`pip install`) counts when the shipped stage copies them, as a warning. Left alone is output that is the same
everywhere: pages, jars, scripts.

## Why it stops arm64

The compiler makes programs for the machine it runs on. On a cross build the arm64 image gets an amd64 program.

## What to do

Tell the compiler the target: `GOOS=$TARGETOS GOARCH=$TARGETARCH go build`, or tonistiigi/xx for C and Rust. Or remove
the flag: slower under emulation, and right.

## Fix safety

For Go only. Safe where CGO_ENABLED=0 stands there; otherwise unsafe, because a cross build switches cgo off.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from itertools import pairwise

from armready.builds.scripts import HostedScript, scripts
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.dockerfiles.go import for_target, unless_cgo
from armready.dockerfiles.stages import copied_out, copied_to_target, cross_compiles, is_neutral, once, relevant_stages
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.stages import Stage
from armready.languages.shell.script import Command

_TOOLCHAINS = re.compile(r"(?:^|/)(?:golang|rust|gcc|buildpack-deps|clang|swift|haskell|ocaml)(?::|$|@|-)")
_SURE = re.compile(
    r"go (?:build|install)|cargo (?:build|install)|(?:gcc|g\+\+|clang|clang\+\+|cc|rustc|native-image)\b|swift build|zig build|nim c"
)
# WebAssembly is the same everywhere.
_WASM = re.compile(r"--target[ =]wasm")
_LIKELY = re.compile(r"(?:make|cmake|ninja|meson)\b")
_RUNTIME = re.compile(r"dotnet publish\b(?=.*(?:--self-contained(?! false)|PublishAot=true|(?:-r|--runtime)[ =]))(?!.*(?:-a|--arch) )")
_PACKAGES = re.compile(
    r"(?:npm (?:ci|i|install)|yarn(?: install)?$|yarn install|pnpm i(?:nstall)?|pip3? install|poetry install|uv sync|bundle install)"
)
_NATIVE = re.compile(r"node_modules|site-packages|dist-packages|venv|vendor/bundle")


class CrossBuildMissingTarget(FileRule):
    code = "DF131"
    name = "cross-build-missing-target"
    summary = "A program is compiled for the build machine and shipped to the target"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"buildplatform", b"platform=linux")
    examples = (
        Example(
            "Go without cgo",
            path="Dockerfile",
            bad="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS build
            RUN «CGO_ENABLED=0 go build -o /app»
            FROM scratch
            COPY --from=build /app /app
            """,
            fixed="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS build
            ARG TARGETOS
            ARG TARGETARCH
            RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app
            FROM scratch
            COPY --from=build /app /app
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "Go, cgo switched off for the stage",
            path="Dockerfile",
            bad="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS build
            ENV CGO_ENABLED=0
            RUN «go build -o /app»
            FROM scratch
            COPY --from=build /app /app
            """,
            fixed="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS build
            ENV CGO_ENABLED=0
            ARG TARGETOS
            ARG TARGETARCH
            RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app
            FROM scratch
            COPY --from=build /app /app
            """,
        ),
        Example(
            "Go with its system",
            path="Dockerfile",
            bad="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS build
            RUN go vet && «GOOS=linux go build -o /app»
            FROM debian:12
            COPY --from=build /app /app
            """,
            fixed="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS build
            ARG TARGETARCH
            RUN go vet && GOOS=linux GOARCH=$TARGETARCH go build -o /app
            FROM debian:12
            COPY --from=build /app /app
            """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "C",
            path="Dockerfile",
            bad="FROM --platform=$BUILDPLATFORM debian:12 AS b\nRUN «gcc -o /app app.c»\nFROM debian:12\nCOPY --from=b /app /app\n",
        ),
        Example(
            "packages with native parts",
            path="Dockerfile",
            bad="""
            FROM --platform=$BUILDPLATFORM node:20 AS deps
            RUN «npm ci --omit=dev»
            FROM node:20
            COPY --from=deps /app/node_modules /app/node_modules
            """,
            severity=Severity.WARNING,
        ),
        Example(
            "for the target",
            path="Dockerfile",
            good="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS build
            ARG TARGETARCH
            RUN GOARCH=$TARGETARCH go build -o /app
            FROM scratch
            COPY --from=build /app /app
            """,
        ),
        Example(
            "with xx",
            path="Dockerfile",
            good="""
            FROM --platform=$BUILDPLATFORM tonistiigi/xx AS xx
            FROM --platform=$BUILDPLATFORM rust:1 AS build
            COPY --from=xx / /
            RUN xx-cargo build --release
            FROM debian:12
            COPY --from=build /app /app
            """,
            breaks=("xx-cargo", "go"),
        ),
        Example(
            "used on the build machine too",
            path="Dockerfile",
            good="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS tool
            RUN go build -o /tool
            FROM --platform=$BUILDPLATFORM golang:1.22 AS lint
            COPY --from=tool /tool /usr/bin/tool
            """,
            breaks=("\nFROM --platform=$BUILDPLATFORM golang:1.22", "\nFROM --platform=linux/amd64 golang:1.22"),
        ),
        Example(
            "taken on by the build machine through a stage between",
            path="Dockerfile",
            good="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS tool
            RUN go build -o /tool
            FROM scratch AS binary
            COPY --from=tool /tool /tool
            FROM --platform=$BUILDPLATFORM golang:1.22 AS lint
            COPY --from=binary / /usr/bin/
            RUN tool run > /done
            FROM scratch
            COPY --from=lint /done /
            """,
            breaks=("\nFROM --platform=$BUILDPLATFORM golang:1.22", "\nFROM --platform=linux/amd64 golang:1.22"),
        ),
        Example(
            "run there for what it writes",
            path="Dockerfile",
            good="""
            FROM --platform=$BUILDPLATFORM golang:1.22 AS lists
            RUN go build -o export . && ./export > /src/images.tar
            FROM scratch
            COPY --from=lists /src/images.tar /images.tar
            """,
            breaks=("/src/images.tar ", "/app "),
        ),
        Example(
            "WebAssembly",
            path="Dockerfile",
            good="""
            FROM --platform=$BUILDPLATFORM rust:1.82 AS build
            RUN cargo build --target wasm32-wasip1 --release
            FROM scratch
            COPY --from=build /target/app /app
            """,
            breaks=("--target wasm32-wasip1 ", ""),
        ),
        Example(
            "pages",
            path="Dockerfile",
            good="FROM --platform=$BUILDPLATFORM node:20 AS web\nRUN npm ci && npm run build\nFROM a\nCOPY --from=web /app/dist /www\n",
            breaks=("RUN npm ", "RUN gcc "),
        ),
        Example(
            "not shipped",
            path="Dockerfile",
            good="FROM --platform=$BUILDPLATFORM golang:1.22 AS lint\nRUN go build ./...\nFROM debian:12\n",
            breaks=("FROM debian:12", "FROM debian:12\nCOPY --from=lint /app /app"),
        ),
        Example(
            "on the target platform",
            path="Dockerfile",
            good="FROM golang:1.22 AS b\nRUN go build\nFROM debian:12\nCOPY --from=b /a /a\n",
            breaks=("FROM golang", "FROM --platform=$BUILDPLATFORM golang"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        dockerfile = file.parse(parse_dockerfile)
        wanted = {id(stage): stage for stage in relevant_stages(file) if _ships_for_target(stage)}
        for hosted in file.parse(scripts) if wanted else ():
            stage, instruction = hosted.stage, hosted.instruction
            if stage is None or instruction is None or id(stage) not in wanted or instruction.keyword != "RUN":
                continue
            for command in hosted.script.commands:
                confidence = _compiles(stage, command)
                if confidence is not None:
                    yield self.finding(
                        file.location(hosted.span(command.span)),
                        "This is built for the build machine and shipped: a cross build puts amd64 files into the arm64 image.",
                        confidence=confidence.at_most(dockerfile.confidence),
                        fix=_fix(file, hosted, command, stage),
                    )


def _ships_for_target(stage: Stage) -> bool:
    return stage.on_build_platform and stage.ships and not stage.is_shipped and not cross_compiles(stage) and any(copied_to_target(stage))


def _compiles(stage: Stage, command: Command) -> Confidence | None:
    """How sure it is that a command makes machine code that is shipped."""
    text = " ".join((command.name, *(word.template for word in command.args)))
    if any(each.name in ("CC", "CXX", "GOARCH") for each in command.assignments):
        return None
    if _WASM.search(text):
        return None
    if _PACKAGES.match(text):
        return Confidence.MEDIUM if _native_out(stage) else None
    if is_neutral(stage) or _stays(stage, command):
        return None
    if text.startswith("go install") and "@" in text and not _program_out(stage):
        return None
    if _SURE.match(text) or _RUNTIME.match(text):
        return Confidence.HIGH
    toolchain = _TOOLCHAINS.search(list(stage.chain())[-1].image or "")
    return Confidence.MEDIUM if _LIKELY.match(text) and toolchain else None


def _stays(stage: Stage, command: Command) -> bool:
    """Whether what a command names as its output is none of the files, each with an ending, that other stages copy."""
    words = [word.template for word in command.args]
    outputs = [posixpath.basename(output) for option, output in pairwise(words) if option == "-o"]
    copied = _files_to_target(stage)
    return bool(outputs and outputs[0]) and copied is not None and copied.isdisjoint(outputs)


@once
def _native_out(stage: Stage) -> bool:
    return any(_NATIVE.search(path) for path in copied_out(stage))


@once
def _program_out(stage: Stage) -> bool:
    return any("bin" in path for path in copied_out(stage))


@once
def _files_to_target(stage: Stage) -> frozenset[str] | None:
    """The names of what is copied to the target platform; None where one has no ending and may be a folder."""
    names = frozenset(map(posixpath.basename, copied_to_target(stage)))
    return names if all("." in name for name in names) else None


def _fix(file: File, hosted: HostedScript, command: Command, stage: Stage) -> Fix | None:
    edits = for_target(file, hosted, command)
    return None if edits is None else unless_cgo(stage, Fix("Compile for the target", edits))
