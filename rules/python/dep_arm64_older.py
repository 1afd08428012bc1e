"""Arm64 gets an older release of a dependency than x86-64.

## What it finds

A requirement whose newest release has a wheel for x86-64 only and no source distribution that could be built, so that the installer
goes back to an older release on arm64. It takes the whole file list of the package to know: from `--online`, or from a facts file.

## Why it stops arm64

Nothing fails, but the two processors run different code: what was fixed or added since is missing on arm64 alone.

## What to do

Pin the release that both have, or wait with arm64 until the newest release has a wheel.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import MANIFEST_KINDS, Kind
from armready.core.finding import Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.python.manifest import Manifest
from armready.python.project import on_pythons, python_project
from armready.python.reporting import dependency_level, fact

_FACTS = """
{"version": 1, "packages": [{"name": "engine", "indexes": ["https://index.example/simple"], "as_of": "2026-11-24", "files": [
  {"name": "engine-2.4-cp312-cp312-manylinux_2_28_x86_64.whl"},
  {"name": "engine-2.1-cp312-cp312-manylinux_2_28_x86_64.whl"},
  {"name": "engine-2.1-cp312-cp312-manylinux_2_28_aarch64.whl"}]}]}
"""


class DepArm64Older(ProjectRule):
    code = "PY104"
    name = "dep-arm64-older"
    summary = "Arm64 gets an older release of a dependency than x86-64"
    severity = Severity.WARNING
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | {Kind.PYTHON}
    examples = (
        Example(
            "the newest release is for x86-64 only",
            path="requirements.txt",
            bad="«engine>=2»\n",
            files={"facts.json": _FACTS},
            settings={"facts": ["facts.json"], "pythons": ["3.12"]},
            severity=Severity.WARNING,
        ),
        Example(
            "a release that both have",
            path="requirements.txt",
            good="engine==2.1\n",
            files={"facts.json": _FACTS},
            settings={"facts": ["facts.json"], "pythons": ["3.12"]},
            breaks=("==2.1", ">=2"),
        ),
        Example("nothing was looked up", path="requirements.txt", good="engine>=2\n"),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for judged in python_project(project).judged:
            if judged.gets is None:
                continue
            newer, older = judged.gets
            message = (
                f"`{judged.what}`{on_pythons(judged.pythons)} is {older} on arm64 and {newer} on x86-64, "
                f"whose newest release has no file for arm64{fact(judged)}."
            )
            severity = dependency_level(judged, self.severity)
            yield self.finding(judged.dependency.location, message, severity=severity, confidence=judged.confidence)
