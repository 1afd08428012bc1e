"""platform.processor() is taken for the architecture.

## What it finds

Tests of `platform.processor()` that go another way on Linux arm64 than on x86-64.

## Why it stops arm64

The function returns an empty string on most Linux systems, and `arm` on Apple's processors: arm64 goes the way of an
unknown processor, and sometimes x86-64 does too.

## What to do

Ask `platform.machine()`, which is `x86_64`, `aarch64` (Linux) or `arm64` (macOS).
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.python.branches import Way, branchings, is_test


class ProcessorString(FileRule):
    code = "PY206"
    name = "processor-string"
    summary = "platform.processor() is taken for the architecture"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON})
    needles = (b"processor",)
    examples = (
        Example("compared", path="get.py", bad='import platform\n\narch = "x64" if «platform.processor() == "x86_64"» else "x86"\n'),
        Example(
            "on macOS",
            path="get.py",
            good='import platform, sys\n\narm = sys.platform == "darwin" and platform.processor() == "arm"\nif arm:\n    flags = ["-O2"]\n',
        ),
        Example(
            "empty and replaced",
            path="info.py",
            good='import platform\n\ncpu = platform.processor()\nif not cpu or cpu == "":\n    cpu = platform.machine()\n',
            breaks=('cpu == ""', 'cpu == "x86_64"'),
        ),
        Example(
            "shown",
            path="info.py",
            good="import platform\n\nprint(platform.processor())\n",
            breaks=("print(platform.processor())", "if platform.processor() == 'x86_64':\n    pass"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        for found in file.parse(branchings):
            if found.way is Way.PROCESSOR:
                message = "`platform.processor()` is an empty string on most Linux systems, so this test does not tell arm64 from x86-64."
                yield self.finding(file.location(found.span), message)
