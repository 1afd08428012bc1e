"""maturin builds Linux wheels for x86-64 alone.

## What it finds

`PyO3/maturin-action`, and `maturin build` whose wheels are handed on, in jobs on Linux whose targets are x86 alone, in a workflow that
knows no Linux arm64 at all.

## Why it stops arm64

Who installs the package on arm64 gets the source distribution and needs a Rust toolchain, or gets nothing.

## What to do

Add the target `aarch64`: the action cross-compiles for it on an x86-64 runner without QEMU. Or add an arm64 runner.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import PIPELINE_KINDS, Kind
from armready.core.finding import Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.python.wheel_builds import MATURIN, ArmWheels, WheelBuild

_PATH = ".github/workflows/wheels.yml"
_JOB = """
    on: push
    jobs:
      linux:
        runs-on: ubuntu-latest
        strategy:
          matrix:
            target: {targets}
        steps:
          - uses: PyO3/maturin-action@v1
            with:
              target: ${{{{ matrix.target }}}}
              args: --release --out dist
    """


class MaturinNoAarch64(ProjectRule):
    code = "PY169"
    name = "maturin-no-aarch64"
    summary = "maturin builds Linux wheels for x86-64 alone"
    severity = Severity.WARNING
    reads = (WheelBuild,)
    kinds = PIPELINE_KINDS | {Kind.PYPROJECT}
    examples = (
        Example("targets", path=_PATH, bad=_JOB.format(targets="«[x86_64, i686]»")),
        Example(
            "run by hand",
            path=_PATH,
            bad=(
                "on: push\njobs:\n  w:\n    runs-on: ubuntu-latest\n    steps:\n"
                "      - run: «maturin build --release»\n      - uses: actions/upload-artifact@v4\n"
            ),
        ),
        Example(
            "wheels that are only tested",
            path=_PATH,
            good="on: push\njobs:\n  w:\n    runs-on: ubuntu-latest\n    steps:\n      - run: maturin build && pip install target/wheels/*.whl\n",
            breaks=("install target/wheels/*.whl", "actions/upload-artifact@v4"),
        ),
        Example(
            "targets for macOS alone",
            path=_PATH,
            bad=(
                "on: push\njobs:\n  w:\n    runs-on: ${{ matrix.os }}\n    strategy:\n      matrix:\n        os: [ubuntu-latest]\n"
                "        include:\n          - {os: macos-latest, target: aarch64-apple-darwin}\n    steps:\n"
                "      - uses: PyO3/maturin-action@v1\n        with:\n          target: «${{ matrix.target }}»\n"
            ),
        ),
        Example("with aarch64", path=_PATH, good=_JOB.format(targets="[x86_64, aarch64]"), breaks=("aarch64", "x86_64")),
        Example(
            "macOS",
            path=_PATH,
            good=(
                "on: push\njobs:\n  mac:\n    runs-on: macos-latest\n    steps:\n"
                "      - uses: PyO3/maturin-action@v1\n        with:\n          target: x86_64\n"
            ),
            breaks=("macos", "linux"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        if any(arm.tool == MATURIN for _, arm in project.facts(ArmWheels)):
            return
        for _, build in project.facts(WheelBuild):
            if build.tool == MATURIN:
                message = "maturin builds no Linux aarch64 wheels here, so arm64 has to compile the package."
                yield self.finding(build.location, message)
