"""A NumPy type is named that exists on some machines only.

## What it finds

`np.float128`, `np.complex256` and `np.float96`, also imported by name and as texts that stand for a type.

Code that asks `hasattr` first, or that catches the AttributeError, is left alone, and so are tests.

## Why it stops arm64

They are names of the extended type of x86-64 Linux. On macOS arm64 and on Windows they do not exist: AttributeError. On Linux arm64
the type has the same size and other digits: quad precision, done in software, so results and speed differ.

## What to do

`np.longdouble` and `np.clongdouble` exist everywhere and mean the machine's own type.

## Fix safety

Where the old name exists it is the same type, so that nothing changes: safe. Unsafe for a text, which may also name a type in a file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.core.startup import regex
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, sources

_NAMES = {
    "numpy.float128": "longdouble",
    "numpy.complex256": "clongdouble",
    "numpy.float96": "longdouble",
    "numpy.complex192": "clongdouble",
}
_ASKS = regex(r"(?:float|complex)(?:128|256|96|192)\b")


class Longdouble(FileRule):
    code = "PY252"
    name = "longdouble"
    summary = "A NumPy type is named that exists on some machines only"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON})
    needles = needles_of(name.removeprefix("numpy.") for name in _NAMES)
    examples = (
        Example(
            "attribute",
            path="calc.py",
            bad="import numpy as np\n\nx = np.zeros(3, dtype=«np.float128»)\n",
            fixed="import numpy as np\n\nx = np.zeros(3, dtype=np.longdouble)\n",
        ),
        Example(
            "a text",
            path="calc.py",
            bad="import numpy as np\n\ny = x.astype(«'float128'»)\n",
            fixed="import numpy as np\n\ny = x.astype('longdouble')\n",
            applicability=Applicability.UNSAFE,
        ),
        Example("imported by name", path="calc.py", bad="from numpy import float128\n\nx = «float128»(1)\n"),
        Example(
            "portable",
            path="calc.py",
            good='import numpy as np\n\nx = np.longdouble(1)\nif hasattr(np, "float128"):\n    y = np.float128(1)\n',
            breaks=('x = np.longdouble(1)\nif hasattr(np, "float128"):\n    ', ""),
        ),
        Example(
            "survives its absence",
            path="calc.py",
            good=(
                "import numpy as np\n\ntypes = [np.float64]\ntry:\n    types += [np.float128]\nexcept AttributeError:\n    pass\n"
                "if hasattr(np, 'complex256'):\n    types += [np.complex256]\n"
            ),
            breaks=("'complex256", "'"),
        ),
        Example(
            "of another library", path="calc.py", good="import tensorflow as tf\n\nx = tf.complex256\n", breaks=("tensorflow", "numpy")
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for string, text in code.strings():
            name = f"numpy.{text}"
            if name in _NAMES and "numpy" in file.text and _is_type(code, string) and not _survives(code, string):
                inner = code.module.string_span(string)
                fix = Fix(f"Use {_NAMES[name]}", (file.replace(inner, _NAMES[name]),), Applicability.UNSAFE) if inner else None
                yield self.finding(file.location(code.span(string)), _message(text), fix=fix)
        for node in (*code.module.of(ast.Attribute), *code.module.of(ast.Name)):
            name = code.judge.qualified(node)
            if name in _NAMES and not _survives(code, node):
                span = code.span(node)
                edit = file.replace(span._replace(start=span.end - len(name.rpartition(".")[2])), _NAMES[name])
                fix = Fix(f"Use {_NAMES[name]}", (edit,)) if isinstance(node, ast.Attribute) else None
                yield self.finding(file.location(span), _message(code.module.source(node)), fix=fix)


def _message(name: str) -> str:
    return f"`{name}` does not exist on every machine and is another type on arm64 than on x86-64."


def _is_type(code: Sources, node: ast.Constant) -> bool:
    """Whether a text is given where a type is wanted."""
    parent = code.module.parents.get(node)
    if isinstance(parent, ast.keyword):
        return parent.arg == "dtype"
    return isinstance(parent, ast.Call) and node in parent.args[:1] and called_name(parent).rpartition(".")[2] in ("astype", "dtype")


def _survives(code: Sources, node: ast.expr) -> bool:
    """Whether the code asks first if the type exists, or goes on when it does not."""
    child: ast.AST = node
    while (parent := code.module.parents.get(child)) is not None:
        if isinstance(parent, ast.Try) and child in parent.body and any(map(_catches, parent.handlers)):
            return True
        if isinstance(parent, ast.If | ast.IfExp) and child is not parent.test and _ASKS.search(code.module.source(parent.test)):
            return True
        child = parent
    return False


def _catches(handler: ast.ExceptHandler) -> bool:
    names = {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)} if handler.type is not None else {"Exception"}
    return bool(names & {"AttributeError", "Exception", "BaseException"})
