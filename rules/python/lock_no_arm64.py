"""A lock holds a release that cannot be installed on arm64.

## What it finds

Packages that Linux arm64 reaches in `uv.lock`, `poetry.lock`, `pdm.lock`, `pylock.toml` or a pex lock, for which x86-64 gets a file and
arm64 gets none. The graph is walked with the markers of arm64, so that the CUDA packages of torch, which only x86-64 asks for,
are left alone. It is reported at the direct requirement that pulls the package in, with the way from there.

## Why it stops arm64

The installation fails: "doesn't have a source distribution or wheel for the current platform" (uv), "Unable to find installation
candidates" (Poetry).

## What to do

Raise the direct requirement to a release whose closure has arm64 wheels and lock again with the command in the message; or keep the
package away from arm64 with a marker. A lock is never edited.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import LOCK_KINDS, MANIFEST_KINDS
from armready.core.finding import Finding, Related, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.wheels import Outcome
from armready.python.locked import locked_packages
from armready.python.locks import Lock
from armready.python.manifest import Manifest
from armready.python.project import python_project
from armready.python.reporting import concerned_pythons, remedy

_HEAD = 'version = 1\nrequires-python = ">=3.10"\n\n'
_APP = '[[package]]\nname = "app"\nversion = "0.1"\nsource = {{ editable = "." }}\ndependencies = [{}]\n\n'
_DEEP = (
    '[[package]]\n«name = "deepsearch-glm"»\nversion = "0.19.0"\nsource = { registry = "x" }\n'
    'wheels = [{ url = "https://f/deepsearch_glm-0.19.0-cp311-cp311-manylinux_2_28_x86_64.whl" },\n'
    '  { url = "https://f/deepsearch_glm-0.19.0-cp311-cp311-macosx_14_0_arm64.whl" }]\n'
)
_CUDA = (
    '[[package]]\nname = "nvidia-nccl-cu12"\nversion = "2.19.3"\nsource = { registry = "x" }\n'
    'wheels = [{ url = "https://f/nvidia_nccl_cu12-2.19.3-py3-none-manylinux1_x86_64.whl" }]\n\n'
    '[[package]]\nname = "torch"\nversion = "2.2.0"\nsource = { registry = "x" }\n'
    "dependencies = [{ name = \"nvidia-nccl-cu12\", marker = \"platform_machine == 'x86_64' and sys_platform == 'linux'\" }]\n"
    'wheels = [{ url = "https://f/torch-2.2.0-cp311-cp311-manylinux1_x86_64.whl" },\n'
    '  { url = "https://f/torch-2.2.0-cp311-cp311-manylinux2014_aarch64.whl" }]\n'
)


class LockNoArm64(ProjectRule):
    code = "PY140"
    name = "lock-no-arm64"
    summary = "A lock holds a release that cannot be installed on arm64"
    severity = Severity.ERROR
    reads = (Lock, Manifest)
    kinds = LOCK_KINDS | MANIFEST_KINDS
    examples = (
        Example("only x86-64 wheels", path="uv.lock", bad=_HEAD + _APP.format('{ name = "deepsearch-glm" }') + _DEEP),
        Example(
            "at the direct requirement",
            path="pyproject.toml",
            bad='[project]\nname = "app"\nrequires-python = ">=3.11"\ndependencies = ["«deepsearch-glm==0.19.0»"]\n',
            files={"uv.lock": _HEAD + _APP.format('{ name = "deepsearch-glm" }') + _DEEP.replace("«", "").replace("»", "")},
        ),
        Example(
            "Poetry 1.x, markers on the edges",
            path="pyproject.toml",
            bad='[tool.poetry.dependencies]\npython = "^3.11"\n«openvino = "2023.0.2"»\n',
            files={
                "poetry.lock": (
                    '[[package]]\nname = "openvino"\nversion = "2023.0.2"\ncategory = "main"\noptional = false\npython-versions = "*"\n\n'
                    '[package.dependencies]\nmkl = {version = "*", markers = "platform_machine == \\"x86_64\\""}\n\n'
                    '[[package]]\nname = "mkl"\nversion = "2021.4.0"\ncategory = "main"\noptional = false\npython-versions = "*"\n\n'
                    '[metadata]\npython-versions = "^3.11"\n\n[metadata.files]\n'
                    'mkl = [{file = "mkl-2021.4.0-py2.py3-none-manylinux1_x86_64.whl", hash = "sha256:0"}]\n'
                    'openvino = [{file = "openvino-2023.0.2-11065-cp311-cp311-manylinux2014_x86_64.whl", hash = "sha256:0"}]\n'
                )
            },
        ),
        Example("closure of torch", path="uv.lock", good=_HEAD + _APP.format('{ name = "torch" }') + _CUDA, breaks=("aarch64", "x86_64")),
        Example(
            "excluded by its marker",
            path="uv.lock",
            good=_HEAD
            + _APP.format('{ name = "deepsearch-glm", marker = "platform_machine == \'x86_64\'" }')
            + _DEEP.replace("«", "").replace("»", ""),
            breaks=("\", marker = \"platform_machine == 'x86_64'", ""),
        ),
        Example(
            "no release of it has a wheel for this Python",
            path="poetry.lock",
            good=(
                '[[package]]\nname = "numpy"\nversion = "1.18.5"\noptional = false\npython-versions = ">=3.5"\ngroups = ["main"]\n'
                'files = [{file = "numpy-1.18.5-cp38-cp38-manylinux1_x86_64.whl", hash = "sha256:0"}]\n'
            ),
            settings={"pythons": ["3.11"]},
            breaks=("pythons", ""),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for found in locked_packages(python_project(project)):
            if found.outcome is not Outcome.NONE:
                continue
            message = (
                f"`{found.what}`{found.path_in_words} is locked and has no file for Linux arm64{concerned_pythons(found)}{remedy(found)}."
            )
            related = [Related(found.locked.location, "locked here")] if found.location != found.locked.location else []
            severity = Severity.WARNING if found.scope.weakens else self.severity
            yield self.finding(found.location, message, severity=severity, related=related)
