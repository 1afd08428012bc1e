"""A stage that runs on the build machine asks that machine for the architecture of what it ships.

## What it finds

In a stage on `$BUILDPLATFORM`: a download whose URL comes from `uname -m`, `arch` or `dpkg --print-architecture`, directly or through a
variable, when another stage copies the file. A tool that only the stage itself runs is left alone, and so is a stage that uses
TARGETARCH for it.

## Why it stops arm64

The stage runs on the machine that builds, so the probe names that machine: the image for arm64 gets the file for amd64.

## What to do

Take the architecture from `TARGETARCH`; where the file's names are those of `uname -m`, map them in a `case` block.

## Fix safety

Unsafe: `dpkg --print-architecture` becomes `${TARGETARCH}`, which changes what a build on another architecture fetches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.scripts import HostedScript, scripts
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.dockerfiles.edit import declared_above
from armready.dockerfiles.stages import copied_out, once
from armready.downloads.places import confidence_limit
from armready.knowledge.arch import DPKG, probe, rewrites
from armready.languages.dockerfile.stages import Stage
from armready.languages.shell.script import Command, Word

_FETCHERS = frozenset({"curl", "wget", "aria2c", "fetch"})
_PROBE = re.compile(r"\$\(\s*dpkg\s+--print-architecture\s*\)|`\s*dpkg\s+--print-architecture\s*`")
# One of these stands in every way to ask a machine.
_ASKS = re.compile(r"(?i)arch|platform|uname|hosttype")
_TARGET = re.compile(r"\bTARGET(?:ARCH|PLATFORM)\b")


class MachineProbeInBuildStage(FileRule):
    code = "DF164"
    name = "machine-probe-in-build-stage"
    summary = "A stage on the build machine asks that machine for the target's architecture"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"buildplatform",)
    examples = (
        Example(
            "dpkg",
            path="Dockerfile",
            bad="""
                FROM --platform=$BUILDPLATFORM debian:12 AS fetch
                RUN curl -Lo /tini https://github.com/krallin/tini/releases/download/v0.19.0/tini-«$(dpkg --print-architecture)»
                FROM debian:12
                COPY --from=fetch /tini /tini
            """,
            fixed="""
                FROM --platform=$BUILDPLATFORM debian:12 AS fetch
                ARG TARGETARCH
                RUN curl -Lo /tini https://github.com/krallin/tini/releases/download/v0.19.0/tini-${TARGETARCH}
                FROM debian:12
                COPY --from=fetch /tini /tini
            """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "uname, through a variable",
            path="Dockerfile",
            bad="""
                FROM --platform=$BUILDPLATFORM alpine:3.20 AS fetch
                RUN arch=«"$(uname -m)"» && wget -O /usr/local/bin/tool "https://example.com/tool-$arch"
                FROM alpine:3.20
                COPY --from=fetch /usr/local/bin/tool /usr/local/bin/tool
            """,
        ),
        Example(
            "a tool of the stage, and a stage of the target",
            path="Dockerfile",
            good="""
                FROM --platform=$BUILDPLATFORM alpine:3.20 AS build
                RUN wget -O /usr/local/bin/protoc "https://example.com/protoc-$(uname -m)" && protoc --go_out=/out x.proto
                FROM alpine:3.20 AS fetch
                RUN wget -O /tool "https://example.com/tool-$(uname -m)"
                FROM alpine:3.20
                COPY --from=build /out /out
                COPY --from=fetch /tool /tool
            """,
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for hosted in file.parse(scripts):
            stage = hosted.stage
            if stage is None or not stage.on_build_platform or not stage.ships or stage.variant or _TARGET.search(hosted.text):
                continue
            if "://" not in hosted.text or not _ASKS.search(hosted.text):
                continue
            names = _copied_names(stage)
            for command in hosted.script.settled:
                if command.name in _FETCHERS and any(word.template.rpartition("/")[2] in names for word in command.args):
                    yield from self._of_download(file, hosted, command)

    def _of_download(self, file: File, hosted: HostedScript, command: Command) -> Iterator[Finding]:
        for word in command.args:
            found = _source(hosted, word)
            if "://" in word.template and found is not None:
                spelling, span = found
                yield self.finding(
                    file.location(hosted.span(span)),
                    f"{spelling} names the machine that builds, and the image for arm64 gets that machine's file.",
                    confidence=confidence_limit(file),
                    fix=_fix(file, hosted, command, span),
                )


def _source(hosted: HostedScript, word: Word) -> tuple[str, Span] | None:
    """The probe that a word reads, and where it stands: in the word, or in the value of a variable that it uses."""
    direct = re.search(r"\$\([^()]*\)|`[^`]*`", word.text)
    spelling = probe(word.template)
    if spelling is not None and not spelling.of_target and direct is not None:
        return spelling.source, Span(*direct.span()).shift(word.span.start)
    for command in hosted.script.commands:
        for each in command.assignments:
            if each.value is None or not re.search(rf"\$\{{?{re.escape(each.name)}\b", word.template):
                continue
            spelling = probe(each.value.template)
            if spelling is not None and not spelling.of_target and not rewrites(each.value.template):
                return spelling.source, each.value.span
    return None


def _fix(file: File, hosted: HostedScript, command: Command, span: Span) -> Fix | None:
    stage, instruction = hosted.stage, hosted.instruction
    if stage is None or instruction is None or command.nested or not _PROBE.fullmatch(hosted.text, *span):
        return None
    edit = hosted.script.edit(file, span, "${TARGETARCH}")
    if edit is None or stage.declares("TARGETARCH", instruction):
        return None
    why = f"On another machine than amd64 it fetches another file than {DPKG.source} names."
    return Fix(
        "Take the architecture from TARGETARCH", (edit, declared_above(file, instruction, "TARGETARCH")), Applicability.UNSAFE, (why,)
    )


@once
def _copied_names(stage: Stage) -> frozenset[str]:
    return frozenset(path.rstrip("/").rpartition("/")[2] for path in copied_out(stage))
