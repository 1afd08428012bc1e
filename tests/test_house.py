"""The folders stand in the order of the data, and imports point one way."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = (
    "core",
    "languages",
    "knowledge",
    "builds",
    "systems",
    "multiplatform",
    "kubernetes",
    "dockerfiles",
    "downloads",
    "python",
    "run",
    "fixing",
    "testing",
    "rules",
    "online",
    "reporters",
    "plan",
    "fleet",
    "verify",
    "commands",
    "server",
    "__main__",
)
MAY_NOT = {
    "knowledge": {"languages"},
    "rules": {"run", "fixing", "testing", "systems"},
}
"""Folders further up whose modules a folder may not import all the same."""


def modules() -> dict[str, Path]:
    """The path of each module by its dotted name."""
    found = {}
    for folder, package in (("armready", "armready"), ("rules", "armready.rules")):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join((package, *(part for part in parts if part != "__init__")))] = path
    return found


@cache
def imports() -> dict[str, frozenset[str]]:
    """The modules that each module imports, also late and for types alone."""
    known = modules()
    found = {}
    for name, path in known.items():
        seen = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                seen |= {full if (full := f"{node.module}.{each.name}") in known else node.module for each in node.names}
            elif isinstance(node, ast.Import):
                seen |= {each.name for each in node.names}
        found[name] = frozenset(seen & known.keys() - {name, "armready"})
    return found


def floor(module: str) -> str:
    """The folder or file below `armready` that a module belongs to."""
    return module.split(".")[1]


def test_every_module_has_a_floor() -> None:
    assert {floor(module) for module in modules() if module != "armready"} == set(ORDER)


@pytest.mark.parametrize("folder", ORDER)
def test_a_folder_imports_only_what_stands_above_it(folder: str) -> None:
    allowed = set(ORDER[: ORDER.index(folder) + 1]) - MAY_NOT.get(folder, set())
    back = [
        f"{name} imports {each}"
        for name, seen in imports().items()
        if name != "armready" and floor(name) == folder
        for each in sorted(seen)
        if floor(each) not in allowed
    ]
    assert back == []


def test_rules_hold_only_rules() -> None:
    shared = [path.name for path in (ROOT / "rules").rglob("_*.py") if path.name != "__init__.py"]
    assert shared == [], "what several rules share is engine"


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(imports()) == []


def circles(graph: dict[str, frozenset[str]]) -> list[list[str]]:
    """The groups of modules that reach each other, by Tarjan's algorithm."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for each in graph[node]:
            if each not in index:
                visit(each)
                low[node] = min(low[node], low[each])
            elif each in stack:
                low[node] = min(low[node], index[each])
        if low[node] == index[node]:
            at = stack.index(node)
            group, stack[at:] = stack[at:], []
            if len(group) > 1:
                found.append(sorted(group))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def test_circles_are_found() -> None:
    graph = {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a"), "d": frozenset("a")}
    assert circles(graph) == [["a", "b", "c"]]


MOST_POSITIONAL = 4
"""Arguments that a record takes in order; where there are more, each has its name."""


def is_record(node: ast.ClassDef) -> bool:
    """Whether a class is a data class or a named tuple."""
    decorators = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    names = {each.id for each in (*decorators, *node.bases) if isinstance(each, ast.Name)}
    return not names.isdisjoint({"dataclass", "NamedTuple"})


def nameless(tree: ast.Module, module: str, records: frozenset[tuple[str, str]]) -> list[str]:
    """The records that a module makes with too many arguments in order."""
    known = {name: (module, name) for of, name in records if of == module}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            known |= {each.asname or each.name: (node.module, each.name) for each in node.names}
    return [
        f"{module}:{node.lineno} {node.func.id}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and known.get(node.func.id) in records
        if len(node.args) > MOST_POSITIONAL
    ]


def test_records_of_many_fields_are_made_by_name() -> None:
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in modules().items()}
    records = frozenset(
        (name, node.name) for name, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and is_record(node)
    )
    assert len(records) > 200
    assert [each for name, tree in trees.items() for each in nameless(tree, name, records)] == []


def test_records_made_in_order_are_found() -> None:
    tree = ast.parse("from a import R\nR(1, 2, 3, 4)\nR(1, 2, 3, 4, *rest)\nS(1, 2, 3, 4, 5)\nR(1, 2, x=3)\n")
    assert nameless(tree, "b", frozenset({("a", "R")})) == ["b:3 R"]
    assert nameless(tree, "b", frozenset({("a", "R"), ("b", "S")})) == ["b:3 R", "b:4 S"]


COMPARED_WHOLE = {"Stamp"}
"""Records whose fields are read by comparing all of them."""


def fields_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The records of a module with their fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and is_record(node):
            yield from (
                (node.name, each.target.id) for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
            )


def unread(trees: Sequence[ast.Module]) -> list[str]:
    """The fields of records that are never read, by attribute or by name."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    read = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    read |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return [f"{name}.{field}" for tree in trees for name, field in fields_of(tree) if field not in read and name not in COMPARED_WHOLE]


def test_every_field_of_a_record_is_read() -> None:
    assert unread([ast.parse(path.read_text(encoding="utf-8")) for path in modules().values()]) == []


def test_a_field_that_nothing_reads_is_found() -> None:
    tree = ast.parse("class A(NamedTuple):\n    x: int\n    y: int\n    z: int\nprint(a.x, getattr(a, 'y'))\n")
    assert unread([tree]) == ["A.z"]


LONGEST_RULE = 200
LONGEST_MODULE = 500
LONG = {
    "armready.commands.cli",
    "armready.rules.ci.missing_emulator",
    "armready.rules.ci.single_platform_push",
    "armready.rules.dockerfile.arch_path",
    "armready.rules.dockerfile.arch_switch_without_arm64",
    "armready.rules.dockerfile.cross_build_missing_target",
    "armready.rules.dockerfile.download_arch_url",
    "armready.rules.dockerfile.from_platform_constant",
    "armready.rules.dockerfile.go_arch_pinned",
    "armready.rules.dockerfile.package_arch_qualifier",
    "armready.rules.kubernetes.arch_selector_amd64",
    "armready.rules.kubernetes.image_arch_unpinned",
}
"""Modules that are longer: one leaves the list when it is divided, and none joins it."""


def too_long(lines: Mapping[str, int]) -> list[str]:
    """The modules above their limit."""
    limits = {name: LONGEST_RULE if name.startswith("armready.rules.") else LONGEST_MODULE for name in lines}
    return [name for name, count in lines.items() if count > limits[name] and name not in LONG]


def test_no_module_is_too_long() -> None:
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules().items()}
    assert too_long(lines) == []
    assert [name for name in LONG if lines.get(name, 0) <= LONGEST_RULE] == [], "it is short now: take it out of the list"


def test_modules_that_are_too_long_are_found() -> None:
    assert too_long({"armready.rules.ci.new": 201, "armready.run.new": 500, "armready.core.new": 501}) == [
        "armready.rules.ci.new",
        "armready.core.new",
    ]


MOST_FIELDS = 12
WIDE = frozenset(
    {
        *("Build", "CallMade", "Context", "Declared", "Dependency", "Explanation", "Job", "Locked", "Package", "Report", "RunOptions"),
        *("Settings", "Stage", "StageFact", "Step", "Workload"),
    }
)
"""Records with more fields than that: one leaves the list when it is divided, and none joins it."""


def wide(trees: Iterable[ast.Module]) -> set[str]:
    """The records with too many fields."""
    counts = Counter((at, name) for at, tree in enumerate(trees) for name, _ in fields_of(tree))
    return {name for (_, name), count in counts.items() if count > MOST_FIELDS}


def test_records_have_few_fields() -> None:
    assert wide(ast.parse(path.read_text(encoding="utf-8")) for path in modules().values()) == WIDE


def test_a_wide_record_is_found() -> None:
    fields = "".join(f"    f{number}: int\n" for number in range(MOST_FIELDS))
    assert wide([ast.parse(f"class A(NamedTuple):\n{fields}class B(NamedTuple):\n{fields}    g: int\n")]) == {"B"}
