"""Rust is told to compile for x86-64.

## What it finds

`x86_64-unknown-linux-gnu` and `-musl` as the target of cargo, rustup or rustc, in CARGO_BUILD_TARGET and in paths
such as `target/x86_64-unknown-linux-musl/release`; `target-cpu` and `target-feature` of x86 processors in RUSTFLAGS,
and `target-cpu=native`. Left alone are instructions that name aarch64 as well, other systems, and stages and files
for one architecture.

## Why it stops arm64

The program is x86-64 in every image. Features of x86 processors do not exist on arm64, and `native` is the build
machine's processor.

## What to do

On the target platform leave the target out: it is the native one. Where musl is wanted, choose it by TARGETARCH: a
`case` that sets `x86_64-unknown-linux-musl` or `aarch64-unknown-linux-musl`, and copy the program to a path without
the triple.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.dockerfiles.stages import relevant_stages
from armready.dockerfiles.words import Hit, hits
from armready.languages.dockerfile.parser import parse_dockerfile

_PATTERN = re.compile(
    r"(?P<triple>x86_64-(?:unknown|pc)-linux-(?:gnu|musl))"
    r"|(?P<cpu>target-cpu=(?:x86-64|native|haswell|skylake|broadwell|znver|icelake|core|ivybridge)[\w.-]*)"
    r"|(?P<feature>target-feature=[^\s]{0,300}\+(?:avx|sse|ssse|bmi|fma|aes|pclmul|popcnt|adx)[\w.]*)"
)
_COMMANDS = re.compile(r"(?:cargo|rustup|rustc|cross|rustup-init(?:\.sh)?|sh|strip|cp|mv|ls|export|env|install|)")
_VARIABLES = re.compile(r"(?:CARGO_BUILD_TARGET|RUSTFLAGS|CARGO_ENCODED_RUSTFLAGS|CARGO_TARGET_\w+)")
_COPIED = re.compile(r"(?:^|/)(x86_64-(?:unknown|pc)-linux-(?:gnu|musl))/")


class RustTargetPinned(FileRule):
    code = "DF133"
    name = "rust-target-pinned"
    summary = "Rust is told to compile for x86-64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"x86_64-unknown", b"x86_64-pc", b"target-cpu", b"target-feature")
    examples = (
        Example(
            "cargo, rustup and the path",
            path="Dockerfile",
            bad="""
            FROM rust:1 AS build
            RUN rustup target add «x86_64-unknown-linux-musl»
            RUN cargo build --release «--target=x86_64-unknown-linux-musl»
            FROM scratch
            COPY --from=build «/app/target/x86_64-unknown-linux-musl/release/app» /app
            """,
            severity=Severity.ERROR,
        ),
        Example("ENV", path="Dockerfile", bad="FROM rust:1\nENV «CARGO_BUILD_TARGET=x86_64-unknown-linux-gnu»\nRUN cargo build\n"),
        Example("a processor", path="Dockerfile", bad='FROM rust:1\nENV «RUSTFLAGS="-C target-cpu=x86-64-v3"»\n', severity=Severity.ERROR),
        Example(
            "the build machine",
            path="Dockerfile",
            bad="FROM rust:1\nRUN «RUSTFLAGS=-Ctarget-cpu=native» cargo build\n",
            severity=Severity.WARNING,
        ),
        Example(
            "chosen by the target",
            path="Dockerfile",
            good="""
            FROM rust:1
            ARG TARGETARCH
            RUN case $TARGETARCH in amd64) T=x86_64-unknown-linux-musl;; arm64) T=aarch64-unknown-linux-musl;; esac; cargo build --target $T
            """,
        ),
        Example(
            "both",
            path="Dockerfile",
            good="FROM rust:1\nRUN rustup target add x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu\n",
            breaks=("aarch64", "x86_64"),
        ),
        Example(
            "another system",
            path="Dockerfile",
            good="FROM rust:1\nRUN rustup target add x86_64-pc-windows-gnu wasm32-unknown-unknown\n",
            breaks=("windows", "linux"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for hit in hits(file, _PATTERN):
            if _is_of_rust(hit):
                native = (hit.match["cpu"] or "").endswith("=native")
                severity = Severity.WARNING if native else Severity.ERROR
                yield self.finding(file.location(hit.span), _message(hit, native), severity=severity, confidence=limit)
        for stage in relevant_stages(file):
            for instruction in stage.instructions:
                for word in instruction.words[:-1] if instruction.keyword == "COPY" else ():
                    match = _COPIED.search(word.text)
                    if match is not None:
                        message = f"The path holds what is built for {match[1]}; an arm64 build makes no such file, or ships an x86-64 one."
                        yield self.finding(file.location(word.span), message, confidence=limit)


def _is_of_rust(hit: Hit) -> bool:
    if hit.command is None:
        return hit.pair is not None and _VARIABLES.fullmatch(hit.pair.name) is not None
    name, equals, _ = hit.match.string.partition("=")
    if equals and name.isidentifier():
        return _VARIABLES.fullmatch(name) is not None
    return _COMMANDS.fullmatch(hit.command.name) is not None


def _message(hit: Hit, native: bool) -> str:
    if hit.match["triple"]:
        return "The program is x86-64 whatever the image is built for: an arm64 image of it contains an x86-64 program."
    if native:
        return "The program is compiled for the processor of the build machine: other machines, arm64 ones too, may not run it."
    return "arm64 processors have no such feature: the compiler refuses it."
