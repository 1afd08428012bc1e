"""A pin names a build that exists for x86-64 only.

## What it finds

Local versions such as `torch==2.1.0+cpu` and `torch==2.4.0+cu118` whose files exist for x86-64 only. torch has `+cpu` files for
aarch64 from 2.6.0 on, and torchvision from 0.26 on.

## Why it stops arm64

The index of these builds holds no file for aarch64 with that version: "No matching distribution found".

## What to do

Ask for the plain version on arm64: there torch from PyPI is the CPU build up to 2.10.

## Fix safety

The line is split: x86-64 keeps the pin, arm64 gets the plain version. Safe for `+cpu` of a release that is known to have an arm64 wheel;
unsafe for CUDA, ROCm and XPU builds, because arm64 loses the accelerator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import Version

from armready.core.classify import INSTALL_KINDS, MANIFEST_KINDS, Kind
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.packages import as_of, package, version
from armready.python.dependencies import NOT_ARM, ON_ARM, Dependency
from armready.python.manifest import Manifest
from armready.python.project import declarations, installed_on, level, python_project
from armready.python.reporting import split, surely_good

_LOCAL = re.compile(r"cpu|cu\d{2,3}|rocm[\d.]*|xpu|pt\d+cu\d+|cuda\w*")
# Package -> the first release whose `+cpu` files exist for aarch64; None: not known.
_CPU_FROM = {"torch": "2.6.0", "torchvision": "0.26", "torchaudio": "2.6.0"}
_NAMES = frozenset({*_CPU_FROM, "jaxlib", "dgl", "torch-scatter", "torch-sparse", "torch-cluster", "torch-spline-conv", "mmcv", "xformers"})
# From this release on some CUDA builds of torch exist for aarch64.
_CUDA_FROM = Version("2.4.0")


class LocalVersionX86(ProjectRule):
    code = "PY111"
    name = "local-version-x86"
    summary = "A pin names a build that exists for x86-64 only"
    severity = Severity.ERROR
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | INSTALL_KINDS | {Kind.PYTHON}
    examples = (
        Example(
            "CPU build",
            path="requirements.txt",
            bad="«torch==2.1.0+cpu»\n",
            fixed=f"torch==2.1.0+cpu ; {NOT_ARM}\ntorch==2.1.0 ; {ON_ARM}\n",
            severity=Severity.ERROR,
        ),
        Example(
            "CUDA build",
            path="requirements.txt",
            bad="«torch==2.1.0+cu118»\n",
            fixed=f"torch==2.1.0+cu118 ; {NOT_ARM}\ntorch==2.1.0 ; {ON_ARM}\n",
            applicability=Applicability.UNSAFE,
        ),
        Example("no plain wheel for arm64 either", path="requirements.txt", bad="«torch==1.7.0+cpu»\n", severity=Severity.ERROR),
        Example("CUDA build that may exist", path="requirements.txt", bad="«torch==2.5.1+cu124»\n", severity=Severity.WARNING),
        Example(
            "CPU build for both",
            path="requirements.txt",
            good="torch==2.6.0+cpu\ntorchvision==0.26.0+cpu\n",
            breaks=("2.6.0+cpu", "1.7.0+cpu"),
        ),
        Example(
            "on x86-64 only",
            path="requirements.txt",
            good="torch==2.1.0+cu118 ; platform_machine == 'x86_64'\n",
            breaks=(" ; platform_machine == 'x86_64'", ""),
        ),
        Example("another local version", path="requirements.txt", good="torch==2.1.0+ours\napp==1.0+cpu\n", breaks=("+ours", "+cu118")),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for _, dependency in declarations(project):
            pin = version(dependency.pin) if dependency.pin else None
            if pin is None or pin.local is None or dependency.name not in _NAMES or not _LOCAL.fullmatch(pin.local):
                continue
            if not any(installed_on(dependency, target) for target in python_project(project).targets(dependency.path)):
                continue
            first = _CPU_FROM.get(dependency.name)
            if pin.local == "cpu" and (first is None or pin >= Version(first)):
                continue
            maybe = pin.local.startswith("cu") and pin.local != "cu118" and dependency.name == "torch" and pin >= _CUDA_FROM
            yield self.finding(
                dependency.location,
                f"`{dependency.name}=={pin}` {'may have' if maybe else 'has'} no file for Linux arm64 in the index of these builds (known {as_of()}).",
                severity=level(self.severity, dependency),
                confidence=Confidence.MEDIUM if maybe else Confidence.HIGH,
                fix=None if maybe else _fix(dependency, pin),
                cause=f"{dependency.name}=={pin}",
            )


def _fix(dependency: Dependency, pin: Version) -> Fix | None:
    """Take the plain version on arm64, where the table knows that it has a wheel there."""
    edits = split(dependency, dependency.name, f"=={pin.public}")
    if not edits or not surely_good(package(dependency.name), pin.public):
        return None
    fix = Fix("Take the plain version on arm64", edits)
    return fix if pin.local == "cpu" else fix.demoted(Applicability.UNSAFE, "arm64 gets the CPU build")
