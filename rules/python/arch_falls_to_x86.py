"""An architecture test in Python gives x86 on Linux arm64.

## What it finds

Tests of `platform.machine()`, `os.uname()`, `sysconfig.get_platform()`, `uname -m` and their like whose way on Linux aarch64 ends
with an x86 name: the test knows `arm64`, as macOS says, and not `aarch64`; or it looks at a part of the name that arm64 shares.
The tests are evaluated for each processor; what is not a closed expression is left alone, and so are tests of the operating
system, branches for Windows and macOS, and code that only x86-64 reaches.

## Why it stops arm64

On Linux `platform.machine()` is `aarch64` there. The program goes on as if it ran on x86-64, and downloads, loads or starts the
wrong file.

## What to do

Include both spellings: `platform.machine() in ("arm64", "aarch64")`.

## Fix safety

The comparison is extended with `aarch64`; x86-64 and macOS stay as they are. Safe when the arm64 branch gives the
name of an architecture; unsafe when the file downloads something, because it is not known to exist for arm64.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, FileRule
from armready.python.branches import Way, branchings, is_test
from armready.python.reporting import ARCH_NEEDLES, comparison_fix


class ArchFallsToX86(FileRule):
    code = "PY201"
    name = "arch-falls-to-x86"
    summary = "An architecture test in Python gives x86 on Linux arm64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    needles = ARCH_NEEDLES
    examples = (
        Example(
            "equal",
            path="arch.py",
            bad='import os\n\narch = "arm64" if «os.uname().machine == "arm64"» else "amd64"\n',
            fixed='import os\n\narch = "arm64" if os.uname().machine in ("arm64", "aarch64") else "amd64"\n',
        ),
        Example(
            "prefix of a name bound above",
            path="arch.py",
            bad="""
                import platform

                def arch():
                    machine = platform.machine()
                    if «machine.startswith("arm")»:
                        return "arm64"
                    return "x86_64"
                """,
            fixed="""
                import platform

                def arch():
                    machine = platform.machine()
                    if machine.startswith(("arm", "aarch64")):
                        return "arm64"
                    return "x86_64"
                """,
        ),
        Example(
            "substring",
            path="arch.py",
            bad='from platform import machine\n\nARCH = "arm64" if «"arm" in machine()» else "x86_64"\n',
            fixed='from platform import machine\n\nARCH = "arm64" if ("arm" in machine() or "aarch64" in machine()) else "x86_64"\n',
        ),
        Example(
            "list",
            path="arch.py",
            bad="import platform\n\nif «platform.machine() in ['arm64']»:\n    arch = 'arm64'\nelse:\n    arch = 'amd64'\n",
            fixed="import platform\n\nif platform.machine() in ['arm64', 'aarch64']:\n    arch = 'arm64'\nelse:\n    arch = 'amd64'\n",
        ),
        Example(
            "a match",
            path="arch.py",
            bad="""
                import platform

                match «platform.machine()»:
                    case "arm64":
                        arch = "arm64"
                    case _:
                        arch = "amd64"
                """,
            fixed="""
                import platform

                match platform.machine():
                    case "arm64" | "aarch64":
                        arch = "arm64"
                    case _:
                        arch = "amd64"
                """,
        ),
        Example(
            "a default above",
            path="arch.py",
            bad="import platform\n\narch = 'amd64'\nif «platform.machine() == 'arm64'»:\n    arch = 'arm64'\n",
            fixed="import platform\n\narch = 'amd64'\nif platform.machine() in ('arm64', 'aarch64'):\n    arch = 'arm64'\n",
        ),
        Example(
            "a download",
            path="get.py",
            bad="""
                import platform

                arch = "arm64" if «platform.machine() == "arm64"» else "amd64"
                url = f"https://example.org/tool-{arch}.tar.gz"
                """,
            fixed="""
                import platform

                arch = "arm64" if platform.machine() in ("arm64", "aarch64") else "amd64"
                url = f"https://example.org/tool-{arch}.tar.gz"
                """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "ends with 64",
            path="get.py",
            bad='import platform\n\nname = "tool-x86_64" if «platform.machine().endswith("64")» else "tool-i386"\n',
        ),
        Example(
            "default of a table",
            path="get.py",
            bad='import platform\n\narch = «{"x86_64": "amd64", "armv7l": "arm"}.get(platform.machine(), "amd64")»\n',
        ),
        Example(
            "handles aarch64",
            path="arch.py",
            good="""
                import os, platform

                a = "linux_x86_64" if platform.machine() == "x86_64" else f"linux_{platform.machine()}"
                b = "arm64" if platform.machine().startswith("aarch64") else "x86_64"
                c = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
                """,
            breaks=(' "arm64" ', ' "amd64" '),
        ),
        Example(
            "another system",
            path="arch.py",
            good="""
                import platform, sys

                if sys.platform == "win32":
                    arch = "amd64" if platform.machine() == "AMD64" else "x86"
                elif platform.system() == "Darwin" and platform.machine() == "x86_64":
                    arch = "x86_64"
                """,
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        for found in file.parse(branchings):
            if found.way is not Way.X86:
                continue
            message = f"On Linux arm64 `platform.machine()` is 'aarch64', for which this gives `{found.chosen}`."
            yield self.finding(file.location(found.span), message, fix=comparison_fix(file, found))
