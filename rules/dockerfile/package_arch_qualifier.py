"""A package or a package source is qualified with amd64.

## What it finds

`apt-get install foo:amd64`, `dnf install foo.x86_64`, `deb [arch=amd64] …` and `Architectures: amd64` in a source that is written,
`add-apt-repository "deb [arch=amd64] …"`. Lists with arm64 in them, and `$(dpkg --print-architecture)`, are left alone.

## Why it stops arm64

Packages of amd64 cannot be installed on arm64, and a source for amd64 alone offers nothing there: "unable to locate package".

## What to do

Leave the qualifier out: the package manager takes the architecture of the image.

## Fix safety

Safe: on amd64 the same packages are taken. A source becomes `arch=$(dpkg --print-architecture)` where a shell expands it, else the
option goes; unsafe where the repository has arm64 for some of its packages, and only shown where nothing is known of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.arch_switches import in_arch_switch
from armready.builds.installs import Installed, installed
from armready.builds.scripts import HostedScript
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.downloads.places import confidence_limit, relevant_scripts, severity_at
from armready.downloads.reporting import KINDS
from armready.knowledge.arch import Arch, tokens
from armready.languages.shell.script import Command, Script
from armready.languages.shell.words import quotes_at

_OPTION = re.compile(r"\[(?P<before>[^\]\[]{0,200}?)(?P<option>arch=(?P<value>[a-z0-9,]{1,40}))(?P<after>[^\]\[]{0,200})\]")
_FIELD = re.compile(r"(?m)Architectures:[ \t]*(?P<value>amd64(?:[ \t]+i386)?)[ \t]*(?=\\n|$|[\"'])")
# A source of apt whose address is that of one architecture, as the repositories of some vendors have it.
_FOLDER = re.compile(
    r"\bdeb[ \t]+(?:\[(?![^\]]{0,200}arch=)[^\]]{0,200}\][ \t]+)?https?://[^\s\"'\\]{1,300}/(?P<folder>x86_64|amd64)/?(?=[ \t\"'\\]|$)"
)
_ADDRESS = re.compile(r"https?://(?:[^\s/@]*@)?([^\s/\"']+)")
# Repositories that have arm64 in all their parts.
_HAVE_ARM64 = frozenset(
    {"download.docker.com", "packages.cloud.google.com", "apt.kubernetes.io", "pkgs.k8s.io", "apt.releases.hashicorp.com"}
    | {"deb.nodesource.com", "apt.postgresql.org", "cli.github.com", "packages.adoptium.net"}
    | {"apt.llvm.org", "packages.gitlab.com", "artifacts.elastic.co", "dl.cloudsmith.io", "nginx.org"}
)
# Those that have it for some programs and systems only.
_HAVE_SOME = frozenset({"dl.google.com", "packages.microsoft.com", "repo.mongodb.org"})
_FOREIGN_ONLY = {"amd64", "i386"}


class PackageArchQualifier(FileRule):
    code = "DF151"
    name = "package-arch-qualifier"
    summary = "A package or a package source is qualified with amd64"
    severity = Severity.ERROR
    kinds = KINDS
    needles = (b":amd64", b".x86_64", b"arch=amd64", b"arch=i386", b"--arch", b"architectures:", b"/x86_64", b"/amd64")
    examples = (
        Example(
            "packages",
            path="Dockerfile",
            bad="FROM debian:12\nRUN apt-get update && apt-get install -y curl libssl3«:amd64»\n",
            fixed="FROM debian:12\nRUN apt-get update && apt-get install -y curl libssl3\n",
            severity=Severity.ERROR,
        ),
        Example(
            "packages of rpm",
            path="Dockerfile",
            bad="FROM rockylinux:9\nRUN dnf install -y glibc-devel«.x86_64» make\n",
            fixed="FROM rockylinux:9\nRUN dnf install -y glibc-devel make\n",
        ),
        Example(
            "a source in double quotes",
            path="Dockerfile",
            bad="""
                FROM ubuntu:24.04
                RUN echo "deb [«arch=amd64»] https://download.docker.com/linux/ubuntu noble stable" > /etc/apt/sources.list.d/docker.list
            """,
            fixed="""
                FROM ubuntu:24.04
                RUN echo "deb [arch=$(dpkg --print-architecture)] https://download.docker.com/linux/ubuntu noble stable" > /etc/apt/sources.list.d/docker.list
            """,
        ),
        Example(
            "a repository that has arm64 for some programs only",
            path="Dockerfile",
            bad="""
                FROM debian:12
                RUN echo "deb [«arch=amd64»] http://dl.google.com/linux/chrome/deb/ stable main" > /etc/apt/sources.list.d/chrome.list
            """,
            fixed="""
                FROM debian:12
                RUN echo "deb [arch=$(dpkg --print-architecture)] http://dl.google.com/linux/chrome/deb/ stable main" > /etc/apt/sources.list.d/chrome.list
            """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a source in single quotes",
            path="setup.sh",
            bad="echo 'deb [«arch=amd64» signed-by=/k.gpg] https://example.com/apt stable main' > /etc/apt/sources.list.d/x.list\n",
            fixed="echo 'deb [signed-by=/k.gpg] https://example.com/apt stable main' > /etc/apt/sources.list.d/x.list\n",
            applicability=Applicability.DISPLAY,
            severity=Severity.WARNING,
        ),
        Example(
            "an address for amd64",
            path="Dockerfile",
            bad=(
                "FROM ubuntu:22.04\n"
                'RUN echo "deb [signed-by=/k.gpg] https://repo.example.com/ubuntu2204/«x86_64» /" > /etc/apt/sources.list.d/x.list\n'
            ),
            severity=Severity.WARNING,
        ),
        Example(
            "an address with the machine's own architecture",
            path="Dockerfile",
            good='FROM ubuntu:22.04\nRUN echo "deb https://repo.example.com/ubuntu2204/$(uname -m) /" > /etc/apt/sources.list.d/x.list\n',
            breaks=("$(uname -m)", "x86_64"),
        ),
        Example(
            "both, or whatever it is",
            path="Dockerfile",
            good="""
                FROM ubuntu:24.04
                RUN echo "deb [arch=amd64,arm64] https://example.com/apt stable main" > /etc/apt/sources.list.d/a.list
                RUN echo "deb [arch=$(dpkg --print-architecture)] https://example.com/apt stable main" > /etc/apt/sources.list.d/b.list
            """,
            breaks=("arm64", "amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if any(token.arch in (Arch.AMD64, Arch.ARM64) for token in tokens(file.path)):
            return
        for hosted in relevant_scripts(file, self.needles):
            for package in installed(hosted.script):
                if not in_arch_switch(hosted.script, package.command):
                    yield from self._of_package(file, hosted, package)
            yield from self._of_sources(file, hosted)
            yield from self._of_folders(file, hosted)

    def _of_package(self, file: File, hosted: HostedScript, package: Installed) -> Iterator[Finding]:
        suffix = next((each for each in (":amd64", ".x86_64") if package.name.endswith(each)), "")
        at = package.word.text.find(suffix)
        if package.name.replace("amd64", "arm64").replace("x86_64", "aarch64") in {word.template for word in package.command.args}:
            return
        if not suffix or (suffix == ".x86_64") is not (package.manager == "rpm") or "/" in package.name or at < 0:
            return
        span = Span(at, at + len(suffix)).shift(package.word.span.start)
        edit = None if package.command.nested else hosted.script.edit(file, span, "")
        yield self.finding(
            file.location(hosted.span(span)),
            f"{package.name} asks for the package of amd64, which cannot be installed on arm64.",
            severity=severity_at(file, hosted),
            confidence=confidence_limit(file),
            fix=Fix("Let the package manager take its own architecture", (edit,)) if edit is not None else None,
        )

    def _of_folders(self, file: File, hosted: HostedScript) -> Iterator[Finding]:
        for found in _FOLDER.finditer(hosted.script.text):
            command = _command_at(hosted.script, found.start())
            if command is None or in_arch_switch(hosted.script, command) or _is_comment(hosted.script, found.start()):
                continue
            yield self.finding(
                file.location(hosted.span(Span(*found.span("folder")))),
                "The address of this package source is that of amd64: arm64 has another one, or none.",
                severity=severity_at(file, hosted).at_most(Severity.WARNING),
                confidence=confidence_limit(file).at_most(Confidence.MEDIUM),
            )

    def _of_sources(self, file: File, hosted: HostedScript) -> Iterator[Finding]:
        script = hosted.script
        for found in (*_OPTION.finditer(script.text), *_FIELD.finditer(script.text)):
            values = set(re.split(r"[,\s]+", found["value"]))
            command = _command_at(script, found.start())
            if not values <= _FOREIGN_ONLY or command is None or in_arch_switch(script, command) or _is_comment(script, found.start()):
                continue
            if "sed" in (command.name, *(word.template for word in command.prefix)) or command.name in ("grep", "[", "[["):
                continue
            span = Span(*found.span("option" if "option" in found.re.groupindex else "value"))
            yield self.finding(
                file.location(hosted.span(span)),
                "This package source offers amd64 only, so its packages are not found on arm64.",
                severity=severity_at(file, hosted),
                confidence=confidence_limit(file),
                fix=_source_fix(file, script, command, found) if "option" in found.re.groupindex else None,
            )


def _source_fix(file: File, script: Script, command: Command, found: re.Match[str]) -> Fix | None:
    """The option for the image's own architecture, or without it where no shell would expand that."""
    word = next((each for each in command.words if each.span.start <= found.start() < each.span.end), None)
    if command.nested or not script.intact(command.span):
        return None
    span, text = Span(*found.span("option")), "arch=$(dpkg --print-architecture)"
    if word is None or quotes_at(word.text, found.start() - word.span.start) == "'":
        text = ""
        if not (found["before"] + found["after"]).strip():
            span = Span(found.start(), found.end() + (script.text[found.end() : found.end() + 1] == " "))
        elif found["after"].startswith(" "):
            span = Span(span.start, span.end + 1)
        else:
            span = Span(span.start - (found["before"].endswith(" ")), span.end)
    edit = script.edit(file, span, text)
    if edit is None:
        return None
    fix = Fix("Take packages of the image's own architecture", (edit,))
    address = _ADDRESS.search(script.text, found.end(), found.end() + 200)
    host = address[1] if address else "the source"
    if host in _HAVE_ARM64:
        return fix
    trust = Applicability.UNSAFE if host in _HAVE_SOME else Applicability.DISPLAY
    return fix.demoted(trust, f"It is not known offline whether {host} has packages for arm64.")


def _command_at(script: Script, offset: int) -> Command | None:
    """The command in whose words, or here-document, an offset stands."""
    for command in reversed(script.commands):
        bodies = [each.body for each in command.redirects if each.body is not None]
        if command.span.start <= offset < command.span.end or any(body.start <= offset < body.end for body in bodies):
            return command
    return None


def _is_comment(script: Script, offset: int) -> bool:
    line = script.text.rfind("\n", 0, offset) + 1
    return script.text[line:offset].lstrip().startswith("#")
