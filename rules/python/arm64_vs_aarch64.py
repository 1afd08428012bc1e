"""An architecture test knows arm64, as macOS calls it, and refuses aarch64, as Linux does.

## What it finds

Tests in Python that have a way for `arm64` and none for `aarch64`, so that Linux arm64 ends in the branch that raises an error. Tests
under a guard for macOS or Windows are left alone.

## Why it stops arm64

The same processor has two names: `platform.machine()` is `arm64` on macOS and `aarch64` on Linux. The program supports it, and refuses
it on Linux by mistake.

## What to do

Include both: `platform.machine() in ("arm64", "aarch64")`.

## Fix safety

The comparison is extended with `aarch64`; x86-64 and macOS stay as they are. Safe, unless the file downloads something.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.python.branches import Way, branchings, is_test
from armready.python.reporting import comparison_fix


class Arm64VsAarch64(FileRule):
    code = "PY204"
    name = "arm64-vs-aarch64"
    summary = "An architecture test knows arm64, as macOS calls it, and refuses aarch64, as Linux does"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    needles = (b"arm64", b'"arm"', b"'arm'")
    examples = (
        Example(
            "chain",
            path="arch.py",
            bad="""
                import platform

                machine = platform.machine()
                if «machine == "x86_64"»:
                    arch = "amd64"
                elif machine == "arm64":
                    arch = "arm64"
                else:
                    raise ValueError(machine)
                """,
            fixed="""
                import platform

                machine = platform.machine()
                if machine == "x86_64":
                    arch = "amd64"
                elif machine in ("arm64", "aarch64"):
                    arch = "arm64"
                else:
                    raise ValueError(machine)
                """,
        ),
        Example(
            "both names",
            path="arch.py",
            good="""
                import platform

                if platform.machine() == "x86_64":
                    arch = "amd64"
                elif platform.machine() in ("arm64", "aarch64"):
                    arch = "arm64"
                else:
                    raise ValueError
                """,
            breaks=("aarch64", "x86_64"),
        ),
        Example(
            "macOS only",
            path="arch.py",
            good="""
                import platform, sys

                if sys.platform == "darwin":
                    if platform.machine() == "arm64":
                        arch = "arm64"
                    else:
                        raise ValueError
                """,
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        for found in file.parse(branchings):
            if found.way is Way.SPELT:
                message = "The test knows 'arm64', as macOS calls it, and refuses 'aarch64', which is the same processor's name on Linux."
                yield self.finding(file.location(found.span), message, fix=comparison_fix(file, found))
