"""An ARG or ENV holds amd64 as the architecture of everything that uses it.

## What it finds

An ARG with a default, or an ENV, whose whole value is a name of amd64 (`ARCH=amd64`, `S6_ARCH=x86_64`,
`PLEX_BUILD=linux-x86_64`, `RUST_TARGET=x86_64-unknown-linux-musl`) and which the Dockerfile uses. Left alone are
BuildKit's own arguments (DF120), GOARCH (DF130), arguments that only choose an image or a platform (DF102, DF110 to
DF112), what a script of the file sets again, and stages and files for one architecture.

## Why it stops arm64

An arm64 build downloads, compiles or copies for amd64, unless someone remembers to pass the argument. An ENV cannot
even be passed, and reaches the running container.

## What to do

Derive it from TARGETARCH: `ARG ARCH=${TARGETARCH}`. Where the names differ (`x86_64`, `aarch64`), set it in the RUN
that uses it.

## Fix safety

Where the value is `amd64`, which is what TARGETARCH is for amd64, the default becomes `${TARGETARCH}`; builds that
pass the argument go on as before. Safe, unless a URL or an image is made of it: then the file for arm64 has to exist,
and the fix is unsafe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.classify import Kind
from armready.dockerfile_edits import declared_above
from armready.file import File
from armready.finding import Finding, Severity
from armready.fix import Applicability, Fix
from armready.parsers.dockerfile import Dockerfile, Instruction, Pair, parse_dockerfile
from armready.parsers.dockerfile_expand import unquote
from armready.parsers.dockerfile_stages import AUTOMATIC
from armready.rule import Example, FileRule

from ._stages import path_arch
from ._variables import is_used_outside_from, names_used, reaches

_AMD64 = re.compile(
    r"(?:linux[-_/]?)?(?:gnu[-_]|musl[-_])?(?:amd64|x86[-_]64|x64|64-?bit)(?:[-_]linux)?|linux64|x86_64-(?:unknown-|pc-|alpine-)?linux-(?:gnu|musl)|manylinux\w*_x86_64"
    r"|linux-musl-x64|linux-64",
    re.IGNORECASE,
)
_OTHER_RULES = AUTOMATIC | {"GOARCH", "GOAMD64", "CONDA_SUBDIR", "CARGO_BUILD_TARGET", "DOTNET_RUNTIME_ID", "DOCKER_DEFAULT_PLATFORM"}


class CustomArchArg(FileRule):
    """DF124."""

    code = "DF124"
    name = "custom-arch-arg"
    summary = "An ARG or ENV holds amd64 for everything that uses it"
    severity = Severity.WARNING
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"amd64", b"x86_64", b"x86-64", b"x64", b"64bit", b"64-bit", b"linux64", b"linux-64")
    examples = (
        Example(
            "in a stage",
            path="Dockerfile",
            bad="FROM golang:1.22\nARG «ARCH=amd64»\nRUN make ARCH=$ARCH\n",
            fixed="FROM golang:1.22\nARG TARGETARCH\nARG ARCH=${TARGETARCH}\nRUN make ARCH=$ARCH\n",
            severity=Severity.WARNING,
        ),
        Example(
            "in front of the first FROM",
            path="Dockerfile",
            bad='ARG «ARCH="amd64"»\nFROM debian:12\nARG ARCH\nRUN make $ARCH\n',
            fixed='ARG ARCH="${TARGETARCH}"\nFROM debian:12\nARG ARCH\nRUN make $ARCH\n',
        ),
        Example(
            "in a URL",
            path="Dockerfile",
            bad="FROM debian:12\nENV «TOOL_ARCH=amd64»\nRUN curl -O https://example.com/tool-${TOOL_ARCH}\n",
            fixed="FROM debian:12\nARG TARGETARCH\nENV TOOL_ARCH=${TARGETARCH}\nRUN curl -O https://example.com/tool-${TOOL_ARCH}\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "another name of amd64", path="Dockerfile", bad="FROM debian:12\nARG «miniforge_arch=x86_64»\nRUN echo ${miniforge_arch}\n"
        ),
        Example("unused", path="Dockerfile", good="FROM debian:12\nARG ARCH=amd64\n"),
        Example("derived", path="Dockerfile", good="FROM debian:12\nARG TARGETARCH\nARG ARCH=${TARGETARCH:-amd64}\nRUN echo $ARCH\n"),
        Example("set again by the script", path="Dockerfile", good="FROM debian:12\nARG ARCH=amd64\nRUN ARCH=$(uname -m); echo $ARCH\n"),
        Example("it chooses an image", path="Dockerfile", good="ARG ARCH=amd64\nFROM registry.example.com/base-${ARCH}:1\n"),
    )

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        if path_arch(file.path):
            return
        dockerfile = file.parse(parse_dockerfile)
        for instruction in dockerfile.instructions:
            stage = dockerfile.stage_of(instruction)
            if instruction.keyword not in ("ARG", "ENV") or (stage is not None and (stage.variant or stage.is_windows)):
                continue
            for pair in instruction.pairs:
                if pair.value and pair.name not in _OTHER_RULES and _AMD64.fullmatch(unquote(pair.value, dockerfile.escape)):
                    yield from self._found(file, dockerfile, instruction, pair)

    def _found(self, file: File, dockerfile: Dockerfile, instruction: Instruction, pair: Pair) -> Iterator[Finding]:
        users = [each for each in _users(dockerfile, instruction) if pair.name in names_used(each)]
        if not users or any(_sets(each, pair.name) for each in users):
            return
        if not is_used_outside_from(users):
            return
        is_env = instruction.keyword == "ENV"
        how = "cannot be changed by a build" if is_env else "holds unless a build passes the argument"
        yield self.finding(
            file.location(pair.span),
            f"Everything that uses {pair.name} is for amd64, in arm64 builds too: the value {how}.",
            severity=Severity.ERROR if is_env else Severity.WARNING,
            confidence=dockerfile.confidence,
            fix=_fix(file, dockerfile, instruction, pair, users),
        )


def _users(dockerfile: Dockerfile, instruction: Instruction) -> Iterator[Instruction]:
    """The instructions that can see what an ARG or ENV sets."""
    start = dockerfile.stage_of(instruction)
    for stage in dockerfile.stages:
        if start is None:
            yield stage.origin
        if reaches(start, stage):
            yield from (each for each in stage.instructions if each is not instruction)


def _sets(instruction: Instruction, name: str) -> bool:
    """Whether a script gives the variable a value of its own; `make ARCH=$ARCH` passes it on."""
    name = re.escape(name)
    return instruction.keyword == "RUN" and re.search(rf"(?<![\w$-]){name}=(?![\"']?\$\{{?{name}\b)", instruction.code.text) is not None


def _fix(file: File, dockerfile: Dockerfile, instruction: Instruction, pair: Pair, users: list[Instruction]) -> Fix | None:
    raw = pair.value or ""
    if unquote(raw, dockerfile.escape).lower() != "amd64" or raw.startswith("'"):
        return None
    stage = dockerfile.stage_of(instruction)
    quote = '"' if raw.startswith('"') else ""
    edits = [file.replace(pair.value_span, f"{quote}${{TARGETARCH}}{quote}")]
    if stage is not None and not stage.declares("TARGETARCH", instruction):
        edits.append(declared_above(file, instruction, "TARGETARCH"))
    fix = Fix("Derive it from TARGETARCH", tuple(edits))
    if any(each.keyword == "FROM" for each in users) or any("://" in each.code.text for each in users):
        return fix.demoted(Applicability.UNSAFE, "The file or image for arm64 has to exist.")
    return fix
