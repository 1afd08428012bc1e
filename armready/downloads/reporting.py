"""What the rules about downloads (DF140, DF141, DF142, DF150) share: which download belongs to which, and the words for it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from itertools import pairwise

from armready.builds.scripts import Host
from armready.core.classify import SHELL_KINDS, Kind
from armready.core.file import File
from armready.core.finding import Confidence, Severity
from armready.downloads import Download, downloads
from armready.knowledge.tools import as_of
from armready.languages.dockerfile.parser import parse_dockerfile

KINDS = SHELL_KINDS - {Kind.KUBERNETES}
NEEDLES = (
    b"amd64",
    b"x86_64",
    b"x86-64",
    b"x64",
    b"linux64",
    b"linux-64",
    b"64bit",
    b"64-bit",
)


def fetched(file: File, *, never: bool, package: bool | None = False, checksum: bool | None = False) -> Iterator[Download]:
    """The downloads without a file for arm64 (`never`), or of the others those that are packages or have a literal checksum."""
    for download in file.parse(downloads):
        if (download.has_arm64 is False) is not never:
            continue
        if never or (download.is_package is package and (download.checksum is not None) is checksum):
            yield download


def confidence_of(file: File, download: Download) -> Confidence:
    """What is known of the download, as far as the file can be read for what it is."""
    limit = file.parse(parse_dockerfile).confidence if file.kind is Kind.DOCKERFILE else Confidence.HIGH
    return download.confidence.at_most(limit)


def severity_of(download: Download, most: Severity = Severity.ERROR) -> Severity:
    """The severity of the place where it stands."""
    return download.severity.at_most(most)


def what(download: Download) -> str:
    """The subject of a message: the name of the file, and of the tool if it is known."""
    tool = f" of {download.match.tool.name}" if download.match is not None else ""
    return f"{short(download.asset)} is the amd64 build{tool}"


def short(name: str) -> str:
    """A name that fits into a message."""
    return name if len(name) <= 80 else f"{name[:60]}…{name[-16:]}"


def where(download: Download) -> str:
    """What it means where it stands, as the end of a sentence."""
    if download.host is Host.CI:
        return "so this job runs on amd64 machines only"
    if download.host is Host.MACHINE:
        return "which does not run on an arm64 machine"
    if download.stage is not None and download.stage.on_build_platform:
        return "and the stage runs on the build machine: what it ships would be amd64 in an arm64 image"
    return "which does not run in an arm64 image"


def arm64_files(download: Download) -> str:
    """What is known of the files for arm64, as the end of a sentence; empty when nothing is."""
    match = download.match
    if match is None or not match.tool.since:
        return ""
    if match.has_arm64:
        return f"; {match.tool.name} has a file for arm64 ({as_of()})"
    return f"; {match.tool.name} has files for arm64 in versions {match.tool.first_version} ({as_of()})"


def release_of(file: File, download: Download) -> str:
    """The folder that it comes from, which the files of one release share; empty for a tool that is known by itself."""
    return f"{file.path} {posixpath.dirname(download.url)}" if download.match is None and "/" in download.url else ""


def saved_as(download: Download) -> Iterator[str]:
    """The names under which its command saves what it fetches."""
    words = [word.template for word in download.command.args] if download.command is not None else []
    yield from (posixpath.basename(value) for option, value in pairwise(words) if option in ("-o", "-O", "--output", "--output-document"))
