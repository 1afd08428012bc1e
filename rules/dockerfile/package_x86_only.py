"""A package is installed that exists only for x86.

## What it finds

Packages that distributions and vendors build for x86 alone: microcode, Intel's MKL, oneAPI and media drivers, BIOS boot loaders, `cpuid`,
VirtualBox, Microsoft SQL Server and Edge, `libquadmath`. Kernel packages with the architecture in their name count too.

## Why it stops arm64

The package manager does not find the package, and the build fails.

## What to do

Install it on amd64 only, or use what the message names.

## Fix safety

Safe where only the architecture in the package's name changes: `linux-headers-amd64` becomes
`linux-headers-$(dpkg --print-architecture)`. Another package is your decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.arch_switches import in_arch_switch
from armready.builds.installs import Installed, installed
from armready.builds.scripts import HostedScript
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Fix
from armready.core.needles import literals
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.downloads.places import confidence_limit, relevant_scripts, severity_at
from armready.downloads.reporting import KINDS
from armready.knowledge.arch import Arch, tokens
from armready.languages.shell.words import quotes_at

# Pattern of names -> what to use on arm64; empty: nothing is needed there, or there is nothing.
_X86_ONLY = (
    (r"(?:intel|amd64)-microcode|microcode_ctl|ucode-\w+", "nothing: arm64 needs no microcode"),
    (r"intel-(?:mkl|oneapi)[\w.-]*|libmkl[\w.-]*|intel-basekit|intel-hpckit", "OpenBLAS"),
    (r"intel-(?:media-va-driver|gpu-tools|opencl-icd|level-zero-gpu)[\w-]*|i965-va-driver[\w-]*|libva-intel\S*|intel-gmmlib", ""),
    (r"msr-tools|cpuid|cpuid2cpuflags|rdmsr|mcelog|thermald", ""),
    (r"grub-pc(?:-bin)?|grub2-pc|syslinux(?:-\w+)?|isolinux|extlinux|memtest86\+?", "grub-efi-arm64"),
    (r"virtualbox[\w.-]*|vmware-[\w-]+|open-vm-tools-desktop", ""),
    (r"microsoft-edge[\w-]*", "chromium"),
    (r"mssql-server[\w-]*|mssql-tools", "mssql-tools18 or an image for amd64"),
    (r"libquadmath\d*(?:-devel|-static)?", "nothing: arm64 has no libquadmath"),
    (r"libipsec-mb[\w-]*|libipt\d*|libipt-dev|intel-ipsec-mb", ""),
)
_TABLE = tuple((re.compile(pattern), instead) for pattern, instead in _X86_ONLY)
_KERNEL = re.compile(r"linux-(?:image|headers)-(?:[\w.-]*-)?amd64")


class PackageX86Only(FileRule):
    code = "DF154"
    name = "package-x86-only"
    summary = "A package exists only for x86"
    severity = Severity.WARNING
    kinds = KINDS
    needles = literals(*(pattern for pattern, _ in _TABLE), _KERNEL)
    examples = (
        Example(
            "a driver",
            path="Dockerfile",
            bad="FROM debian:12\nRUN apt-get update && apt-get install -y «intel-media-va-driver» vainfo\n",
            severity=Severity.WARNING,
        ),
        Example(
            "headers of the kernel",
            path="Dockerfile",
            bad="FROM debian:12\nRUN apt-get update && apt-get install -y «linux-headers-amd64»\n",
            fixed="FROM debian:12\nRUN apt-get update && apt-get install -y linux-headers-$(dpkg --print-architecture)\n",
        ),
        Example("a list", path="Makefile", bad="deps:\n\tsudo apt-get install -y make «libquadmath0»\n"),
        Example(
            "on amd64 only",
            path="Dockerfile",
            good='FROM debian:12\nRUN [ "$(uname -m)" != x86_64 ] || apt-get install -y intel-media-va-driver\n',
        ),
        Example(
            "other packages",
            path="Dockerfile",
            good="FROM debian:12\nRUN apt-get install -y libopenblas-dev mssql-tools18\n",
            breaks=("mssql-tools18", "libquadmath0"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if any(token.arch in (Arch.AMD64, Arch.ARM64) for token in tokens(file.path)):
            return
        for hosted in relevant_scripts(file, self.needles):
            for package in installed(hosted.script):
                instead = _instead(package.name)
                if instead is None or in_arch_switch(hosted.script, package.command):
                    continue
                advice = (
                    f"; use {instead}"
                    if instead and not instead.startswith("nothing")
                    else f"; {instead.partition(': ')[2]}"
                    if instead
                    else ""
                )
                yield self.finding(
                    file.location(hosted.span(package.span)),
                    f"{package.name} exists only for x86, so it cannot be installed on arm64{advice}.",
                    severity=severity_at(file, hosted).at_most(Severity.WARNING),
                    confidence=Confidence.MEDIUM.at_most(confidence_limit(file)),
                    fix=_fix(file, hosted, package),
                )


def _instead(name: str) -> str | None:
    """What to use in the place of a package for x86; None for other packages."""
    if _KERNEL.fullmatch(name):
        return ""
    return next((instead for pattern, instead in _TABLE if pattern.fullmatch(name)), None)


def _fix(file: File, hosted: HostedScript, package: Installed) -> Fix | None:
    at = package.word.text.find("amd64")
    if package.manager != "apt" or not _KERNEL.fullmatch(package.name) or package.command.nested or at < 0:
        return None
    written = "$(dpkg --print-architecture)"
    written = f"'\"{written}\"'" if quotes_at(package.word.text, at) == "'" else written
    edit = hosted.script.edit(file, Span(at, at + len("amd64")).shift(package.word.span.start), written)
    return Fix("Take the package of the image's own architecture", (edit,)) if edit is not None else None
