"""One of BuildKit's own arguments is set to amd64.

## What it finds

`ENV TARGETARCH=amd64`, and `TARGETARCH=amd64` or `export TARGETARCH=amd64` in a RUN, for all of BuildKit's arguments.
Left alone is what stands under a condition: it may be the fallback for builders that set nothing.

## Why it stops arm64

An ENV beats every ARG, and an assignment beats the environment: an arm64 build goes on with amd64.

## What to do

Delete the assignment and declare `ARG TARGETARCH` in the stage.

## Fix safety

Unsafe: an ENV is visible in the running container too, and the declaration that replaces it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.scripts import scripts
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.dockerfiles.stages import relevant_stages
from armready.knowledge.arch import amd64_tokens
from armready.languages.dockerfile.instructions import Instruction, Pair
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import ARM64, AUTOMATIC

_QUICK = re.compile(r"(?<![\w$])(?:TARGET|BUILD)(?:ARCH|PLATFORM|OS|VARIANT)=")


class TargetArgOverridden(FileRule):
    code = "DF122"
    name = "target-arg-overridden"
    summary = "One of BuildKit's own arguments is set to amd64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = needles_of(AUTOMATIC)
    examples = (
        Example(
            "ENV",
            path="Dockerfile",
            bad="FROM golang:1.22\nENV «TARGETARCH=amd64»\nRUN GOARCH=$TARGETARCH go build\n",
            fixed="FROM golang:1.22\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "among others",
            path="Dockerfile",
            bad="FROM golang:1.22\nENV CGO_ENABLED=0 «TARGETARCH=amd64»\n",
            fixed="FROM golang:1.22\nARG TARGETARCH\nENV CGO_ENABLED=0\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "the first of others",
            path="Dockerfile",
            bad="FROM golang:1.22\nENV «TARGETARCH=amd64» \\\n    CGO_ENABLED=0\n",
            fixed="FROM golang:1.22\nARG TARGETARCH\nENV CGO_ENABLED=0\n",
            applicability=Applicability.UNSAFE,
        ),
        Example("in a script", path="Dockerfile", bad="FROM golang:1.22\nRUN export «TARGETARCH=amd64» && make\n"),
        Example(
            "a fallback", path="Dockerfile", good='FROM a\nARG TARGETARCH\nRUN if [ -z "$TARGETARCH" ]; then TARGETARCH=amd64; fi; make\n'
        ),
        Example(
            "a default beside the declared argument",
            path="Dockerfile",
            good="FROM a\nARG TARGETARCH\nENV TARGETARCH=${TARGETARCH:-amd64}\n",
            breaks=("ARG TARGETARCH\n", ""),
        ),
        Example("a default without the argument", path="Dockerfile", bad="FROM a\nENV «TARGETARCH=${TARGETARCH:-amd64}»\n"),
        Example(
            "its own value", path="Dockerfile", good="FROM a\nARG TARGETARCH\nENV TARGETARCH=$TARGETARCH\n", breaks=("$TARGETARCH", "amd64")
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for stage in relevant_stages(file):
            for instruction in stage.instructions:
                for pair in instruction.pairs if instruction.keyword == "ENV" else ():
                    if pair.name in AUTOMATIC and amd64_tokens(stage.resolve(pair.value or "", instruction, ARM64)):
                        message = f"This ENV beats the value that BuildKit sets: {pair.name} is amd64 in every build."
                        yield self.finding(file.location(pair.span), message, confidence=limit, fix=_fix(file, instruction, pair))
        yield from self._in_scripts(file)

    def _in_scripts(self, file: File) -> Iterator[Finding]:
        if not _QUICK.search(file.text):
            return
        for hosted in file.parse(scripts):
            if hosted.instruction is None or hosted.instruction.keyword != "RUN" or (hosted.stage and hosted.stage.variant):
                continue
            if not hosted.holds(self.needles):
                continue
            for command in hosted.script.commands:
                for each in command.assignments:
                    value = each.value.value if each.value is not None else None
                    if each.name in AUTOMATIC and value and amd64_tokens(value) and not command.guards:
                        message = f"This assignment beats the value that BuildKit sets: {each.name} is amd64 in every build."
                        yield self.finding(
                            file.location(hosted.span(each.span)), message, confidence=file.parse(parse_dockerfile).confidence
                        )


def _fix(file: File, instruction: Instruction, pair: Pair) -> Fix | None:
    edits = [file.replace(instruction.span, f"ARG {pair.name}")]
    if len(instruction.pairs) > 1:
        index = next(number for number, each in enumerate(instruction.pairs) if each.span == pair.span)
        before, after = instruction.pairs[max(index - 1, 0)].span, instruction.pairs[min(index + 1, len(instruction.pairs) - 1)].span
        rest = Span(before.end, pair.span.end) if index else Span(pair.span.start, after.start)
        edits = [file.insert_line_above(instruction.span.start, f"ARG {pair.name}"), file.delete(rest)]
    return Fix("Declare it instead", tuple(edits), Applicability.UNSAFE, ("The ENV was visible in the running container, an ARG is not.",))
