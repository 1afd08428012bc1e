"""Python code refuses to run on Linux arm64.

## What it finds

Tests of the architecture whose way on Linux aarch64 raises an error or leaves the program while x86-64 goes on, and assertions that
only x86-64 meets. Tests, benchmarks and examples are left alone, and so is code that refuses both, or x86-64 alone.

## Why it stops arm64

The program stops itself there, often only because nobody tried.

## What to do

Find out what really needs x86-64 there. If nothing does, accept `aarch64` (and `arm64`, as macOS calls it).
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.python.branches import Way, branchings, is_test
from armready.python.reporting import ARCH_NEEDLES


class ArchRefused(FileRule):
    code = "PY202"
    name = "arch-refused"
    summary = "Python code refuses to run on Linux arm64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON})
    needles = ARCH_NEEDLES
    examples = (
        Example(
            "in setup.py",
            path="setup.py",
            bad="""
                import platform

                if «platform.machine() not in ("x86_64", "AMD64")»:
                    raise RuntimeError("x86-64 is required")
                """,
            severity=Severity.ERROR,
        ),
        Example(
            "in a function",
            path="app/engine.py",
            bad="""
                from sysconfig import get_platform

                def load():
                    if «get_platform() == "linux-x86_64"»:
                        return "libengine.so"
                    raise OSError("unsupported")
                """,
            severity=Severity.WARNING,
        ),
        Example("assertion", path="app/__init__.py", bad="import platform\n\nassert «platform.machine() == 'x86_64'»\n"),
        Example(
            "refuses x86-64",
            path="app.py",
            good='import platform\n\nif platform.machine() == "x86_64":\n    raise RuntimeError("not supported on amd64")\n',
            breaks=('== "x86_64"', '!= "x86_64"'),
        ),
        Example(
            "refuses another system",
            path="app.py",
            good='import platform, sys\n\nif sys.platform == "win32" and platform.machine() != "AMD64":\n    raise RuntimeError\n',
            breaks=('sys.platform == "win32" and platform.machine() != "AMD64"', 'platform.machine() != "x86_64"'),
        ),
        Example(
            "in a test",
            path="tests/test_engine.py",
            good='import platform\n\nif platform.machine() != "x86_64":\n    raise RuntimeError("skip")\n',
            breaks=("tests/test_engine.py", "app/engine.py"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        for found in file.parse(branchings):
            if found.way is not Way.REFUSED:
                continue
            at_once = found.top_level or basename(file.path) == "setup.py"
            message = "On Linux arm64, where `platform.machine()` is 'aarch64', this test makes the program refuse."
            yield self.finding(file.location(found.span), message, severity=Severity.ERROR if at_once else Severity.WARNING)
