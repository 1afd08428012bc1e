"""An extension is linked against libraries of x86-64.

## What it finds

`libraries` with names of Intel's libraries (`mkl_rt`, `iomp5`, `ippcore`, `svml`, `irc`), folders of `x86_64-linux-gnu` and
`intel64` in `library_dirs` and their kin, assembly that is named for x86, and macros such as `__SSE2__` in `define_macros`, in Python builds. Code under a test of the
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

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.needles import both, literals, word_starts
from armready.core.rule import Example, FileRule
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, constant, sources

_LIBRARIES = re.compile(
    r"mkl_(?:rt|intel_\w+|core|sequential|gnu_thread|intel_thread|avx\w*)|iomp5|ippcore|ipp[a-z]{1,3}|svml|irc|intlc|tbbmalloc_intel"
)
_FOLDERS = re.compile(r"x86_64-linux-gnu|/intel64\b|/lib/x64\b|/opt/intel\b")
_MACROS = re.compile(r"__(?:SSE\w*|AVX\w*|x86_64|amd64|MMX|FMA|BMI2?|POPCNT)__|(?:USE|HAVE|ENABLE|WITH)_(?:SSE\w*|AVX\w*)")
_LINKED = re.compile(r"^(?:-L|-Wl,-rpath[,=]).*(?:x86_64-linux-gnu|/intel64\b)")
_ASSEMBLY = re.compile(r"(?:^|[/_.-])(?:x86|x86_64|x64|amd64)(?:[/_.-][\w./-]{0,200})?\.(?:S|s|asm|nasm)$|\.nasm$")
_DIRECTORIES = ("library_dirs", "include_dirs", "runtime_library_dirs")


class ExtX86Libs(FileRule):
    code = "PY165"
    name = "ext-x86-libs"
    summary = "An extension is linked against libraries of x86-64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    needles = (
        both(
            (b"extension", b"libraries", b"library_dirs", b"include_dirs", b"define_macros"),
            (*word_starts(_LIBRARIES), *literals(_FOLDERS, _MACROS, _LINKED, _ASSEMBLY)),
        ),
    )
    examples = (
        Example("MKL", path="setup.py", bad='Extension("a", ["a.c"], libraries=["m", «"mkl_rt"»])\n', severity=Severity.ERROR),
        Example(
            "folder", path="setup.py", bad='Extension("a", ["a.c"], library_dirs=[«"/opt/intel/lib/intel64"»])\n', severity=Severity.ERROR
        ),
        Example("macro", path="setup.py", bad='Extension("a", ["a.c"], define_macros=[(«"__SSE2__"», "1")])\n', severity=Severity.WARNING),
        Example(
            "by a name, and assembly",
            path="setup.py",
            bad='libs = [«"iomp5"»]\nExtension("a", ["a.c", «"src/mix_amd64.S"»], libraries=libs)\n',
            severity=Severity.ERROR,
        ),
        Example(
            "portable",
            path="setup.py",
            good='Extension("a", ["a.c"], libraries=["m", "openblas"], library_dirs=["/usr/lib"], define_macros=[("NDEBUG", None)])\n',
            breaks=("openblas", "mkl_rt"),
        ),
        Example(
            "on x86-64",
            path="setup.py",
            good='import platform\n\nif platform.machine() == "x86_64":\n    Extension("a", ["a.c"], libraries=["mkl_rt"])\n',
            breaks=('import platform\n\nif platform.machine() == "x86_64":\n    ', ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for name, value in _lists(code):
            found = _wrong(name, value)
            if found is None or not code.reaches(value) or code.uncertain(value):
                continue
            node, why, severity = found
            yield self.finding(file.location(code.span(node)), f"`{constant(node)}` {why}.", severity=severity)


def _lists(code: Sources) -> Iterator[tuple[str, ast.List]]:
    """The lists that calls are given, by keyword; the sources of an extension also by their place."""
    for call in code.module.of(ast.Call):
        given = [(each.arg or "", each.value) for each in call.keywords]
        if called_name(call).endswith("Extension") and len(call.args) > 1:
            given.append(("sources", call.args[1]))
        for name, value in given:
            node = code.judge.bound(value) if isinstance(value, ast.Name) else value
            if isinstance(node, ast.List) and (name != "sources" or called_name(call).endswith("Extension")):
                yield name, node


def _wrong(name: str, listed: ast.List) -> tuple[ast.expr, str, Severity] | None:
    """The first wrong element of a list for an extension, with why."""
    for each in listed.elts:
        first = each.elts[0] if isinstance(each, ast.Tuple) and each.elts else each
        text = constant(first)
        if name == "libraries" and _LIBRARIES.fullmatch(text):
            return first, "is a library of Intel's for x86-64, so linking fails on arm64", Severity.ERROR
        if (name in _DIRECTORIES and _FOLDERS.search(text)) or (name == "extra_link_args" and _LINKED.search(text)):
            return first, "is a folder of x86-64, so nothing for arm64 is found there", Severity.ERROR
        if name == "define_macros" and _MACROS.fullmatch(text):
            return first, "claims what x86-64 has, so the sources use it on arm64 too", Severity.WARNING
        if name == "sources" and _ASSEMBLY.search(text):
            return first, "is assembly of x86, which does not assemble for arm64", Severity.ERROR
    return None
