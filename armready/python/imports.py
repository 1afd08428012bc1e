"""Imports of modules that only x86-64 packages bring, and whether the program survives without them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from armready.core.file import File
from armready.core.source import Location
from armready.core.startup import dataclass
from armready.knowledge.packages import Evidence, by_import, package
from armready.languages.python.module import Module
from armready.languages.python.parser import parse_python
from armready.python.reachable import called_name, reachability

_IMPORTERS = ("__import__", "importlib.import_module", "import_module")
_SURVIVES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException", "OSError"}
_EXTRA_MODULES = {"oneccl_bindings_for_pytorch": "oneccl-bind-pt"}


@dataclass(frozen=True, slots=True)
class X86Import:
    """An import of a module that arm64 cannot have: a fact.

    Attributes:
        module: the top-level module.
        distributions: the packages that bring it.
        location: the import.
        guarded: the program goes on without it.
        lazy: it stands in a function, so that it fails when that is called.
    """

    module: str
    distributions: tuple[str, ...]
    location: Location
    guarded: bool
    lazy: bool = False


@cache
def x86_modules() -> dict[str, tuple[str, ...]]:
    """Module -> the packages that bring it, where all of these run on x86-64 only and no distribution has them for arm64."""
    found = {}
    for module, names in by_import().items():
        rows = [row for row in map(package, names) if row is not None]
        known = all(row.x86_only and row.evidence is not Evidence.UNVERIFIED and "distro" not in row.alternative for row in rows)
        if "." not in module and rows and known:
            found[module] = names
    return found | {module: (name,) for module, name in _EXTRA_MODULES.items()}


def import_facts(file: File) -> Iterator[X86Import]:
    """The collector."""
    yield from file.parse(x86_imports)


def x86_imports(file: File) -> tuple[X86Import, ...]:
    """Every import of such a module that arm64 reaches.

    Raises:
        ParseProblem: the file is not Python.
    """
    known = x86_modules()
    if not any(module in file.text for module in known):
        return ()
    module = file.parse(parse_python)
    reached = file.parse(reachability)
    found = []
    own = file.path.split("/")
    for node in module.nodes:
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.Call) or not reached.reaches(node):
            continue
        for name in _imported(node):
            top = name.partition(".")[0]
            if top in known and top not in own:
                guarded, lazy = _circumstances(module, node)
                found.append(
                    X86Import(module=top, distributions=known[top], location=file.location(module.span(node)), guarded=guarded, lazy=lazy)
                )
    return tuple(found)


def _imported(node: ast.Import | ast.ImportFrom | ast.Call) -> list[str]:
    """The modules that a statement imports, or a call that imports by name."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""] if not node.level else []
    first = node.args[0] if node.args else None
    is_name = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return [str(first.value)] if is_name and called_name(node) in _IMPORTERS else []  # type: ignore[union-attr]


def _circumstances(module: Module, node: ast.AST) -> tuple[bool, bool]:
    """Whether an import is guarded (by a try that survives it, a test, a suppress) and whether it stands in a function."""
    child: ast.AST = node
    guarded = lazy = False
    while (parent := module.parents.get(child)) is not None:
        if _guards(parent, child):
            guarded = True
        elif isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            lazy = True
        child = parent
    return guarded, lazy


def _guards(parent: ast.AST, child: ast.AST) -> bool:
    if isinstance(parent, ast.Try):
        return child in parent.body and any(map(_survives, parent.handlers))
    if isinstance(parent, ast.With):
        return any("suppress" in ast.dump(item.context_expr) for item in parent.items)
    return isinstance(parent, ast.If) and child in parent.body


def _survives(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
    raises = any(isinstance(statement, ast.Raise) for statement in handler.body)
    return bool(names & _SURVIVES) and not raises
