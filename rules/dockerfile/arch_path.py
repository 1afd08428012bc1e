"""A path names the architecture that it exists for.

## What it finds

Debian's library folders (`/usr/lib/x86_64-linux-gnu`), the program loader (`/lib64/ld-linux-x86-64.so.2`), homes of Java
(`/usr/lib/jvm/java-17-openjdk-amd64`), Go's and Terraform's `linux_amd64` folders, in scripts and in ENV, ARG, COPY, ADD, CMD,
ENTRYPOINT, VOLUME and WORKDIR. Branches of a switch on the architecture are left alone, and scripts that name the folder of arm64 too.

## Why it stops arm64

On arm64 the folder is `/usr/lib/aarch64-linux-gnu` and the home of Java ends in `-arm64`: COPY fails, and a program that looks there
does not start.

## What to do

Let the path follow the architecture: `$(uname -m)-linux-gnu` in a script, `-${TARGETARCH}` after `ARG TARGETARCH` where the suffix is
Debian's name. `/usr/lib/jvm/default-java` needs no architecture, nor does LD_LIBRARY_PATH need the folders that the loader searches
anyway. In COPY a wildcard works: `/usr/lib/*-linux-gnu/libx.so*`.

## Fix safety

Safe in stages of the target platform: on amd64 the path is the same. Unsafe in scripts, and for folders of Go and Terraform, whose
names depend on how they were filled. The loader, and paths in COPY of Debian's libraries, are yours to decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from armready.builds.arch_switches import in_arch_switch
from armready.builds.scripts import Host, HostedScript
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.dockerfiles.edit import declared_above
from armready.downloads.places import confidence_limit, relevant_scripts, severity_at
from armready.downloads.reporting import KINDS
from armready.knowledge.arch import Arch, names_arm64, tokens
from armready.languages.dockerfile.instructions import Instruction
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.stages import Stage
from armready.languages.shell.words import quotes_at

_PATH = re.compile(
    r"(?P<multiarch>/(?:lib|include|libexec|pkgconfig)/(?P<gnu>x86_64)-linux-gnu)(?![\w-])"
    r"|(?P<loader>/lib(?:64)?/ld-(?:linux-x86-64|musl-x86_64)\.so\.\d)"
    r"|(?P<java>/usr/lib/jvm/[\w.+-]{1,80}-(?P<debian>amd64)|/usr/lib/jvm/[\w.+-]{1,80}[.-](?P<rpm>x86_64)|/(?:jre/)?lib/amd64(?:/server|/jli))(?![\w-])"
    r"|(?P<folder>/linux_(?P<go>amd64))(?=[/\"'\s:]|$)"
)
_WHAT = {
    "multiarch": "is Debian's folder for amd64; on arm64 it is aarch64-linux-gnu",
    "loader": "is the program loader of amd64, which arm64 does not have",
    "java": "is where Java lies on amd64; on arm64 the path has another name",
    "folder": "holds what was made for amd64",
}
# Commands for which a missing path is no failure.
_ONLY_LOOKS = frozenset({"rm", "ls", "find", "du", "test", "[", "[[", "grep", "unlink"})
_WORDS_OF = frozenset({"COPY", "ADD", "CMD", "ENTRYPOINT", "VOLUME", "WORKDIR"})


class _Hit(NamedTuple):
    match: re.Match[str]
    span: Span
    edit: Edit | None
    argument: str = ""


class ArchPath(FileRule):
    code = "DF160"
    name = "arch-path"
    summary = "A path exists on amd64 only"
    severity = Severity.ERROR
    kinds = KINDS
    needles = (b"x86_64-linux-gnu", b"ld-linux-x86-64", b"ld-musl-x86_64", b"/usr/lib/jvm/", b"lib/amd64", b"linux_amd64")
    examples = (
        Example(
            "libraries in RUN",
            path="Dockerfile",
            bad="FROM debian:12\nRUN ln -s «/lib/x86_64-linux-gnu»/libcrypt.so.1 /opt/libcrypt.so\n",
            fixed="FROM debian:12\nRUN ln -s /lib/$(uname -m)-linux-gnu/libcrypt.so.1 /opt/libcrypt.so\n",
            severity=Severity.ERROR,
        ),
        Example(
            "the home of Java",
            path="Dockerfile",
            bad="""
                FROM debian:12
                RUN apt-get update && apt-get install -y openjdk-17-jre-headless
                ENV JAVA_HOME=«/usr/lib/jvm/java-17-openjdk-amd64»
            """,
            fixed="""
                FROM debian:12
                RUN apt-get update && apt-get install -y openjdk-17-jre-headless
                ARG TARGETARCH
                ENV JAVA_HOME=/usr/lib/jvm/java-17-openjdk-${TARGETARCH}
            """,
        ),
        Example(
            "COPY",
            path="Dockerfile",
            bad="FROM debian:12 AS a\nFROM scratch\nCOPY --from=a /usr«/lib/x86_64-linux-gnu»/libz.so.1 /usr/lib/x86_64-linux-gnu/\n",
        ),
        Example(
            "Go's folder of a cross build",
            path="Dockerfile",
            bad="FROM golang:1.22 AS a\nFROM alpine:3.20\nCOPY --from=a /go/bin«/linux_amd64»/app /app\n",
            fixed="FROM golang:1.22 AS a\nFROM alpine:3.20\nARG TARGETARCH\nCOPY --from=a /go/bin/linux_${TARGETARCH}/app /app\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a script",
            path="run.sh",
            bad='export LD_PRELOAD="/usr«/lib/x86_64-linux-gnu»/libjemalloc.so.2"\n',
            fixed='export LD_PRELOAD="/usr/lib/$(uname -m)-linux-gnu/libjemalloc.so.2"\n',
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "a recipe makes both",
            path="Makefile",
            good="all:\n\tGOARCH=amd64 go build -o dist/linux_amd64/app .\n\tGOARCH=arm64 go build -o dist/linux_arm64/app .\n",
            breaks=("linux_arm64", "linux_s390x"),
        ),
        Example(
            "both, or no name",
            path="Dockerfile",
            good="""
                FROM debian:12
                RUN cp /usr/lib/x86_64-linux-gnu/libz.so.1 /opt/ || cp /usr/lib/aarch64-linux-gnu/libz.so.1 /opt/
                RUN cp /usr/lib/$(uname -m)-linux-gnu/libz.so.1 /opt/ # not /usr/lib/x86_64-linux-gnu
                ENV JAVA_HOME=/usr/lib/jvm/default-java
                COPY --from=debian:12 /usr/lib/*-linux-gnu/libz.so.1 /usr/lib/
            """,
            breaks=("aarch64", "x86_64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if any(token.arch in (Arch.AMD64, Arch.ARM64) for token in tokens(file.path)):
            return
        for hosted in relevant_scripts(file, self.needles):
            for hit in _in_script(file, hosted):
                yield self._finding(file, hit, severity_at(file, hosted), _fix_in_script(file, hosted, hit))
        if file.kind is not Kind.DOCKERFILE:
            return
        dockerfile = file.parse(parse_dockerfile)
        for outer in dockerfile.instructions:
            stage = dockerfile.stage_of(outer)
            if stage is not None and not stage.is_windows and not stage.variant:
                yield from self._in_instruction(file, outer.trigger or outer, stage)

    def _in_instruction(self, file: File, instruction: Instruction, stage: Stage) -> Iterator[Finding]:
        hits = list(_in_instruction(file, instruction))
        for hit in hits[:1] if instruction.keyword in ("COPY", "ADD") else hits:
            level = Severity.ERROR if stage.ships and not stage.on_build_platform else Severity.WARNING
            if file.text[instruction.span.start : hit.span.start].endswith(("LD_LIBRARY_PATH=", "LD_LIBRARY_PATH ", ":/usr")):
                level = Severity.WARNING
            yield self._finding(file, hit, level, _fix_in_instruction(file, instruction, stage, hits, hit))

    def _finding(self, file: File, hit: _Hit, severity: Severity, fix: Fix | None) -> Finding:
        what = _WHAT[next(name for name in _WHAT if hit.match[name])]
        return self.finding(
            file.location(hit.span), f"{hit.match[0]} {what}.", severity=severity, confidence=confidence_limit(file), fix=fix
        )


def _in_script(file: File, hosted: HostedScript) -> Iterator[_Hit]:
    script = hosted.script
    if any(other in script.text for other in ("aarch64-linux-gnu", "-arm64", "linux_arm64")):
        return
    for command in script.commands:
        if command.name in _ONLY_LOOKS or in_arch_switch(script, command):
            continue
        words = [*command.words, *(each.value for each in command.assignments if each.value is not None)]
        words += [each.target for each in command.redirects if each.target is not None]
        seen: set[int] = set()
        for word in words:
            for match in _PATH.finditer(word.text):
                at = word.span.start
                if at + match.start() in seen:
                    continue
                seen.add(at + match.start())
                edit = None
                if not command.nested and not command.broken and quotes_at(word.text, match.start()) != "'":
                    edit = _edit_in_script(file, hosted, match, at)
                yield _Hit(match, hosted.span(Span(*match.span()).shift(at)), edit)


def _edit_in_script(file: File, hosted: HostedScript, match: re.Match[str], at: int) -> Edit | None:
    for group, text in (("gnu", "$(uname -m)"), ("rpm", "$(uname -m)"), ("debian", "$(dpkg --print-architecture)")):
        if match[group]:
            return hosted.script.edit(file, Span(*match.span(group)).shift(at), text)
    return None


def _fix_in_script(file: File, hosted: HostedScript, hit: _Hit) -> Fix | None:
    if hit.edit is None or (hosted.stage is not None and hosted.stage.on_build_platform):
        return None
    fix = Fix("Let the path follow the architecture", (hit.edit,))
    return fix if hosted.host is Host.IMAGE else fix.demoted(Applicability.UNSAFE, "What it does on another machine than x86-64 changes.")


def _in_instruction(file: File, instruction: Instruction) -> Iterator[_Hit]:
    if instruction.keyword in ("ENV", "ARG"):
        spans = [pair.value_span for pair in instruction.pairs if pair.value]
    elif instruction.keyword in _WORDS_OF and instruction.shell is None:
        spans = [word.span for word in instruction.words]
    else:
        return
    if names_arm64(instruction.text):
        return
    for span in spans:
        for match in _PATH.finditer(file.source.slice(span)):
            group = "debian" if match["debian"] else "go" if match["go"] else ""
            edit = None
            if group and quotes_at(file.source.slice(span), match.start()) != "'":
                edit = file.replace(Span(*match.span(group)).shift(span.start), "${TARGETARCH}")
            yield _Hit(match, Span(*match.span()).shift(span.start), edit, "TARGETARCH")


def _fix_in_instruction(file: File, instruction: Instruction, stage: Stage, hits: list[_Hit], hit: _Hit) -> Fix | None:
    """All paths of one instruction together, with the argument that they need."""
    edits = [each.edit for each in hits if each.edit is not None]
    if len(edits) < len(hits) or stage.on_build_platform or instruction.keyword in ("CMD", "ENTRYPOINT"):
        return None
    definition = stage.definition(hit.argument, instruction)
    if definition is not None and definition.pair.value is not None:
        return None
    if definition is None:
        edits.append(declared_above(file, instruction, hit.argument))
    fix = Fix("Let the path follow the architecture", tuple(edits))
    if any(each.match["folder"] for each in hits):
        fix = fix.demoted(Applicability.UNSAFE, "A build for its own architecture may put the file into another folder.")
    return fix
