"""A lock holds the files of x86-64 only.

## What it finds

A `pylock.toml` without `environments` that holds one wheel per native package, each for Linux x86-64; a `pdm.lock` that was made for
named platforms without an arm64 one; a pex lock of style `strict` whose wheels are all for other machines.

## Why it stops arm64

The tool wrote down what its own machine needs. On arm64 the installer finds no file that fits, or leaves out what only arm64
needs.

## What to do

Make the lock for all platforms: `uv export --format pylock.toml`, `pdm lock` without `--platform`, a pex lock of style
`universal`; or make one lock for each.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import LOCK_KINDS, MANIFEST_KINDS
from armready.core.finding import Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.python.locks import Lock
from armready.python.project import python_project


class LockSinglePlatform(ProjectRule):
    code = "PY142"
    name = "lock-single-platform"
    summary = "A lock holds the files of x86-64 only"
    severity = Severity.WARNING
    reads = (Lock,)
    kinds = LOCK_KINDS | MANIFEST_KINDS
    examples = (
        Example(
            "pip lock on x86-64",
            path="pylock.toml",
            bad=(
                '«lock-version = "1.0"»\ncreated-by = "pip"\n\n[[packages]]\nname = "torch"\nversion = "2.6.0"\n\n'
                '[[packages.wheels]]\nname = "torch-2.6.0-cp311-cp311-manylinux1_x86_64.whl"\n'
            ),
            settings={"pythons": ["3.10"]},
        ),
        Example(
            "universal",
            path="pylock.toml",
            good=(
                'lock-version = "1.0"\ncreated-by = "uv"\n\n[[packages]]\nname = "torch"\nversion = "2.6.0"\n'
                'wheels = [{ name = "torch-2.6.0-cp311-cp311-manylinux1_x86_64.whl" },\n'
                '  { name = "torch-2.6.0-cp311-cp311-manylinux_2_28_aarch64.whl" }]\n'
            ),
        ),
        Example(
            "pure Python",
            path="pylock.toml",
            good='lock-version = "1.0"\n\n[[packages]]\nname = "six"\nversion = "1.16.0"\n'
            'wheels = [{ name = "six-1.16.0-py2.py3-none-any.whl" }]\n',
        ),
        Example(
            "PDM for Linux x86-64",
            path="pdm.lock",
            bad='«[metadata]»\nstrategy = ["inherit_metadata"]\n\n[[metadata.targets]]\nrequires_python = ">=3.11"\n'
            'platform = "manylinux_2_17_x86_64"\n',
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for lock in python_project(project).locks.values():
            if lock.single:
                yield self.finding(lock.head, f"This lock serves x86-64 only: {lock.single}, so arm64 has nothing to install from it.")
