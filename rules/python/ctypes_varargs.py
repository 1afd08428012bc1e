"""A C function with variable arguments is called without the types of its fixed ones.

## What it finds

`printf`, `ioctl`, `fcntl`, `open` and their like called with more than their fixed arguments on the C library that `ctypes.CDLL(None)` or
`find_library("c")` gives, where the file never sets `argtypes` for them. Files that speak of `libc.so.6`, and so run on Linux alone, are left alone.

## Why it stops arm64

macOS on arm64 passes variable arguments in another place than fixed ones. ctypes knows which are which from `argtypes` only, so the function
reads rubbish there. Linux on arm64 is not concerned.

## What to do

Set `argtypes` to the types of the fixed arguments.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, constant, sources

# Function -> how many of its arguments are fixed.
_FIXED = {"printf": 1, "fprintf": 2, "sprintf": 2, "snprintf": 3, "scanf": 1, "sscanf": 2, "ioctl": 2, "fcntl": 2, "open": 2, "openat": 3}
_LINUX = re.compile(r"libc\.so|libc\.musl|prctl|inotify|epoll|/proc/|sys\.platform\s*(?:!=|==)\s*[\"']linux")


class CtypesVarargs(FileRule):
    code = "PY223"
    name = "ctypes-varargs"
    summary = "A C function with variable arguments is called without the types of its fixed ones"
    severity = Severity.INFO
    kinds = frozenset({Kind.PYTHON})
    needles = (b"cdll",)
    examples = (
        Example(
            "printf",
            path="log.py",
            bad="import ctypes\n\nlibc = ctypes.CDLL(None)\n«libc.printf(b'%d', 3)»\n",
        ),
        Example(
            "ioctl",
            path="tty.py",
            bad="import ctypes\nfrom ctypes.util import find_library\n\nlibc = ctypes.CDLL(find_library('c'), use_errno=True)\n\n\ndef size(fd, data):\n    «libc.ioctl(fd, 1074295912, data)»\n",
        ),
        Example(
            "with types, without variable arguments, and of Linux",
            path="log.py",
            good="import ctypes\n\nlibc = ctypes.CDLL(None)\nlibc.printf.argtypes = [ctypes.c_char_p]\nlibc.printf(b'%d', 3)\nlibc.open(b'a', 0)\n",
            breaks=("libc.printf.argtypes = [ctypes.c_char_p]\n", ""),
        ),
        Example(
            "of Linux",
            path="log.py",
            good="import ctypes\n\nlibc = ctypes.CDLL('libc.so.6')\nlibc.printf(b'%d', 3)\n",
            breaks=("ctypes.CDLL('libc.so.6')", "ctypes.CDLL(None)"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path) or _LINUX.search(file.text):
            return
        code = file.parse(sources)
        for call in code.module.of(ast.Call):
            function = call.func
            if not isinstance(function, ast.Attribute) or len(call.args) <= _FIXED.get(function.attr, len(call.args)):
                continue
            if f".{function.attr}.argtypes" not in file.text and _is_libc(code, function.value):
                message = f"`{function.attr}` takes variable arguments, which macOS on arm64 passes otherwise; without `argtypes` it reads rubbish there."
                yield self.finding(file.location(code.span(call)), message)


def _is_libc(code: Sources, owner: ast.expr) -> bool:
    """Whether an expression is the C library of any system."""
    made = code.judge.bound(owner) if isinstance(owner, ast.Name) else owner
    if not isinstance(made, ast.Call) or called_name(made).rpartition(".")[2] != "CDLL" or not made.args:
        return False
    first = made.args[0]
    if isinstance(first, ast.Constant):
        return first.value is None
    return isinstance(first, ast.Call) and called_name(first).endswith("find_library") and [constant(each) for each in first.args] == ["c"]
