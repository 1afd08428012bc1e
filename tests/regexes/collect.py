"""Every regular expression of the package, with the way it is used."""

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent.parent
# Reads the text of patterns, and matches nothing.
NEEDLES = "literals"
METHODS = frozenset({"search", "match", "fullmatch", "finditer", "findall", "sub", "subn", "split"})
WORD = "zz"
"""Stands for a part of a pattern that is only known at run time."""


class Way(NamedTuple):
    """How a pattern is used: whether it is looked for at many places, and whether it must match the whole text."""

    scans: bool
    whole: bool


UNKNOWN = Way(scans=True, whole=False)


class Use(NamedTuple):
    """A pattern where it is written: path and line, its text, its flags and how it is used."""

    path: str
    line: int
    pattern: str
    flags: int
    way: Way


def uses() -> Iterator[Use]:
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((*ROOT.glob("armready/**/*.py"), *ROOT.glob("rules/**/*.py")))
    }
    everywhere = _ways_by_name(trees.values())
    for path, tree in trees.items():
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        chained = {id(call.func.value): _way(call.func.attr, call.args) for call in calls if isinstance(call.func, ast.Attribute)}
        by_name = everywhere | {name: way for name, way in _ways_by_name([tree]).items() if name.startswith("_")}
        assigned = {id(node.value): node.targets[0].id for node in ast.walk(tree) if _names_something(node)}
        for call in calls:
            if not call.args:
                continue
            function = ast.unparse(call.func)
            if function in ("regex", "re.compile"):
                way = chained.get(id(call)) or by_name.get(assigned.get(id(call), ""), UNKNOWN)
            elif function.startswith("re.") and function[3:] in METHODS:
                way = _way(function[3:], call.args[1:2])
            else:
                continue
            pattern = _text(call.args[0], path)
            if pattern is not None:
                yield Use(str(path.relative_to(ROOT)), call.lineno, pattern, _flags(call), way)


def _names_something(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)


def _way(method: str, arguments: list[ast.expr]) -> Way | None:
    """A match at a given place, or of the rest of a text, is one of many."""
    if method not in METHODS:
        return None
    moving = len(arguments) > 1 or any(_is_rest(each) for each in arguments)
    return Way(scans=method not in ("match", "fullmatch") or moving, whole=method == "fullmatch")


def _is_rest(text: ast.expr) -> bool:
    return isinstance(text, ast.Subscript) and isinstance(text.slice, ast.Slice) and text.slice.lower is not None


def _ways_by_name(trees: Iterable[ast.Module]) -> dict[str, Way]:
    """For each constant that is only ever used through its methods: how."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    ways: dict[str, list[Way]] = {}
    known: set[int] = set()
    for call in nodes:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            way = _way(call.func.attr, call.args)
            if way is not None:
                known.add(id(call.func.value))
                ways.setdefault(call.func.value.id, []).append(way)
        elif isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == NEEDLES:
            known |= {id(node) for argument in call.args for node in ast.walk(argument)}
    passed_on = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in known}
    return {
        name: Way(any(each.scans for each in found), all(each.whole for each in found))
        for name, found in ways.items()
        if name not in passed_on
    }


def _text(node: ast.expr, path: Path) -> str | None:
    """The pattern, or None for what is handed on."""
    if isinstance(node, ast.Constant):
        value = node.value
        return value.decode("latin-1") if isinstance(value, bytes) else value
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(each, path) for each in node.values)
    if isinstance(node, ast.BinOp):
        left, right = _text(node.left, path), _text(node.right, path)
        return None if left is None or right is None else left + right
    return _value(node, path)


def _part(node: ast.expr, path: Path) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    value = _value(node.value, path) if isinstance(node, ast.FormattedValue) else None
    return WORD if value is None else value


def _value(node: ast.expr, path: Path) -> str | None:
    """What a constant of a module says."""
    if not isinstance(node, ast.Name):
        return None
    parts = ("armready", *path.relative_to(ROOT).with_suffix("").parts)
    module: Any = importlib.import_module(".".join(parts[1 if parts[1] == "armready" else 0 :]).removesuffix(".__init__"))
    value = getattr(module, node.id, None)
    return value if isinstance(value, str) else None


def _flags(call: ast.Call) -> int:
    found = {
        name
        for argument in (*call.args[1:], *(each.value for each in call.keywords))
        for name in re.findall(r"\bre\.([A-Z]+)\b", ast.unparse(argument))
    }
    return sum(getattr(re, name) for name in found)
