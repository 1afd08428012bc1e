"""A 64-bit interpreter is taken for x86-64.

## What it finds

Tests of `sys.maxsize`, `struct.calcsize("P")` or `platform.architecture()` that choose an x86 name: `"amd64" if sys.maxsize > 2**32 else
"386"`. Choosing between `64` and `32` alone is left alone.

## Why it stops arm64

arm64 is 64-bit too, so that it gets the files for x86-64.

## What to do

Ask `platform.machine()`.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.python.branches import Way, branchings, is_test


class BitnessAsArch(FileRule):
    code = "PY205"
    name = "bitness-as-arch"
    summary = "A 64-bit interpreter is taken for x86-64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON})
    needles = (b"maxsize", b"calcsize", b"sizeof", b"architecture")
    examples = (
        Example("maxsize", path="get.py", bad='import sys\n\narch = "amd64" if «sys.maxsize > 2**32» else "386"\n'),
        Example(
            "calcsize",
            path="get.py",
            bad='import struct\n\nif «struct.calcsize("P") * 8 == 64»:\n    name = "tool_x86_64"\nelse:\n    name = "tool_i386"\n',
        ),
        Example(
            "words of no architecture",
            path="get.py",
            good='import sys\n\nbits = "64" if sys.maxsize > 2**32 else "32"\n',
            breaks=('"64" if', '"amd64" if'),
        ),
        Example(
            "on Windows",
            path="get.py",
            good='import os, sys\n\nif os.name == "nt":\n    arch = "amd64" if sys.maxsize > 2**32 else "x86"\n',
            breaks=('if os.name == "nt":\n    ', ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        for found in file.parse(branchings):
            if found.way is Way.BITNESS:
                message = f"A 64-bit interpreter gets `{found.chosen}` here, but arm64 is 64-bit too."
                yield self.finding(file.location(found.span), message)
