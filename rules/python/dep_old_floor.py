"""A lower bound accepts releases that have no wheel for arm64.

## What it finds

A range whose lower bound is a release without a wheel for Linux arm64 where x86-64 has one, while later releases of the range are
good. It is shown when uv is told to take the lowest versions (`resolution = "lowest"` or `"lowest-direct"`), and else with `--pedantic`
only. Packages that a lock holds are left alone.

## Why it stops arm64

As a rule it does not: an installer takes the newest release. One that takes the lowest, a constraint, or another package
that holds the version back brings a release that arm64 has to compile or cannot install.

## What to do

Raise the lower bound to the release that the message names.

## Fix safety

The lower bound is raised. It is unsafe, because it excludes releases for x86-64 too.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import MANIFEST_KINDS, Kind
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.packages import as_of, concerned, package
from armready.python.dependencies import Dependency, Form, allows, lower_bound
from armready.python.manifest import Manifest
from armready.python.project import declarations, installed_on, python_project

_LOWEST = '\n[tool.uv]\nresolution = "lowest-direct"\n'
_APP = '[project]\nname = "app"\nrequires-python = ">=3.9"\ndependencies = ["{}"]\n'


class DepOldFloor(ProjectRule):
    code = "PY108"
    name = "dep-old-floor"
    summary = "A lower bound accepts releases that have no wheel for arm64"
    severity = Severity.INFO
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | {Kind.PYTHON}
    examples = (
        Example(
            "uv takes the lowest",
            path="pyproject.toml",
            bad=_APP.format("«psutil>=5.9.8»") + _LOWEST,
            fixed=_APP.format("psutil>=6.0.0") + _LOWEST,
            applicability=Applicability.UNSAFE,
            severity=Severity.INFO,
        ),
        Example(
            "with an upper bound",
            path="requirements.txt",
            bad="«tensorflow>=2.9.1,<3»\n",
            files={".python-version": "3.9\n"},
            fixed="tensorflow>=2.10.0,<3\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "good from the start",
            path="requirements.txt",
            good="psutil>=6.0.0\nnumpy>=1.26\nunknown-thing>=0.1\npsutil\n",
            breaks=("6.0.0", "5.9.8"),
        ),
        Example("a pin has a rule of its own", path="requirements.txt", good="psutil==5.9.8\n", breaks=("psutil=", "psutil>")),
        Example(
            "x86-64 has none either",
            path="requirements.txt",
            good="tensorflow>=2.9.1\n",
            files={".python-version": "3.12\n"},
            breaks=(".python-version", ""),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for manifest, dependency in declarations(project):
            floor = lower_bound(dependency.specifier)
            row = package(dependency.name) if floor else None
            if not floor or row is None or row.x86_only or dependency.constraint or dependency.url or dependency.pin:
                continue
            sources = python_project(project)
            targets = [each for each in sources.targets(dependency.path, manifest.requires_python) if installed_on(dependency, each)]
            bad = concerned(row, floor, tuple(targets))
            good = bad[-1][1].above if bad and bad[-1][1].confidence is not Confidence.LOW else ""
            if not good or not allows(dependency.specifier, good) or sources.decided_by_lock(dependency):
                continue
            message = (
                f"`{dependency.name}{dependency.specifier}` accepts releases before {good}, which have no wheel for Linux arm64 "
                f"(known {as_of()})."
            )
            confidence = Confidence.HIGH if manifest.lowest else Confidence.LOW
            yield self.finding(dependency.location, message, confidence=confidence, fix=_fix(dependency, floor, good))


def _fix(dependency: Dependency, floor: str, good: str) -> Fix | None:
    raised = dependency.specifier.replace(f">={floor}", f">={good}")
    if dependency.version is None or dependency.hashed or raised == dependency.specifier:
        return None
    if dependency.form not in (Form.REQUIREMENT, Form.STRING):
        return None
    title = f"Raise the lower bound of {dependency.name} to {good}, which has an arm64 wheel"
    return Fix(title, (Edit(dependency.version, raised),), Applicability.UNSAFE, ("x86-64 no longer accepts older releases",))
