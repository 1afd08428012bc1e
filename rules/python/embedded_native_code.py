"""C code inside of Python needs x86.

## What it finds

C and C++ texts that Python hands to a compiler (`set_source` and `verify` of cffi, `load_inline` of PyTorch, `cppdef` of cppyy, `inline` of
weave) and that include the headers of x86's intrinsics or hold its assembly, without an `#if` around them; and llvmlite's targets for x86-64.
Texts that name arm64, and tests, are left alone.

## Why it stops arm64

The compiler for arm64 has no such headers and instructions: the text does not compile there.

## What to do

Put the code of x86 under `#if defined(__x86_64__)` with a plain way beside it, or use a library that has both.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.python.branches import is_test
from armready.python.sources import Sources, sources

_COMPILES = ("set_source", "verify", "load_inline", "cppdef", "inline", "cppcode", "ext_tools")
_HEADER = re.compile(r"#\s*include\s*[<\"]((?:[a-z]*mmintrin|immintrin|x86intrin|cpuid|intrin)\.h)[>\"]")
_ASSEMBLY = re.compile(
    r"\b(?:__asm__|asm)\s*(?:(?:__volatile__|volatile)\s*)?\(\s*\"[^\"]*\b(cpuid|rdtscp?|mfence|[lm]fence|xgetbv|%%?[re][a-d]x)"
)
_GUARD = re.compile(r"#\s*(?:if|ifdef|elif)\b|arm64|aarch64|sse2neon|simde", re.IGNORECASE)


class EmbeddedNativeCode(FileRule):
    code = "PY225"
    name = "embedded-native-code"
    summary = "C code inside of Python needs x86"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    needles = (b"intrin.h", b"asm", b"cpuid.h", b"from_triple")
    examples = (
        Example(
            "intrinsics with cffi",
            path="build_ext.py",
            bad='ffi.set_source("_dot", «"""\n#include <immintrin.h>\nfloat dot(float *a);\n"""»)\n',
        ),
        Example(
            "by a name",
            path="ops.py",
            bad=(
                'SOURCE = r"""\n#include <torch/extension.h>\n#include <emmintrin.h>\n"""\n'
                'ops = load_inline(name="ops", cpp_sources=«SOURCE»)\n'
            ),
        ),
        Example(
            "assembly", path="tsc.py", bad='lib = ffi.verify(«\'long t() { long x; __asm__ volatile ("rdtsc" : "=A"(x)); return x; }\'»)\n'
        ),
        Example(
            "a target of llvmlite",
            path="jit.py",
            bad="target = llvm.Target.from_triple(«'x86_64-unknown-linux-gnu'»)\n",
            severity=Severity.WARNING,
        ),
        Example(
            "guarded",
            path="build_ext.py",
            good='ffi.set_source("_dot", """\n#if defined(__x86_64__)\n#include <immintrin.h>\n#endif\n""")\n',
            breaks=("if defined(__x86_64__)\n#", ""),
        ),
        Example("generated elsewhere", path="gen.py", good='TEXT = "#include <immintrin.h>"\nout.write(TEXT)\n'),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for call in code.module.of(ast.Call):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name not in (*_COMPILES, "from_triple") or not code.reaches(call) or code.uncertain(call):
                continue
            if name == "from_triple":
                if call.args and code.text(call.args[0]).startswith(("x86_64-", "i386-", "i686-")):
                    message = "The target is x86-64, so what is compiled for it does not run on arm64."
                    yield self.finding(file.location(code.span(call.args[0])), message, severity=Severity.WARNING)
                continue
            for node, what in _texts(code, call):
                yield self.finding(
                    file.location(code.span(node)), f"The C text has `{what}` of x86 without a guard, so it does not compile on arm64."
                )


def _texts(code: Sources, call: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    """The arguments that are C texts with something of x86, and what that is."""
    for value in (*call.args, *(each.value for each in call.keywords)):
        for node in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
            text = code.text(node)
            found = _HEADER.search(text) or _ASSEMBLY.search(text)
            if found and not _GUARD.search(text):
                yield node, found[1]
