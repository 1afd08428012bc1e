"""A system call is made by its number on x86-64.

## What it finds

`libc.syscall(N, ...)` and constants named `__NR_*` or `SYS_*` with the number of x86-64 below 424. From 424 on both
processors share the numbers. Code under a test of the architecture is left alone.

## Why it stops arm64

The numbers differ on arm64: another system call is made, or none.

## What to do

Use the function of the standard library that the message names where there is one, or take the number from a table for each
architecture.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.knowledge.syscalls import SHARED_FROM, by_x86_number
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, sources

_NAMED = re.compile(r"(?:__NR_|_?SYS_|_?NR_)(\w+)", re.IGNORECASE)
_INSTEAD = {
    "gettid": "threading.get_native_id()",
    "memfd_create": "os.memfd_create()",
    "unshare": "os.unshare() from Python 3.12 on",
    "setns": "os.setns() from Python 3.12 on",
    "sched_setaffinity": "os.sched_setaffinity()",
    "sched_getaffinity": "os.sched_getaffinity()",
    "getrandom": "os.getrandom()",
    "eventfd2": "os.eventfd()",
    "copy_file_range": "os.copy_file_range()",
    "splice": "os.splice()",
}


class RawSyscallNumber(FileRule):
    code = "PY224"
    name = "raw-syscall-number"
    summary = "A system call is made by its number on x86-64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    needles = (b"syscall", b"__nr_", b"sys_")
    examples = (
        Example("call", path="tid.py", bad="import ctypes\n\ntid = ctypes.CDLL('libc.so.6').syscall(«186»)\n"),
        Example(
            "named constant",
            path="perf.py",
            bad="import ctypes\n\n__NR_perf_event_open = «298»\nlibc = ctypes.CDLL(None)\nfd = libc.syscall(__NR_perf_event_open, 0)\n",
        ),
        Example(
            "by names",
            path="perf.py",
            bad="import ctypes\n\nEVENT_OPEN = «298»\nsyscall = ctypes.CDLL(None).syscall\nfd = syscall(EVENT_OPEN, 0)\nt = syscall(ctypes.c_long(«186»))\n",
        ),
        Example(
            "shared number",
            path="pidfd.py",
            good="import ctypes\n\nfd = ctypes.CDLL(None).syscall(434, 1, 0)\n",
            breaks=("syscall(434", "syscall(186"),
        ),
        Example(
            "for each processor",
            path="tid.py",
            good="import ctypes, platform\n\nif platform.machine() == 'x86_64':\n    tid = ctypes.CDLL(None).syscall(186)\n",
            breaks=("if platform.machine() == 'x86_64':\n    ", ""),
        ),
        Example("another constant", path="a.py", good="import os\n\nSYS_gettid = 178\nSYS_LIMIT = 39\nos.syscall = None\n"),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path) or "syscall" not in file.text:
            return
        code = file.parse(sources)
        for node, name in _numbers(code):
            number = node.value
            if not isinstance(number, int) or not 0 <= number < SHARED_FROM:
                continue
            known = by_x86_number().get(number)
            if known is None or not code.reaches(node) or code.uncertain(node) or re.search("aarch64|arm64", file.text):
                continue
            called, other = known
            if name and name.lower() != called:
                continue
            there = f"{other} on arm64" if other is not None else "missing on arm64"
            instead = f"; use {_INSTEAD[called]}" if called in _INSTEAD else ""
            yield self.finding(file.location(code.span(node)), f"{number} is `{called}` on x86-64 only: it is {there}{instead}.")


def _numbers(code: Sources) -> Iterator[tuple[ast.Constant, str]]:
    for node in code.module.nodes:
        if isinstance(node, ast.Call) and node.args and _is_syscall(code, node.func):
            number = _number(code, node.args[0])
            if number is not None:
                yield number, ""
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            match = _NAMED.fullmatch(node.targets[0].id)
            if match and isinstance(node.value, ast.Constant):
                yield node.value, match[1]


def _is_syscall(code: Sources, function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        bound = code.judge.bound(function)
        return isinstance(bound, ast.Attribute) and bound.attr == "syscall"
    return isinstance(function, ast.Attribute) and function.attr == "syscall"


def _number(code: Sources, node: ast.expr) -> ast.Constant | None:
    """The constant that a call passes, as it is, by a name, or as a number of C."""
    if isinstance(node, ast.Call) and called_name(node).rpartition(".")[2] in ("c_long", "c_int", "c_ulong") and node.args:
        node = node.args[0]
    if isinstance(node, ast.Name) and not _NAMED.fullmatch(node.id):
        node = code.judge.bound(node) or node
    return node if isinstance(node, ast.Constant) else None
