"""What of a Python file Linux arm64 reaches: the branches that its tests exclude are dead there."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from armready.core.file import File
from armready.languages.python.module import Module
from armready.languages.python.parser import parse_python
from armready.python.arch import Evaluator, evaluator
from armready.python.machines import AARCH64, AARCH64_NAMED

_HINTS = ("platform", "uname", "sysconfig", "maxsize", "calcsize", "_multiarch", "get_platform", "dpkg", "sys.")


@dataclass
class Reachability:
    """Which nodes Linux arm64 can reach."""

    module: Module
    dead: frozenset[ast.AST]

    def reaches(self, node: ast.AST) -> bool:
        """Whether arm64 on Linux may run this node."""
        if not self.dead:
            return True
        current: ast.AST | None = node
        while current is not None:
            if current in self.dead:
                return False
            current = self.module.parents.get(current)
        return True


def leaves(statements: list[ast.stmt]) -> bool:
    """Whether control never runs off the end of these statements."""
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, ast.Return | ast.Raise | ast.Continue | ast.Break):
        return True
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return called_name(last.value) in ("sys.exit", "exit", "quit", "os._exit", "pytest.skip")
    return isinstance(last, ast.If) and bool(last.orelse) and leaves(last.body) and leaves(last.orelse)


def called_name(node: ast.Call) -> str:
    """The dotted name that a call is written with, or an empty string."""
    parts: list[str] = []
    function: ast.expr = node.func
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    return ".".join([function.id, *reversed(parts)]) if isinstance(function, ast.Name) else ""


def reachability(file: File) -> Reachability:
    """What Linux arm64 reaches in a file.

    Raises:
        ParseProblem: it is not Python.
    """
    module = file.parse(parse_python)
    if not any(hint in file.text for hint in _HINTS):
        return Reachability(module, frozenset())
    judge = file.parse(evaluator)
    dead: set[ast.AST] = set()
    for node in module.of(ast.If):
        truth = _settled(judge, node.test)
        if truth is None:
            continue
        dead.update(node.orelse if truth else node.body)
        taken = node.body if truth else node.orelse
        if leaves(taken) and node in judge.places:
            block, position = judge.places[node]
            dead.update(block[position + 1 :])
    for match in module.of(ast.Match):
        for index, case in enumerate(match.cases):
            taken_here = judge.matches(match.subject, case.pattern, AARCH64)
            if taken_here is False:
                dead.update(case.body)
            elif taken_here is None or case.guard is None:
                later = match.cases[index + 1 :] if taken_here else []
                dead.update(statement for each in later for statement in each.body)
                break
    for choice in module.of(ast.IfExp):
        truth = _settled(judge, choice.test)
        if truth is not None:
            dead.add(choice.orelse if truth else choice.body)
    for both in module.of(ast.BoolOp):
        if isinstance(both.op, ast.And):
            for index, part in enumerate(both.values[:-1]):
                if _settled(judge, part) is False:
                    dead.update(both.values[index + 1 :])
                    break
    return Reachability(module, frozenset(dead))


def _settled(judge: Evaluator, test: ast.expr) -> bool | None:
    """What a test is on Linux arm64, whatever `platform.processor()` says there."""
    first, second = judge.truth(test, AARCH64), judge.truth(test, AARCH64_NAMED)
    return first if first == second else None
