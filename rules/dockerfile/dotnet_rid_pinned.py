""".NET is told to publish for x64.

## What it finds

`-r linux-x64`, `--runtime linux-musl-x64`, `-p:RuntimeIdentifier=...-x64` and `-a x64` of the dotnet commands, and
DOTNET_RUNTIME_ID. Windows and macOS identifiers, and instructions that name arm64 too, are left alone.

## Why it stops arm64

What is published has a host program, or a whole runtime, for x64: on arm64 it ends with `exec format error`.

## What to do

Publish for the target: `dotnet publish -a $TARGETARCH` (SDK 8.0 and newer know that spelling), or without a runtime
where the framework is in the image.

## Fix safety

Unsafe: the SDK resolves the runtime identifier itself. Offered where the SDK's tag is 8.0 or newer and the identifier
is that of the stage's system.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.dockerfiles.edit import declared_above
from armready.dockerfiles.words import Hit, hits, option
from armready.languages.dockerfile.parser import parse_dockerfile

_RID = r"(?:linux|linux-musl|alpine[\d.]*|debian[\d.]*|ubuntu[\d.]*|rhel[\d.]*|centos[\d.]*)-x64"
_PATTERN = re.compile(rf"(?<![^\s=:])(?:(?P<rid>{_RID})|(?P<arch>x64))(?!\S)")
_OPTIONS = frozenset({"-r", "--runtime", "--rid"})
_ASSIGNED = re.compile(r"(?:-r|--runtime|[-/]p:RuntimeIdentifiers?|--property:RuntimeIdentifier)[=:]")
_SDK = re.compile(r"dotnet/(?:nightly/)?sdk:(\d+)\.\d")


class DotnetRidPinned(FileRule):
    code = "DF134"
    name = "dotnet-rid-pinned"
    summary = ".NET is told to publish for x64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"-x64", b"x64")
    examples = (
        Example(
            "runtime identifier",
            path="Dockerfile",
            bad="""
            FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
            RUN dotnet publish -c Release -r «linux-x64» --self-contained false -o /app
            """,
            fixed="""
            FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build
            ARG TARGETARCH
            RUN dotnet publish -c Release -a $TARGETARCH --self-contained false -o /app
            """,
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "property",
            path="Dockerfile",
            bad="FROM mcr.microsoft.com/dotnet/sdk\nRUN dotnet publish «-p:RuntimeIdentifier=linux-musl-x64»\n",
        ),
        Example("architecture", path="Dockerfile", bad="FROM mcr.microsoft.com/dotnet/sdk:6.0\nRUN dotnet restore -a «x64»\n"),
        Example(
            "Windows",
            path="Dockerfile",
            good="FROM mcr.microsoft.com/dotnet/sdk:8.0\nRUN dotnet publish -r win-x64\n",
            breaks=("win-x64", "linux-x64"),
        ),
        Example(
            "for the target",
            path="Dockerfile",
            good="FROM mcr.microsoft.com/dotnet/sdk\nARG TARGETARCH\nRUN dotnet publish -a $TARGETARCH\n",
            breaks=("$TARGETARCH", "x64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for hit in hits(file, _PATTERN):
            if _is_of_dotnet(hit):
                message = "What is published is for x64 whatever the image is built for: an arm64 image of it contains an x64 program."
                yield self.finding(file.location(hit.span), message, confidence=limit, fix=_fix(file, hit))


def _is_of_dotnet(hit: Hit) -> bool:
    if hit.command is None:
        return hit.pair is not None and hit.pair.name == "DOTNET_RUNTIME_ID"
    if hit.command.name != "dotnet":
        return False
    before = option(hit)
    if hit.match["arch"]:
        return before in ("-a", "--arch")
    return before in _OPTIONS or _ASSIGNED.match(hit.match.string) is not None


def _fix(file: File, hit: Hit) -> Fix | None:
    """Only where the SDK knows the spelling and would choose the same system."""
    if hit.hosted is None or hit.command is None or hit.stage is None or option(hit) not in _OPTIONS or hit.command.broken:
        return None
    image = list(hit.stage.chain())[-1].image or ""
    sdk = _SDK.search(image)
    if sdk is None or int(sdk[1][:9]) < 8 or hit.match["rid"] != ("linux-musl-x64" if "alpine" in image else "linux-x64"):
        return None
    words = hit.command.words
    before = next(word for word, after in pairwise(words) if after.span == hit.inner)
    edit = hit.hosted.script.edit(file, Span(before.span.start, hit.inner.end), "-a $TARGETARCH")
    if edit is None:
        return None
    edits = [edit] if hit.stage.declares("TARGETARCH", hit.instruction) else [edit, declared_above(file, hit.instruction, "TARGETARCH")]
    return Fix("Publish for the target", tuple(edits), Applicability.UNSAFE, ("The SDK chooses the runtime identifier.",))
