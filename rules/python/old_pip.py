"""pip is pinned to a release that does not know the wheels of arm64.

## What it finds

Pins of pip below 20.3, in requirements and in commands. pip takes manylinux2014 wheels, the first ones for aarch64, from 19.3 on, and
`manylinux_2_28` and the like from 20.3 on.

## Why it stops arm64

Older releases see no wheel for aarch64 and compile everything. x86-64 has wheels of older formats, so that only arm64 suffers.

## What to do

Take pip 20.3 or later.
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from armready.core.classify import INSTALL_KINDS, MANIFEST_KINDS, Kind
from armready.core.finding import Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.python.dependencies import upper_bound
from armready.python.manifest import Manifest
from armready.python.project import declarations

_FIRST = Version("19.3")
_NAMES_LIBC = Version("20.3")


class OldPip(ProjectRule):
    code = "PY117"
    name = "old-pip"
    summary = "pip is pinned to a release that does not know the wheels of arm64"
    severity = Severity.WARNING
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | INSTALL_KINDS | {Kind.PYTHON}
    examples = (
        Example("in a Dockerfile", path="Dockerfile", bad="FROM python:3.8\nRUN pip install «pip==9.0.3»\n"),
        Example("upper bound", path="requirements.txt", bad="«pip<20»\n"),
        Example("recent", path="requirements.txt", good="pip==24.0\npip>=19\n", breaks=("==24.0", "==19.0")),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for _, dependency in declarations(project):
            bound = upper_bound(dependency.specifier) if dependency.name == "pip" and not dependency.constraint else None
            if bound is None:
                continue
            release, included = bound
            if release > _NAMES_LIBC or (release == _NAMES_LIBC and included):
                continue
            wheels = "no wheel" if release < _FIRST or (release == _FIRST and not included) else "no manylinux_2_x wheel"
            yield self.finding(
                dependency.location,
                f"`pip{dependency.specifier}` knows {wheels} for aarch64, so arm64 compiles what x86-64 gets as a wheel.",
            )
