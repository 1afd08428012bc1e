"""An extension is compiled for the machine that builds it.

## What it finds

`-march=native` and `-mtune=native` in the flags that a Python build hands to the compiler.

## Why it stops arm64

Both processors have it, but the result runs only on machines like the builder: a wheel that CI builds for arm64 may stop with an illegal
instruction on an older arm64 machine.

## What to do

Leave it out of what is published; on arm64 `-mcpu` is the flag for one's own machine.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.knowledge.flags import FlagKind, kind_of_flag
from armready.python.branches import is_test
from armready.python.sources import sources


class ExtMarchNative(FileRule):
    code = "PY164"
    name = "ext-march-native"
    summary = "An extension is compiled for the machine that builds it"
    severity = Severity.INFO
    kinds = frozenset({Kind.PYTHON})
    needles = (b"-march=native", b"-mtune=native")
    examples = (
        Example("in an extension", path="setup.py", bad='Extension("a", extra_compile_args=["-O3", «"-march=native"»])\n'),
        Example("switched on by hand", path="setup.py", good='args = []\nif has_flag("-march=native"):\n    args += ["-march=native"]\n'),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for node, text in code.strings():
            native = [flag for flag in text.split() if kind_of_flag(flag) is FlagKind.NATIVE]
            if native and code.reaches(node) and not code.uncertain(node):
                message = f"`{native[0]}` ties the result to the machine that builds it, so that it may stop on another arm64 machine."
                yield self.finding(file.location(code.span(node)), message)
