"""A float that can be negative, or no number, is cast to an unsigned integer.

## What it finds

NumPy casts (`astype`, `np.uint8(…)`) to an unsigned type of what is negative by its own text: negative constants, `np.random.randn`, `normal` and
`standard_normal`, `np.sin`, `np.cos`, `np.linspace` and `uniform` from a negative start; and casts of `nan` and `inf` to any integer. Tests are left alone.

## Why it stops arm64

C leaves the result open. x86-64 wraps around (−2.0 becomes 254), arm64 stops at the end of the range (0): the results differ.

## What to do

Cast to a signed type first, or clip: both give the same everywhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.python.branches import is_test
from armready.python.sources import Sources, constant, sources

_UNSIGNED = re.compile(r"(?:numpy\.)?(?:uint(?:8|16|32|64|c|p)?|ubyte|ushort|ulonglong)")
_INTEGER = re.compile(r"(?:numpy\.)?(?:int(?:8|16|32|64|_|c|p)|byte|short|longlong)")
_SIGNED = ("numpy.random.randn", "numpy.random.normal", "numpy.random.standard_normal", "numpy.sin", "numpy.cos", "numpy.tanh")
_RANGES = ("numpy.linspace", "numpy.random.uniform")
_NO_NUMBERS = ("numpy.nan", "numpy.inf", "math.nan", "math.inf")
_ARRAYS = ("numpy.array", "numpy.asarray", "numpy.full", "numpy.full_like")


class FloatToIntCast(FileRule):
    code = "PY251"
    name = "float-to-int-cast"
    summary = "A float that can be negative, or no number, is cast to an unsigned integer"
    severity = Severity.INFO
    off_by_default = True
    kinds = frozenset({Kind.PYTHON})
    needles = (b"numpy",)
    examples = (
        Example("random numbers", path="noise.py", bad="import numpy as np\n\nx = «(np.random.randn(3) * 255).astype(np.uint8)»\n"),
        Example("constants", path="a.py", bad="import numpy as np\n\nx = «np.array([-2.0, 1.5]).astype('uint8')»\ny = «np.uint8(-1.5)»\n"),
        Example("no number", path="a.py", bad="import numpy as np\n\nx = «np.full(3, np.nan).astype(np.int64)»\n"),
        Example(
            "in range, signed, clipped",
            path="a.py",
            good=(
                "import numpy as np\n\na = (np.random.rand(3) * 255).astype(np.uint8)\nb = np.sin(x).astype(np.int8)\nc = (x / y).astype(np.uint8)\n"
                "d = np.clip(np.random.randn(3), 0, 255).astype(np.uint8)\ne = np.abs(np.sin(x)).astype(np.uint8)\nf = np.uint8(-1)\n"
                "g = ((np.sin(x) + 1) * 127).astype(np.uint8)\n"
            ),
            breaks=("(np.random.rand(3)", "(np.random.randn(3)"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for call in code.module.of(ast.Call):
            cast, to = _cast(code, call)
            if cast is None:
                continue
            if (_UNSIGNED.fullmatch(to) and _is_negative(code, cast)) or (_INTEGER.fullmatch(to) and _is_no_number(code, cast)):
                kind = to.removeprefix("numpy.")
                message = f"A float that `{kind}` cannot hold is cast to it: x86-64 wraps around and arm64 stops at the end of the range."
                yield self.finding(file.location(code.span(call)), message, confidence=Confidence.MEDIUM)


def _cast(code: Sources, call: ast.Call) -> tuple[ast.expr | None, str]:
    """What a call casts, and the type."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "astype" and call.args:
        return call.func.value, code.judge.qualified(call.args[0]) or constant(call.args[0])
    return (call.args[0], code.judge.qualified(call.func)) if len(call.args) == 1 else (None, "")


def _is_negative(code: Sources, node: ast.expr) -> bool:
    """Whether a part of a value is a negative float by its text, and nothing lifts it."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=float() as number)):
            return number > 0
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div(), right=right):
            return _is_negative(code, left) or _is_negative(code, right)
        case ast.Call(func=function, args=[first, *_]):
            name = code.judge.qualified(function)
            if name in _ARRAYS:
                parts = node.args[1:2] if "full" in name else first.elts if isinstance(first, ast.List) else [first]
                return any(_is_negative(code, each) for each in parts)
            return name in _SIGNED or (name in _RANGES and _starts_negative(first))
    return False


def _starts_negative(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)


def _is_no_number(code: Sources, node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and code.judge.qualified(node.func) in _ARRAYS:
        return any(_is_no_number(code, each) for each in node.args)
    if isinstance(node, ast.List):
        return any(_is_no_number(code, each) for each in node.elts)
    return isinstance(node, ast.Attribute) and code.judge.qualified(node) in _NO_NUMBERS
