"""Python code downloads a file for x86-64.

## What it finds

URLs in strings and f-strings whose path names x86-64 Linux. Files that name arm64 anywhere, wheels, tests, and code under a test of
the architecture are left alone.

## Why it stops arm64

The file that is fetched does not run there: "Exec format error".

## What to do

Choose the file by `platform.machine()`. For a tool that is known, the message says what its file for arm64 is called.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.arch import amd64_tokens, names_arm64
from armready.classify import Kind
from armready.file import File
from armready.finding import Confidence, Finding, Severity
from armready.knowledge.tools import as_of, identify
from armready.python.branches import is_test
from armready.python.sources import Sources, sources
from armready.rule import Example, FileRule

_URL = re.compile(r"(?:https?|ftp)://[^/\s]+/(\S+)")
_PAGE = re.compile(r"\.(?:html?|md|rst|php|whl|py)$|/(?:blob|tree|issues|pull|wiki|docs)/")


class DownloadX86Url(FileRule):
    """PY232."""

    code = "PY232"
    name = "download-x86-url"
    summary = "Python code downloads a file for x86-64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON, Kind.NOTEBOOK})
    needles = (b"amd64", b"x86_64", b"x86-64", b"x64", b"linux64")
    examples = (
        Example(
            "unknown tool",
            path="get.py",
            bad='from urllib.request import urlretrieve\n\nurlretrieve(«"https://example.org/v1/tool-linux-amd64.tar.gz"», "t.tgz")\n',
            severity=Severity.WARNING,
        ),
        Example(
            "known tool",
            path="get.py",
            bad='V = "1.30.0"\nURL = «f"https://dl.k8s.io/release/v{V}/bin/linux/amd64/kubectl"»\n',
            severity=Severity.ERROR,
        ),
        Example(
            "by a constant",
            path="get.py",
            bad=(
                'ARCH = "amd64"\nA = «f"https://example.org/v1/tool-linux-{ARCH}.tar.gz"»\n'
                'B = «"https://example.org/" + version + "/tool-linux-x86_64.zip"»\n'
            ),
        ),
        Example(
            "by architecture",
            path="get.py",
            good='import platform\n\nA = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]\nU = f"https://example.org/tool-linux-{A}"\n',
        ),
        Example(
            "another system, a wheel, a page",
            path="get.py",
            good=(
                'A = "https://example.org/tool-windows-amd64.zip"\nB = "https://example.org/a-1-cp39-cp39-manylinux2014_x86_64.whl"\n'
                'C = "https://example.org/docs/amd64/index.html"\n'
            ),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        if is_test(file.path) or names_arm64(file.text):
            return
        view = file.parse(sources)
        for node, text in _texts(view):
            match = _URL.search(text)
            if match is None or _PAGE.search(match[1]) or not amd64_tokens(match[1]):
                continue
            if not view.reaches(node) or view.uncertain(node):
                continue
            tool = identify(match.group())
            known = tool is not None and tool.has_arm64 is True
            there = f"; {tool.tool.name} has one for arm64 too (known {as_of()})" if known and tool is not None else ""
            yield self.finding(
                file.location(view.span(node)),
                f"`{amd64_tokens(match[1])[0].text}` in this URL makes arm64 fetch a file that does not run there{there}.",
                severity=Severity.ERROR if known else Severity.WARNING,
                confidence=Confidence.HIGH if known else Confidence.MEDIUM,
            )


def _texts(view: Sources) -> Iterator[tuple[ast.expr, str]]:
    """The strings, f-strings and sums of strings with the values that their names have on arm64, where the text tells them."""
    for node in (*view.module.of(ast.JoinedStr), *view.module.of(ast.BinOp)):
        if not _is_part(view, node) and "://" in view.module.source(node):
            yield node, view.text(node)
    for constant, text in view.strings():
        if not _is_part(view, constant):
            yield constant, text


def _is_part(view: Sources, node: ast.expr) -> bool:
    """Whether it stands in a longer text."""
    parent = view.module.parents.get(node)
    return isinstance(parent, ast.JoinedStr) or (isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Mod))
