"""A dependency is compiled on arm64 where x86-64 gets a wheel.

## What it finds

A pin, or a range whose every release is too old, that has an x86-64 wheel, a source distribution and no wheel for Linux aarch64; and
a package of which the index has no such wheel at all, whatever its version.
It is an error when the Dockerfile that installs it has a slim base image and no compiler.

## Why it stops arm64

The installer compiles it, which needs a compiler and often the headers of libraries. In a slim image that fails; elsewhere it takes
minutes, and under emulation much longer.

## What to do

Take the release that the message names; else install what the build needs before the installation.

## Fix safety

The pin is raised to the nearest release that is known to be good within the same major version (the same minor version of
0.x): unsafe, because x86-64 gets it too. A longer way is shown only.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import INSTALL_KINDS, MANIFEST_KINDS, Kind
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.wheels import Outcome
from armready.python.manifest import Manifest
from armready.python.project import on_pythons, python_project
from armready.python.reporting import alternative, bump, dependency_level, fact, nearest


class DepBuildsFromSource(ProjectRule):
    code = "PY102"
    name = "dep-builds-from-source"
    summary = "A dependency is compiled on arm64 where x86-64 gets a wheel"
    severity = Severity.WARNING
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | INSTALL_KINDS | {Kind.PYTHON, Kind.PIPFILE_LOCK}
    examples = (
        Example(
            "pin",
            path="requirements.txt",
            bad="«psycopg2-binary==2.8.6» \\\n    # comment\n",
            fixed="psycopg2-binary==2.9.6 \\\n    # comment\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "across a major version",
            path="requirements.txt",
            bad="«psutil==5.9.8»\n",
            fixed="psutil==6.0.0\n",
            applicability=Applicability.DISPLAY,
        ),
        Example("never had one", path="setup.cfg", bad="[options]\ninstall_requires =\n    «fiona==1.9.5»\n"),
        Example(
            "any version of a package that never had one",
            path="requirements.txt",
            bad="«ghalton>=0.6.2»\n",
            files={".python-version": "3.9\n"},
            severity=Severity.WARNING,
        ),
        Example(
            "x86-64 has no wheel for this Python either",
            path="requirements.txt",
            good="ghalton\n",
            files={".python-version": "3.12\n"},
            breaks=(".python-version", ""),
        ),
        Example("hole", path="Pipfile", bad='[packages]\n«h5py = "==3.11.0"»\n'),
        Example(
            "pinned elsewhere", path="requirements.txt", bad="-c constraints.txt\n«psutil»\n", files={"constraints.txt": "psutil==5.9.8\n"}
        ),
        Example(
            "in a slim image without a compiler",
            path="requirements.txt",
            bad="«psutil==5.9.8»\n",
            files={"Dockerfile": "FROM python:3.11-slim\nCOPY requirements.txt /\nRUN pip install -r /requirements.txt\n"},
            severity=Severity.ERROR,
        ),
        Example(
            "with a compiler",
            path="requirements.txt",
            bad="«psutil==5.9.8»\n",
            files={
                "Dockerfile": (
                    "FROM python:3.11-slim\nRUN apt-get update && apt-get install -y gcc\n"
                    "COPY requirements.txt .\nRUN pip install -r requirements.txt\n"
                )
            },
            severity=Severity.WARNING,
        ),
        Example(
            "in Pipfile.lock",
            path="Pipfile.lock",
            bad='{"default": {«"psutil"»: {"hashes": ["sha256:0"], "index": "pypi", "version": "==5.9.8"}}, "develop": {}}\n',
        ),
        Example(
            "a lock decides",
            path="pyproject.toml",
            good='[project]\nname = "app"\ndependencies = ["psutil==5.9.8"]\n',
            files={
                "uv.lock": (
                    'version = 1\n\n[[package]]\nname = "psutil"\nversion = "5.9.8"\nsource = { registry = "x" }\n'
                    'wheels = [{ url = "https://f/psutil-5.9.8-cp36-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl" }, '
                    '{ url = "https://f/psutil-5.9.8-cp36-abi3-manylinux_2_17_aarch64.manylinux2014_aarch64.whl" }]\n\n'
                    '[[package]]\nname = "app"\nversion = "0"\nsource = { editable = "." }\ndependencies = [{ name = "psutil" }]\n'
                )
            },
            breaks=("uv.lock", ""),
        ),
        Example(
            "compiled on both",
            path="requirements.txt",
            good="mysqlclient==2.2.0\npyyaml==5.3.1\npsycopg2==2.9.9\n",
            breaks=("mysqlclient", "ghalton>"),
        ),
        Example(
            "wheels are not wanted",
            path="requirements.txt",
            good="--no-binary psutil\npsutil==5.9.8\n",
            breaks=("--no-binary psutil\n", ""),
        ),
        Example("unknown", path="requirements.txt", good="some-native-thing==1.0\nnumpy>=1.15\n"),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for judged in python_project(project).judged:
            if judged.x86_only or judged.outcome is not Outcome.SDIST or python_project(project).is_frozen_accelerator(judged.dependency):
                continue
            without = python_project(project).image_without_compiler(judged.dependency.path)
            needs = f", which needs {judged.row.needs}" if judged.row.needs else ""
            place = f" in an image without a compiler ({without.location.path})" if without else ""
            message = (
                f"`{judged.what}` has no wheel for Linux arm64{on_pythons(judged.pythons)} where x86-64 has one, "
                f"so it is compiled{place}{needs}{nearest(judged)}{alternative(judged)}{fact(judged)}."
            )
            severity = Severity.ERROR if without and judged.confidence is Confidence.HIGH else dependency_level(judged, self.severity)
            yield self.finding(
                judged.dependency.location,
                message,
                severity=severity,
                confidence=judged.confidence,
                fix=bump(project, judged),
                cause=judged.what,
            )
