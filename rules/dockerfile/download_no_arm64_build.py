"""A tool is downloaded that has no build for arm64, or has none in that version.

## What it finds

The download of a tool that never had a Linux file for arm64 (PhantomJS, SteamCMD, kubeval), or had none in the version that the URL
names: jq before 1.7, Docker Compose before 2, ChromeDriver from its old place. The tool is known from the URL; the first version with a
file for arm64 comes from the embedded table.

## Why it stops arm64

There is nothing to download for arm64: the URL with `arm64` in it does not exist, and the file for amd64 does not run.

## What to do

Raise the version, use the package of the distribution, or use the successor that the message names. Google Chrome and its driver have
files for arm64 now, from versions 151 and 153 on.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.downloads import Download
from armready.downloads.reporting import KINDS, NEEDLES, confidence_of, fetched, severity_of, short
from armready.knowledge.tools import as_of, hidden_needles


class DownloadNoArm64Build(FileRule):
    code = "DF142"
    name = "download-no-arm64-build"
    summary = "A downloaded tool has no build for arm64 in that version"
    severity = Severity.ERROR
    kinds = KINDS
    needles = (*NEEDLES, *hidden_needles())
    examples = (
        Example(
            "protoc before 3.5",
            path="Dockerfile",
            bad="FROM debian:12\nRUN wget https://github.com/google/protobuf/releases/download/v3.2.0/protoc-3.2.0-linux-«x86_64».zip\n",
        ),
        Example(
            "the version is too old",
            path="Dockerfile",
            bad="FROM alpine:3.20\nRUN wget -O /bin/jq https://github.com/stedolan/jq/releases/download/jq-1.6/jq-«linux64»\n",
            severity=Severity.ERROR,
        ),
        Example(
            "there never was one",
            path="Dockerfile",
            bad="FROM alpine:3.20\nRUN wget https://github.com/instrumenta/kubeval/releases/latest/download/kubeval-linux-«amd64».tar.gz\n",
        ),
        Example(
            "there never was one, and the name does not say so",
            path="Dockerfile",
            bad="""
                FROM alpine:3.20
                ARG V=2.35-r1
                RUN wget https://github.com/sgerrand/alpine-pkg-glibc/releases/download/$V/«glibc-»bin-$V.apk && apk add *.apk
            """,
            severity=Severity.WARNING,
        ),
        Example(
            "the file for another system",
            path="Dockerfile",
            good="FROM debian:12\nADD https://steamcdn-a.akamaihd.net/client/installer/steamcmd_osx.tar.gz /srv/\n",
            breaks=("_osx", "_linux"),
        ),
        Example(
            "the version of a package",
            path="Dockerfile",
            bad="""
                FROM debian:12
                RUN wget https://dl.google.com/linux/chrome/deb/pool/main/g/google-chrome-stable/google-chrome-stable_120.0.6099.109-1_«amd64».deb
            """,
        ),
        Example(
            "the version is new enough",
            path="Dockerfile",
            good="FROM alpine:3.20\nRUN wget -O /bin/jq https://github.com/jqlang/jq/releases/download/jq-1.7.1/jq-linux-amd64\n",
            breaks=("jq-1.7.1", "jq-1.6"),
        ),
        Example(
            "the version is not known",
            path="Dockerfile",
            good="FROM alpine:3.20\nARG V\nRUN wget -O /bin/jq https://github.com/jqlang/jq/releases/download/jq-$V/jq-linux64\n",
            breaks=("jq-$V", "jq-1.5"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for download in fetched(file, never=True):
            yield self.finding(
                file.location(download.span),
                _message(download),
                severity=severity_of(download),
                confidence=_confidence(file, download),
            )


def _confidence(file: File, download: Download) -> Confidence:
    assert download.match is not None
    return confidence_of(file, download).at_most(download.match.confidence)


def _message(download: Download) -> str:
    assert download.match is not None
    tool, version = download.match
    advice = f"; use {tool.replacement}" if tool.replacement else ""
    if tool.since == "never":
        return f"{short(download.asset)} exists only for amd64: {tool.name} has no Linux file for arm64 there ({as_of()}){advice}."
    return (
        f"{tool.name} {version} has no Linux file for arm64, versions {tool.first_version} have one ({as_of()})"
        f"{advice or '; raise the version'}."
    )
