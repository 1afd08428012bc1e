"""A page of memory is taken to have 4096 bytes.

## What it finds

Numbers of pages from `/proc/…/statm` or `/proc/…/stat` that are multiplied by 4096, and `mmap(offset=…)` with an offset that is a multiple of 4096
and not of 65536, as a number or by a name that holds it. Tests are left alone.

## Why it stops arm64

Linux on arm64 also comes with pages of 16 or 64 KiB (Apple's processors, some builds of RHEL, SLES and Ubuntu). What is computed from 4096 is wrong
there, and `mmap` refuses the offset.

## What to do

`mmap.PAGESIZE`, `mmap.ALLOCATIONGRANULARITY` or `os.sysconf("SC_PAGE_SIZE")`.
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
from armready.python.reachable import called_name
from armready.python.sources import Sources, keyword, sources

_USUAL = 4096
_LARGEST = 65536
_COUNTS_PAGES = re.compile(r"/proc/[^\"'\s]{0,100}/statm\b|[\"']statm[\"']")


class PageSize(FileRule):
    code = "PY253"
    name = "page-size"
    summary = "A page of memory is taken to have 4096 bytes"
    severity = Severity.INFO
    off_by_default = True
    kinds = frozenset({Kind.PYTHON})
    needles = (b"statm", b"mmap")
    examples = (
        Example(
            "pages in use",
            path="memory.py",
            bad="def rss():\n    with open('/proc/self/statm') as f:\n        return «int(f.read().split()[1]) * 4096»\n",
        ),
        Example(
            "by a name",
            path="memory.py",
            bad="PAGE = 4096\n\n\ndef rss():\n    return «pages('/proc/self/statm') * PAGE»\n",
        ),
        Example("an offset", path="load.py", bad="import mmap\n\nview = mmap.mmap(fd, size, offset=«4096 * 3»)\n"),
        Example(
            "asked for",
            path="memory.py",
            good="import mmap\n\npages = open('/proc/self/statm').read().split()\nrss = int(pages[1]) * mmap.PAGESIZE\nm = mmap.mmap(fd, 4096, offset=65536)\n",
            breaks=("65536)", "4096 * 3)"),
        ),
        Example(
            "another 4096",
            path="read.py",
            good="import mmap\n\nsize = 4096 * 2\nm = mmap.mmap(fd, 4096)\ndata = f.read(4096)\n",
            breaks=(" 4096)", " size, offset=4096 * 3)"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for node in (*_products(code), *_offsets(code)):
            if code.reaches(node):
                message = "4096 is not the size of a page on every arm64 machine: 16 and 64 KiB are in use too."
                yield self.finding(file.location(code.span(node)), message, confidence=Confidence.MEDIUM)


def _products(code: Sources) -> Iterator[ast.expr]:
    """What is multiplied by 4096 in a function, or a module, that reads a number of pages."""
    for product in code.module.of(ast.BinOp):
        is_bytes = isinstance(product.op, ast.Mult) and _USUAL in (code.number(product.left), code.number(product.right))
        if is_bytes and code.number(product) is None and _COUNTS_PAGES.search(code.module.source(_around(code, product))):
            yield product


def _around(code: Sources, node: ast.AST) -> ast.stmt:
    """The function around an expression, else its statement."""
    statement = node
    while not isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
        statement = statement if isinstance(statement, ast.stmt) else node
        node = code.module.parents[node]
    found = statement if isinstance(node, ast.Module) else node
    assert isinstance(found, ast.stmt)
    return found


def _offsets(code: Sources) -> Iterator[ast.expr]:
    for call in code.module.of(ast.Call):
        offset = keyword(call, "offset") if called_name(call) in ("mmap.mmap", "mmap") else None
        number = code.number(offset)
        if offset is not None and number and number % _USUAL == 0 and number % _LARGEST:
            yield offset
