"""Find the files from which the needles of a rule derive, so that the index of rules is stale when one of them changes.

This runs when the index is made. It follows the names in a rule's `needles` through the modules that define them, to the tables they read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import armready


def sources_of(path: Path, package: Path) -> list[str]:
    """The files, beside the rule's own, that its needles derive from; relative to the folder of armready, rules below `rules/`.

    Args:
        path: the rule's module.
        package: the folder of the package of rules.
    """
    found: set[str] = set()
    seen: set[tuple[Path, str]] = set()
    todo = [(path, name) for name in _needle_names(path)]
    while todo:
        each = todo.pop()
        if each in seen:
            continue
        seen.add(each)
        module, name = each
        if module != path:
            found.add(_shown(module, package))
        for target, more in _definition(module, name, package):
            if target.suffix == ".tsv":
                found.add(_shown(target, package))
            else:
                todo.append((target, more))
    return sorted(found)


def _shown(path: Path, package: Path) -> str:
    if path.is_relative_to(package):
        return f"rules/{path.relative_to(package).as_posix()}"
    return path.relative_to(armready.__path__[0]).as_posix()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _needle_names(path: Path) -> set[str]:
    """The names in what the rules of a module assign to `needles`."""
    return {
        name.id
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and "needles" in _targets(node)
        for name in ast.walk(node.value)
        if isinstance(name, ast.Name)
    }


def _targets(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [each.id for each in targets if isinstance(each, ast.Name)]


def _definition(path: Path, name: str, package: Path) -> Iterator[tuple[Path, str]]:
    """What the definition of a name in a module uses: names of modules, and tables."""
    for node in _tree(path).body:
        if isinstance(node, ast.ImportFrom):
            target = _imported(path, node, package)
            yield from ((target, each.name) for each in node.names if target is not None and (each.asname or each.name) == name)
        elif name in _targets(node):
            for part in ast.walk(node):
                if isinstance(part, ast.Name):
                    yield path, part.id
                elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
                    table = Path(armready.__path__[0], "knowledge", "data", f"{part.value}.tsv")
                    if table.is_file():
                        yield table, ""


def _imported(path: Path, node: ast.ImportFrom, package: Path) -> Path | None:
    """The file of the module that a statement imports from; None for one that is not of armready."""
    parts = (node.module or "").split(".")
    if node.level:
        found = path.parents[node.level - 1].joinpath(*parts).with_suffix(".py")
    elif parts[:2] == ["armready", "rules"]:
        found = package.joinpath(*parts[2:]).with_suffix(".py")
    elif parts[0] == "armready":
        found = Path(armready.__path__[0]).joinpath(*parts[1:]).with_suffix(".py")
    else:
        return None
    if found.is_file():
        return found
    package_file = found.with_suffix("") / "__init__.py"
    return package_file if package_file.is_file() else None
