"""What Python code does on another processor: its tests evaluated, from the syntax tree alone, for machines that this is not.

A test is evaluated for several Linux machines with the operating system held fixed, because a test of the operating system is no test of
the processor. Whatever is not a closed expression over constants and architecture values is unknown, and an unknown test says nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from armready.core.file import File
from armready.core.startup import regex
from armready.languages.python.parser import parse_python
from armready.python.machines import (
    AARCH64,
    ATTRIBUTES,
    BITNESS,
    CALLS,
    COMMANDS,
    CONFIG,
    DEBIAN,
    PROCESSES,
    RUNNERS,
    UNKNOWN,
    Done,
    Machine,
    Uname,
    Unknown,
)
from armready.python.names import Bindings

_LIMIT = 60
_LONGEST = 400
# A table with more entries than this is not evaluated.
_LARGEST = 64
# Names of names that a table is followed through.
_DEEPEST = 6
# What a regular expression is matched with is at most this long, and one that repeats a group or repeats often is not matched.
_WORD = 40
_NESTED = regex(r"\)[*+?{]")
_REPEATS = regex(r"[*+{]")
_MATCHERS: dict[str, Callable[[str, str], Any]] = {"re.match": re.match, "re.search": re.search, "re.fullmatch": re.fullmatch}
_FALLS_OFF = Unknown()

_METHODS = {
    "lower",
    "upper",
    "strip",
    "replace",
    "split",
    "startswith",
    "endswith",
    "casefold",
    "rstrip",
    "lstrip",
    "decode",
    "read",
    "readline",
    "find",
    "title",
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
    ast.Is: lambda left, right: left is right,
    ast.IsNot: lambda left, right: left is not right,
}


@dataclass
class Evaluator(Bindings):
    """Evaluates expressions of one module."""

    _values: dict[tuple[ast.AST, Machine], Any] = field(default_factory=dict)
    # The variable of a generator while its elements are evaluated.
    _loops: dict[ast.AST, Any] = field(default_factory=dict)

    def value(self, node: ast.expr, on: Machine, depth: int = 0) -> Any:
        """The value of an expression on a machine, or `UNKNOWN`."""
        if depth > _LIMIT:
            return UNKNOWN
        try:
            return self._value(node, on, depth + 1)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, ZeroDivisionError, re.error):
            return UNKNOWN

    def truth(self, node: ast.expr, on: Machine) -> bool | None:
        """Whether a test is true on a machine; None when that is unknown."""
        value = self.value(node, on)
        return None if isinstance(value, Unknown) else bool(value)

    def matches(self, subject: ast.expr | None, pattern: ast.pattern, on: Machine) -> bool | None:
        """Whether a pattern of a `match` takes its subject on a machine; None when that is unknown."""
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
            return True
        if isinstance(pattern, ast.MatchOr):
            taken = [self.matches(subject, each, on) for each in pattern.patterns]
            return True if True in taken else None if None in taken else False
        if subject is None or not isinstance(pattern, ast.MatchValue):
            return None
        value, wanted = self.value(subject, on), self.value(pattern.value, on)
        return None if isinstance(value, Unknown) or isinstance(wanted, Unknown) else bool(value == wanted)

    def _value(self, node: ast.expr, on: Machine, depth: int) -> Any:
        def of(each: ast.expr) -> Any:
            return self.value(each, on, depth)

        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name():
                return self._loops[node] if node in self._loops else self._held(self.bound(node), on, depth)
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                values = [of(each) for each in elements]
                return UNKNOWN if any(isinstance(each, Unknown) for each in values) else tuple(values)
            case ast.BoolOp(op=operator, values=parts):
                return self._boolean(operator, [of(each) for each in parts])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                value = of(operand)
                return UNKNOWN if isinstance(value, Unknown) else not value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
                return -number
            case ast.Dict(keys=keys, values=values) if len(keys) <= _LARGEST:
                names = [UNKNOWN if each is None else of(each) for each in keys]
                return UNKNOWN if UNKNOWN in names else dict(zip(names, map(of, values), strict=True))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                chosen = self.truth(test, on)
                return UNKNOWN if chosen is None else of(body if chosen else orelse)
            case ast.Compare():
                return self._compare(node, on, depth)
            case ast.JoinedStr() | ast.BinOp():
                return self._text(node, on, depth)
            case ast.Attribute():
                return self._attribute(node, on, depth)
            case ast.Subscript(value=owner, slice=index):
                return self._item(of(owner), of(index)) if not isinstance(owner, ast.Dict) else self._lookup(owner, of(index), on, depth)
            case ast.Call():
                return self._call(node, on, depth)
        return UNKNOWN

    def _held(self, bound: ast.expr | None, on: Machine, depth: int) -> Any:
        """The value of what a name holds, computed once for each machine."""
        if bound is None:
            return UNKNOWN
        if (bound, on) not in self._values:
            self._values[bound, on] = self.value(bound, on, depth)
        return self._values[bound, on]

    @staticmethod
    def _boolean(operator: ast.boolop, values: list[Any]) -> Any:
        is_and = isinstance(operator, ast.And)
        unknown = False
        for value in values:
            if isinstance(value, Unknown):
                unknown = True
            elif bool(value) is not is_and:
                # What stands before it may be chosen, which has the same truth and another value.
                return UNKNOWN if unknown and not isinstance(value, bool) else value
        return UNKNOWN if unknown else values[-1]

    def _compare(self, node: ast.Compare, on: Machine, depth: int) -> Any:
        left = self.value(node.left, on, depth)
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node, on, depth)
            if isinstance(left, Unknown) or isinstance(right, Unknown):
                return UNKNOWN
            if not _COMPARE[type(operator)](left, right):
                return False
            left = right
        return True

    def _text(self, node: ast.expr, on: Machine, depth: int) -> Any:
        if isinstance(node, ast.JoinedStr):
            parts = []
            for each in node.values:
                value = self.value(each.value if isinstance(each, ast.FormattedValue) else each, on, depth)
                if isinstance(value, Unknown):
                    return UNKNOWN
                parts.append(str(value))
            return "".join(parts)[:_LONGEST]
        assert isinstance(node, ast.BinOp)
        left, right = self.value(node.left, on, depth), self.value(node.right, on, depth)
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return UNKNOWN
        if isinstance(node.op, ast.Add) and isinstance(left, str | int | tuple) and len(str(left)) < _LONGEST:
            return left + right
        if isinstance(left, int) and isinstance(right, int) and abs(left) < 2**64 and abs(right) < 2**64:
            if isinstance(node.op, ast.Mult):
                return left * right
            if isinstance(node.op, ast.Pow) and 0 <= right <= 64 and abs(left) <= 16:
                return left**right
            if isinstance(node.op, ast.LShift) and 0 <= right <= 64:
                return left << right
            if isinstance(node.op, ast.Sub):
                return left - right
        return UNKNOWN

    def _attribute(self, node: ast.Attribute, on: Machine, depth: int) -> Any:
        name = self.qualified(node)
        if name in ATTRIBUTES:
            return ATTRIBUTES[name](on)
        if name:
            return UNKNOWN
        if (member := self.member(node)) is not None:
            return self._held(member, on, depth) if self.sources(member) else UNKNOWN
        owner = self.value(node.value, on, depth)
        if isinstance(owner, Uname):
            return owner.fields.get(node.attr, UNKNOWN)
        return owner.stdout if isinstance(owner, Done) and node.attr == "stdout" else UNKNOWN

    def _item(self, owner: Any, index: Any) -> Any:
        if isinstance(owner, Unknown) or isinstance(index, Unknown):
            return UNKNOWN
        if isinstance(owner, Uname):
            return owner.order[index] if index >= 0 else owner.order[:5][index]
        return owner[index] if isinstance(owner, str | tuple | dict) and not isinstance(owner, Done) else UNKNOWN

    def _lookup(self, table: ast.Dict, key: Any, on: Machine, depth: int, default: ast.expr | None = None) -> Any:
        if isinstance(key, Unknown):
            return UNKNOWN
        for each, value in zip(table.keys, table.values, strict=True):
            known = UNKNOWN if each is None else self.value(each, on, depth)
            if isinstance(known, Unknown):
                return UNKNOWN
            if known == key:
                return self.value(value, on, depth)
        return self.value(default, on, depth) if default is not None else UNKNOWN

    def table(self, node: ast.expr, on: Machine = AARCH64) -> ast.Dict | None:
        """The dictionary that an expression is, also through names and through an outer dictionary."""
        for _ in range(_DEEPEST):
            if isinstance(node, ast.Name | ast.Attribute):
                bound = self.bound(node) if isinstance(node, ast.Name) else self.member(node)
            elif isinstance(node, ast.Subscript) and (outer := self.table(node.value, on)) is not None:
                key = self.value(node.slice, on)
                bound = next((value for each, value in zip(outer.keys, outer.values, strict=True) if self._is(each, key, on)), None)
            else:
                bound = None
            if bound is None:
                return node if isinstance(node, ast.Dict) else None
            node = bound
        return None

    def _is(self, node: ast.expr | None, key: Any, on: Machine) -> bool:
        known = UNKNOWN if node is None else self.value(node, on)
        return not isinstance(key, Unknown) and not isinstance(known, Unknown) and bool(known == key)

    def _call(self, node: ast.Call, on: Machine, depth: int) -> Any:
        name = self.qualified(node.func)
        if name in CALLS and not node.args:
            return CALLS[name](on)
        if name == "sysconfig.get_config_var" and len(node.args) == 1:
            field = CONFIG.get(self.value(node.args[0], on, depth))
            return getattr(on, field) if field else UNKNOWN
        if name == "struct.calcsize" and len(node.args) == 1:
            return on.bits // 8 if self.value(node.args[0], on, depth) in ("P", "@P", "N") else UNKNOWN
        if name == "ctypes.sizeof" and len(node.args) == 1:
            return on.bits // 8 if self.qualified(node.args[0]) in ("ctypes.c_void_p", "ctypes.c_size_t") else UNKNOWN
        if name in RUNNERS and node.args:
            printed = self._command(node.args[0], on, depth)
            return Done(printed) if name in PROCESSES and isinstance(printed, str) else printed
        if name in _MATCHERS and len(node.args) == 2:
            return self._match(name, self.value(node.args[0], on, depth), self.value(node.args[1], on, depth))
        if isinstance(node.func, ast.Name):
            return self._plain_call(node, node.func.id, on, depth)
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func, on, depth)
        return UNKNOWN

    def _command(self, argument: ast.expr, on: Machine, depth: int) -> Any:
        words = self.value(argument, on, depth)
        line = words if isinstance(words, str) else " ".join(map(str, words)) if isinstance(words, tuple) else ""
        if line == "dpkg --print-architecture":
            return DEBIAN[on.machine]
        return getattr(on, COMMANDS[line]) if line in COMMANDS else UNKNOWN

    @staticmethod
    def _match(name: str, pattern: Any, text: Any) -> Any:
        """Whether a regular expression matches; unknown for one that could take long."""
        if not isinstance(pattern, str) or not isinstance(text, str) or len(text) > _WORD or len(pattern) > _LONGEST:
            return UNKNOWN
        if _NESTED.search(pattern) or len(_REPEATS.findall(pattern)) > 3:
            return UNKNOWN
        return _MATCHERS[name](pattern, text) is not None

    def _plain_call(self, node: ast.Call, name: str, on: Machine, depth: int) -> Any:
        function = self.functions.get(name)
        if function is not None and not node.args:
            if (function, on) not in self._values:
                result = self._run(function.body, on, depth)
                self._values[function, on] = None if result is _FALLS_OFF else result
            return self._values[function, on]
        if name in ("str", "bool") and len(node.args) == 1:
            value = self.value(node.args[0], on, depth)
            return UNKNOWN if isinstance(value, Unknown) else str(value) if name == "str" else bool(value)
        if name in ("any", "all") and len(node.args) == 1:
            operator = ast.Or() if name == "any" else ast.And()
            values = self._elements_of(node.args[0], on, depth)
            if values is None:
                return UNKNOWN
            return self._boolean(operator, values) if values else name == "all"
        return UNKNOWN

    def _run(self, body: list[ast.stmt], on: Machine, depth: int) -> Any:
        """What a simple function returns, or `_FALLS_OFF` where these statements return nothing."""
        for statement in body:
            if isinstance(statement, ast.Return):
                return None if statement.value is None else self.value(statement.value, on, depth)
            if isinstance(statement, ast.Raise):
                return UNKNOWN
            if isinstance(statement, ast.If):
                test = self.value(statement.test, on, depth)
                result = UNKNOWN if isinstance(test, Unknown) else self._run(statement.body if test else statement.orelse, on, depth)
                if result is not _FALLS_OFF:
                    return result
        return _FALLS_OFF

    def _elements_of(self, node: ast.expr, on: Machine, depth: int) -> list[Any] | None:
        """The values of the elements of a list, or of a generator over one; None when they cannot be told."""
        if isinstance(node, ast.List | ast.Tuple):
            return [self.value(each, on, depth) for each in node.elts]
        if not isinstance(node, ast.GeneratorExp | ast.ListComp) or len(node.generators) != 1:
            return None
        loop = node.generators[0]
        over = self.value(loop.iter, on, depth)
        if not isinstance(loop.target, ast.Name) or loop.ifs or not isinstance(over, tuple) or len(over) > _LARGEST:
            return None
        uses = [each for each in ast.walk(node.elt) if isinstance(each, ast.Name) and each.id == loop.target.id]
        found = []
        for value in over:
            self._loops.update((use, value) for use in uses)
            found.append(self.value(node.elt, on, depth))
        for use in uses:
            self._loops.pop(use, None)
        return found

    def _method(self, node: ast.Call, function: ast.Attribute, on: Machine, depth: int) -> Any:
        if function.attr == "get" and node.args and (table := self.table(function.value, on)) is not None:
            default = node.args[1] if len(node.args) > 1 else ast.Constant(None)
            return self._lookup(table, self.value(node.args[0], on, depth), on, depth, default)
        owner = self.value(function.value, on, depth)
        if isinstance(owner, Done):
            return (owner.stdout, UNKNOWN) if function.attr == "communicate" else UNKNOWN
        arguments = [self.value(each, on, depth) for each in node.args]
        if not isinstance(owner, str) or function.attr not in _METHODS or any(isinstance(each, Unknown) for each in arguments):
            return UNKNOWN
        if function.attr in ("decode", "read", "readline"):
            return owner
        result = getattr(owner, function.attr)(*arguments)
        return tuple(result) if isinstance(result, list) else result


def uses_bitness(sources: frozenset[str]) -> bool:
    """Whether a test looks at the width of the interpreter alone."""
    return bool(sources) and sources <= BITNESS


def evaluator(file: File) -> Evaluator:
    """The evaluator of a file.

    Raises:
        ParseProblem: it is not Python.
    """
    return Evaluator(file.parse(parse_python))
