"""A label says that the image is for amd64.

## What it finds

LABEL `architecture` and `org.opencontainers.image.architecture` with a name of amd64.

## Why it stops arm64

It does not, but the arm64 image says that it is for amd64, and tools that read labels believe it.

## What to do

Delete the label: the image's configuration names the architecture. Or make it `${TARGETARCH}`.

## Fix safety

Unsafe: on amd64 a spelling such as `x86_64` becomes `amd64`.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.dockerfiles.edit import declared_above
from armready.dockerfiles.stages import relevant_stages
from armready.knowledge.arch import amd64_tokens
from armready.languages.dockerfile.instructions import Instruction, Pair
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.stages import Stage

_NAMES = ("architecture", "org.opencontainers.image.architecture", "org.label-schema.architecture")


class ArchLabel(FileRule):
    code = "DF165"
    name = "arch-label"
    summary = "A label says that the image is for amd64"
    severity = Severity.INFO
    kinds = frozenset({Kind.DOCKERFILE})
    needles = needles_of(_NAMES)
    examples = (
        Example(
            "label",
            path="Dockerfile",
            bad='FROM debian:12\nLABEL name=x «architecture="x86_64"»\n',
            fixed='FROM debian:12\nARG TARGETARCH\nLABEL name=x architecture="${TARGETARCH}"\n',
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "derived",
            path="Dockerfile",
            good="FROM debian:12\nARG TARGETARCH\nLABEL architecture=${TARGETARCH}\n",
            breaks=("${TARGETARCH}", "amd64"),
        ),
        Example("another label", path="Dockerfile", good="FROM debian:12\nLABEL description=amd64-architecture\n"),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for stage in relevant_stages(file):
            for instruction in stage.instructions:
                for pair in instruction.pairs if instruction.keyword == "LABEL" else ():
                    if pair.name.lower() in _NAMES and amd64_tokens(pair.value or ""):
                        message = "The label says amd64 in arm64 images too."
                        yield self.finding(file.location(pair.span), message, confidence=limit, fix=_fix(file, stage, instruction, pair))


def _fix(file: File, stage: Stage, instruction: Instruction, pair: Pair) -> Fix:
    quote = '"' if (pair.value or "").startswith(('"', "'")) else ""
    edits = [file.replace(pair.value_span, f"{quote}${{TARGETARCH}}{quote}")]
    if not stage.declares("TARGETARCH", instruction):
        edits.append(declared_above(file, instruction, "TARGETARCH"))
    return Fix("Derive it from TARGETARCH", tuple(edits), Applicability.UNSAFE)
