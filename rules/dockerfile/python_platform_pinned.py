"""pip or uv is told to take wheels for x86-64.

## What it finds

`pip install --platform manylinux2014_x86_64`, `pip download --platform=linux_x86_64`, `uv pip install
--python-platform x86_64-...`, UV_PYTHON_PLATFORM, and the installation of a file `...x86_64.whl` that is not
downloaded. Instructions that name aarch64 too are left alone.

## Why it stops arm64

The wheels hold machine code for x86-64: on arm64 importing them fails.

## What to do

Leave the option out where the stage runs on the target platform. Where it does not, choose the tag by TARGETARCH:
`manylinux2014_x86_64` or `manylinux2014_aarch64`. On Alpine only `musllinux` wheels fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.dockerfiles.words import Hit, hits, option
from armready.languages.dockerfile.parser import parse_dockerfile

_PATTERN = re.compile(
    r"(?P<tag>(?:manylinux\w{0,60}|musllinux\w{0,60}|linux)_(?:x86_64|i686))(?!\w)(?!\S{0,300}\.whl)|(?P<uv>(?<![\w-])x86_64-(?:unknown-linux-\w+|manylinux\w*))"
    r"|(?P<wheel>(?<![^\s=])(?!\w+://)[^\s=]{1,300}(?:x86_64|i686)\.whl)"
)
_TOOLS = re.compile(r"(?:pip[\d.]*|uv|uvx|python[\d.]*|pex)")
_OPTIONS = frozenset({"--platform", "--python-platform", "--implementation"})


class PythonPlatformPinned(FileRule):
    code = "DF137"
    name = "python-platform-pinned"
    summary = "Python wheels for x86-64 are installed"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"x86_64", b"i686")
    examples = (
        Example(
            "pip",
            path="Dockerfile",
            bad="FROM python:3.12\nRUN pip install --only-binary=:all: --platform «manylinux2014_x86_64» -t /app numpy\n",
            severity=Severity.ERROR,
        ),
        Example(
            "with an equals sign", path="Dockerfile", bad="FROM python:3.12\nRUN python -m pip download «--platform=linux_x86_64» numpy\n"
        ),
        Example(
            "uv", path="Dockerfile", bad="FROM python:3.12\nENV «UV_PYTHON_PLATFORM=x86_64-unknown-linux-gnu»\nRUN uv pip install numpy\n"
        ),
        Example("a wheel", path="Dockerfile", bad="FROM python:3.12\nRUN pip install «/w/fast-1.0-cp312-cp312-manylinux2014_x86_64.whl»\n"),
        Example("no platform", path="Dockerfile", good="FROM python:3.12\nRUN pip install numpy && echo manylinux2014_x86_64\n"),
        Example(
            "chosen by the target",
            path="Dockerfile",
            good="""
            FROM python:3.12
            ARG TARGETARCH
            RUN case $TARGETARCH in amd64) P=manylinux2014_x86_64;; arm64) P=manylinux2014_aarch64;; esac; pip download --platform $P x
            """,
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for hit in hits(file, _PATTERN):
            if _is_of_python(hit):
                message = f"{hit.match[0].rpartition('/')[2]} is for x86-64: on arm64 the import of its machine code fails."
                yield self.finding(file.location(hit.span), message, confidence=limit)


def _is_of_python(hit: Hit) -> bool:
    if hit.command is None:
        return hit.pair is not None and hit.pair.name in ("UV_PYTHON_PLATFORM", "PIP_PLATFORM")
    if not _TOOLS.fullmatch(hit.command.name):
        return hit.match.string.startswith("UV_PYTHON_PLATFORM=")
    if hit.match["wheel"]:
        return any(word.template == "install" for word in hit.command.args)
    return option(hit) in _OPTIONS or hit.match.string.partition("=")[0] in _OPTIONS
