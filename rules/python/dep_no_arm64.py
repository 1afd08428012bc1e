"""A pinned dependency cannot be installed on arm64.

## What it finds

A pin, or a range whose every release is too old, for which x86-64 gets a wheel while arm64 gets nothing: no wheel for Linux
aarch64, and no source distribution or one that may not be built. Availability is judged for each Python version the project is
for, with the holes that later releases have. Ranges that reach a good release, and packages that a lock decides, are left
alone; so is what has no wheel on x86-64 either.

## Why it stops arm64

The installer finds no file that fits and fails: "No matching distribution found".

## What to do

Take the release that the message names, or one in between that you know to have a wheel.

## Fix safety

The pin is raised to the nearest release that is known to be good within the same major version (the same minor version of
0.x): unsafe, because x86-64 gets it too. A longer way is shown only.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import INSTALL_KINDS, MANIFEST_KINDS, Kind
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.wheels import Outcome
from armready.python.manifest import Manifest
from armready.python.project import on_pythons, python_project
from armready.python.reporting import alternative, bump, dependency_level, fact, nearest


class DepNoArm64(ProjectRule):
    code = "PY101"
    name = "dep-no-arm64"
    summary = "A pinned dependency cannot be installed on arm64"
    severity = Severity.ERROR
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | INSTALL_KINDS | {Kind.PYTHON, Kind.PIPFILE_LOCK}
    examples = (
        Example(
            "pin",
            path="requirements.txt",
            bad="«tensorflow==2.9.1»\n",
            fixed="tensorflow==2.10.0\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "in a Dockerfile",
            path="Dockerfile",
            bad="FROM python:3.9-slim\nARG TF=2.8.0\nRUN pip install --no-cache-dir «tensorflow==$TF» numpy\n",
            severity=Severity.ERROR,
        ),
        Example(
            "in a branch of its own",
            path="install.sh",
            good='if [ "$(uname -m)" = x86_64 ]; then\n  pip install tensorflow==2.8.0\nfi\n',
        ),
        Example(
            "in a notebook",
            path="train.ipynb",
            bad='{"cells": [{"cell_type": "code", "source": ["%pip install -q «\\"tensorflow==2.9.1\\"»\\n", "import os"]}]}\n',
            severity=Severity.WARNING,
        ),
        Example(
            "BUILD file of Pants",
            path="3rdparty/BUILD",
            bad='python_requirement(\n    name="tensorflow",\n    requirements=["«tensorflow==2.9.1»", "numpy"],\n)\n',
            severity=Severity.ERROR,
        ),
        Example("hole", path="requirements.txt", bad="«ray[default]==2.22.0»\n", severity=Severity.ERROR),
        Example(
            "range that is too old",
            path="pyproject.toml",
            bad='[project]\nname = "app"\nrequires-python = ">=3.9"\ndependencies = ["«openvino>=2022.1,<2023.1.0»"]\n',
        ),
        Example(
            "only for development",
            path="pyproject.toml",
            bad='[dependency-groups]\ndev = ["«triton==3.4.0»"]\n',
            severity=Severity.WARNING,
        ),
        Example("builds are forbidden", path="requirements.txt", bad="--only-binary :all:\n«psutil==5.9.8»\n", severity=Severity.ERROR),
        Example(
            "good release",
            path="requirements.txt",
            good="tensorflow==2.10.0\nray==2.20.0\ntorch\nopenvino>=2022.1\n",
            breaks=("2.10.0", "2.9.1"),
        ),
        Example(
            "neither processor has one",
            path="requirements.txt",
            good="tensorflow==2.9.1\n",
            settings={"pythons": ["3.11"]},
            breaks=("pythons", ""),
        ),
        Example(
            "marker",
            path="requirements.txt",
            good="tensorflow==2.9.1 ; platform_machine == 'x86_64'\n",
            breaks=(" ; platform_machine == 'x86_64'", ""),
        ),
        Example("constraint", path="constraints.txt", good="tensorflow==2.9.1\n", breaks=("constraints.txt", "requirements.txt")),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for judged in python_project(project).judged:
            if judged.x86_only or judged.outcome is not Outcome.NONE or python_project(project).is_frozen_accelerator(judged.dependency):
                continue
            why = "has no file for Linux arm64" if judged.row.sdist == "no" else "has no wheel for Linux arm64 and may not be built"
            message = f"`{judged.what}` {why}{on_pythons(judged.pythons)}{nearest(judged)}{alternative(judged)}{fact(judged)}."
            yield self.finding(
                judged.dependency.location,
                message,
                severity=dependency_level(judged, self.severity),
                confidence=judged.confidence,
                fix=bump(project, judged),
            )
