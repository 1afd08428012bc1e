"""A lock holds a release that is compiled on arm64 where x86-64 gets a wheel.

## What it finds

Packages that Linux arm64 reaches in `uv.lock`, `poetry.lock`, `pdm.lock`, `pylock.toml` or a pex lock, with an x86-64 wheel and a
source distribution but no wheel for aarch64. The graph is walked with the markers of arm64. It is reported at the direct
requirement that pulls the package in.

## Why it stops arm64

The installation compiles the package: it needs a compiler and often the headers of libraries, takes minutes, and much longer under
emulation.

## What to do

Raise the requirement to a release that has an arm64 wheel and lock again with the command in the message; or install what the build
needs. A lock is never edited.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import LOCK_KINDS, MANIFEST_KINDS
from armready.core.finding import Finding, Related, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.packages import package
from armready.knowledge.wheels import Outcome
from armready.python.locked import locked_packages
from armready.python.locks import Lock
from armready.python.manifest import Manifest
from armready.python.project import python_project
from armready.python.reporting import concerned_pythons, remedy


def _poetry(name: str, version: str, files: tuple[str, ...], marker: str = "") -> str:
    listed = ",\n".join(f'    {{file = "{each}", hash = "sha256:0"}}' for each in files)
    markers = f'markers = "{marker}"\n' if marker else ""
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\npython-versions = ">=3.8"\ngroups = ["main"]\n'
        f"{markers}files = [\n{listed},\n]\n\n"
    )


_H5PY = (
    "h5py-3.11.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "h5py-3.11.0-cp311-cp311-macosx_11_0_arm64.whl",
    "h5py-3.11.0.tar.gz",
)
_LOCK = _poetry("h5py", "3.11.0", _H5PY)


class LockBuildsFromSource(ProjectRule):
    code = "PY141"
    name = "lock-builds-from-source"
    summary = "A lock holds a release that is compiled on arm64 where x86-64 gets a wheel"
    severity = Severity.WARNING
    reads = (Lock, Manifest)
    kinds = LOCK_KINDS | MANIFEST_KINDS
    examples = (
        Example("Poetry 2", path="poetry.lock", bad=_LOCK.replace('name = "h5py"', '«name = "h5py"»')),
        Example(
            "PDM",
            path="pdm.lock",
            bad=(
                '[metadata]\nstrategy = ["cross_platform", "inherit_metadata"]\nlock_version = "4.5.0"\n\n'
                '[[package]]\n«name = "psutil"»\nversion = "5.9.8"\ngroups = ["default"]\n'
                'files = [{file = "psutil-5.9.8-cp36-abi3-manylinux_2_12_x86_64.whl"}, {file = "psutil-5.9.8.tar.gz"}]\n'
            ),
        ),
        Example(
            "marker of the entry",
            path="poetry.lock",
            good=_poetry("h5py", "3.11.0", _H5PY, "platform_machine == 'x86_64'"),
            breaks=("\nmarkers = \"platform_machine == 'x86_64'\"", ""),
        ),
        Example(
            "a pure wheel is there",
            path="poetry.lock",
            good=_poetry(
                "mypy",
                "1.13.0",
                ("mypy-1.13.0-cp311-cp311-manylinux_2_17_x86_64.whl", "mypy-1.13.0-py3-none-any.whl", "mypy-1.13.0.tar.gz"),
            ),
            breaks=('    {file = "mypy-1.13.0-py3-none-any.whl", hash = "sha256:0"},\n', ""),
        ),
        Example(
            "compiled on both",
            path="poetry.lock",
            good=_poetry("mysqlclient", "2.2.0", ("mysqlclient-2.2.0-cp311-cp311-win_amd64.whl", "mysqlclient-2.2.0.tar.gz")),
            breaks=(
                "mysqlclient-2.2.0-cp311-cp311-win_amd64.whl",
                "h5py-3.11.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            ),
        ),
        Example(
            "stable ABI on a later Python",
            path="poetry.lock",
            good=_poetry(
                "cryptography",
                "43.0.0",
                (
                    "cryptography-43.0.0-cp39-abi3-manylinux_2_28_aarch64.whl",
                    "cryptography-43.0.0-cp39-abi3-manylinux_2_28_x86_64.whl",
                    "cryptography-43.0.0.tar.gz",
                ),
            ),
            breaks=("aarch64", "x86_64"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for found in locked_packages(python_project(project)):
            if found.outcome is not Outcome.SDIST:
                continue
            row = package(found.locked.name)
            needs = f", which needs {row.needs}" if row is not None and row.needs else ""
            message = (
                f"`{found.what}`{found.path_in_words} is locked and has no wheel for Linux arm64{concerned_pythons(found)}, "
                f"so it is compiled there{needs}{remedy(found)}."
            )
            related = [Related(found.locked.location, "locked here")] if found.location != found.locked.location else []
            yield self.finding(found.location, message, related=related, cause=found.locked.location.path)
