"""uv was not told that arm64 needs a wheel, and locked a release without one.

## What it finds

A `uv.lock` in which Linux arm64 reaches a package that has neither a wheel for it nor a source distribution, of a project whose
`required-environments` do not name Linux arm64. Packages that the project pins to one version are left alone: no setting changes what is
locked then. It is reported once for a project.

## Why it stops arm64

For a package without a source distribution uv only sees to it that some wheel exists, whatever the platform. So the lock can hold a
release that installs on x86-64 alone, although an older one has a wheel for both.

## What to do

Add Linux arm64 to `required-environments` and lock again: uv then looks for a release that has a wheel there, or says that there is
none. `environments` is the wrong key: it restricts, where this one widens.

## Fix safety

The entry is added; it is unsafe, because the lock must be made anew, which may change versions on x86-64 too.
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from armready.core.classify import Kind
from armready.core.finding import Finding, Related, Severity
from armready.core.fix import Applicability, Fix
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.wheels import Outcome
from armready.python.indexes import RequiredEnvironments
from armready.python.locked import LockedPackage, locked_packages
from armready.python.locks import LockKind
from armready.python.project import python_project

_LOCK = """
version = 1
requires-python = ">=3.11"

[[package]]
name = "app"
version = "1"
source = { editable = "." }
dependencies = [{ name = "engine" }]

[[package]]
name = "engine"
version = "2.4"
source = { registry = "x" }
wheels = [{ url = "https://f/engine-2.4-cp311-cp311-manylinux_2_28_x86_64.whl" }]
"""
_APP = '[project]\nname = "app"\nrequires-python = ">=3.11"\ndependencies = ["engine>=2"]\n'
_ADDED = "required-environments = [\"sys_platform == 'linux' and platform_machine == 'aarch64'\"]\n"


class RequiredEnvironmentsMissing(ProjectRule):
    code = "PY131"
    name = "required-environments-missing"
    summary = "uv was not told that arm64 needs a wheel"
    severity = Severity.INFO
    reads = (RequiredEnvironments,)
    kinds = frozenset({Kind.PYPROJECT, Kind.UV_LOCK})
    examples = (
        Example(
            "a table of uv",
            path="pyproject.toml",
            bad=_APP + "\n«[tool.uv]»\npackage = true\n",
            files={"uv.lock": _LOCK},
            fixed=_APP + "\n[tool.uv]\n" + _ADDED + "package = true\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "another environment",
            path="pyproject.toml",
            bad=_APP + "\n[tool.uv]\nrequired-environments = «[\"sys_platform == 'darwin'\"]»\n",
            files={"uv.lock": _LOCK},
            fixed=(
                _APP + "\n[tool.uv]\nrequired-environments = [\"sys_platform == 'darwin'\", "
                "\"sys_platform == 'linux' and platform_machine == 'aarch64'\"]\n"
            ),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "no table of uv",
            path="pyproject.toml",
            bad=_APP.replace("[project]", "«[project]»"),
            files={"uv.lock": _LOCK},
        ),
        Example(
            "named", path="pyproject.toml", good=_APP + "\n[tool.uv]\n" + _ADDED, files={"uv.lock": _LOCK}, breaks=("aarch64", "x86_64")
        ),
        Example("pinned", path="pyproject.toml", good=_APP.replace(">=2", "==2.4"), files={"uv.lock": _LOCK}),
        Example(
            "with a source distribution",
            path="pyproject.toml",
            good=_APP,
            files={"uv.lock": _LOCK.replace("wheels =", 'sdist = { url = "https://f/engine-2.4.tar.gz" }\nwheels =')},
            breaks=('sdist = { url = "https://f/engine-2.4.tar.gz" }\n', ""),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        sources = python_project(project)
        blocked: dict[str, LockedPackage] = {}
        for found in locked_packages(sources):
            pinned = found.declared is not None and bool(found.declared.pin) and len(found.trail) == 1
            if found.lock.kind is LockKind.UV and found.outcome is Outcome.NONE and not found.locked.sdist and not pinned:
                blocked.setdefault(dirname(found.lock.path), found)
        for path, required in project.facts(RequiredEnvironments):
            first = blocked.get(dirname(path))
            if first is None or required.arm64:
                continue
            message = (
                f"uv is not told that Linux arm64 needs a wheel, so it locked `{first.what}`, which has none there; "
                "with `required-environments` it looks for a release that has one."
            )
            related = [Related(first.locked.location, "locked here")]
            yield self.finding(required.location, message, fix=_fix(required), related=related)


def _fix(required: RequiredEnvironments) -> Fix | None:
    if required.edit is None:
        return None
    return Fix("Name Linux arm64 in `required-environments`", (required.edit,), Applicability.UNSAFE, ("then run `uv lock`",))
