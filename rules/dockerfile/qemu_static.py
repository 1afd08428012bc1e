"""An emulator is copied into the image.

## What it finds

`qemu-aarch64-static` and its like in COPY and ADD, `COPY --from` of an image that holds them, the package
`qemu-user-static` in a shipped stage, and base images of `multiarch/`. It is an info, and a warning for
`qemu-x86_64-static`: there an arm64 image runs amd64 programs.

## Why it stops arm64

It does not. Since the kernel opens the emulator when it is registered (the F flag of binfmt, which
docker/setup-qemu-action and tonistiigi/binfmt use), nothing has to be in the image.

## What to do

Delete the COPY, and build with buildx on a machine with emulation, or on an arm64 one.

## Fix safety

Unsafe: builds on machines whose emulator is registered in the old way need the copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.dockerfiles.words import hits
from armready.knowledge.emulators import emulator_needles, registers_emulators
from armready.languages.dockerfile.instructions import Instruction
from armready.languages.dockerfile.parser import parse_dockerfile

_BINARY = re.compile(r"qemu-(\w+)-static")
_PACKAGE = re.compile(r"(?<![\w-])qemu-user-static(?![\w-])")
_INSTALLERS = frozenset({"apt-get", "apt", "apk", "dnf", "yum", "microdnf", "zypper"})


class QemuStatic(FileRule):
    code = "DF162"
    name = "qemu-static"
    summary = "An emulator is copied into the image"
    severity = Severity.INFO
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"qemu", b"multiarch/", *emulator_needles())
    examples = (
        Example(
            "copied",
            path="Dockerfile",
            bad="FROM arm64v8/debian:12\n«COPY qemu-aarch64-static /usr/bin/»\nRUN true\n",
            fixed="FROM arm64v8/debian:12\nRUN true\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.INFO,
        ),
        Example(
            "to run amd64 programs",
            path="Dockerfile",
            bad="FROM debian:12\n«COPY qemu-x86_64-static /usr/bin/»\n",
            severity=Severity.WARNING,
        ),
        Example(
            "from an image", path="Dockerfile", bad="FROM debian:12\n«COPY --from=multiarch/qemu-user-static /usr/bin/qemu-* /usr/bin/»\n"
        ),
        Example("installed", path="Dockerfile", bad="FROM debian:12\nRUN apt-get install -y «qemu-user-static»\n"),
        Example("base image", path="Dockerfile", bad="FROM «multiarch/alpine:armhf-v3.12»\n"),
        Example(
            "a machine",
            path="Dockerfile",
            good="FROM debian:12\nRUN apt-get install -y qemu-system-x86\n",
            breaks=("qemu-system-x86", "qemu-user-static"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        dockerfile = file.parse(parse_dockerfile)
        for stage in dockerfile.stages:
            if stage.base is not None and (stage.image or "").removeprefix("docker.io/").startswith("multiarch/") and stage.parent is None:
                message = "The images of multiarch/ hold an emulator for builds of the old kind; plain images and buildx need none."
                yield self.finding(file.location(stage.base.span), message, confidence=dockerfile.confidence)
            for instruction in stage.instructions if stage.is_shipped else ():
                emulated = _copied(instruction)
                if emulated:
                    level = Severity.WARNING if emulated == "x86_64" else Severity.INFO
                    message = f"The image gets an emulator of {emulated} programs; with binfmt and buildx none is needed in it."
                    fix = Fix("Delete the COPY", (file.delete_lines(instruction.span),), Applicability.UNSAFE)
                    yield self.finding(file.location(instruction.span), message, severity=level, confidence=dockerfile.confidence, fix=fix)
        for hit in hits(file, _PACKAGE, variables=False):
            if hit.command is not None and hit.command.name in _INSTALLERS and hit.stage is not None and hit.stage.is_shipped:
                message = "The image gets emulators of other architectures; with binfmt and buildx none is needed in it."
                yield self.finding(file.location(hit.span), message, confidence=dockerfile.confidence)


def _copied(instruction: Instruction) -> str:
    """What an emulator that is copied emulates; empty when none is."""
    if instruction.keyword not in ("COPY", "ADD"):
        return ""
    match = next((found for word in instruction.words[:-1] if (found := _BINARY.search(word.text))), None)
    if match is not None:
        return match[1]
    flag = instruction.flag("from")
    return "foreign" if flag is not None and registers_emulators(flag.value or "") else ""
