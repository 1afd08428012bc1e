"""An extension is linked against libraries of x86-64.

## What it finds

`libraries` with names of Intel's libraries (`mkl_rt`, `iomp5`, `ippcore`, `svml`, `irc`), folders of `x86_64-linux-gnu` and
`intel64` in `library_dirs` and their kin, and macros such as `__SSE2__` in `define_macros`, in Python builds. Code under a test of the
architecture is left alone.

## Why it stops arm64

The libraries do not exist there, so that linking fails; a macro that claims SSE makes the sources include headers of x86.

## What to do

Use OpenBLAS and the compiler's own OpenMP, and let the compiler set its macros.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.classify import Kind
from armready.file import File
from armready.finding import Finding, Severity
from armready.python.branches import is_test
from armready.python.sources import Sources, constant, sources
from armready.rule import Example, FileRule

_LIBRARIES = re.compile(
    r"mkl_(?:rt|intel_\w+|core|sequential|gnu_thread|intel_thread|avx\w*)|iomp5|ippcore|ipp[a-z]{1,3}|svml|irc|intlc|tbbmalloc_intel"
)
_FOLDERS = re.compile(r"x86_64-linux-gnu|/intel64\b|/lib/x64\b|/opt/intel\b")
_MACROS = re.compile(r"__(?:SSE\w*|AVX\w*|x86_64|amd64|MMX|FMA|BMI2?|POPCNT)__|(?:USE|HAVE|ENABLE|WITH)_(?:SSE\w*|AVX\w*)")
_DIRECTORIES = ("library_dirs", "include_dirs", "runtime_library_dirs")


class ExtX86Libs(FileRule):
    """PY165."""

    code = "PY165"
    name = "ext-x86-libs"
    summary = "An extension is linked against libraries of x86-64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    needles = (b"libraries", b"library_dirs", b"include_dirs", b"define_macros")
    examples = (
        Example("MKL", path="setup.py", bad='Extension("a", ["a.c"], libraries=["m", «"mkl_rt"»])\n', severity=Severity.ERROR),
        Example(
            "folder", path="setup.py", bad='Extension("a", ["a.c"], library_dirs=[«"/opt/intel/lib/intel64"»])\n', severity=Severity.ERROR
        ),
        Example("macro", path="setup.py", bad='Extension("a", ["a.c"], define_macros=[(«"__SSE2__"», "1")])\n', severity=Severity.WARNING),
        Example(
            "portable",
            path="setup.py",
            good='Extension("a", ["a.c"], libraries=["m", "openblas"], library_dirs=["/usr/lib"], define_macros=[("NDEBUG", None)])\n',
        ),
        Example(
            "on x86-64",
            path="setup.py",
            good='import platform\n\nif platform.machine() == "x86_64":\n    Extension("a", ["a.c"], libraries=["mkl_rt"])\n',
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        if is_test(file.path):
            return
        view = file.parse(sources)
        for keyword in view.module.of(ast.keyword):
            found = _wrong(view, keyword)
            if found is None or not view.reaches(keyword) or view.uncertain(keyword):
                continue
            node, why, severity = found
            yield self.finding(file.location(view.span(node)), f"`{constant(node)}` {why}.", severity=severity)


def _wrong(view: Sources, keyword: ast.keyword) -> tuple[ast.expr, str, Severity] | None:
    """The first wrong element of a list for an extension, with why."""
    if not isinstance(keyword.value, ast.List):
        return None
    for each in keyword.value.elts:
        first = each.elts[0] if isinstance(each, ast.Tuple) and each.elts else each
        text = constant(first)
        if keyword.arg == "libraries" and _LIBRARIES.fullmatch(text):
            return first, "is a library of Intel's for x86-64, so linking fails on arm64", Severity.ERROR
        if keyword.arg in _DIRECTORIES and _FOLDERS.search(text):
            return first, "is a folder of x86-64, so nothing for arm64 is found there", Severity.ERROR
        if keyword.arg == "define_macros" and _MACROS.fullmatch(text):
            return first, "claims what x86-64 has, so the sources use it on arm64 too", Severity.WARNING
    return None
