"""A table of architectures has no entry for aarch64.

## What it finds

Dictionaries that are looked up by `platform.machine()` or its like and know x86-64 but not `aarch64`: without a default the look-up
fails, and `.get` gives None. A default, or a `try` around the look-up, is left alone.

## Why it stops arm64

On Linux arm64 `platform.machine()` is `aarch64`; the look-up ends with a KeyError, or the program goes on with nothing.

## What to do

Add an entry for `aarch64`.

## Fix safety

Offered where the table has an entry for `arm64`, as macOS calls it: `aarch64` gets the same value. Safe, unless the file downloads
something.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.python.branches import Way, branchings, is_test
from armready.python.reporting import ARCH_NEEDLES, comparison_fix


class ArchMapMissing(FileRule):
    code = "PY203"
    name = "arch-map-missing"
    summary = "A table of architectures has no entry for aarch64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    needles = ARCH_NEEDLES
    examples = (
        Example("literal", path="get.py", bad='import platform\n\narch = «{"x86_64": "amd64", "i386": "386"}[platform.machine()]»\n'),
        Example(
            "knows arm64",
            path="get.py",
            bad="""
                import platform

                ARCHS = {
                    "x86_64": "amd64",
                    "arm64": "arm64",  # Apple
                }

                def arch():
                    return «ARCHS[platform.machine().lower()]»
                """,
            fixed="""
                import platform

                ARCHS = {
                    "x86_64": "amd64",
                    "aarch64": "arm64",
                    "arm64": "arm64",  # Apple
                }

                def arch():
                    return ARCHS[platform.machine().lower()]
                """,
        ),
        Example(
            "given to a function by its only call",
            path="get.py",
            bad="""
                import platform

                def target():
                    return named(os=platform.system(), arch=platform.machine())

                def named(os, arch):
                    return «{
                        "x86_64": f"{os}-x64",
                        "arm64": f"{os}-arm64",
                    }[arch.lower()]»
                """,
            fixed="""
                import platform

                def target():
                    return named(os=platform.system(), arch=platform.machine())

                def named(os, arch):
                    return {
                        "x86_64": f"{os}-x64",
                        "aarch64": f"{os}-arm64",
                        "arm64": f"{os}-arm64",
                    }[arch.lower()]
                """,
        ),
        Example(
            "given different things",
            path="get.py",
            good="""
                import platform

                def named(arch):
                    return {"x86_64": "x64", "arm64": "arm64"}[arch]

                a = named(platform.machine())
                b = named("arm64")
                """,
            breaks=('b = named("arm64")\n', ""),
        ),
        Example(
            "get without a default",
            path="get.py",
            bad='import os\n\narch = «{"x86_64": "amd64"}.get(os.uname().machine)»\n',
            severity=Severity.WARNING,
        ),
        Example(
            "complete, or with a default",
            path="get.py",
            good="""
                import platform

                m = platform.machine()
                a = {"x86_64": "amd64", "aarch64": "arm64"}[m]
                b = {"x86_64": "amd64"}.get(m, m)
                try:
                    c = {"x86_64": "amd64"}[m]
                except KeyError:
                    c = m
                """,
            breaks=("aarch64", "x86_64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        for found in file.parse(branchings):
            if found.way is not Way.MISSING:
                continue
            effect = "the look-up gives None" if found.soft else "the look-up fails with a KeyError"
            message = f"The table has no entry for 'aarch64', which is `platform.machine()` on Linux arm64, so {effect}."
            severity = Severity.WARNING if found.soft else Severity.ERROR
            yield self.finding(file.location(found.span), message, severity=severity, fix=comparison_fix(file, found))
