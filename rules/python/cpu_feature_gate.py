"""Python code refuses to run without a feature of x86 processors.

## What it finds

Tests whether a feature of x86 (`avx2`, `sse4_2`, `fma`, …) is missing from the processor's flags that end with an error or leave the
program, and assertions that it is there. Choosing a slower way instead, tests, and code under a test of the architecture are left alone.

## Why it stops arm64

No arm64 processor has the feature, so the program always refuses there, although its libraries may have NEON code that does the same.

## What to do

Ask for the feature on x86-64 only, or let the library choose.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.needles import word_starts
from armready.core.rule import Example, FileRule
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, constant, sources

_FEATURE = re.compile(r"(?:sse[234]?(?:[._]?[12])?|ssse3|avx(?:2|512\w*)?|fma[34]?|f16c|bmi[12]|popcnt|aes|pclmulqdq)", re.IGNORECASE)
_FLAGS = re.compile(r"flags|features|cpu_?info|capabilit|instruction_?set|\bisa\b", re.IGNORECASE)
_EXITS = ("sys.exit", "exit", "quit", "os._exit")


class CpuFeatureGate(FileRule):
    code = "PY208"
    name = "cpu-feature-gate"
    summary = "Python code refuses to run without a feature of x86 processors"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON})
    needles = word_starts(_FEATURE)
    examples = (
        Example(
            "flags",
            path="app/start.py",
            bad="import cpuinfo\n\nflags = cpuinfo.get_cpu_info()['flags']\nif «'avx2' not in flags»:\n    raise RuntimeError('AVX2 is required')\n",
        ),
        Example(
            "a table, and an assertion",
            path="app/start.py",
            bad=("import sys\n\nif «not __cpu_features__['AVX2']»:\n    sys.exit('AVX2 is required')\nassert «'sse4_2' in cpu_flags»\n"),
        ),
        Example(
            "the file itself",
            path="app/start.py",
            bad="with open('/proc/cpuinfo') as f:\n    if «'avx' not in f.read()»:\n        raise RuntimeError('AVX is required')\n",
        ),
        Example(
            "another way",
            path="app/start.py",
            good="if 'avx2' not in flags:\n    kernel = 'plain'\nif 'avx2' in flags:\n    raise RuntimeError('not with AVX2')\n",
            breaks=("kernel = 'plain'\nif 'avx2' in flags:\n    ", ""),
        ),
        Example(
            "on x86-64 only",
            path="app/start.py",
            good="import platform\n\nif platform.machine() == 'x86_64':\n    if 'avx2' not in flags:\n        raise RuntimeError\n",
            breaks=("if platform.machine() == 'x86_64':\n    if 'avx2' not in flags:\n        raise", "if 'avx2' not in flags:\n    raise"),
        ),
        Example(
            "other words",
            path="app/start.py",
            good="if 'fma' not in names:\n    raise KeyError\nassert 'aes' in ciphers\n",
            breaks=("names", "flags"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for test in _gates(code):
            if code.reaches(test) and not code.uncertain(test):
                message = "No arm64 processor has this feature of x86, so the program always refuses there."
                yield self.finding(file.location(code.span(test)), message, confidence=Confidence.MEDIUM)


def _gates(code: Sources) -> Iterator[ast.expr]:
    for choice in code.module.of(ast.If):
        if (_lacks(code, choice.test) and _refuses(choice.body)) or (_has(code, choice.test) and _refuses(choice.orelse)):
            yield choice.test
    yield from (each.test for each in code.module.of(ast.Assert) if _has(code, each.test))


def _lacks(code: Sources, test: ast.expr) -> bool:
    """Whether a test is true where a feature of x86 is missing."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _has(code, test.operand)
    return isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.NotIn) and _asks(code, test.left, test.comparators[0])


def _has(code: Sources, test: ast.expr) -> bool:
    """Whether a test is true where a feature of x86 is there."""
    if isinstance(test, ast.Compare):
        return len(test.ops) == 1 and isinstance(test.ops[0], ast.In) and _asks(code, test.left, test.comparators[0])
    if isinstance(test, ast.Subscript):
        return _asks(code, test.slice, test.value)
    is_get = isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "get" and test.args
    return bool(is_get) and _asks(code, test.args[0], test.func.value)  # type: ignore[attr-defined]


def _asks(code: Sources, feature: ast.expr, where: ast.expr) -> bool:
    if not _FEATURE.fullmatch(constant(feature)):
        return False
    return bool(_FLAGS.search(code.module.source(where))) or _reads_cpuinfo(code, where)


def _reads_cpuinfo(code: Sources, where: ast.expr) -> bool:
    """Whether a value is read from what `with open("/proc/cpuinfo")` opened."""
    name = where.func.value if isinstance(where, ast.Call) and isinstance(where.func, ast.Attribute) else None
    node: ast.AST | None = where
    while node is not None and isinstance(name, ast.Name):
        for item in node.items if isinstance(node, ast.With) else ():
            if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name.id:
                return "/proc/cpuinfo" in code.module.source(item.context_expr)
        node = code.module.parents.get(node)
    return False


def _refuses(body: list[ast.stmt]) -> bool:
    return any(
        isinstance(each, ast.Raise)
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Call) and called_name(each.value) in _EXITS)
        for each in body
    )
