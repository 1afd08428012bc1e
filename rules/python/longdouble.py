"""A NumPy type is named that exists on some machines only.

## What it finds

`np.float128`, `np.complex256` and `np.float96`.

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
from armready.python.sources import sources
from armready.rule import Example, FileRule

_NAMES = {
    "numpy.float128": "longdouble",
    "numpy.complex256": "clongdouble",
    "numpy.float96": "longdouble",
    "numpy.complex192": "clongdouble",
}


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
        Example("of another library", path="calc.py", good="import tensorflow as tf\n\nx = tf.complex256\n"),
    )

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        if "hasattr(" in file.text and "float128" in file.text.partition("hasattr(")[2][:60]:
            return
        view = file.parse(sources)
        for node in view.module.nodes:
            name = view.judge.qualified(node) if isinstance(node, ast.Attribute) else ""
            if name in _NAMES and isinstance(node, ast.Attribute):
                span = view.span(node)
                edit = file.replace(span._replace(start=span.end - len(node.attr)), _NAMES[name])
                message = f"`{view.module.source(node)}` does not exist on every machine and is another type on arm64 than on x86-64."
                yield self.finding(file.location(span), message, fix=Fix(f"Use {_NAMES[name]}", (edit,)))
