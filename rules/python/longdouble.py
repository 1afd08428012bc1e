"""A NumPy type is named that exists on some machines only.

## What it finds

`np.float128`, `np.complex256` and `np.float96`.

Code that asks `hasattr` first, or that catches the AttributeError, is left alone.

## Why it stops arm64

They are names of the extended type of x86-64 Linux. On macOS arm64 and on Windows they do not exist: AttributeError. On Linux arm64
the type has the same size and other digits: quad precision, done in software, so results and speed differ.

## What to do

`np.longdouble` and `np.clongdouble` exist everywhere and mean the machine's own type.

## Fix safety

Where the old name exists it is the same type, so that nothing changes: safe.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from armready.classify import Kind
from armready.file import File
from armready.finding import Finding, Severity
from armready.fix import Fix
from armready.patterns import regex
from armready.python.sources import Sources, sources
from armready.rule import Example, FileRule

_NAMES = {
    "numpy.float128": "longdouble",
    "numpy.complex256": "clongdouble",
    "numpy.float96": "longdouble",
    "numpy.complex192": "clongdouble",
}
_ASKS = regex(r"(?:float|complex)(?:128|256|96|192)\b")


class Longdouble(FileRule):
    """PY252."""

    code = "PY252"
    name = "longdouble"
    summary = "A NumPy type is named that exists on some machines only"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON})
    needles = (b"float128", b"complex256", b"float96", b"complex192")
    examples = (
        Example(
            "attribute",
            path="calc.py",
            bad="import numpy as np\n\nx = np.zeros(3, dtype=«np.float128»)\n",
            fixed="import numpy as np\n\nx = np.zeros(3, dtype=np.longdouble)\n",
        ),
        Example(
            "portable",
            path="calc.py",
            good='import numpy as np\n\nx = np.longdouble(1)\nif hasattr(np, "float128"):\n    y = np.float128(1)\n',
        ),
        Example(
            "survives its absence",
            path="calc.py",
            good=(
                "import numpy as np\n\ntypes = [np.float64]\ntry:\n    types += [np.float128]\nexcept AttributeError:\n    pass\n"
                "if hasattr(np, 'complex256'):\n    types += [np.complex256]\n"
            ),
        ),
        Example("of another library", path="calc.py", good="import tensorflow as tf\n\nx = tf.complex256\n"),
    )

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        view = file.parse(sources)
        for node in view.module.nodes:
            name = view.judge.qualified(node) if isinstance(node, ast.Attribute) else ""
            if name in _NAMES and isinstance(node, ast.Attribute) and not _survives(view, node):
                span = view.span(node)
                edit = file.replace(span._replace(start=span.end - len(node.attr)), _NAMES[name])
                message = f"`{view.module.source(node)}` does not exist on every machine and is another type on arm64 than on x86-64."
                yield self.finding(file.location(span), message, fix=Fix(f"Use {_NAMES[name]}", (edit,)))


def _survives(view: Sources, node: ast.Attribute) -> bool:
    """Whether the code asks first if the type exists, or goes on when it does not."""
    child: ast.AST = node
    while (parent := view.module.parents.get(child)) is not None:
        if isinstance(parent, ast.Try) and child in parent.body and any(map(_catches, parent.handlers)):
            return True
        if isinstance(parent, ast.If | ast.IfExp) and child is not parent.test and _ASKS.search(view.module.source(parent.test)):
            return True
        child = parent
    return False


def _catches(handler: ast.ExceptHandler) -> bool:
    names = {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)} if handler.type is not None else {"Exception"}
    return bool(names & {"AttributeError", "Exception", "BaseException"})
