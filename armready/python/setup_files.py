"""Dependencies in Python files: `setup()`, noxfiles, BUILD files of Pants, and the comment blocks of scripts (PEP 723). Nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from posixpath import basename

from packaging.utils import canonicalize_name

from armready.core.file import File
from armready.core.startup import regex
from armready.languages.python.module import Module
from armready.languages.python.parser import parse_python
from armready.languages.requirements import parse_requirement
from armready.python.dependencies import Dependency, Form, Scope
from armready.python.manifest import Manifest, from_requirement, group_scope

_SCRIPT_BLOCK = regex(r"(?m)^# /// script[ \t]*\r?$(?P<body>(?:\r?\n#(?: (?!/)[^\r\n]*)?)*)\r?\n# ///[ \t]*\r?$")


def read_python(file: File) -> Manifest | None:
    """What a Python file declares; None for one that declares nothing.

    Raises:
        ParseProblem: it is not Python.
    """
    block = _SCRIPT_BLOCK.search(file.text)
    if block is not None:
        return _read_script_block(file, block)
    name = basename(file.path)
    if name == "noxfile.py":
        return _read_noxfile(file)
    if name == "BUILD":
        return _read_build(file)
    if name == "setup.py" or (name.startswith("setup") and "setup(" in file.text):
        return _read_setup_py(file)
    return None


def _read_script_block(file: File, block: re.Match[str]) -> Manifest:
    """PEP 723. The strings are looked for in the comment lines, so that their places are exact."""
    found = []
    body = block["body"]
    start = block.start("body")
    listed = re.search(r"#\s*dependencies\s*=\s*\[((?:[^\[\]]|\[[^\[\]]*\])*)\]", body)
    if listed:
        for match in re.finditer(r"\"([^\"\r\n]+)\"|'([^'\r\n]+)'", listed[1]):
            group = 1 if match[1] else 2
            requirement = parse_requirement(match[group], start + listed.start(1) + match.start(group))
            if requirement is not None:
                found.append(from_requirement(file, requirement, form=Form.STRING, quote='"' if group == 1 else "'"))
    python = re.search(r"#\s*requires-python\s*=\s*[\"']([^\"']+)[\"']", body)
    return Manifest(file.path, file.kind.value, requires_python=python[1] if python else "", dependencies=tuple(found))


def _constant_requirement(file: File, module: Module, node: ast.Constant, scope: Scope, group: str) -> Dependency | None:
    span = module.string_span(node)
    text = node.value
    assert isinstance(text, str)
    requirement = parse_requirement(text, span.start if span else 0)
    if requirement is None:
        return None
    if span is None:
        return Dependency(
            name=requirement.name,
            specifier=requirement.specifier,
            location=file.location(module.span(node)),
            marker=requirement.marker,
            url=requirement.url,
            scope=scope,
            group=group,
        )
    quote = file.text[span.start - 1]
    return from_requirement(file, requirement, scope=scope, group=group, form=Form.STRING, quote=quote)


def _read_noxfile(file: File) -> Manifest:
    module = parse_python(file)
    found = []
    for node in module.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "install":
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and not argument.value.startswith("-"):
                    dependency = _constant_requirement(file, module, argument, Scope.TEST, "nox")
                    if dependency is not None and not dependency.url:
                        found.append(dependency)
    return Manifest(file.path, file.kind.value, dependencies=tuple(found))


def _read_build(file: File) -> Manifest:
    """The `python_requirement` targets of a BUILD file."""
    module = parse_python(file)
    lists = _Lists(module)
    found = list[Dependency]()
    for node in module.of(ast.Call):
        listed = [each.value for each in node.keywords if each.arg == "requirements"] if _called(node) == "python_requirement" else []
        for value in listed:
            found += _constants(file, module, lists.constants(value), Scope.RUNTIME, "")
    return Manifest(file.path, file.kind.value, dependencies=tuple(found))


_SETUP_KEYWORDS = {"install_requires": Scope.RUNTIME, "setup_requires": Scope.BUILD, "tests_require": Scope.TEST}


def _read_setup_py(file: File) -> Manifest | None:
    module = parse_python(file)
    calls = [node for node in module.nodes if isinstance(node, ast.Call) and _called(node) == "setup"]
    if not calls:
        return None
    lists = _Lists(module)
    found: list[Dependency] = []
    requires, name = "", ""
    for keyword in (keyword for call in calls for keyword in call.keywords):
        value = keyword.value
        if keyword.arg in _SETUP_KEYWORDS:
            scope = _SETUP_KEYWORDS[keyword.arg]
            found += _constants(file, module, lists.constants(value), scope, keyword.arg)
        elif keyword.arg == "extras_require":
            for extra, inner in lists.mapping(value):
                group, _, marker = extra.partition(":")
                for dependency in _constants(
                    file, module, lists.constants(inner), group_scope(group, Scope.EXTRA if group else Scope.RUNTIME), group
                ):
                    found.append(replace(dependency, marker=dependency.marker or marker, append=None if marker else dependency.append))
        elif keyword.arg == "python_requires" and isinstance(value, ast.Constant) and isinstance(value.value, str):
            requires = value.value
        elif keyword.arg == "name" and isinstance(value, ast.Constant) and isinstance(value.value, str):
            name = canonicalize_name(value.value)
    once = {(each.location.span, each.marker): each for each in reversed(found)}
    return Manifest(path=file.path, kind=file.kind.value, name=name, requires_python=requires, dependencies=tuple(reversed(once.values())))


def _called(node: ast.Call) -> str:
    function = node.func
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""


def _constants(file: File, module: Module, nodes: list[ast.Constant], scope: Scope, group: str) -> Iterator[Dependency]:
    for node in nodes:
        dependency = _constant_requirement(file, module, node, scope, group)
        if dependency is not None:
            yield dependency


class _Lists:
    """Lists of strings in a module: literals, names bound to them, concatenations, and what is appended to such a name."""

    def __init__(self, module: Module) -> None:
        self.bound: dict[str, list[ast.expr]] = {}
        for node in module.nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                self.bound.setdefault(node.targets[0].id, []).append(node.value)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                self.bound.setdefault(node.target.id, []).append(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend"):
                owner = node.func.value
                if isinstance(owner, ast.Name) and node.args:
                    self.bound.setdefault(owner.id, []).append(node.args[0])

    def constants(self, node: ast.expr, depth: int = 0) -> list[ast.Constant]:
        """The strings that end up in the list."""
        if depth > 5:
            return []
        if isinstance(node, ast.Constant):
            return [node] if isinstance(node.value, str) and "\n" not in node.value else []
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return [each for item in node.elts for each in self.constants(item, depth + 1)]
        if isinstance(node, ast.Starred):
            return self.constants(node.value, depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self.constants(node.left, depth + 1) + self.constants(node.right, depth + 1)
        if isinstance(node, ast.Name):
            return [each for value in self.bound.get(node.id, []) for each in self.constants(value, depth + 1)]
        if isinstance(node, ast.IfExp):
            return self.constants(node.body, depth + 1) + self.constants(node.orelse, depth + 1)
        return []

    def mapping(self, node: ast.expr) -> list[tuple[str, ast.expr]]:
        """The pairs of a dictionary literal, or of a name bound to one."""
        if isinstance(node, ast.Name):
            values = self.bound.get(node.id, [])
            return self.mapping(values[0]) if len(values) == 1 and not isinstance(values[0], ast.Name) else []
        if not isinstance(node, ast.Dict):
            return []
        return [
            (key.value, value)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        ]
