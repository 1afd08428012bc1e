"""What the names of a Python module hold, as far as the text tells: imports, assignments, simple functions, what tells the processor."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from armready.languages.python.module import Module
from armready.python.machines import RUNNERS, SOURCES, UNKNOWN, Unknown

# A function with more statements than this is not evaluated.
_LARGEST = 20


@dataclass
class Bindings:
    """The names of one module."""

    module: Module
    _bound: dict[ast.expr, ast.expr | None] = field(default_factory=dict)
    # Elements of what a name is unpacked from: made here, they stand nowhere in the tree.
    _elements: dict[tuple[ast.expr, int], ast.Subscript] = field(default_factory=dict)

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
    def functions(self) -> dict[str, ast.FunctionDef]:
        """Functions of the module without arguments whose body is made of assignments, tests and returns."""
        found: dict[str, ast.FunctionDef] = {}
        for node in self.module.tree.body:
            if isinstance(node, ast.FunctionDef) and not (node.args.args or node.args.kwonlyargs or node.args.vararg or node.args.kwarg):
                statements = list(_statements(node.body))
                if len(statements) <= _LARGEST and all(isinstance(each, _SIMPLE) for each in statements):
                    found[node.name] = node
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
        todo: list[ast.AST] = [node for node in (*module.of(ast.Attribute), *module.of(ast.Name)) if self._source(node)]
        loads: dict[str, list[ast.AST]] = {}
        for name in module.of(ast.Name):
            if isinstance(name.ctx, ast.Load):
                loads.setdefault(name.id, []).append(name)
        for attribute in module.of(ast.Attribute):
            if isinstance(attribute.ctx, ast.Load) and _is_own(attribute):
                loads.setdefault(f".{attribute.attr}", []).append(attribute)
        while todo:
            node: ast.AST | None = todo.pop()
            passed: set[str] = set()
            while node is not None and node not in marked and not isinstance(node, ast.stmt):
                marked.add(node)
                passed |= self._passed.get(node, set())
                node = module.parents.get(node)
            for bound in (self._names_bound(node) | passed) - names:
                names.add(bound)
                todo.extend(loads.get(bound, ()))
        return frozenset(marked)

    def _source(self, node: ast.expr) -> str:
        """The architecture value that a name means, or an empty string."""
        name = self.qualified(node)
        if name not in SOURCES:
            return ""
        call = self.module.parents.get(node)
        if name not in RUNNERS or not isinstance(call, ast.Call) or not call.args:
            return "" if name in RUNNERS else name
        words = " ".join(each.value for each in ast.walk(call.args[0]) if isinstance(each, ast.Constant) and isinstance(each.value, str))
        return name if "uname" in words or "arch" in words else ""

    def _names_bound(self, node: ast.AST | None) -> set[str]:
        """The names that a statement gives the value of its expressions: targets of an assignment, or the function that returns it."""
        parents = self.module.parents
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            every = [each for target in targets for each in ast.walk(target)]
            plain = {each.id for each in every if isinstance(each, ast.Name)}
            own = {f".{each.attr}" for each in every if isinstance(each, ast.Attribute) and _is_own(each)}
            return plain | own | ({f".{name}" for name in plain} if isinstance(parents.get(node), ast.ClassDef) else set())
        while isinstance(node, ast.If | ast.Return):
            node = parents.get(node)
            if isinstance(node, ast.FunctionDef):
                return {node.name}
        return set()

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
        if isinstance(node, ast.Subscript) and node not in self.module.parents:
            node = node.value
        if depth > 8 or node not in self.marked:
            return frozenset()
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute | ast.Name) and (name := self._source(each)):
                found.add(name)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and each.id not in self.imported:
                function = self.functions.get(each.id)
                values = [self.bound(each)] if function is None else [*_decisions(function)]
            else:
                values = [self.member(each)] if isinstance(each, ast.Attribute) else []
            for value in values:
                if value is not None and value is not node:
                    found |= self.sources(value, depth + 1)
        return frozenset(found)

    def bound(self, name: ast.Name) -> ast.expr | None:
        """The expression that a name holds at its place, when the text tells: the last plain assignment above it."""
        if name not in self._bound:
            self._bound[name] = self._find_bound(name)
        return self._bound[name]

    def member(self, attribute: ast.Attribute) -> ast.expr | None:
        """The expression that `self.name` holds, when its class assigns it once."""
        if not _is_own(attribute):
            return None
        if attribute not in self._bound:
            owner: ast.AST | None = attribute
            while owner is not None and not isinstance(owner, ast.ClassDef):
                owner = self.module.parents.get(owner)
            values = self._members.get((owner, attribute.attr), [])
            self._bound[attribute] = values[0] if len(values) == 1 else None
        return self._bound[attribute]

    @cached_property
    def _members(self) -> dict[tuple[ast.AST | None, str], list[ast.expr | None]]:
        """What the classes assign to their own attributes; None for what is no plain assignment."""
        found: dict[tuple[ast.AST | None, str], list[ast.expr | None]] = {}
        parents = self.module.parents
        stored: list[ast.Attribute | ast.Name] = [*self.module.of(ast.Attribute), *self.module.of(ast.Name)]
        for node in (each for each in stored if not isinstance(each.ctx, ast.Load)):
            name = node.attr if isinstance(node, ast.Attribute) and _is_own(node) else node.id if isinstance(node, ast.Name) else ""
            statement = parents.get(node)
            owner = parents.get(statement) if statement is not None and isinstance(node, ast.Name) else statement
            while isinstance(node, ast.Attribute) and owner is not None and not isinstance(owner, ast.ClassDef):
                owner = parents.get(owner)
            if name and isinstance(owner, ast.ClassDef):
                # What a field of a dataclass has by default may be given otherwise.
                plain = isinstance(statement, ast.Assign) or (isinstance(statement, ast.AnnAssign) and isinstance(node, ast.Attribute))
                found.setdefault((owner, name), []).append(statement.value if plain else None)  # type: ignore[union-attr]
        return found

    def _find_bound(self, name: ast.Name) -> ast.expr | None:
        parents = self.module.parents
        node: ast.AST = name
        while (parent := parents.get(node)) is not None:
            if node in self.places:
                block, position = self.places[node]
                for index in range(position - 1, -1, -1):
                    value = self._assigned(block[index], name.id)
                    if value is not None:
                        return None if isinstance(value, Unknown) else value
            if isinstance(parent, ast.For | ast.While | ast.AsyncFor) and name.id in self.stores.get(parent, ()):
                return None
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                if name.id in self.stores.get(parent, ()):
                    return None
                return self._given.get((parent, name.id)) if _binds_argument(parent, name.id) else self._global(name.id)
            node = parent
        return None

    @cached_property
    def _given(self) -> dict[tuple[ast.AST, str], ast.expr]:
        """(function, argument) -> the expression that every call in the module gives it; functions that are also passed on are left out."""
        found: dict[tuple[ast.AST, str], list[ast.expr]] = {}
        calls: dict[str, int] = {}
        functions = {each.name: each for each in self.module.tree.body if isinstance(each, ast.FunctionDef) and not each.decorator_list}
        called: set[ast.AST] = set()
        for call in self.module.of(ast.Call):
            function = functions.get(call.func.id) if isinstance(call.func, ast.Name) else None
            if function is None:
                continue
            called.add(call.func)
            calls[function.name] = calls.get(function.name, 0) + 1
            for name, value in _arguments(function, call):
                found.setdefault((function, name), []).append(value)
        loaded = {each.id for each in self.module.of(ast.Name) if each.id in functions and each not in called}
        return {
            key: values[0]
            for key, values in found.items()
            if isinstance(key[0], ast.FunctionDef)
            and key[0].name not in loaded
            and len(values) == calls[key[0].name]
            and (len(values) == 1 or (all(map(_is_small, values)) and len({ast.dump(each) for each in values}) == 1))
        }

    @cached_property
    def _passed(self) -> dict[ast.AST, set[str]]:
        """Argument of a call -> the names that it has in the function."""
        found: dict[ast.AST, set[str]] = {}
        for (_, name), value in self._given.items():
            found.setdefault(value, set()).add(name)
        return found

    def _global(self, name: str) -> ast.expr | None:
        values = self._globals.get(name, [])
        return values[0] if len(values) == 1 and not isinstance(values[0], Unknown) else None

    @cached_property
    def _globals(self) -> dict[str, list[ast.expr | Unknown]]:
        """What the statements of the module put into each name."""
        found: dict[str, list[ast.expr | Unknown]] = {}
        for statement in self.module.tree.body:
            for name in self.stores.get(statement, ()):
                value = self._assigned(statement, name)
                if value is not None:
                    found.setdefault(name, []).append(value)
        return found

    def _assigned(self, statement: ast.AST, name: str) -> ast.expr | Unknown | None:
        """What a statement puts into a name: an expression, something unknown, or nothing."""
        if name not in self.stores.get(statement, ()) or isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return None
        if isinstance(statement, ast.AnnAssign):
            return statement.value
        if not isinstance(statement, ast.Assign):
            return UNKNOWN
        if any(isinstance(target, ast.Name) and target.id == name for target in statement.targets):
            return statement.value
        return self._unpacked(statement, name)

    def _unpacked(self, statement: ast.Assign, name: str) -> ast.expr | Unknown:
        """What `a, b = …` puts into one of its names."""
        target = statement.targets[0]
        if len(statement.targets) != 1 or not isinstance(target, ast.Tuple | ast.List):
            return UNKNOWN
        if any(isinstance(each, ast.Starred) for each in target.elts):
            return UNKNOWN
        places = [index for index, each in enumerate(target.elts) if isinstance(each, ast.Name) and each.id == name]
        if len(places) != 1:
            return UNKNOWN
        value = statement.value
        if isinstance(value, ast.Tuple | ast.List):
            return value.elts[places[0]] if len(value.elts) == len(target.elts) else UNKNOWN
        key = (value, places[0])
        return self._elements.setdefault(key, ast.Subscript(value=value, slice=ast.Constant(places[0]), ctx=ast.Load()))


_SIMPLE = (ast.Assign, ast.AnnAssign, ast.If, ast.Return, ast.Expr, ast.Raise, ast.Import, ast.ImportFrom)


def _statements(block: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in block:
        yield statement
        if isinstance(statement, ast.If):
            yield from _statements([*statement.body, *statement.orelse])


def _decisions(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """What the result of a simple function depends on: its tests and what it returns."""
    for statement in _statements(function.body):
        if isinstance(statement, ast.If):
            yield statement.test
        elif isinstance(statement, ast.Return) and statement.value is not None:
            yield statement.value


def _is_own(attribute: ast.Attribute) -> bool:
    return isinstance(attribute.value, ast.Name) and attribute.value.id in ("self", "cls")


def _binds_argument(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, name: str) -> bool:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg))]
    return any(each.arg == name for each in every)


def _is_small(node: ast.expr) -> bool:
    """Whether an expression is a name or a call without arguments, so that comparing many of them is cheap."""
    return isinstance(node, ast.Name | ast.Attribute | ast.Constant) or (isinstance(node, ast.Call) and not node.args and not node.keywords)


def _arguments(function: ast.FunctionDef, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """The arguments that a call gives a function, by their names; none when some of them are unpacked."""
    if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
        return
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    yield from zip(names, call.args, strict=False)
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value
