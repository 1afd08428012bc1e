"""A native library is loaded by a name that ends in x86-64.

## What it finds

`libfoo_x86_64.so`, `libfoo-amd64.so` and `…-x86_64-linux-gnu.so` in calls that load a library: `CDLL`, `LoadLibrary`, `dlopen`,
`load_library`, `find_library`. Files that know an arm64 name too are left alone.

## Why it stops arm64

The library is one for x86-64: "wrong ELF class", or no such file.

## What to do

Build the library for arm64 and take the name from `platform.machine()`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.knowledge.arch import amd64_tokens
from armready.python.branches import is_test
from armready.python.bundled import loads
from armready.python.sources import sources


class LibNameArch(FileRule):
    code = "PY222"
    name = "lib-name-arch"
    summary = "A native library is loaded by a name that ends in x86-64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON, Kind.NOTEBOOK})
    needles = (b"x86_64", b"amd64", b"x64", b"x86-64")
    examples = (
        Example("CDLL", path="load.py", bad='import ctypes\n\nlib = ctypes.CDLL(«"./libsolver_x86_64.so"»)\n'),
        Example(
            "built from parts",
            path="load.py",
            bad=(
                "import os, cffi\n\nNAME = 'libsolver.x64.so'\nlib = cffi.FFI().dlopen(«os.path.join(here, NAME)»)\n"
                "loader = ExtensionFileLoader('m', «f'{here}/m.cpython-311-x86_64-linux-gnu.so'»)\n"
            ),
        ),
        Example(
            "another name",
            path="load.py",
            good='import ctypes\n\nlib = ctypes.CDLL("libsolver.so")\n',
            breaks=("libsolver.so", "./libsolver_x86_64.so"),
        ),
        Example(
            "both",
            path="load.py",
            good='import ctypes\n\nNAMES = ("liba_aarch64.so",)\nlib = ctypes.CDLL("liba_x86_64.so")\n',
            breaks=("aarch64", "x86_64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path) or re.search("aarch64|arm64", file.text):
            return
        code = file.parse(sources)
        for _, argument, text in loads(code):
            name = text.rpartition("/")[2]
            if re.search(r"\.so\b", name) and amd64_tokens(name):
                message = f"`{name}` is named for x86-64, so it cannot be loaded on arm64."
                yield self.finding(file.location(code.span(argument)), message, confidence=Confidence.MEDIUM)
