"""An installer is told to take files for x86-64.

## What it finds

`--platform manylinux2014_x86_64` of pip, `--python-platform linux` and `x86_64-…` of uv, and `--plat-name` of wheel builds, in
scripts, Makefiles, Dockerfiles and CI. Commands under a test of the architecture are left alone.

## Why it stops arm64

What is downloaded, packaged or resolved fits x86-64 alone. `linux` means x86-64 to uv.

## What to do

Leave the option out where the files are for the machine that runs the command; else run it once for each architecture, with
`manylinux2014_aarch64` or `aarch64-unknown-linux-gnu`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import SHELL_KINDS
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.python.commands import platform_options

# The same option for arm64, or the value that it gets from a variable.
_FOR_ARM64 = re.compile(r"plat(?:form|-name)[\"']?[ =][\"']?\S{0,200}aarch64|=[\"']?(?:many|musl)?linux\w{0,60}_aarch64")


class InstallPlatformFlag(FileRule):
    code = "PY118"
    name = "install-platform-flag"
    summary = "An installer is told to take files for x86-64"
    severity = Severity.WARNING
    kinds = SHELL_KINDS
    needles = (b"--platform", b"--python-platform", b"--plat-name")
    examples = (
        Example(
            "pip", path="package.sh", bad="pip install «--platform manylinux2014_x86_64» --only-binary=:all: -t build -r requirements.txt\n"
        ),
        Example("uv", path="Makefile", bad="lock:\n\tuv pip compile «--python-platform=linux» requirements.in\n"),
        Example(
            "for both",
            path="package.sh",
            good="pip download --platform manylinux2014_x86_64 x\npip download --platform manylinux2014_aarch64 x\n",
            breaks=("aarch64", "x86_64"),
        ),
        Example(
            "for arm64", path="package.sh", good="pip install --platform manylinux2014_aarch64 -t build x\n", breaks=("aarch64", "x86_64")
        ),
        Example(
            "of docker",
            path="build.sh",
            good="docker build --platform linux/amd64 .\n",
            breaks=("docker build --platform linux/amd64 .", "pip install --platform manylinux2014_x86_64 x"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if _FOR_ARM64.search(file.text):
            return
        for option in file.parse(platform_options):
            yield self.finding(option.location, f"`{option.text}` makes {option.tool} take files for x86-64 alone.")
