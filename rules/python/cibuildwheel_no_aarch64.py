"""cibuildwheel builds Linux wheels for x86-64 alone.

## What it finds

Workflows that run cibuildwheel on x86-64 Linux runners and ask for no aarch64, and a pyproject.toml that names x86 alone: neither `CIBW_ARCHS`, `CIBW_ARCHS_LINUX`, the
matrix, `--archs` nor `[tool.cibuildwheel]` names it, and no job has an arm64 runner. `auto` means the architecture of the runner.
A project in which any file of CI builds wheels for Linux arm64 is left alone; jobs, steps and entries of a matrix for macOS or Windows, and
those that never run (`if: false`, a value that the matrix does not have), do not count.

## Why it stops arm64

Who installs the package on arm64 gets the source distribution and compiles it, or nothing.

## What to do

Add an arm64 runner (`ubuntu-24.04-arm`) and keep `auto`; or register QEMU and name `aarch64`, which is slow.

## Fix safety

Unsafe: the runner is added to the matrix, or `aarch64` to the architectures. Artifacts of the new job need a name of their own, and an
x86-64 runner needs QEMU.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import PIPELINE_KINDS, Kind
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.python.wheel_builds import CIBUILDWHEEL, ArmWheels, WheelBuild

_PATH = ".github/workflows/wheels.yml"
_JOB = """
    on: push
    jobs:
      wheels:
        runs-on: ${{{{ matrix.os }}}}
        strategy:
          matrix:
            os: {os}
        steps:
          - uses: actions/checkout@v4
          - uses: {uses}
            env:
              {env}
    """
_MATRIX = """
    on: push
    jobs:
      wheels:
        runs-on: ${{{{ matrix.os }}}}
        strategy:
          matrix:
            include:
              - {}
              - {}
        steps:
          - uses: pypa/cibuildwheel@v2.19.0
            env:
              CIBW_ARCHS: {}
    """
_DEAD = """
    on: push
    jobs:
      wheels:
        runs-on: ${{{{ matrix.os }}}}
        strategy:
          matrix:
            include:
              - {}
        steps:
          - if: matrix.arch == 'aarch64'
            uses: pypa/cibuildwheel@v2.19.0
            env:
              CIBW_ARCHS: aarch64
          - uses: «pypa/cibuildwheel@v2.19.0»
    """
_ACTION = "pypa/cibuildwheel@v2.19.0"


class CibuildwheelNoAarch64(ProjectRule):
    code = "PY160"
    name = "cibuildwheel-no-aarch64"
    summary = "cibuildwheel builds Linux wheels for x86-64 alone"
    severity = Severity.WARNING
    reads = (WheelBuild,)
    kinds = PIPELINE_KINDS | {Kind.PYPROJECT}
    examples = (
        Example(
            "auto on x86-64 runners",
            path=_PATH,
            bad=_JOB.format(os="«[ubuntu-latest, macos-latest]»", uses=_ACTION, env="CIBW_ARCHS: auto64"),
            fixed=_JOB.format(os="[ubuntu-latest, ubuntu-24.04-arm, macos-latest]", uses=_ACTION, env="CIBW_ARCHS: auto64"),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "named architectures",
            path=_PATH,
            bad=_JOB.format(os="[ubuntu-latest]", uses=_ACTION, env='CIBW_ARCHS_LINUX: «"x86_64 i686"»'),
            fixed=_JOB.format(os="[ubuntu-latest]", uses=_ACTION, env='CIBW_ARCHS_LINUX: "x86_64 i686 aarch64"'),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "wheels named one by one",
            path=_PATH,
            bad=(
                "on: push\njobs:\n  w:\n    runs-on: ${{ matrix.os }}\n    strategy:\n      matrix:\n"
                "        tag: «[manylinux_x86_64, macosx_arm64]»\n        include:\n          - {tag: manylinux_x86_64, os: ubuntu-24.04}\n"
                "          - {tag: macosx_arm64, os: macos-15}\n    env:\n      CIBW_BUILD: cp313-${{ matrix.tag }}\n    steps:\n"
                "      - uses: pypa/cibuildwheel@v2.19.0\n"
            ),
        ),
        Example(
            "x86-64 alone in pyproject.toml",
            path="pyproject.toml",
            bad='[tool.cibuildwheel.linux]\narchs = «["x86_64"]»\n',
            fixed='[tool.cibuildwheel.linux]\narchs = ["x86_64", "aarch64"]\n',
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "nothing is said",
            path=_PATH,
            bad=(
                "on: push\njobs:\n  w:\n    runs-on: ubuntu-22.04\n    steps:\n"
                "      - run: pip install cibuildwheel\n      - run: «cibuildwheel --output-dir dist»\n"
            ),
        ),
        Example(
            "arm64 for macOS alone",
            path=_PATH,
            bad=_MATRIX.format("{os: ubuntu-latest, arch: x86_64}", "{os: macos-14, arch: arm64}", "«${{ matrix.arch }}»"),
        ),
        Example(
            "aarch64 in a step that no entry of the matrix runs",
            path=_PATH,
            bad=_DEAD.format("{os: ubuntu-latest, arch: x86_64}"),
        ),
        Example(
            "aarch64 in a step that an entry of the matrix runs",
            path=_PATH,
            good=_DEAD.format("{os: ubuntu-latest, arch: aarch64}").replace("«", "").replace("»", ""),
            breaks=("{os: ubuntu-latest, arch: aarch64}", "{os: ubuntu-latest, arch: x86_64}"),
        ),
        Example(
            "an arm64 job that is switched off",
            path=_PATH,
            bad=(
                "on: push\njobs:\n  w:\n    runs-on: ubuntu-22.04\n    steps:\n      - uses: «pypa/cibuildwheel@v2.19.0»\n"
                "  arm:\n    if: ${{ false }}\n    runs-on: ubuntu-24.04-arm\n    steps:\n      - uses: pypa/cibuildwheel@v2.19.0\n"
            ),
        ),
        Example(
            "aarch64 is left out",
            path=_PATH,
            bad=_JOB.format(os="[ubuntu-latest]", uses=f"«{_ACTION}»", env="CIBW_SKIP: '*_aarch64'"),
        ),
        Example(
            "arm64 for Linux beside macOS",
            path=_PATH,
            good=_MATRIX.format("{os: ubuntu-latest, arch: aarch64}", "{os: macos-14, arch: arm64}", "${{ matrix.arch }}"),
            breaks=("aarch64", "x86_64"),
        ),
        Example(
            "aarch64 under QEMU",
            path=_PATH,
            good=_JOB.format(os="[ubuntu-latest]", uses=_ACTION, env="CIBW_ARCHS: auto aarch64"),
            breaks=("aarch64", "x86_64"),
        ),
        Example(
            "arm runner",
            path=_PATH,
            good=_JOB.format(os="[ubuntu-latest, ubuntu-24.04-arm]", uses=_ACTION, env="A: b"),
            breaks=(", ubuntu-24.04-arm", ""),
        ),
        Example("no Linux", path=_PATH, good=_JOB.format(os="[macos-latest]", uses=_ACTION, env="A: b"), breaks=("macos", "linux")),
        Example(
            "configured in pyproject.toml",
            path=_PATH,
            good=_JOB.format(os="[ubuntu-latest]", uses=_ACTION, env="A: b"),
            files={"pyproject.toml": '[tool.cibuildwheel.linux]\narchs = ["x86_64", "aarch64"]\n'},
            breaks=("aarch64", "x86_64"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        if any(arm.tool == CIBUILDWHEEL for _, arm in project.facts(ArmWheels)):
            return
        beside = project.facts_in("pyproject.toml", ArmWheels) if project.exists("pyproject.toml") else []
        if beside:
            return
        for _, build in project.facts(WheelBuild):
            if build.tool != CIBUILDWHEEL:
                continue
            asked = f" (`{build.archs}`)" if build.archs else ""
            message = f"cibuildwheel builds no Linux aarch64 wheels here{asked}, so arm64 has to compile the package."
            yield self.finding(build.location, message, fix=build.fix)
