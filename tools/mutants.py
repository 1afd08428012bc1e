"""Put small faults into the code that decides whether a fix may be trusted, and see whether the tests notice.

`tools/mutants.toml` says which modules are mutated, which tests guard each of them, and which faults are known to survive, with the reason.
A fault is put into the code of one function in a fork of a process that has imported everything, so that a trial costs what its tests
cost. The files stay as they are; what tests start as a process of its own is not mutated, so that only tests that call the code count.

    python tools/mutants.py                    a sample of the faults of each module
    python tools/mutants.py --sample 0 gates   all faults of the modules whose path contains `gates`
"""

from __future__ import annotations

import argparse
import ast
import copy
import functools
import gc
import hashlib
import importlib
import os
import resource
import signal
import sys
import tomllib
import types
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
LIST = ROOT / "tools" / "mutants.toml"
MEMORY = 4 << 30
# A fault that makes the tests take more than so many times their usual CPU time counts as noticed.
SLOWER = 5

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min", "reversed": "list", "sorted": "list"}
_DROPPED = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break)


class Mutant(NamedTuple):
    """One fault: the function that has it, what it is, and how the module's tree gets it."""

    function: str
    what: str
    line: int
    tree: Callable[[], ast.Module]


def mutants(source: str) -> Iterator[Mutant]:
    """Every fault that can be put into the functions of a module. Two of the same words in one function are numbered."""
    tree = ast.parse(source)
    seen: Counter[tuple[str, str]] = Counter()
    for function, name in _functions(tree, ""):
        for node in _inside(function):
            for what, change in _changes(node):
                seen[name, what] += 1
                number = seen[name, what]
                yield Mutant(
                    name, what if number == 1 else f"{what} #{number}", node.lineno, functools.partial(_changed, tree, node, change)
                )


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[ast.FunctionDef, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.FunctionDef):
            yield child, f"{prefix}{child.name}"


def _inside(function: ast.FunctionDef) -> Iterator[ast.expr | ast.stmt]:
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.expr | ast.stmt):
                yield node


def _changed(tree: ast.Module, node: ast.AST, change: Callable[[ast.AST], ast.AST]) -> ast.Module:
    """A copy of the tree with one node replaced."""
    index = next(number for number, each in enumerate(ast.walk(tree)) if each is node)
    other = copy.deepcopy(tree)
    target = next(each for number, each in enumerate(ast.walk(other)) if number == index)

    class Replace(ast.NodeTransformer):
        def visit(self, each: ast.AST) -> ast.AST:
            return change(each) if each is target else self.generic_visit(each)

    return ast.fix_missing_locations(Replace().visit(other))


def _changes(node: ast.expr | ast.stmt) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    text = " ".join(ast.unparse(node).split())[:90]
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield f"not ({' '.join(ast.unparse(node.test).split())[:90]})", _negated
    if isinstance(node, ast.BoolOp):
        for number in range(len(node.values)):
            yield f"{text} -> without {' '.join(ast.unparse(node.values[number]).split())[:60]}", functools.partial(_without, number)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        yield f"{text} -> {_COMPARISONS[type(node.ops[0])].__name__}", _compared
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int) and not isinstance(node.value, str):
        other = not node.value if isinstance(node.value, bool) else node.value + 1
        yield f"{node.value} -> {other}", lambda _: ast.copy_location(ast.Constant(other), node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and not isinstance(node.left, ast.Constant | ast.JoinedStr):
        yield f"{text} -> the other sign", _signed
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        yield f"{text} -> {_CALLS[node.func.id]}", _called
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) and any(each.ifs for each in node.generators):
        yield f"{text} -> without its condition", _unfiltered
    if isinstance(node, _DROPPED) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield f"drop {text}", lambda each: ast.copy_location(ast.Pass(), each)
    if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield f"{text} -> None", lambda each: ast.copy_location(ast.Return(ast.Constant(None)), each)


def _negated(node: ast.AST) -> ast.AST:
    node.test = ast.UnaryOp(ast.Not(), node.test)  # type: ignore[attr-defined]
    return node


def _without(number: int, node: ast.AST) -> ast.AST:
    del node.values[number]  # type: ignore[attr-defined]
    return node.values[0] if len(node.values) == 1 else node  # type: ignore[attr-defined,no-any-return]


def _compared(node: ast.AST) -> ast.AST:
    node.ops[0] = _COMPARISONS[type(node.ops[0])]()  # type: ignore[attr-defined]
    return node


def _signed(node: ast.AST) -> ast.AST:
    node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()  # type: ignore[attr-defined]
    return node


def _called(node: ast.AST) -> ast.AST:
    node.func.id = _CALLS[node.func.id]  # type: ignore[attr-defined]
    if node.func.id == "list":  # type: ignore[attr-defined]
        node.keywords = []  # type: ignore[attr-defined]
    return node


def _unfiltered(node: ast.AST) -> ast.AST:
    for each in node.generators:  # type: ignore[attr-defined]
        each.ifs = []
    return node


def sample(found: list[Mutant], size: int) -> list[Mutant]:
    """As many of the faults, spread over the module in a way that does not change while they do not; all for 0."""
    ordered = sorted(found, key=lambda each: hashlib.sha256(f"{each.function}: {each.what}".encode()).digest())
    return sorted(ordered[: size or None], key=lambda each: each.line)


def put_in(module: types.ModuleType, mutant: Mutant) -> None:
    """Give the function of a module the code with the fault."""
    assert module.__file__ is not None
    wanted = [code for code in _codes(compile(mutant.tree(), module.__file__, "exec")) if code.co_qualname == mutant.function]
    for each in gc.get_objects():
        if isinstance(each, types.FunctionType) and each.__code__.co_filename == module.__file__ and each.__qualname__ == mutant.function:
            each.__code__ = next(code for code in wanted if code.co_firstlineno == each.__code__.co_firstlineno)
        elif isinstance(each, functools._lru_cache_wrapper):
            each.cache_clear()


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from _codes(each)


def run_tests(tests: list[str]) -> int:
    return int(pytest.main(["-x", "-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", *tests]))


def survives(module: types.ModuleType, mutant: Mutant | None, tests: list[str], seconds: int) -> bool:
    """Whether the tests of a module pass with a fault in it, or without one."""
    child = os.fork()
    if child == 0:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.alarm(seconds * 20)
        try:
            if mutant is not None:
                put_in(module, mutant)
            os._exit(run_tests(tests))
        except BaseException:
            os._exit(99)
    status = os.waitpid(child, 0)[1]
    code = os.waitstatus_to_exitcode(status)
    if code == 99:
        raise RuntimeError(f"{module.__name__}: {mutant}: the fault could not be put in")
    return code == 0


def try_module(path: str, tests: list[str], size: int, known: dict[tuple[str, str], str]) -> Counter[str]:
    """Try the faults of one module, and print those that the tests do not notice."""
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    started = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    if run_tests(tests):
        raise SystemExit(f"{path}: its tests fail without any fault")
    seconds = int((resource.getrusage(resource.RUSAGE_SELF).ru_utime - started) * SLOWER) + 5
    if not survives(module, None, tests, seconds):
        raise SystemExit(f"{path}: its tests fail in a fork without any fault")
    found = list(mutants((ROOT / path).read_text()))
    counts: Counter[str] = Counter(possible=len(found))
    for mutant in sample(found, size):
        listed = known.pop((mutant.function, mutant.what), "")
        if not survives(module, mutant, tests, seconds):
            counts["killed"] += 1
            if listed:
                counts["stale"] += 1
                print(f"{path}:{mutant.line}: {mutant.function}: {mutant.what}: is noticed: take it out of tools/mutants.toml", flush=True)
        elif listed:
            counts[listed] += 1
        else:
            counts["survived"] += 1
            print(f"{path}:{mutant.line}: {mutant.function}: {mutant.what}", flush=True)
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("modules", nargs="*", help="a part of the path of the modules to mutate; default: all that are listed")
    parser.add_argument("--sample", type=int, default=25, metavar="N", help="as many faults of each module (default: 25); 0: all")
    arguments = parser.parse_args()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    total: Counter[str] = Counter()
    for entry in tomllib.loads(LIST.read_text())["module"]:
        path = entry["path"]
        if arguments.modules and not any(part in path for part in arguments.modules):
            continue
        known = {(each["function"], each["mutant"]): each["verdict"] for each in entry.get("survivor", ())}
        counts = try_module(path, entry["tests"], arguments.sample, known)
        print(f"{path}: {dict(counts)}", flush=True)
        total += counts
    print(f"all: {dict(total)}")
    return 1 if total["survived"] or total["stale"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
