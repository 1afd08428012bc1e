"""A dependency points at a wheel for x86-64.

## What it finds

Direct references (`name @ URL`, a bare URL or path, `url` and `path` of Poetry and Pipenv) to a wheel whose platform is x86-64 Linux.
A marker that is false on arm64, and a second declaration of the same package for arm64, make it silent.

## Why it stops arm64

The installer refuses the file: "is not a supported wheel on this platform".

## What to do

Restrict it to x86-64 with a marker and name the file for arm64 beside it, or take the package from the index.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import MANIFEST_KINDS, Kind
from armready.core.finding import Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.targets import AARCH64, PYTHONS, Target
from armready.knowledge.wheels import file_name, wheel_tag
from armready.python.dependencies import Dependency
from armready.python.manifest import Manifest
from armready.python.project import declarations, installed_on, level


class WheelUrlX86(ProjectRule):
    code = "PY110"
    name = "wheel-url-x86"
    summary = "A dependency points at a wheel for x86-64"
    severity = Severity.ERROR
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | {Kind.PYTHON}
    examples = (
        Example(
            "source of uv",
            path="pyproject.toml",
            bad=(
                '[project]\nname = "app"\ndependencies = ["flash-attn"]\n'
                '[tool.uv.sources]\nflash-attn = [«{ url = "https://e.org/flash_attn-2.6.3-cp311-cp311-linux_x86_64.whl" }»]\n'
            ),
        ),
        Example(
            "source of uv for x86-64",
            path="pyproject.toml",
            good=(
                '[project]\nname = "app"\ndependencies = ["a"]\n[tool.uv.sources]\na = [{ url = "https://e.org/a-1-cp311-cp311-linux_x86_64.whl", '
                "marker = \"platform_machine == 'x86_64'\" }]\n"
            ),
            breaks=(", marker = \"platform_machine == 'x86_64'\" ", ""),
        ),
        Example(
            "source of uv for what arm64 does not ask for",
            path="pyproject.toml",
            good=(
                '[project]\nname = "app"\ndependencies = ["a; platform_machine == \'x86_64\'"]\n'
                '[tool.uv.sources]\na = { url = "https://e.org/a-1-cp311-cp311-linux_x86_64.whl" }\n'
            ),
        ),
        Example(
            "name and URL",
            path="requirements.txt",
            bad="«torch @ https://example.org/torch-2.1.0-cp311-cp311-linux_x86_64.whl»\n",
        ),
        Example("bare path", path="requirements.txt", bad="numpy\n«./wheels/solver-1.0-cp311-cp311-manylinux2014_x86_64.whl»\n"),
        Example(
            "Poetry",
            path="pyproject.toml",
            bad='[tool.poetry.dependencies]\n«solver = {url = "https://example.org/solver-1.0-py3-none-manylinux_2_28_x86_64.whl"}»\n',
        ),
        Example(
            "a file for each",
            path="requirements.txt",
            good=(
                "torch @ https://example.org/torch-2.1.0-cp311-cp311-linux_x86_64.whl ; platform_machine == 'x86_64'\n"
                "torch @ https://example.org/torch-2.1.0-cp311-cp311-linux_aarch64.whl ; platform_machine == 'aarch64'\n"
            ),
            breaks=(
                "torch-2.1.0-cp311-cp311-linux_aarch64.whl ; platform_machine == 'aarch64'",
                "torch-2.1.0-cp311-cp311-linux_x86_64.whl",
            ),
        ),
        Example(
            "pure Python",
            path="requirements.txt",
            good="a @ https://example.org/a-1.0-py3-none-any.whl\n",
            breaks=("a-1.0-py3-none-any.whl", "a-1.0-cp311-cp311-linux_x86_64.whl"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for manifest, dependency in declarations(project):
            name = file_name(dependency.url) if dependency.url else ""
            tag = wheel_tag(name)
            if tag is None or not _for_x86_linux(tag) or _has_sibling(manifest, dependency):
                continue
            if any(installed_on(dependency, Target(python)) for python in PYTHONS):
                message = f"`{name}` is a wheel for x86-64 Linux, which the installer refuses on arm64."
                yield self.finding(dependency.location, message, severity=level(self.severity, dependency))


def _for_x86_linux(tag: str) -> bool:
    platforms = tag.rpartition("-")[2].split(".")
    return any("linux" in each and each.endswith("x86_64") for each in platforms) and not any(AARCH64 in each for each in platforms)


def _has_sibling(manifest: Manifest, dependency: Dependency) -> bool:
    return any(
        other is not dependency and other.name == dependency.name and (AARCH64 in other.url or AARCH64 in other.marker)
        for other in manifest.dependencies
    )
