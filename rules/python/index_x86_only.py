"""An index that holds files for x86-64 only is where packages are taken from.

## What it finds

In `pip` and `uv` commands and requirements files: PyTorch's indexes for CUDA 11.8, ROCm and XPU where nothing else is looked at; PyG's and
llama-cpp-python's lists of CUDA wheels, wherever they are named. Commands under a test of the architecture are left alone, and an index
beside PyPI, from which arm64 gets the plain package.

## Why it stops arm64

There is no file for aarch64 in it: "No matching distribution found" where it is the only index; else the package is compiled.

## What to do

Take the package from PyPI on arm64, where torch is the CPU build up to 2.10, or from an index whose CUDA version has aarch64 files.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import INSTALL_KINDS, Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.needles import literals
from armready.core.rule import Example, FileRule
from armready.core.startup import regex
from armready.languages.requirements import parse_requirements
from armready.python.commands import IndexOption, index_options
from armready.python.indexes import X86_ONLY, is_x86_only

_WHEELS = regex(r"^https?://(?:data\.pyg\.org/whl/\S*\+(?:cu\d+|cpu)|abetlen\.github\.io/llama-cpp-python/whl/cu\d+)")


class IndexX86Only(FileRule):
    code = "PY112"
    name = "index-x86-only"
    summary = "Packages are taken from an index for x86-64 only"
    severity = Severity.WARNING
    kinds = INSTALL_KINDS | {Kind.REQUIREMENTS}
    needles = literals(X86_ONLY, _WHEELS)
    examples = (
        Example(
            "CUDA 11.8",
            path="Dockerfile",
            bad="FROM python:3.11\nRUN pip install torch --index-url «https://download.pytorch.org/whl/cu118»\n",
        ),
        Example(
            "with an equals sign", path="setup.sh", bad="uv pip install torch «--index-url=https://download.pytorch.org/whl/rocm6.2»\n"
        ),
        Example(
            "a list of wheels",
            path="requirements.txt",
            bad="«--find-links https://data.pyg.org/whl/torch-2.1.0+cu121.html»\ntorch-scatter\n",
        ),
        Example("in a requirements file", path="requirements.txt", bad="«-i https://download.pytorch.org/whl/cu118»\ntorch\n"),
        Example(
            "beside PyPI",
            path="requirements.txt",
            good="--extra-index-url https://download.pytorch.org/whl/cu118\ntorch\n",
            breaks=("--extra-index-url", "-i"),
        ),
        Example(
            "with PyPI beside it",
            path="setup.sh",
            good="pip install torch -i https://download.pytorch.org/whl/cu118 --extra-index-url https://pypi.org/simple\n",
            breaks=(" --extra-index-url https://pypi.org/simple", ""),
        ),
        Example(
            "CPU",
            path="setup.sh",
            good="pip install torch --index-url https://download.pytorch.org/whl/cpu\n",
            breaks=("//download.pytorch.org/whl/cpu", "//download.pytorch.org/whl/cu118"),
        ),
        Example(
            "a later CUDA",
            path="setup.sh",
            good="pip install torch --index-url https://download.pytorch.org/whl/cu126\n",
            breaks=("//download.pytorch.org/whl/cu126", "//download.pytorch.org/whl/cu118"),
        ),
        Example(
            "on x86-64 only",
            path="setup.sh",
            good='if [ "$(uname -m)" = x86_64 ]; then\n  pip install torch --index-url https://download.pytorch.org/whl/cu118\nfi\n',
            breaks=('"$(uname -m)" = x86_64 ]; then\n  ', ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for option in _of_file(file) if file.kind is Kind.REQUIREMENTS else file.parse(index_options):
            if option.alone and is_x86_only(option.url):
                message = f"`{option.url}` is the only index here and has no files for Linux arm64."
            elif _WHEELS.match(option.url):
                message = f"`{option.url}` has no wheels for Linux arm64, so what is taken from it is compiled there."
            else:
                continue
            yield self.finding(option.location, message, confidence=Confidence.MEDIUM)


def _of_file(file: File) -> Iterator[IndexOption]:
    options = file.parse(parse_requirements).options
    alone = not any(option.name in ("--extra-index-url", "--find-links") for option in options)
    for option in options:
        if option.name in ("--index-url", "--extra-index-url", "--find-links"):
            yield IndexOption(file.location(option.span), option.value, alone and option.name == "--index-url")
