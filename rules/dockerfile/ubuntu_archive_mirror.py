"""The package sources of Ubuntu are set to a mirror that has no arm64.

## What it finds

Sources that are written with `archive.ubuntu.com`, `security.ubuntu.com` or the `/ubuntu` folder of a mirror, by `echo … >
sources.list`, `tee` or a here-document. Replacing the mirror in the sources that are there (`sed -i s/archive.ubuntu.com/…/`) does
nothing on arm64, whose sources name another host, and is reported as information.

## Why it stops arm64

Ubuntu serves arm64 from `ports.ubuntu.com/ubuntu-ports` and from the `/ubuntu-ports` folder of mirrors. From the archive, `apt-get
update` fails on arm64 with "404 Not Found".

## What to do

Keep the sources of the image on other architectures: `[ "$(dpkg --print-architecture)" = amd64 ]` around the change, or write
`ubuntu-ports` there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.arch_switches import in_arch_switch
from armready.builds.scripts import Host, HostedScript
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.downloads.places import confidence_limit, relevant_scripts, severity_at
from armready.downloads.reporting import KINDS
from armready.knowledge.arch import Arch, tokens
from armready.languages.shell.script import Command, Script

# A key of its own, or such a host, is another repository that is called ubuntu.
_SOURCE = re.compile(
    r"\bdeb(?:-src)?[ \t]+(?:\[(?![^\]\n]{0,200}signed-by)[^\]\n]{0,200}\][ \t]+)?https?://(?!(?:apt|deb|packages?|pkgs?)\.)[\w.-]+/ubuntu/?(?=[ \t])"
)
_ARCHIVE = re.compile(r"(?:[a-z]{2}\.)?(?:archive|security)\\?\.ubuntu\\?\.com")
_LISTS = re.compile(r"/etc/apt/sources\.list(?:$|\.d/)")


class UbuntuArchiveMirror(FileRule):
    code = "DF153"
    name = "ubuntu-archive-mirror"
    summary = "Ubuntu's package sources are set to a mirror without arm64"
    severity = Severity.ERROR
    kinds = KINDS
    needles = (b"/ubuntu", b"archive.ubuntu", b"archive\\.ubuntu")
    examples = (
        Example(
            "written anew",
            path="Dockerfile",
            bad="""
                FROM ubuntu:22.04
                RUN echo "«deb http://mirrors.aliyun.com/ubuntu/» jammy main universe" > /etc/apt/sources.list && apt-get update
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "another host in the sources that are there",
            path="Dockerfile",
            bad="FROM ubuntu:22.04\nRUN sed -i s/«archive.ubuntu.com»/mirror.example.com/g /etc/apt/sources.list\n",
            severity=Severity.INFO,
        ),
        Example(
            "another repository",
            path="Dockerfile",
            good="""
                FROM ubuntu:22.04
                RUN echo "deb [signed-by=/k.gpg] https://tools.example.com/ubuntu/ jammy main" > /etc/apt/sources.list.d/tools.list
            """,
            breaks=("[signed-by=/k.gpg] https", "http"),
        ),
        Example(
            "ports, and Debian",
            path="Dockerfile",
            good="""
                FROM ubuntu:22.04
                RUN echo "deb http://ports.ubuntu.com/ubuntu-ports jammy main" > /etc/apt/sources.list
                RUN echo "deb http://mirror.example.com/debian bookworm main" > /etc/apt/sources.list
                RUN echo "deb https://download.docker.com/linux/ubuntu jammy stable" > /etc/apt/sources.list.d/docker.list
            """,
            breaks=("//ports.ubuntu.com/ubuntu-ports", "//mirrors.aliyun.com/ubuntu/"),
        ),
        Example(
            "on amd64 only",
            path="Dockerfile",
            good="""
                FROM ubuntu:22.04
                RUN if [ "$(dpkg --print-architecture)" = amd64 ]; then \\
                      echo "deb http://mirrors.aliyun.com/ubuntu/ jammy main" > /etc/apt/sources.list; \\
                    fi
            """,
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if any(token.arch in (Arch.AMD64, Arch.ARM64) for token in tokens(file.path)):
            return
        for hosted in relevant_scripts(file, self.needles):
            if hosted.host is not Host.IMAGE or "ubuntu-ports" in hosted.text:
                continue
            for command in hosted.script.settled:
                if not in_arch_switch(hosted.script, command):
                    yield from self._of_command(file, hosted, command)

    def _of_command(self, file: File, hosted: HostedScript, command: Command) -> Iterator[Finding]:
        if command.name == "sed" and any(_LISTS.search(word.template) for word in command.args):
            found = next((each for word in command.args if (each := _in(hosted.script, word.span, _ARCHIVE)) is not None), None)
            if found is not None:
                yield self.finding(
                    file.location(hosted.span(found)),
                    "On arm64 Ubuntu's sources name ports.ubuntu.com, so this change of the mirror does nothing there.",
                    severity=Severity.INFO,
                )
            return
        if not _writes_sources(hosted.script, command):
            return
        bodies = [each.body for each in command.redirects if each.body is not None]
        for span in (*(word.span for word in command.args), *bodies):
            found = _in(hosted.script, span, _SOURCE)
            if found is not None:
                yield self.finding(
                    file.location(hosted.span(found)),
                    "Ubuntu's archive has no arm64, which lies under ubuntu-ports: apt-get update fails on arm64.",
                    severity=severity_at(file, hosted),
                    confidence=confidence_limit(file),
                )
                return


def _in(script: Script, span: Span, pattern: re.Pattern[str]) -> Span | None:
    found = pattern.search(script.text, span.start, span.end)
    return Span(*found.span()) if found is not None else None


def _writes_sources(script: Script, command: Command) -> bool:
    """Whether the output of a command becomes the sources: by a redirect, or through `tee`."""
    if any(each.target is not None and _LISTS.search(each.target.template) and ">" in each.operator for each in command.redirects):
        return True
    pipelines = {frame.start for frame in command.context if frame.kind == "pipeline"}
    return any(
        other.name == "tee"
        and any(frame.kind == "pipeline" and frame.start in pipelines for frame in other.context)
        and any(_LISTS.search(word.template) for word in other.args)
        for other in script.commands_in(Span(command.span.end, command.span.end + 400))
    )
