"""A package is taken from an index that has no files for arm64.

## What it finds

Entries of `[tool.uv.sources]`, dependencies of Poetry with a `source`, and packages of Pipenv with an `index`, that count on Linux arm64 and
name PyTorch's index for CUDA 11.8, ROCm or XPU. Such a package is looked for there and nowhere else. Entries whose marker
leaves arm64 out are left alone: it takes the package from PyPI then. A package that a lock holds is judged by its files.

## Why it stops arm64

There is no file for aarch64 in that index: "has no wheels with a matching platform tag" (uv), "Unable to find installation candidates"
(Poetry).

## What to do

Give the entry a marker that keeps it to x86-64, and arm64 an entry of its own or none: from PyPI it gets the plain package.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.finding import Confidence, Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.targets import PYTHONS, Target
from armready.python.indexes import PinnedIndex, is_x86_only
from armready.python.project import installed_on, python_project

_UV = """
[project]
name = "app"
dependencies = ["torch>=2.4"]

[tool.uv.sources]
torch = {sources}

[[tool.uv.index]]
name = "pytorch-{index}"
url = "https://download.pytorch.org/whl/{index}"
explicit = true
"""
_LOCK = """
version = 1

[[package]]
name = "app"
version = "1"
source = { editable = "." }
dependencies = [{ name = "torch" }]

[[package]]
name = "torch"
version = "2.4.0"
source = { registry = "x" }
wheels = [{ url = "https://f/torch-2.4.0-cp312-cp312-manylinux2014_aarch64.whl" }]
"""


def _uv(sources: str, index: str = "cu118") -> str:
    return _UV.format(sources=sources, index=index)


class SourceX86Branch(ProjectRule):
    code = "PY132"
    name = "source-x86-branch"
    summary = "A package is taken from an index that has no files for arm64"
    severity = Severity.WARNING
    reads = (PinnedIndex,)
    kinds = frozenset({Kind.PYPROJECT, Kind.PIPFILE})
    examples = (
        Example("uv", path="pyproject.toml", bad=_uv('{ index = «"pytorch-cu118"» }'), severity=Severity.WARNING),
        Example(
            "uv, on Linux",
            path="pyproject.toml",
            bad=_uv('[{ index = «"pytorch-rocm6.2"», marker = "sys_platform == \'linux\'" }]', "rocm6.2"),
        ),
        Example(
            "Poetry",
            path="pyproject.toml",
            bad="""
            [tool.poetry.dependencies]
            torch = { version = "^2.3", source = «"pytorch"» }

            [[tool.poetry.source]]
            name = "pytorch"
            url = "https://download.pytorch.org/whl/cu118"
            priority = "explicit"
            """,
        ),
        Example(
            "Pipenv",
            path="Pipfile",
            bad="""
            [[source]]
            name = "pytorch"
            url = "https://download.pytorch.org/whl/cu118"

            [packages]
            torch = { version = "*", index = «"pytorch"» }
            """,
        ),
        Example(
            "x86-64 alone",
            path="pyproject.toml",
            good=_uv('[{ index = "pytorch-cu118", marker = "platform_machine == \'x86_64\'" }]'),
            breaks=(", marker = \"platform_machine == 'x86_64'\"", ""),
        ),
        Example(
            "what arm64 does not ask for",
            path="pyproject.toml",
            good=_uv('{ index = "pytorch-cu118" }').replace("torch>=2.4", "torch>=2.4; platform_machine == 'x86_64'"),
            breaks=("; platform_machine == 'x86_64'", ""),
        ),
        Example(
            "not on Linux",
            path="pyproject.toml",
            good=_uv('[{ index = "pytorch-cu118", marker = "sys_platform == \'win32\'" }]'),
            breaks=("win32", "linux"),
        ),
        Example(
            "another index",
            path="pyproject.toml",
            good=_uv('{ index = "pytorch-cpu" }', "cpu"),
            breaks=("//download.pytorch.org/whl/cpu", "//download.pytorch.org/whl/cu118"),
        ),
        Example(
            "a lock decides",
            path="pyproject.toml",
            good=_uv('{ index = "pytorch-cu118" }'),
            files={"uv.lock": _LOCK},
            breaks=("uv.lock", ""),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for path, pinned in project.facts(PinnedIndex):
            if not pinned.on_arm64 or not is_x86_only(pinned.url):
                continue
            if not _is_asked_for(project, path, pinned.name) or python_project(project).locks_package(path, pinned.name):
                continue
            when = " once it is chosen" if pinned.chosen else ""
            message = f"`{pinned.name}` is taken from {pinned.url} alone{when}, which has no files for Linux arm64."
            yield self.finding(pinned.location, message, confidence=Confidence.MEDIUM)


def _is_asked_for(project: Project, path: str, name: str) -> bool:
    """Whether arm64 asks for a package that the file declares; one that only other files declare is asked for."""
    manifest = python_project(project).manifest(path)
    declared = [each for each in manifest.dependencies if each.name == name and not each.constraint] if manifest else []
    return not declared or any(installed_on(each, Target(python)) for each in declared for python in PYTHONS)
