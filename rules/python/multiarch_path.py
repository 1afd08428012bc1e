"""A path of x86-64 Linux is written into Python code.

## What it finds

`/usr/lib/x86_64-linux-gnu`, `/lib64/ld-linux-x86-64.so.2`, `java-*-amd64` and `targets/x86_64-linux` in strings that arm64
reaches; a warning where the string is listed with other places to look at. Files that know the aarch64 path too, tests and documentation are
left alone.

## Why it stops arm64

Debian and Ubuntu keep the libraries of arm64 in `/usr/lib/aarch64-linux-gnu`; the path does not exist there.

## What to do

Build the path from `platform.machine()`, or let the loader find the library by its name.

## Fix safety

`x86_64` in the multiarch folder is replaced by `platform.machine()`, which gives the same string on x86-64 Linux: safe. The other paths
have no such form and no fix.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Fix
from armready.core.rule import Example, FileRule
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, sources

_PATH = re.compile(
    r"/lib/x86_64-linux-gnu|/opt/intel/[\w./-]{0,200}\bintel64\b|/lib64/ld-linux-x86-64\.so|/jvm/[\w.-]{0,100}-amd64\b|/targets/x86_64-linux\b|/include/x86_64-linux-gnu"
)
_TRIPLET = re.compile(r"x86_64-linux-gnu(?=/|$)")
_MULTIARCH = "x86_64-linux-gnu"


class MultiarchPath(FileRule):
    code = "PY221"
    name = "multiarch-path"
    summary = "A path of x86-64 Linux is written into Python code"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    needles = (b"x86_64-linux", b"linux-x86-64", b"-amd64", b"intel64")
    examples = (
        Example(
            "a library",
            path="load.py",
            bad='import ctypes\n\nlib = ctypes.CDLL(«"/usr/lib/x86_64-linux-gnu/libfoo.so.1"»)\n',
            fixed='import platform\nimport ctypes\n\nlib = ctypes.CDLL(f"/usr/lib/{platform.machine()}-linux-gnu/libfoo.so.1")\n',
        ),
        Example(
            "joined",
            path="load.py",
            bad='import os\n\nlib = os.path.join("/usr/lib", «"x86_64-linux-gnu"», "liba.so")\n',
            fixed='import platform\nimport os\n\nlib = os.path.join("/usr/lib", f"{platform.machine()}-linux-gnu", "liba.so")\n',
        ),
        Example("the JVM", path="env.py", bad="import os\n\nos.environ['JAVA_HOME'] = «'/usr/lib/jvm/java-17-openjdk-amd64'»\n"),
        Example(
            "one of several places",
            path="find.py",
            bad='PLACES = ["/usr/include/a.h", «"/usr/include/x86_64-linux-gnu/a.h"»]\n',
            severity=Severity.WARNING,
        ),
        Example(
            "both are tried",
            path="load.py",
            good='PATHS = ["/usr/lib/x86_64-linux-gnu/liba.so", "/usr/lib/aarch64-linux-gnu/liba.so"]\n',
            breaks=("aarch64", "x86_64"),
        ),
        Example("documentation", path="load.py", good='"""Looks in /usr/lib/x86_64-linux-gnu."""\n\nx = "x86_64-linux-gnu-gcc"\n'),
        Example(
            "on x86-64 only",
            path="load.py",
            good='import platform\n\nif platform.machine() == "x86_64":\n    lib = "/usr/lib/x86_64-linux-gnu/liba.so"\n',
            breaks=('if platform.machine() == "x86_64":\n    ', ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path) or re.search(r"aarch64-linux|linux-aarch64|-arm64\b", file.text):
            return
        code = file.parse(sources)
        for node, text in code.strings():
            match = _PATH.search(text) or (_TRIPLET.match(text) if _is_joined(code, node) else None)
            if match and len(text) < 300 and code.reaches(node) and not code.uncertain(node):
                message = f"`{match.group()}` exists on x86-64 only, so this path is missing on arm64."
                severity = Severity.WARNING if _one_of_several(code, node) else self.severity
                yield self.finding(file.location(code.span(node)), message, severity=severity, fix=_fix(code, node))


def _is_joined(code: Sources, node: ast.Constant) -> bool:
    """Whether a string is a part of a path: an argument of `os.path.join`, or an operand of `/`."""
    parent = code.module.parents.get(node)
    if isinstance(parent, ast.BinOp):
        return isinstance(parent.op, ast.Div)
    return isinstance(parent, ast.Call) and called_name(parent).endswith("path.join")


def _one_of_several(code: Sources, node: ast.Constant) -> bool:
    """Whether it is listed with a path that any machine may have."""
    listed = code.module.parents.get(node)
    if not isinstance(listed, ast.List | ast.Tuple | ast.Set):
        return False
    texts = (each.value for each in listed.elts if isinstance(each, ast.Constant) and isinstance(each.value, str))
    return any("/" in text and not _PATH.search(text) for text in texts)


def _fix(code: Sources, node: ast.Constant) -> Fix | None:
    span = code.module.string_span(node)
    text = str(node.value)
    if (
        span is None
        or _MULTIARCH not in text
        or "{" in text
        or "}" in text
        or isinstance(code.module.parents.get(node), ast.JoinedStr | ast.FormattedValue)
    ):
        return None
    whole = code.span(node)
    quoted = code.file.text[whole.start : whole.end].replace(_MULTIARCH, "{platform.machine()}-linux-gnu")
    return Fix("Ask for the machine's own folder", (*code.import_platform(), code.file.replace(whole, f"f{quoted}")))
