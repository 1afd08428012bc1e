"""A package file for amd64 is downloaded or installed.

## What it finds

`*_amd64.deb`, `*.x86_64.rpm` and their like in the URL of a download or in the arguments of `dpkg -i`, `apt-get install ./x.deb`, `rpm -i`,
`yum install`; also packages without an architecture that lie in a folder of x86_64, such as the repository packages of PostgreSQL.

A file that comes with `COPY` is DF161, one with a literal checksum DF141, one without a version for arm64 DF142. What is installed
after a download that was found is not found again.

## Why it stops arm64

dpkg and rpm refuse packages of another architecture: the build for arm64 fails.

## What to do

Let the name follow the architecture: Debian's names are those of `dpkg --print-architecture` and of `TARGETARCH`, rpm's those of `uname
-m`. A package of the distribution is better still.

## Fix safety

Safe for a known tool and version in a stage of the target platform; unsafe where it is not known offline that the package exists for
arm64.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.arch_switches import in_arch_switch
from armready.builds.scripts import Host, HostedScript
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, FileRule
from armready.downloads import downloads
from armready.downloads.model import Download
from armready.downloads.places import confidence_limit, relevant_scripts, severity_at
from armready.downloads.reporting import KINDS, NEEDLES, arm64_files, confidence_of, fetched, release_of, saved_as, severity_of, short, what
from armready.downloads.rewrite import parametrised
from armready.knowledge.arch import Arch, amd64_tokens, tokens
from armready.languages.shell.script import Word

_INSTALLERS = frozenset({"dpkg", "apt", "apt-get", "gdebi", "rpm", "yum", "dnf", "microdnf", "zypper", "apk", "pacman", "alien"})
# What gives a package file another name while an image is built.
_COPYING = frozenset({"cp", "mv", "ln"})
_FOR_ALL = re.compile(r"[._](?:all|noarch|any)\.(?:deb|rpm|pkg)")
_FILE = re.compile(r"\.(?:deb|rpm|apk|pkg\.tar\.\w+)$")


class PackageFileArch(FileRule):
    code = "DF150"
    name = "package-file-arch"
    summary = "A package file is for amd64 only"
    severity = Severity.ERROR
    kinds = KINDS
    needles = NEEDLES
    examples = (
        Example(
            "a known tool",
            path="Dockerfile",
            bad="""
                FROM debian:12
                RUN wget https://github.com/Yelp/dumb-init/releases/download/v1.2.5/dumb-init_1.2.5_«amd64».deb \\
                 && dpkg -i dumb-init_1.2.5_amd64.deb
            """,
            fixed="""
                FROM debian:12
                ARG TARGETARCH
                RUN wget "https://github.com/Yelp/dumb-init/releases/download/v1.2.5/dumb-init_1.2.5_${TARGETARCH}.deb" \\
                 && dpkg -i "dumb-init_1.2.5_${TARGETARCH}.deb"
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "a repository of x86_64",
            path="Dockerfile",
            bad="FROM rockylinux:9\nRUN dnf install -y https://example.org/pub/repos/EL-9-«x86_64»/repo-latest.noarch.rpm\n",
            fixed='FROM rockylinux:9\nRUN dnf install -y "https://example.org/pub/repos/EL-9-$(uname -m)/repo-latest.noarch.rpm"\n',
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a local file",
            path="Dockerfile",
            bad="FROM debian:12\nCOPY vendor /vendor\nRUN apt-get install -y /vendor/agent_3.1_«amd64».deb\n",
        ),
        Example(
            "packages for every architecture",
            path="Dockerfile",
            good="FROM debian:12\nRUN curl -LO https://example.com/pool/keyring_1_all.deb && dpkg -i keyring_1_all.deb\n",
            breaks=(" keyring_1_all.deb", " dumb-init_1.2.5_amd64.deb"),
        ),
        Example(
            "a copy under another name",
            path="Dockerfile",
            bad="FROM debian:12\nCOPY dist /dist\nRUN cp /dist/app_1_«amd64».deb /app.deb && dpkg -i /app.deb\n",
        ),
        Example(
            "a copy in a script that publishes",
            path="publish.sh",
            good="cp dist/app_1_amd64.deb out/\n",
            breaks=("cp dist/app_1_amd64.deb out/", "dpkg -i dist/app_1_amd64.deb"),
        ),
        Example(
            "computed already",
            path="Dockerfile",
            good='FROM debian:12\nARG TARGETARCH\nRUN apt-get install -y "./agent_${TARGETARCH}.deb"\n',
            breaks=("${TARGETARCH}", "amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for download in fetched(file, never=False, package=True):
            yield self.finding(
                file.location(download.span),
                _message(download),
                severity=severity_of(download),
                confidence=confidence_of(file, download),
                fix=parametrised(file, download, file.parse(downloads)),
                cause=release_of(file, download),
            )
        names = {download.asset for download in file.parse(downloads)}
        names |= {name for download in file.parse(downloads) for name in saved_as(download)}
        names |= {site.text.template.rpartition("/")[2] for download in file.parse(downloads) for site in download.sites}
        if any(token.arch in (Arch.AMD64, Arch.ARM64) for token in tokens(file.path)):
            return
        for hosted in relevant_scripts(file, self.needles):
            for word in _local(hosted):
                name = word.template.rpartition("/")[2]
                if name in names or any(_FILE.sub("", name) in each for each in names):
                    continue
                token = amd64_tokens(word.text)[0]
                span = hosted.span(word.span._replace(start=word.span.start + token.start, end=word.span.start + token.end))
                yield self.finding(
                    file.location(span),
                    f"{short(name)} is a package for amd64, which the package manager refuses on arm64.",
                    severity=severity_at(file, hosted),
                    confidence=confidence_limit(file),
                )


def _message(download: Download) -> str:
    if _FOR_ALL.search(download.asset):
        return f"{short(download.asset)} is that of a repository for amd64, so what it sets up may have nothing for arm64."
    return f"{what(download)}, which the package manager refuses on arm64{arm64_files(download)}."


def _local(hosted: HostedScript) -> Iterator[Word]:
    """Package files for amd64 that a script installs from its own disk."""
    copied = _COPYING if hosted.host is Host.IMAGE else frozenset()
    written = {each.target.template for command in hosted.script.commands for each in command.redirects if each.target is not None}
    for command in hosted.script.settled:
        if command.name not in _INSTALLERS | copied or in_arch_switch(hosted.script, command):
            continue
        sources = command.args[:-1] if command.name in copied else command.args
        for word in sources:
            if "://" not in word.template and _FILE.search(word.template) and amd64_tokens(word.text) and word.template not in written:
                yield word
