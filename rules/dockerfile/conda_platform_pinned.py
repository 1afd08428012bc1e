"""conda is told to install for linux-64, or gets a package of x86 only.

## What it finds

`CONDA_SUBDIR=linux-64`, `--platform linux-64`, `--subdir linux-64`, a lock file `conda-linux-64.lock`, and Intel's
`mkl` by name in conda, mamba and micromamba. Instructions that name linux-aarch64 too are left alone.

## Why it stops arm64

The packages of linux-64 hold machine code for x86-64, and MKL does not exist for arm64.

## What to do

Leave the platform out, or lock for both: `conda-lock -p linux-64 -p linux-aarch64`. Use OpenBLAS (`nomkl`) instead of
MKL.
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
    r"(?P<subdir>(?<!\w)CONDA_SUBDIR=linux-64(?![\w-]))|(?P<lock>conda-linux-64\.lock)|(?P<platform>(?<![\w-])linux-64(?![\w.-]))"
    r"|(?P<mkl>(?<![\w-])mkl(?:-service|_fft|_random|-devel|-include)?(?=$|[=<>\s]))"
)
_TOOLS = re.compile(r"(?:conda|mamba|micromamba|conda-lock|pixi|constructor)")
_OPTIONS = frozenset({"--platform", "--subdir", "-p"})


class CondaPlatformPinned(FileRule):
    code = "DF138"
    name = "conda-platform-pinned"
    summary = "conda is told to install for linux-64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    needles = (b"linux-64", b"mkl")
    examples = (
        Example(
            "variable, option and lock",
            path="Dockerfile",
            bad="""
            FROM condaforge/miniforge3
            ENV «CONDA_SUBDIR=linux-64»
            RUN conda create --platform «linux-64» -n a python
            RUN mamba create -n b --file «conda-linux-64.lock»
            """,
            severity=Severity.ERROR,
        ),
        Example("MKL", path="Dockerfile", bad="FROM condaforge/miniforge3\nRUN conda install -y numpy «mkl=2023.1»\n"),
        Example(
            "no platform",
            path="Dockerfile",
            good="FROM condaforge/miniforge3\nRUN conda install -y numpy nomkl && echo mkl linux-64\n",
            breaks=("nomkl && echo ", ""),
        ),
        Example(
            "both",
            path="Dockerfile",
            good="FROM condaforge/miniforge3\nRUN conda-lock --platform linux-64 --platform linux-aarch64\n",
            breaks=("aarch64", "x86_64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        limit = file.parse(parse_dockerfile).confidence
        for hit in hits(file, _PATTERN):
            if _is_of_conda(hit):
                what = "MKL exists for x86 only" if hit.match["mkl"] else "The packages of linux-64 are for x86-64"
                yield self.finding(file.location(hit.span), f"{what}: on arm64 they do not run.", confidence=limit)


def _is_of_conda(hit: Hit) -> bool:
    if hit.match["subdir"]:
        return True
    if hit.command is None or not _TOOLS.fullmatch(hit.command.name):
        return False
    if hit.match["platform"]:
        return option(hit) in _OPTIONS or hit.match.string.partition("=")[0] in _OPTIONS
    return bool(hit.match["lock"]) or any(word.template in ("install", "create") for word in hit.command.args)
