"""Python code downloads a file for x86-64.

## What it finds

URLs in strings and f-strings whose path names x86-64 Linux, and names of archives and packages for it in code that downloads. Code that
names arm64 anywhere, wheels, tests, and what stands under a test of the architecture are left alone.

## Why it stops arm64

The file that is fetched does not run there: "Exec format error".

## What to do

Choose the file by `platform.machine()`. For a tool that is known, the message says what its file for arm64 is called.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.knowledge.arch import amd64_tokens, names_arm64
from armready.knowledge.tools import as_of, identify
from armready.python.branches import is_test
from armready.python.sources import Sources, sources

_URL = re.compile(r"(?:https?|ftp)://[^/\s]+/(\S+)")
_PAGE = re.compile(r"\.(?:html?|md|rst|php|whl|py)$|/(?:blob|tree|issues|pull|wiki|docs)/")
_ARCHIVE = re.compile(r"[\w.+{}-]{1,200}\.(?:tar|tar\.\w{2,4}|t[gx]z|tbz2?|zip|gz|xz|bz2|deb|rpm|AppImage|run)")
_SPELT = re.compile(r"://|\.(?:tar|t[gx]z|zip|gz|xz|bz2|deb|rpm)[\"']$")
_DOWNLOADS = re.compile(r"urlopen|urlretrieve|requests\.|httpx|aiohttp|\bcurl\b|\bwget\b|def download|download_file")
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#[^\n]*")


class DownloadX86Url(FileRule):
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
            "a name that becomes part of a URL",
            path="setup.py",
            bad="""
                import sys
                import urllib.request

                # no linux.aarch64 yet
                SUFFIX = {
                    "linux": («"linux.x86_64.tar.xz"», "0123"),
                    "darwin": ("darwin.x86_64.tar.xz", "4567"),
                }

                def fetch():
                    return urllib.request.urlopen(f"https://example.org/tool-1.0.{SUFFIX[sys.platform][0]}")
                """,
        ),
        Example(
            "a name in code that downloads nothing",
            path="pack.py",
            good='NAME = "tool-linux-x86_64.tar.gz"\nSITE = "https://example.org"\n',
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
            breaks=("windows", "linux"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path) or names_arm64(_COMMENT.sub("", file.text)):
            return
        code = file.parse(sources)
        downloads = "://" in file.text and _DOWNLOADS.search(file.text) is not None
        texts = list(_texts(code))
        named = downloads and any(_ARCHIVE.fullmatch(text) and amd64_tokens(text) for _, text in texts)
        for node, text in texts:
            match = _URL.search(text)
            if match is not None and named and not amd64_tokens(code.module.source(node)):
                continue  # the table that the URL is put together from is where it is changed
            name = _ARCHIVE.fullmatch(text) if downloads and match is None else None
            path = name.group() if name else match[1] if match else ""
            if not path or _PAGE.search(path) or not amd64_tokens(path) or not code.reaches(node) or code.uncertain(node):
                continue
            tool = identify(match.group()) if match else None
            known = tool is not None and tool.has_arm64 is True
            there = f"; {tool.tool.name} has one for arm64 too (known {as_of()})" if known and tool is not None else ""
            yield self.finding(
                file.location(code.span(node)),
                f"`{amd64_tokens(path)[0].text}` in this {'name' if name else 'URL'} makes arm64 fetch a file that does not run there{there}.",
                severity=Severity.ERROR if known else Severity.WARNING,
                confidence=Confidence.HIGH if known else Confidence.MEDIUM,
            )


def _texts(code: Sources) -> Iterator[tuple[ast.expr, str]]:
    """The strings, f-strings and sums of strings with the values that their names have on arm64, where the text tells them."""
    for node in (*code.module.of(ast.JoinedStr), *code.module.of(ast.BinOp)):
        if not _is_part(code, node) and _SPELT.search(code.module.source(node)):
            yield node, code.text(node)
    for constant, text in code.strings():
        if not _is_part(code, constant):
            yield constant, text


def _is_part(code: Sources, node: ast.expr) -> bool:
    """Whether it stands in a longer text."""
    parent = code.module.parents.get(node)
    return isinstance(parent, ast.JoinedStr) or (isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Mod))
