"""Packages of 32-bit x86 are installed beside those of the machine.

## What it finds

`dpkg --add-architecture i386` (or amd64), packages such as `libc6:i386` and `glibc.i686`, the multilib compilers (`gcc-multilib`,
`lib32…`), and programs that need them: Wine and SteamCMD. Adding arm64 or armhf, as for a cross build, is left alone.

## Why it stops arm64

There is no 32-bit x86 on arm64: the packages cannot be installed, or cannot run there.

## What to do

Use 64-bit packages. Where a 32-bit x86 program is needed, build for amd64 only and keep the image on amd64 nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.arch_switches import in_arch_switch
from armready.builds.installs import installed
from armready.builds.scripts import HostedScript
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.needles import literals
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.downloads.places import confidence_limit, relevant_scripts, severity_at
from armready.downloads.reporting import KINDS
from armready.knowledge.arch import Arch, tokens
from armready.languages.shell.script import Command

_PACKAGE = re.compile(
    r".+(?::i386|\.i[3-6]86)|lib32\w.*|ia32-libs.*|(?:gcc|g\+\+|gobjc|gfortran|gdc)(?:-\d+(?:\.\d+)?)?-multilib|libc6-dev-i386|libc6-i386|"
    r"wine(?:32|64|hq-\w+|-stable|-staging|-devel)?|steamcmd|steam(?:-installer)?"
)
_ADDS_ARM64 = re.compile(r"--add-architecture\s+arm64")


class ForeignArchitecture(FileRule):
    code = "DF152"
    name = "foreign-architecture"
    summary = "Packages of 32-bit x86 are installed"
    severity = Severity.ERROR
    kinds = KINDS
    needles = (b"--add-architecture", *literals(_PACKAGE))
    examples = (
        Example(
            "i386",
            path="Dockerfile",
            bad="FROM debian:12\nRUN dpkg --add-architecture «i386» && apt-get update && apt-get install -y «libc6:i386»\n",
            severity=Severity.ERROR,
        ),
        Example("multilib", path="Dockerfile", bad="FROM debian:12\nRUN apt-get update && apt-get install -y make «gcc-multilib»\n"),
        Example("rpm", path="Dockerfile", bad="FROM rockylinux:9\nRUN dnf install -y «glibc.i686»\n"),
        Example(
            "a cross build",
            path="Dockerfile",
            good="FROM debian:12\nRUN dpkg --add-architecture arm64 && apt-get update && apt-get install -y libssl-dev:arm64\n",
            breaks=(" arm64", " amd64"),
        ),
        Example(
            "on amd64 only",
            path="Dockerfile",
            good='FROM debian:12\nARG TARGETARCH\nRUN if [ "$TARGETARCH" = amd64 ]; then apt-get install -y gcc-multilib; fi\n',
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if any(token.arch in (Arch.AMD64, Arch.X86, Arch.ARM64) for token in tokens(file.path)):
            return
        for hosted in relevant_scripts(file, self.needles):
            for name, span in _foreign(hosted):
                yield self.finding(
                    file.location(hosted.span(span)),
                    f"{name} is for x86 and has no counterpart on arm64.",
                    severity=severity_at(file, hosted),
                    confidence=confidence_limit(file),
                )


def _foreign(hosted: HostedScript) -> Iterator[tuple[str, Span]]:
    script = hosted.script
    for command in script.settled:
        if command.name == "dpkg" and not in_arch_switch(script, command) and not _ADDS_ARM64.search(script.text):
            yield from _added(command)
    for package in installed(script):
        if _PACKAGE.fullmatch(package.name) and not in_arch_switch(script, package.command):
            yield package.name, package.span


def _added(command: Command) -> Iterator[tuple[str, Span]]:
    for option, word in zip(command.args, command.args[1:], strict=False):
        if option.template == "--add-architecture" and word.value in ("i386", "amd64"):
            yield f"The architecture {word.value}", word.span
