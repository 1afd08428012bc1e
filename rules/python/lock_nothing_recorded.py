"""A lock holds no artifact for a package that arm64 needs.

## What it finds

An entry of `uv.lock`, `poetry.lock`, `pdm.lock` or `pylock.toml` from an index with neither wheels nor a source distribution, which
Linux arm64 reaches and x86-64 does not; and, as a warning, an entry of `Pipfile.lock` with the version `*` and no hashes whose marker
holds on Linux arm64.

## Why it stops arm64

The lock was made where nothing of that branch was looked up, so that the installer has nothing to install: "doesn't have a source
distribution or wheel for the current platform". Pipenv installs whatever release is the newest that day.

## What to do

Name Linux arm64 among the environments that the lock has to serve (`required-environments` of uv) and lock again.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import LOCK_KINDS, MANIFEST_KINDS, Kind
from armready.core.finding import Finding, Related, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.targets import marker_holds
from armready.python.locked import locked_packages
from armready.python.locks import Lock
from armready.python.manifest import Manifest
from armready.python.project import declarations, python_project
from armready.python.reporting import relock

_APP = '[[package]]\nname = "app"\nversion = "0.1"\nsource = {{ virtual = "." }}\ndependencies = [{}]\n\n'
_EMPTY = '[[package]]\n{}\nversion = "14.1.0"\nsource = {{ registry = "x" }}\n'


class LockNothingRecorded(ProjectRule):
    code = "PY143"
    name = "lock-nothing-recorded"
    summary = "A lock holds no artifact for a package that arm64 needs"
    severity = Severity.ERROR
    reads = (Lock, Manifest)
    kinds = LOCK_KINDS | MANIFEST_KINDS | {Kind.PIPFILE_LOCK}
    examples = (
        Example(
            "under a marker for arm64",
            path="uv.lock",
            bad="version = 1\n\n"
            + _APP.format('{ name = "av", marker = "platform_machine == \'aarch64\'" }')
            + _EMPTY.format('«name = "av"»'),
        ),
        Example(
            "unpinned in Pipfile.lock",
            path="Pipfile.lock",
            bad=(
                '{"default": {\n«"greenlet"»: {"markers": "platform_machine == \'aarch64\'", "version": "*"},\n'
                '"colorama": {"markers": "sys_platform == \'win32\'", "version": "*"},\n'
                '"six": {"hashes": ["sha256:0"], "version": "*"}\n}, "develop": {}}\n'
            ),
            severity=Severity.WARNING,
        ),
        Example(
            "under a marker for another machine",
            path="uv.lock",
            good="version = 1\n\n" + _APP.format('{ name = "av", marker = "sys_platform == \'win32\'" }') + _EMPTY.format('name = "av"'),
        ),
        Example(
            "neither processor has anything",
            path="uv.lock",
            good="version = 1\n\n" + _APP.format('{ name = "av" }') + _EMPTY.format('name = "av"'),
        ),
        Example(
            "a source tree",
            path="uv.lock",
            good='version = 1\n\n[[package]]\nname = "app"\nversion = "0.1"\nsource = { virtual = "." }\n'
            'dependencies = [{ name = "lib" }]\n\n[[package]]\nname = "lib"\nversion = "1"\nsource = { git = "https://h/lib#1" }\n',
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        yield from self._unpinned(project)
        for found in locked_packages(python_project(project)):
            if found.outcome is not None:
                continue
            message = f"The lock records no file for `{found.what}`{found.path_in_words}, which Linux arm64 needs{relock(found)}."
            related = [Related(found.locked.location, "locked here")] if found.location != found.locked.location else []
            severity = Severity.WARNING if found.scope.weakens else self.severity
            yield self.finding(found.location, message, severity=severity, related=related)

    def _unpinned(self, project: Project) -> Iterator[Finding]:
        """Entries of Pipfile.lock that say nothing on what to install."""
        for manifest, dependency in declarations(project):
            if manifest.kind != Kind.PIPFILE_LOCK or dependency.specifier != "*" or dependency.hashed or dependency.url:
                continue
            if any(marker_holds(dependency.marker, target) for target in python_project(project).targets(dependency.path)):
                message = f"The lock pins no version of `{dependency.name}`, which Linux arm64 needs; lock again with `pipenv lock`."
                yield self.finding(dependency.location, message, severity=Severity.WARNING)
