"""What Python code does on another processor: its tests evaluated, from the syntax tree alone, for machines that this is not.

A test is evaluated for several Linux machines with the operating system held fixed, because a test of the operating system is no test of
the processor. Whatever is not a closed expression over constants and architecture values is unknown, and an unknown test says nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from armready.file import File
from armready.parsers.python import Module, parse_python

_LIMIT = 60
_LONGEST = 400


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()


class Machine(NamedTuple):
    """A computer as Python describes it.

    Attributes:
        machine: `platform.machine()`.
        processor: `platform.processor()`.
        bits: of the interpreter.
        multiarch: Debian's triplet.
    """

    machine: str
    processor: str
    bits: int = 64
    multiarch: str = ""


X86_64 = Machine("x86_64", "x86_64", 64, "x86_64-linux-gnu")
AARCH64 = Machine("aarch64", "", 64, "aarch64-linux-gnu")
AARCH64_NAMED = AARCH64._replace(processor="aarch64")
I686 = Machine("i686", "i686", 32, "i386-linux-gnu")
ARMV7 = Machine("armv7l", "", 32, "arm-linux-gnueabihf")
PPC64LE = Machine("ppc64le", "ppc64le", 64, "powerpc64le-linux-gnu")
S390X = Machine("s390x", "s390x", 64, "s390x-linux-gnu")
# A Linux that spells its processor as macOS does. There is none: code that treats it otherwise than aarch64 confuses the two names.
ARM64_SPELT = Machine("arm64", "arm", 64, "aarch64-linux-gnu")
LINUX = (X86_64, AARCH64, I686, ARMV7, PPC64LE, S390X)

# Functions without arguments -> their value.
_CALLS: dict[str, Callable[[Machine], Any]] = {
    "platform.machine": lambda on: on.machine,
    "platform.processor": lambda on: on.processor,
    "platform.system": lambda _: "Linux",
    "platform.architecture": lambda on: (f"{on.bits}bit", "ELF"),
    "platform.platform": lambda on: f"Linux-6.8.0-{on.machine}-with-glibc2.36",
    "platform.python_implementation": lambda _: "CPython",
    "platform.uname": lambda on: _Uname(on),
    "os.uname": lambda on: _Uname(on),
    "sysconfig.get_platform": lambda on: f"linux-{on.machine}",
    "distutils.util.get_platform": lambda on: f"linux-{on.machine}",
}
_ATTRIBUTES: dict[str, Callable[[Machine], Any]] = {
    "sys.platform": lambda _: "linux",
    "os.name": lambda _: "posix",
    "sys.maxsize": lambda on: 2 ** (on.bits - 1) - 1,
    "sys.implementation._multiarch": lambda on: on.multiarch,
}
_CONFIG = {"MULTIARCH": "multiarch", "HOST_GNU_TYPE": "multiarch", "BUILD_GNU_TYPE": "multiarch"}
_COMMANDS = {"uname -m": "machine", "uname -p": "processor", "arch": "machine", "uname -i": "processor"}
_RUNNERS = ("subprocess.check_output", "subprocess.getoutput", "os.popen")
_DEBIAN = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "i686": "i386",
    "armv7l": "armhf",
    "ppc64le": "ppc64el",
    "s390x": "s390x",
    "arm64": "arm64",
}

_SOURCES = frozenset(
    {*_CALLS, "sys.maxsize", "sys.implementation._multiarch", "sysconfig.get_config_var", "struct.calcsize", *_RUNNERS}
) - {
    "platform.system",
    "platform.python_implementation",
}
_BITNESS = frozenset({"sys.maxsize", "struct.calcsize", "platform.architecture"})

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


class _Uname:
    def __init__(self, on: Machine) -> None:
        self.fields = {"system": "Linux", "sysname": "Linux", "machine": on.machine, "processor": on.processor}
        self.order: tuple[Any, ...] = ("Linux", UNKNOWN, UNKNOWN, UNKNOWN, on.machine, on.processor)


@dataclass
class Evaluator:
    """Evaluates expressions of one module."""

    module: Module
    _bound: dict[ast.Name, ast.expr | None] = field(default_factory=dict)

    @cached_property
    def imported(self) -> dict[str, str]:
        """Local name -> qualified name, from every import of the module."""
        found = {}
        for node in self.module.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.partition(".")[0]] = alias.name if alias.asname else alias.name.partition(".")[0]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return found

    @cached_property
    def functions(self) -> dict[str, ast.expr]:
        """Functions of the module without arguments whose body is one return."""
        found: dict[str, ast.expr] = {}
        for node in self.module.tree.body:
            if isinstance(node, ast.FunctionDef) and not (node.args.args or node.args.kwonlyargs or node.args.vararg or node.args.kwarg):
                body = [each for each in node.body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
                if len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value is not None:
                    found[node.name] = body[0].value
        return found

    def qualified(self, node: ast.expr) -> str:
        """`platform.machine` of the expression that means it, or an empty string."""
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.imported:
            return ""
        return ".".join([self.imported[node.id], *reversed(parts)])

    @cached_property
    def marked(self) -> frozenset[ast.AST]:
        """The expressions that may depend on an architecture value: those that hold one, or a name that any of them is bound to."""
        module = self.module
        marked: set[ast.AST] = set()
        names: set[str] = set()
        todo: list[ast.AST] = [node for node in (*module.of(ast.Attribute), *module.of(ast.Name)) if self.qualified(node) in _SOURCES]
        loads: dict[str, list[ast.AST]] = {}
        for name in module.of(ast.Name):
            if isinstance(name.ctx, ast.Load):
                loads.setdefault(name.id, []).append(name)
        while todo:
            node: ast.AST | None = todo.pop()
            while node is not None and node not in marked and not isinstance(node, ast.stmt):
                marked.add(node)
                node = module.parents.get(node)
            for bound in _names_bound(node, module.parents) - names:
                names.add(bound)
                todo.extend(loads.get(bound, ()))
        return frozenset(marked)

    @cached_property
    def places(self) -> dict[ast.AST, tuple[list[ast.stmt], int]]:
        """Each statement's block, and its position there."""
        found: dict[ast.AST, tuple[list[ast.stmt], int]] = {}
        for node in self.module.nodes:
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if isinstance(block, list):
                    for position, statement in enumerate(block):
                        found[statement] = (block, position)
        return found

    @cached_property
    def stores(self) -> dict[ast.AST, set[str]]:
        """The names that each statement, or anything in it, binds or deletes."""
        found: dict[ast.AST, set[str]] = {}
        for name in self.module.of(ast.Name):
            if isinstance(name.ctx, ast.Load):
                continue
            node: ast.AST | None = name
            while node is not None:
                found.setdefault(node, set()).add(name.id)
                node = self.module.parents.get(node)
        return found

    def sources(self, node: ast.AST, depth: int = 0) -> frozenset[str]:
        """The architecture values that an expression depends on, through names and simple functions."""
        found: set[str] = set()
        if depth > 8 or node not in self.marked:
            return frozenset()
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute | ast.Name):
                name = self.qualified(each)
                if name in _SOURCES:
                    found.add(name)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and each.id not in self.imported:
                value = self.functions.get(each.id) or self.bound(each)
                if value is not None and value is not node:
                    found |= self.sources(value, depth + 1)
        return frozenset(found)

    def bound(self, name: ast.Name) -> ast.expr | None:
        """The expression that a name holds at its place, when the text tells: the last plain assignment above it."""
        if name not in self._bound:
            self._bound[name] = self._find_bound(name)
        return self._bound[name]

    def _find_bound(self, name: ast.Name) -> ast.expr | None:
        parents = self.module.parents
        node: ast.AST = name
        while (parent := parents.get(node)) is not None:
            if node in self.places:
                block, position = self.places[node]
                for index in range(position - 1, -1, -1):
                    value = self._assigned(block[index], name.id)
                    if value is not None:
                        return None if isinstance(value, _Unknown) else value
            if isinstance(parent, ast.For | ast.While | ast.AsyncFor) and name.id in self.stores.get(parent, ()):
                return None
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                if _binds_argument(parent, name.id) or name.id in self.stores.get(parent, ()):
                    return None
                return self._global(name.id)
            node = parent
        return None

    def _global(self, name: str) -> ast.expr | None:
        values = [value for statement in self.module.tree.body if (value := self._assigned(statement, name)) is not None]
        return values[0] if len(values) == 1 and not isinstance(values[0], _Unknown) else None

    def _assigned(self, statement: ast.AST, name: str) -> ast.expr | _Unknown | None:
        """What a statement puts into a name: an expression, something unknown, or nothing."""
        if name not in self.stores.get(statement, ()) or isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return None
        if isinstance(statement, ast.Assign):
            plain = any(isinstance(target, ast.Name) and target.id == name for target in statement.targets)
            return statement.value if plain else UNKNOWN
        if isinstance(statement, ast.AnnAssign):
            return statement.value
        return UNKNOWN

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
        return None if isinstance(value, _Unknown) else bool(value)

    def _value(self, node: ast.expr, on: Machine, depth: int) -> Any:
        def of(each: ast.expr) -> Any:
            return self.value(each, on, depth)

        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name():
                bound = self.bound(node)
                return UNKNOWN if bound is None else of(bound)
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                values = [of(each) for each in elements]
                return UNKNOWN if any(isinstance(each, _Unknown) for each in values) else tuple(values)
            case ast.BoolOp(op=operator, values=parts):
                return self._boolean(operator, [of(each) for each in parts])
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                value = of(operand)
                return UNKNOWN if isinstance(value, _Unknown) else not value
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

    @staticmethod
    def _boolean(operator: ast.boolop, values: list[Any]) -> Any:
        is_and = isinstance(operator, ast.And)
        unknown = False
        for value in values:
            if isinstance(value, _Unknown):
                unknown = True
            elif bool(value) is not is_and:
                return value
        return UNKNOWN if unknown else values[-1]

    def _compare(self, node: ast.Compare, on: Machine, depth: int) -> Any:
        left = self.value(node.left, on, depth)
        for operator, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node, on, depth)
            if isinstance(left, _Unknown) or isinstance(right, _Unknown):
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
                if isinstance(value, _Unknown):
                    return UNKNOWN
                parts.append(str(value))
            return "".join(parts)[:_LONGEST]
        assert isinstance(node, ast.BinOp)
        left, right = self.value(node.left, on, depth), self.value(node.right, on, depth)
        if isinstance(left, _Unknown) or isinstance(right, _Unknown):
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
        if name in _ATTRIBUTES:
            return _ATTRIBUTES[name](on)
        if name:
            return UNKNOWN
        owner = self.value(node.value, on, depth)
        return owner.fields.get(node.attr, UNKNOWN) if isinstance(owner, _Uname) else UNKNOWN

    def _item(self, owner: Any, index: Any) -> Any:
        if isinstance(owner, _Unknown) or isinstance(index, _Unknown):
            return UNKNOWN
        if isinstance(owner, _Uname):
            return owner.order[index] if index >= 0 else owner.order[:5][index]
        return owner[index] if isinstance(owner, str | tuple) else UNKNOWN

    def _lookup(self, table: ast.Dict, key: Any, on: Machine, depth: int, default: ast.expr | None = None) -> Any:
        if isinstance(key, _Unknown):
            return UNKNOWN
        for each, value in zip(table.keys, table.values, strict=True):
            known = UNKNOWN if each is None else self.value(each, on, depth)
            if isinstance(known, _Unknown):
                return UNKNOWN
            if known == key:
                return self.value(value, on, depth)
        return self.value(default, on, depth) if default is not None else UNKNOWN

    def _call(self, node: ast.Call, on: Machine, depth: int) -> Any:
        name = self.qualified(node.func)
        if name in _CALLS and not node.args:
            return _CALLS[name](on)
        if name == "sysconfig.get_config_var" and len(node.args) == 1:
            field = _CONFIG.get(self.value(node.args[0], on, depth))
            return getattr(on, field) if field else UNKNOWN
        if name == "struct.calcsize" and len(node.args) == 1:
            return on.bits // 8 if self.value(node.args[0], on, depth) in ("P", "@P", "N") else UNKNOWN
        if name in _RUNNERS and node.args:
            return self._command(node.args[0], on, depth)
        if isinstance(node.func, ast.Name):
            return self._plain_call(node, node.func.id, on, depth)
        if isinstance(node.func, ast.Attribute):
            return self._method(node, node.func, on, depth)
        return UNKNOWN

    def _command(self, argument: ast.expr, on: Machine, depth: int) -> Any:
        words = self.value(argument, on, depth)
        line = words if isinstance(words, str) else " ".join(map(str, words)) if isinstance(words, tuple) else ""
        if line == "dpkg --print-architecture":
            return _DEBIAN[on.machine]
        return getattr(on, _COMMANDS[line]) if line in _COMMANDS else UNKNOWN

    def _plain_call(self, node: ast.Call, name: str, on: Machine, depth: int) -> Any:
        if name in self.functions and not node.args:
            return self.value(self.functions[name], on, depth)
        if name in ("str", "bool") and len(node.args) == 1:
            value = self.value(node.args[0], on, depth)
            return UNKNOWN if isinstance(value, _Unknown) else str(value) if name == "str" else bool(value)
        if name in ("any", "all") and len(node.args) == 1 and isinstance(node.args[0], ast.List | ast.Tuple):
            operator = ast.Or() if name == "any" else ast.And()
            return self._boolean(operator, [self.value(each, on, depth) for each in node.args[0].elts])
        return UNKNOWN

    def _method(self, node: ast.Call, function: ast.Attribute, on: Machine, depth: int) -> Any:
        if function.attr == "get" and node.args:
            table = (
                function.value
                if isinstance(function.value, ast.Dict)
                else self.bound(function.value)
                if isinstance(function.value, ast.Name)
                else None
            )
            if isinstance(table, ast.Dict):
                default = node.args[1] if len(node.args) > 1 else ast.Constant(None)
                return self._lookup(table, self.value(node.args[0], on, depth), on, depth, default)
        if function.attr == "read" and isinstance(function.value, ast.Call):
            return self.value(function.value, on, depth)
        owner = self.value(function.value, on, depth)
        arguments = [self.value(each, on, depth) for each in node.args]
        if not isinstance(owner, str) or function.attr not in _METHODS or any(isinstance(each, _Unknown) for each in arguments):
            return UNKNOWN
        if function.attr == "decode":
            return owner
        result = getattr(owner, function.attr)(*arguments)
        return tuple(result) if isinstance(result, list) else result


def _names_bound(node: ast.AST | None, parents: dict[ast.AST, ast.AST]) -> set[str]:
    """The names that a statement gives the value of its expressions: targets of an assignment, or the function that returns it."""
    if isinstance(node, ast.Assign):
        return {each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)}
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return {node.target.id}
    parent = parents.get(node) if isinstance(node, ast.Return) else None
    return {parent.name} if isinstance(parent, ast.FunctionDef) else set()


def _binds_argument(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, name: str) -> bool:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg))]
    return any(each.arg == name for each in every)


def uses_bitness(sources: frozenset[str]) -> bool:
    """Whether a test looks at the width of the interpreter alone."""
    return bool(sources) and sources <= _BITNESS


def evaluator(file: File) -> Evaluator:
    """The evaluator of a file.

    Raises:
        ParseProblem: it is not Python.
    """
    return Evaluator(file.parse(parse_python))
