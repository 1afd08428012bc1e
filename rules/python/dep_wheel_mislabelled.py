"""A wheel that claims to run on arm64 holds native code for another processor.

## What it finds

Pins of releases whose wheels are known to be labelled wrongly: `sqlite-vec` 0.1.3 to 0.1.6 and `bitsandbytes` up to 0.42.0.

## Why it stops arm64

The installer takes the wheel, and the first use fails: "wrong ELF class", or a library that is missing.

## What to do

Take the release that the message names.

## Fix safety

The pin is raised to the first good release: unsafe, because x86-64 gets it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from packaging.version import Version

from armready.classify import MANIFEST_KINDS, SHELL_KINDS, Kind
from armready.finding import Confidence, Finding, Severity
from armready.fix import Applicability, Edit, Fix
from armready.knowledge.packages import as_of, version
from armready.project import Project
from armready.python.dependencies import Dependency, Form
from armready.python.manifest import Manifest
from armready.python.survey import declarations, installed_on, level, survey
from armready.rule import Example, ProjectRule


class _Mislabelled(NamedTuple):
    """Releases from `first` to `last`, what is inside, and the first good one."""

    first: Version
    last: Version
    inside: str
    good: str
    confidence: Confidence


_KNOWN = {
    "sqlite-vec": _Mislabelled(Version("0.1.3"), Version("0.1.6"), "a 32-bit ARM library in its aarch64 wheel", "0.1.9", Confidence.HIGH),
    "bitsandbytes": _Mislabelled(
        Version("0"), Version("0.42.0"), "x86-64 libraries in a wheel for any platform", "0.46.0", Confidence.MEDIUM
    ),
}


class DepWheelMislabelled(ProjectRule):
    """PY105."""

    code = "PY105"
    name = "dep-wheel-mislabelled"
    summary = "A wheel that claims to run on arm64 holds native code for another processor"
    severity = Severity.ERROR
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | SHELL_KINDS | {Kind.PYTHON}
    examples = (
        Example(
            "sqlite-vec",
            path="requirements.txt",
            bad="«sqlite-vec==0.1.6»\n",
            fixed="sqlite-vec==0.1.9\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example("bitsandbytes", path="requirements.txt", bad="«bitsandbytes==0.42.0»\n", severity=Severity.WARNING),
        Example("good", path="requirements.txt", good="sqlite-vec==0.1.9\nbitsandbytes==0.46.0\nsqlite-vec\n"),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        """See `ProjectRule.check`."""
        for _, dependency in declarations(project):
            known = _KNOWN.get(dependency.name)
            pin = version(dependency.pin) if known and dependency.pin else None
            if known is None or pin is None or not known.first <= pin <= known.last:
                continue
            if any(installed_on(dependency, target) for target in survey(project).targets(dependency.path)):
                yield self.finding(
                    dependency.location,
                    f"`{dependency.name}=={pin}` has {known.inside}, so it fails on arm64 when it is used; "
                    f"{known.good} is good (known {as_of()}).",
                    severity=level(self.severity, dependency),
                    confidence=known.confidence,
                    fix=_fix(dependency, known),
                )


def _fix(dependency: Dependency, known: _Mislabelled) -> Fix | None:
    if dependency.version is None or dependency.hashed or dependency.form not in (Form.REQUIREMENT, Form.STRING):
        return None
    edit = Edit(dependency.version, f"=={known.good}")
    return Fix(f"Raise {dependency.name} to {known.good}", (edit,), Applicability.UNSAFE, ("x86-64 gets the new release too",))
