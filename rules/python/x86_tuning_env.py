"""A variable of the environment tunes a library for a processor of x86.

## What it finds

Python code that sets `OPENBLAS_CORETYPE` or `NUMBA_CPU_NAME` to a processor of x86 (a warning), or limits oneDNN, PyTorch or MKL to
instructions of x86 (`ONEDNN_MAX_CPU_ISA=AVX2`, `ATEN_CPU_CAPABILITY=avx2`, `MKL_ENABLE_INSTRUCTIONS`, `MKL_DEBUG_CPU_TYPE`). Numbers of threads are left
alone, and so are tests and code under a test of the architecture.

## Why it stops arm64

OpenBLAS does not know the name there and takes its slowest code for arm64; LLVM ignores the name with a warning; the rest has no effect.

## What to do

Set it on x86-64 only. Without it each library chooses by the processor that it finds.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.python.branches import is_test
from armready.python.sources import Sources, constant, sources

_CORES = re.compile(
    r"haswell|skylake\S*|sandybridge|ivybridge|nehalem|penryn|core2|zen\S*|znver\d|bulldozer|piledriver|steamroller|excavator|cooperlake|sapphirerapids"
    r"|icelake\S*|cascadelake|broadwell|x86-64\S*|prescott|atom|barcelona",
    re.IGNORECASE,
)
_ISA = re.compile(r"(?:sse|avx|amx)\S*", re.IGNORECASE)
_CORE_NAMES = ("OPENBLAS_CORETYPE", "NUMBA_CPU_NAME")
_WITHOUT_VALUE = ("MKL_DEBUG_CPU_TYPE",)
_LIMITS = ("ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS")


class X86TuningEnv(FileRule):
    code = "PY238"
    name = "x86-tuning-env"
    summary = "A variable of the environment tunes a library for a processor of x86"
    severity = Severity.INFO
    kinds = frozenset({Kind.PYTHON})
    needles = needles_of((*_CORE_NAMES, *_LIMITS, *_WITHOUT_VALUE))
    examples = (
        Example("OpenBLAS", path="run.py", bad="import os\n\nos.environ['OPENBLAS_CORETYPE'] = «'Haswell'»\n", severity=Severity.WARNING),
        Example(
            "a limit", path="run.py", bad="import os\n\nos.environ.setdefault('ONEDNN_MAX_CPU_ISA', «'AVX2'»)\n", severity=Severity.INFO
        ),
        Example("for a process", path="run.py", bad="import subprocess\n\nsubprocess.run(['a'], env={'NUMBA_CPU_NAME': «'skylake'»})\n"),
        Example(
            "for arm64, read, or threads",
            path="run.py",
            good=(
                "import os\n\nos.environ['OPENBLAS_CORETYPE'] = 'NEOVERSEN1'\nos.environ['MKL_NUM_THREADS'] = '1'\n"
                "isa = os.environ.get('ONEDNN_MAX_CPU_ISA', 'AVX2')\nos.environ['NUMBA_CPU_NAME'] = 'generic'\n"
            ),
            breaks=("generic", "skylake"),
        ),
        Example(
            "on x86-64 only",
            path="run.py",
            good="import os, platform\n\nif platform.machine() == 'x86_64':\n    os.environ['OPENBLAS_CORETYPE'] = 'Haswell'\n",
            breaks=("if platform.machine() == 'x86_64':\n    ", ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for name, value, place in _settings(code):
            text = code.text(value)
            if not code.reaches(value) or code.uncertain(place):
                continue
            if name in _CORE_NAMES and _CORES.fullmatch(text):
                effect = "OpenBLAS takes its slowest code for arm64 then" if name == "OPENBLAS_CORETYPE" else "LLVM ignores it for arm64"
                message = f"`{text}` is a processor of x86: {effect}."
                yield self.finding(file.location(code.span(value)), message, severity=Severity.WARNING)
            elif name in _WITHOUT_VALUE or (name in _LIMITS and _ISA.fullmatch(text)):
                yield self.finding(file.location(code.span(value)), f"`{name}` speaks of x86 here, so it has no effect on arm64.")


def _settings(code: Sources) -> Iterator[tuple[str, ast.expr, ast.AST]]:
    """The variables that are set, in the environment or in a dictionary, with their values, and where that is done."""
    for node in code.module.of(ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and constant(target.slice):
            yield constant(target.slice), node.value, node
    for call in code.module.of(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("setdefault", "putenv", "setenv") and len(call.args) == 2:
            yield constant(call.args[0]), call.args[1], call
    for table in code.module.of(ast.Dict):
        yield from ((constant(key), value, table) for key, value in zip(table.keys, table.values, strict=True) if constant(key))
