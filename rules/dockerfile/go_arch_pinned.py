"""Go is told to compile for amd64.

## What it finds

`GOARCH=amd64` in ENV, ARG, in front of a command, in `export`, `env`, `go env -w`, or as a variable for make; and a
target of make that names amd64, as a warning. Left alone are builds for other systems (`GOOS=darwin`), instructions
that build for arm64 too, branches of an `if` or `case` (DF163 judges those), and stages and files for one
architecture.

## Why it stops arm64

The program is amd64 whatever the image is built for; an arm64 image built from it holds an amd64 program.

## What to do

Compile for the target: declare `ARG TARGETARCH` and use `GOARCH=$TARGETARCH`, or say nothing where the stage runs on
the target platform.

## Fix safety

Safe: for amd64 TARGETARCH is `amd64`. In a stage on the build machine's platform it is unsafe unless CGO_ENABLED=0
stands there, because a cross build switches cgo off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.scripts import scripts
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.dockerfiles.edit import declared_above
from armready.dockerfiles.go import unless_cgo
from armready.dockerfiles.stages import path_arch, stage_text
from armready.dockerfiles.words import hits
from armready.languages.dockerfile.expansion import unquote
from armready.languages.dockerfile.instructions import Instruction
from armready.languages.dockerfile.parser import Dockerfile, parse_dockerfile
from armready.languages.dockerfile.stages import Stage
from armready.languages.shell.script import Script

_WORD = re.compile(r"GOARCH=(?:\"(?=amd64\"))?(amd64|'amd64')\"?")
_TARGET = "$TARGETARCH"
_MAKE_TARGET = re.compile(r"(?<![^\s])(?!-|[A-Za-z_]+=)[\w./-]{0,200}(?<![a-zA-Z0-9])(?:amd64|x86_64)(?![a-zA-Z0-9])")
_MAKES = frozenset({"make", "gmake", "mage", "task", "just", "bazel"})
_OTHER_SYSTEM_NAME = re.compile(r"(?i)darwin|macos|windows|freebsd")
_OTHER_SYSTEM = re.compile(r"(?<!\w)GOOS[= ][\"']?(?!linux\b)[a-z]")
_ARM64 = re.compile(r"(?<![\w$])GOARCH[= ][\"']?arm64|\bin\s[^;\n]{0,500}\b(?:arm64|aarch64)\b")
_BRANCHES = frozenset({"if", "case", "or"})


class GoArchPinned(FileRule):
    """DF130."""

    code = "DF130"
    name = "go-arch-pinned"
    summary = "Go is told to compile for amd64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"goarch", *needles_of(_MAKES))
    examples = (
        Example(
            "ENV",
            path="Dockerfile",
            bad="FROM golang:1.22 AS build\nENV CGO_ENABLED=0 GOOS=linux «GOARCH=amd64»\nRUN go build\n",
            fixed="FROM golang:1.22 AS build\nARG TARGETARCH\nENV CGO_ENABLED=0 GOOS=linux GOARCH=$TARGETARCH\nRUN go build\n",
            severity=Severity.ERROR,
        ),
        Example(
            "the old form of ENV",
            path="Dockerfile",
            bad="FROM golang:1.22\nENV «GOARCH amd64»\nRUN go build\n",
            fixed="FROM golang:1.22\nARG TARGETARCH\nENV GOARCH $TARGETARCH\nRUN go build\n",
        ),
        Example(
            "in front of the command",
            path="Dockerfile",
            bad="""
            FROM golang:1.22
            # build
            RUN go mod download && \\
                GOOS=linux «GOARCH=amd64» go build -o /app
            """,
            fixed="""
            FROM golang:1.22
            ARG TARGETARCH
            # build
            RUN go mod download && \\
                GOOS=linux GOARCH=$TARGETARCH go build -o /app
            """,
        ),
        Example(
            "export, env and make",
            path="Dockerfile",
            bad="""
            FROM golang:1.22
            ARG TARGETARCH
            RUN export «GOARCH=amd64»; go build
            RUN env «GOARCH=amd64» go test
            RUN make «GOARCH=amd64»
            """,
            fixed="""
            FROM golang:1.22
            ARG TARGETARCH
            RUN export GOARCH=$TARGETARCH; go build
            RUN env GOARCH=$TARGETARCH go test
            RUN make GOARCH=$TARGETARCH
            """,
        ),
        Example(
            "in a later build",
            path="Dockerfile",
            bad="FROM golang:1.22\nONBUILD RUN «GOARCH=amd64» go build\n",
            fixed="FROM golang:1.22\nONBUILD ARG TARGETARCH\nONBUILD RUN GOARCH=$TARGETARCH go build\n",
        ),
        Example(
            "targets of make",
            path="Dockerfile",
            bad="FROM golang:1.22\nRUN make «dist/app-linux-amd64» «build-x86_64» test\n",
            severity=Severity.WARNING,
        ),
        Example(
            "on the build machine with cgo",
            path="Dockerfile",
            bad="FROM --platform=$BUILDPLATFORM a AS b\nARG TARGETARCH\nRUN «GOARCH=amd64» go build\nFROM a\nCOPY --from=b /a /a\n",
            fixed="FROM --platform=$BUILDPLATFORM a AS b\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build\nFROM a\nCOPY --from=b /a /a\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "for the target",
            path="Dockerfile",
            good="FROM golang:1.22\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build && echo GOARCH\n",
            breaks=("$TARGETARCH", "amd64"),
        ),
        Example(
            "another system",
            path="Dockerfile",
            good="FROM golang:1.22\nRUN GOOS=darwin GOARCH=amd64 go build\n",
            breaks=("darwin", "linux"),
        ),
        Example(
            "both",
            path="Dockerfile",
            good="FROM golang:1.22\nRUN GOARCH=amd64 go build -o a && GOARCH=arm64 go build -o b\n",
            breaks=("arm64", "amd64"),
        ),
        Example(
            "a branch",
            path="Dockerfile",
            good='FROM golang:1.22\nRUN if [ "$(uname -m)" = x86_64 ]; then export GOARCH=amd64; fi; go build\n',
        ),
        Example(
            "a stage for each",
            path="Dockerfile",
            good="FROM a AS b-amd64\nENV GOARCH=amd64\nFROM a AS b-arm64\nENV GOARCH=arm64\nFROM b-$TARGETARCH\n",
            breaks=("-arm64", "-amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if path_arch(file.path):
            return
        dockerfile = file.parse(parse_dockerfile)
        for instruction in dockerfile.instructions:
            for pair in instruction.pairs if instruction.keyword in ("ARG", "ENV") else ():
                if pair.name == "GOARCH" and unquote(pair.value or "") == "amd64" and _counts(dockerfile, instruction):
                    written = (pair.value_span, f'"{_TARGET}"' if (pair.value or "").startswith('"') else _TARGET)
                    yield self._found(file, dockerfile, instruction, pair.span, written)
        yield from self._make_targets(file, dockerfile)
        for hosted in file.parse(scripts):
            outer = hosted.instruction
            if outer is not None and outer.keyword == "RUN" and "GOARCH" in hosted.text and _counts(dockerfile, outer):
                for word, value in _in_script(hosted.script):
                    edit = None if value is None else hosted.script.embedded.edit(value, _TARGET)
                    yield self._found(file, dockerfile, outer, hosted.span(word), edit)

    def _make_targets(self, file: File, dockerfile: Dockerfile) -> Iterator[Finding]:
        for hit in hits(file, _MAKE_TARGET, variables=False):
            if hit.command is not None and hit.command.name in _MAKES and not _OTHER_SYSTEM_NAME.search(hit.match.string):
                message = f"{hit.match.string} is made for amd64 whatever the image is built for."
                confidence = Confidence.MEDIUM.at_most(dockerfile.confidence)
                yield self.finding(file.location(hit.span), message, confidence=confidence)

    def _found(self, file: File, dockerfile: Dockerfile, instruction: Instruction, span: Span, written: tuple[Span, str] | None) -> Finding:
        return self.finding(
            file.location(span),
            "The program is amd64 whatever the image is built for: an arm64 image of it contains an amd64 program.",
            severity=Severity.WARNING if instruction.keyword == "ARG" else Severity.ERROR,
            confidence=dockerfile.confidence,
            fix=None if written is None else _fix(file, dockerfile.stage_of(instruction), instruction, written),
        )


def _counts(dockerfile: Dockerfile, instruction: Instruction) -> bool:
    """Whether a GOARCH of this instruction decides what arm64 gets."""
    stage = dockerfile.stage_of(instruction)
    text = instruction.text if instruction.keyword == "RUN" or stage is None else stage_text(stage)
    if _OTHER_SYSTEM.search(text) or _ARM64.search(stage_text(stage) if stage is not None else text):
        return False
    return stage is None or not (stage.variant or stage.is_windows)


def _in_script(script: Script) -> Iterator[tuple[Span, Span | None]]:
    """The words `GOARCH=amd64`, and of each the text that an edit replaces; None where none can be made."""
    for command in script.commands:
        if any(frame.kind in _BRANCHES for frame in command.guards):
            continue
        spans = dict.fromkeys([*(each.span for each in command.assignments), *(word.span for word in command.words)])
        for span in spans:
            match = _WORD.fullmatch(script.text[span.start : span.end])
            if match is not None:
                value = Span(span.start + match.start(1), span.start + match.end(1))
                yield span, None if command.broken or command.nested else value


def _fix(file: File, stage: Stage | None, instruction: Instruction, written: tuple[Span, str]) -> Fix:
    edits = [file.replace(*written)]
    if stage is not None and not stage.declares("TARGETARCH", instruction):
        edits.append(declared_above(file, instruction, "TARGETARCH"))
    fix = Fix("Compile for the target", tuple(edits))
    return unless_cgo(stage, fix) if stage is None or stage.on_build_platform else fix
