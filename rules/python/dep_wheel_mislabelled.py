"""A wheel that claims to run on arm64 holds native code that does not work there.

## What it finds

Pins and locked entries of releases whose wheels were opened and found to be wrong: libraries for another processor in a wheel for
aarch64, for macOS on arm64 or for any platform (`sqlite-vec` 0.1.6, `bitsandbytes` 0.42.0, `pybluemonday` 0.0.11), or a library
that is too old on arm64 alone (`psycopg2-binary` 2.9.5 has libpq 9.6 there and libpq 15 on x86-64).

## Why it stops arm64

The installer takes the wheel, and the first use fails: "wrong ELF class", "incompatible architecture", a library that is missing, or
"SCRAM authentication requires libpq version 10 or above". What fails on macOS alone is a warning: it stops developers, not the image.

## What to do

Take the release that the message names.

## Fix safety

The pin is raised to the first good release: unsafe, because x86-64 gets it too.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import INSTALL_KINDS, LOCK_KINDS, MANIFEST_KINDS, Kind
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.mislabelled import Mislabelled, measured, mislabelled
from armready.knowledge.targets import GLIBC, Target, marker_holds
from armready.python.dependencies import Dependency, Form
from armready.python.locked import roots_of, supported
from armready.python.locks import Lock, Locked, Reached, reach
from armready.python.manifest import Manifest
from armready.python.project import PythonProject, declarations, installed_on, level, python_project

_LOCK_EXAMPLE = (
    'version = 1\n\n[[package]]\nname = "app"\nversion = "1"\nsource = { editable = "." }\ndependencies = [{ name = "psycopg2-binary" }]\n\n'
    '[[package]]\n«name = "psycopg2-binary"»\nversion = "2.9.5"\nsource = { registry = "x" }\n'
    'wheels = [{ url = "https://f/psycopg2_binary-2.9.5-cp310-cp310-manylinux_2_24_aarch64.whl" }]\n'
)


class DepWheelMislabelled(ProjectRule):
    code = "PY105"
    name = "dep-wheel-mislabelled"
    summary = "A wheel that claims to run on arm64 holds native code that does not work there"
    severity = Severity.ERROR
    reads = (Manifest, Lock)
    kinds = LOCK_KINDS | MANIFEST_KINDS | INSTALL_KINDS | {Kind.PYTHON, Kind.PIPFILE_LOCK}
    examples = (
        Example(
            "sqlite-vec",
            path="requirements.txt",
            bad="«sqlite-vec==0.1.6»\n",
            fixed="sqlite-vec==0.1.7\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example("bitsandbytes", path="requirements.txt", bad="«bitsandbytes==0.42.0»\n", severity=Severity.ERROR),
        Example(
            "a library that is too old on arm64 alone",
            path="requirements.txt",
            bad="«psycopg2-binary==2.9.5»\n",
            fixed="psycopg2-binary==2.9.6\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example("macOS alone", path="requirements.in", bad="«pybluemonday==0.0.11»\n", severity=Severity.WARNING),
        Example(
            "not on macOS",
            path="requirements.txt",
            good="pybluemonday==0.0.11 ; sys_platform == 'linux'\n",
            breaks=(" ; sys_platform == 'linux'", ""),
        ),
        Example("in a lock", path="uv.lock", bad=_LOCK_EXAMPLE, severity=Severity.WARNING),
        Example(
            "good",
            path="requirements.txt",
            good="sqlite-vec==0.1.9\nbitsandbytes==0.46.0\nsqlite-vec\npsycopg2-binary==2.9.6\n",
            breaks=("0.1.9", "0.1.6"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        python = python_project(project)
        for _, dependency in declarations(project):
            known = mislabelled(dependency.name)
            if known is None or not known.concerns(dependency.pin) or not _reaches(known, dependency, python):
                continue
            usual = level(Severity(known.severity), dependency)
            message = _message(f"{dependency.name}=={dependency.pin}", known)
            yield self.finding(dependency.location, message, severity=usual, fix=_fix(dependency, known), cause=message)
        pinned = {(dependency.name, dependency.pin) for _, dependency in declarations(project)}
        for lock in python.locks.values():
            for locked in _wrong_in(lock, python):
                known = mislabelled(locked.name)
                if known is not None and (locked.name, locked.version) not in pinned:
                    message = _message(f"{locked.name}=={locked.version}", known)
                    yield self.finding(locked.location, message, severity=Severity(known.severity), cause=message)


def _message(what: str, known: Mislabelled) -> str:
    where = "macOS on arm64" if known.macos else "arm64"
    return f"`{what}` has {known.inside}, so it fails on {where} when it is used; {known.good} is good (measured {measured()})."


def _reaches(known: Mislabelled, dependency: Dependency, python: PythonProject) -> bool:
    targets = python.targets(dependency.path)
    if known.macos:
        return any(marker_holds(dependency.marker, target, system="darwin") is not False for target in targets)
    return any(target.libc == GLIBC and installed_on(dependency, target) for target in targets)


def _wrong_in(lock: Lock, python: PythonProject) -> list[Locked]:
    """The entries of a lock that arm64 reaches and whose wheels are wrong."""
    suspects = [each for each in lock.packages if (known := mislabelled(each.name)) is not None and known.concerns(each.version)]
    if not suspects:
        return []
    reached = {(each.locked.name, each.locked.version) for target in supported(python, lock) for each in _reached(lock, python, target)}
    return [each for each in suspects if (each.name, each.version) in reached]


def _reached(lock: Lock, python: PythonProject, target: Target) -> list[Reached]:
    return list(reach(lock, roots_of(python, lock), target).values())


def _fix(dependency: Dependency, known: Mislabelled) -> Fix | None:
    if dependency.version is None or dependency.hashed or dependency.form not in (Form.REQUIREMENT, Form.STRING):
        return None
    edit = Edit(dependency.version, f"=={known.good}")
    return Fix(f"Raise {dependency.name} to {known.good}", (edit,), Applicability.UNSAFE, ("x86-64 gets the new release too",))
