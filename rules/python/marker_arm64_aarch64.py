"""A marker names the architecture in a way that is never true.

## What it finds

`platform_machine == "arm64"` together with Linux, which says `aarch64`; `platform_machine == "aarch64"` together with macOS, which says
`arm64`; and spellings that no system uses (`armv8`, `x64`, `ARM64` outside of Windows). It is found wherever dependencies carry
markers. Alternatives of which one is true are left alone.

## Why it stops arm64

The dependency is silently left out on the very machines it is meant for.

## What to do

Linux: `aarch64` and `x86_64`. macOS: `arm64` and `x86_64`. Windows: `ARM64` and `AMD64`.

## Fix safety

The name is replaced by that of the system the marker asks for: safe, because the marker is never true as it stands and x86-64 does not meet
it before or after. Another spelling is unsafe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import MANIFEST_KINDS, Kind
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.targets import AARCH64, PYTHONS, X86_64, Target, marker_holds
from armready.python.dependencies import Dependency
from armready.python.manifest import Manifest
from armready.python.project import declarations

_VALUE = re.compile(r"platform_machine\s*==\s*[\"']([^\"']+)[\"']|[\"']([^\"']+)[\"']\s*==\s*platform_machine")
_APPLE = re.compile(r"tensorflow-(?:macos|metal)$|mlx|pyobjc|coremltools$|ocrmac$")
_NEVER = {
    "armv8": "aarch64",
    "arm": "aarch64",
    "x64": "x86_64",
    "x86-64": "x86_64",
    "ARM64": "aarch64",
    "amd64": "x86_64",
    "arm64v8": "aarch64",
}


class MarkerArm64Aarch64(ProjectRule):
    code = "PY120"
    name = "marker-arm64-aarch64"
    summary = "A marker names the architecture in a way that is never true"
    severity = Severity.ERROR
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | {Kind.PYTHON}
    examples = (
        Example(
            "arm64 on Linux",
            path="requirements.txt",
            bad="jax ; «sys_platform != 'darwin' and platform_machine == 'arm64' and os_name == 'posix'»\n",
            fixed="jax ; sys_platform != 'darwin' and platform_machine == 'aarch64' and os_name == 'posix'\n",
        ),
        Example(
            "aarch64 on macOS",
            path="pyproject.toml",
            bad="[project]\nname = \"a\"\ndependencies = [\"torch; «sys_platform == 'darwin' and platform_machine == 'aarch64'»\"]\n",
            fixed="[project]\nname = \"a\"\ndependencies = [\"torch; sys_platform == 'darwin' and platform_machine == 'arm64'\"]\n",
        ),
        Example(
            "a spelling that nobody uses",
            path="requirements.txt",
            bad="faiss-cpu ; «platform_machine == 'x64'»\n",
            fixed="faiss-cpu ; platform_machine == 'x86_64'\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "each system by its name",
            path="requirements.txt",
            good=(
                "a ; sys_platform == 'darwin' and platform_machine == 'arm64'\nb ; platform_machine == 'aarch64'\n"
                "c ; platform_machine == 'x86_64' or platform_machine == 'amd64' or platform_machine == 'AMD64'\n"
                "d ; platform_machine == 'arm64'\ne ; sys_platform == 'win32' and platform_machine == 'ARM64'\n"
            ),
            breaks=("= 'arm64'\nb", "= 'amd64'\nb"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for _, dependency in declarations(project):
            values = {one or other for one, other in _VALUE.findall(dependency.marker)}
            if not values or _APPLE.match(dependency.name) or _ever_true(dependency.marker):
                continue
            found = self._check(dependency, values)
            if found is not None:
                yield found

    def _check(self, dependency: Dependency, values: set[str]) -> Finding | None:
        location = dependency.marker_location or dependency.location
        for wrong, right, system in (("arm64", "aarch64", "linux"), ("aarch64", "arm64", "darwin")):
            corrected = _renamed(dependency.marker, wrong, right)
            if wrong in values and _true_on(corrected, system):
                name = {"linux": "Linux", "darwin": "macOS"}[system]
                message = f"On {name} this processor is '{right}', never '{wrong}', so `{dependency.name}` is left out there."
                return self.finding(location, message, fix=_fix(dependency, corrected, Applicability.SAFE))
        for wrong, right in _NEVER.items():
            if wrong in values:
                corrected = _renamed(dependency.marker, wrong, right)
                if _ever_true(corrected):
                    message = f"No system calls its processor '{wrong}' here, so `{dependency.name}` is never installed."
                    return self.finding(location, message, severity=Severity.WARNING, fix=_fix(dependency, corrected, Applicability.UNSAFE))
        return None


def _renamed(marker: str, wrong: str, right: str) -> str:
    return re.sub(rf"(?<=[\"']){re.escape(wrong)}(?=[\"'])", right, marker)


def _true_on(marker: str, system: str) -> bool:
    return any(marker_holds(marker, Target(python, arch), system=system) is True for python in PYTHONS for arch in (AARCH64, X86_64))


def _ever_true(marker: str) -> bool:
    """Whether some machine meets it; what cannot be read counts as met, and an extra as chosen."""
    extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
    return any(
        marker_holds(marker, Target(python, arch), extra[1] if extra else "", system) is not False
        for python in PYTHONS
        for arch in (AARCH64, X86_64)
        for system in ("linux", "darwin", "win32")
    )


def _fix(dependency: Dependency, corrected: str, applicability: Applicability) -> Fix | None:
    if dependency.marker_location is None:
        return None
    return Fix("Name the processor as the system does", (Edit(dependency.marker_location, corrected),), applicability)
