"""A module that exists for x86-64 only is imported.

## What it finds

Imports of modules whose packages run on x86-64 only (`sklearnex`, `daal4py`, `mkl`, `decord`, `ibm_db`, `pysqlite3`, ...) that
Linux arm64 reaches. An import in a function counts as a warning. Imports that survive a failure, stand under a test, or are in
tests are left alone, and so are modules that distributions
bring for arm64, such as `PyQt5`. Each module is reported once in a file.

## Why it stops arm64

The package cannot be installed there, so that the import fails.

## What to do

Import it in a `try` with `except ImportError` and go on without it, or use what the message names.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.collector_needles import X86_MODULES
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.knowledge.packages import as_of, package
from armready.python.branches import is_test
from armready.python.imports import x86_imports


class X86Import(FileRule):
    code = "PY235"
    name = "x86-import"
    summary = "A module that exists for x86-64 only is imported"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON, Kind.NOTEBOOK})
    needles = X86_MODULES
    examples = (
        Example("plain", path="train.py", bad="«from sklearnex import patch_sklearn»\n\npatch_sklearn()\n", severity=Severity.ERROR),
        Example(
            "in a function", path="video.py", bad="def read(path):\n    «import decord»\n    return decord\n", severity=Severity.WARNING
        ),
        Example(
            "in a notebook",
            path="video.ipynb",
            bad='{"cells": [{"cell_type": "code", "source": ["%matplotlib inline\\n", "«from decord import VideoReader»"]}]}\n',
            severity=Severity.WARNING,
        ),
        Example(
            "by a call",
            path="app.py",
            bad="import sys\n\n«__import__('pysqlite3')»\nsys.modules['sqlite3'] = sys.modules.pop('pysqlite3')\n",
        ),
        Example(
            "of the project itself",
            path="src/sklearnex/svm.py",
            good="from sklearnex.utils import check\n",
            breaks=("src/sklearnex/svm.py", "app.py"),
        ),
        Example(
            "guarded",
            path="app.py",
            good="""
                import platform
                from typing import TYPE_CHECKING

                try:
                    import mkl
                except ImportError:
                    mkl = None
                if TYPE_CHECKING:
                    import ibm_db
                if platform.machine() == "x86_64":
                    import daal4py
                """,
        ),
        Example("of the distribution", path="app.py", good="from PyQt5 import QtCore\n", breaks=("PyQt5", "decord")),
        Example(
            "another module",
            path="app.py",
            good="import mklearn\nfrom . import decord\nfrom .mkl import x\n",
            breaks=("import mklearn", "import mkl"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        seen: set[str] = set()
        for found in file.parse(x86_imports):
            if found.guarded or found.module in seen:
                continue
            seen.add(found.module)
            row = package(found.distributions[0])
            instead = f"; on arm64: {row.alternative}" if row is not None and row.alternative else ""
            message = f"`{found.module}` exists for x86-64 only, so this import fails on arm64{instead} (known {as_of()})."
            yield self.finding(found.location, message, severity=Severity.WARNING if found.lazy else self.severity)
