"""Code that takes different ways on different processors, and the way that aarch64 takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import StrEnum

from armready.file import File
from armready.fix import Edit
from armready.parsers.python import Module, parse_python
from armready.patterns import regex
from armready.python.arch import (
    AARCH64,
    AARCH64_NAMED,
    ARM64_SPELT,
    LINUX,
    UNKNOWN,
    X86_64,
    Evaluator,
    Machine,
    evaluator,
    uses_bitness,
)
from armready.python.reach import Reachability, called_name, leaves, reachability
from armready.records import dataclass
from armready.source import Span

_X86 = regex(r"(?<![A-Za-z0-9])(?:x86[_-]64|amd64|x64|i[3-6]86|linux-?64)(?![A-Za-z0-9])", re.IGNORECASE)
_ARM = regex(r"aarch64|arm64|armv8", re.IGNORECASE)
_OTHER_SYSTEM = regex(r"win|darwin|mac|osx|apple|msvc", re.IGNORECASE)
_TESTS = regex(r"(?:^|/)(?:tests?|testing|benchmarks?|bench|docs?|examples?)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest|bench_[^/]*)\.py$")
_EXITS = ("sys.exit", "exit", "quit", "os._exit", "parser.error")
# A branch with more statements than this does more than to choose a value.
_SMALL = 6


class Way(StrEnum):
    """What happens on aarch64."""

    X86 = "x86"
    REFUSED = "refused"
    SPELT = "spelt"
    MISSING = "missing"
    BITNESS = "bitness"
    PROCESSOR = "processor"


@dataclass(frozen=True)
class Branching:
    """A construct whose way on aarch64 is wrong.

    Attributes:
        way: how it is wrong.
        span: the test, or the lookup.
        chosen: the x86 text that aarch64 ends with, if that is what happens.
        top_level: it runs when the module is imported.
        edits: how the tests can be made to include aarch64; empty when that is not known.
        arm: the text that the arm64 branch chooses.
        soft: the lookup yields nothing rather than failing.
    """

    way: Way
    span: Span
    chosen: str = ""
    top_level: bool = False
    edits: tuple[Edit, ...] = ()
    arm: str = ""
    soft: bool = False


def _names_something(tests: list[ast.expr]) -> bool:
    """Whether a test holds a text: one that only asks whether there is a value tells no processors apart."""
    return any(isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value for test in tests for node in ast.walk(test))


def is_test(path: str) -> bool:
    """Whether a source is for tests, benchmarks, examples or documentation."""
    return bool(_TESTS.search(path))


def branchings(file: File) -> tuple[Branching, ...]:
    """Every construct of a file that goes wrong on Linux arm64, in the order of the text.

    Raises:
        ParseProblem: it is not Python.
    """
    finder = _Finder(file, file.parse(parse_python), file.parse(evaluator), file.parse(reachability))
    return tuple(sorted(finder.all(), key=lambda each: each.span))


@dataclass(frozen=True)
class _Chain:
    """Tests in order with what each leads to; the last entry of `ways` is what is left."""

    node: ast.AST
    tests: list[ast.expr]
    ways: list[list[ast.stmt] | ast.expr]


@dataclass(frozen=True)
class _Finder:
    file: File
    module: Module
    judge: Evaluator
    reached: Reachability

    def all(self) -> Iterator[Branching]:
        if not self.judge.marked:
            return
        for chain in self.module.of(ast.If):
            if not self._is_elif(chain):
                yield from self._chain(self._if_chain(chain))
        for expression in self.module.of(ast.IfExp):
            if not self._is_inner(expression):
                yield from self._chain(self._expression_chain(expression))
        for assertion in self.module.of(ast.Assert):
            yield from self._assertion(assertion)
        for item in self.module.of(ast.Subscript):
            if isinstance(item.ctx, ast.Load):
                yield from self._lookup(item, item.value, item.slice, None)
        for call in self.module.of(ast.Call):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "get" and call.args:
                yield from self._lookup(call, call.func.value, call.args[0], call.args[1] if len(call.args) > 1 else ast.Constant(None))

    # --- the shapes ---

    def _is_elif(self, node: ast.If) -> bool:
        parent = self.module.parents.get(node)
        return isinstance(parent, ast.If) and parent.orelse == [node] and self.module.text.startswith("elif", self.module.span(node).start)

    def _is_inner(self, node: ast.IfExp) -> bool:
        parent = self.module.parents.get(node)
        return isinstance(parent, ast.IfExp) and parent.orelse is node

    def _if_chain(self, node: ast.If) -> _Chain:
        tests, ways = [node.test], list[list[ast.stmt] | ast.expr]([node.body])
        rest = node.orelse
        while len(rest) == 1 and isinstance(rest[0], ast.If) and self._is_elif(rest[0]):
            tests.append(rest[0].test)
            ways.append(rest[0].body)
            rest = rest[0].orelse
        if not rest and any(leaves(way) for way in ways if isinstance(way, list)):
            rest = self._following(node)
        return _Chain(node, tests, [*ways, rest])

    def _following(self, node: ast.stmt) -> list[ast.stmt]:
        """The statement after a construct that one of its branches leaves."""
        if node not in self.judge.places:
            return []
        block, position = self.judge.places[node]
        # A further test of the processor decides on its own.
        return [each for each in block[position + 1 : position + 2] if not isinstance(each, ast.If)]

    def _expression_chain(self, node: ast.IfExp) -> _Chain:
        tests, ways = [node.test], list[list[ast.stmt] | ast.expr]([node.body])
        rest: ast.expr = node.orelse
        while isinstance(rest, ast.IfExp):
            tests.append(rest.test)
            ways.append(rest.body)
            rest = rest.orelse
        return _Chain(node, tests, [*ways, rest])

    # --- the verdicts ---

    def _taken(self, tests: list[ast.expr], on: Machine) -> int | None:
        for index, test in enumerate(tests):
            truth = self.judge.truth(test, on)
            if truth is None:
                return None
            if truth:
                return index
        return len(tests)

    def _chain(self, chain: _Chain) -> Iterator[Branching]:
        sources = frozenset().union(*(self.judge.sources(test) for test in chain.tests))
        if not sources or not self.reached.reaches(chain.node):
            return
        taken = {on: self._taken(chain.tests, on) for on in (*LINUX, AARCH64_NAMED, ARM64_SPELT)}
        here, there = taken[AARCH64], taken[X86_64]
        if here is None or there is None:
            return
        span = self.module.span(chain.tests[0])
        top_level = self._top_level(chain.node)
        if "platform.processor" in sources:
            if _names_something(chain.tests) and (here != there or here != taken[AARCH64_NAMED]):
                yield Branching(Way.PROCESSOR, span, top_level=top_level)
            return
        if len({taken[on] for on in (*LINUX, ARM64_SPELT) if taken[on] is not None}) < 2:
            return
        spelt = taken[ARM64_SPELT]
        other = spelt is not None and spelt != here
        edits = self._edits(chain.tests) if other else ()
        arm = self._texts(chain.ways[spelt])[:1] if other and spelt is not None else []
        if self._refuses(chain.ways[here]):
            if here == there or self._refuses(chain.ways[there]):
                return
            way = Way.SPELT if other and spelt is not None and not self._refuses(chain.ways[spelt]) else Way.REFUSED
            yield Branching(way, span, top_level=top_level, edits=edits if way is Way.SPELT else (), arm=arm[0] if arm else "")
            return
        token = self._x86_token(chain.ways[here])
        if token:
            way = Way.BITNESS if uses_bitness(sources) else Way.X86
            yield Branching(way, span, token, top_level, edits, arm[0] if arm else "")

    def _assertion(self, node: ast.Assert) -> Iterator[Branching]:
        if not self.judge.sources(node.test) or not self.reached.reaches(node):
            return
        if self.judge.truth(node.test, AARCH64) is False and self.judge.truth(node.test, X86_64):
            yield Branching(Way.REFUSED, self.module.span(node.test), top_level=self._top_level(node))

    def _lookup(self, node: ast.expr, owner: ast.expr, key: ast.expr, default: ast.expr | None) -> Iterator[Branching]:
        if not self.judge.sources(key) or not self.reached.reaches(node):
            return
        table = owner if isinstance(owner, ast.Dict) else self.judge.bound(owner) if isinstance(owner, ast.Name) else None
        if not isinstance(table, ast.Dict):
            return
        keys = [UNKNOWN if each is None else self.judge.value(each, AARCH64) for each in table.keys]
        wanted, on_x86 = self.judge.value(key, AARCH64), self.judge.value(key, X86_64)
        if UNKNOWN in keys or wanted is UNKNOWN or on_x86 is UNKNOWN or on_x86 not in keys:
            return
        if wanted in keys:
            token = self._x86_token(table.values[keys.index(wanted)])
            if token and wanted != on_x86:
                yield Branching(Way.X86, self.module.span(node), token, self._top_level(node))
            return
        edits = self._table_edits(table, keys)
        span = self.module.span(node)
        if default is None:
            if not self._survives_lookup(node):
                yield Branching(Way.MISSING, span, top_level=self._top_level(node), edits=edits)
            return
        token = self._x86_token(default)
        if token:
            yield Branching(Way.X86, span, token, self._top_level(node), edits)
        elif isinstance(default, ast.Constant) and default.value is None:
            yield Branching(Way.MISSING, span, top_level=self._top_level(node), edits=edits, soft=True)

    # --- what stands in a branch ---

    def _top_level(self, node: ast.AST) -> bool:
        while (parent := self.module.parents.get(node)) is not None:
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return False
            node = parent
        return True

    @staticmethod
    def _refuses(way: list[ast.stmt] | ast.expr) -> bool:
        if isinstance(way, ast.expr):
            return False
        return any(
            isinstance(each, ast.Raise)
            or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Call) and called_name(each.value) in _EXITS)
            for each in way
        )

    def _texts(self, way: list[ast.stmt] | ast.expr) -> list[str]:
        """The strings that a branch chooses: not those that it compares with, not those that arm64 never reaches."""
        roots: list[ast.AST] = [way] if isinstance(way, ast.expr) else list(way)
        if len(roots) > _SMALL:
            return []
        found: list[str] = []
        while roots:
            node = roots.pop(0)
            if isinstance(node, ast.Compare | ast.FunctionDef | ast.ClassDef | ast.Raise | ast.If) or node in self.reached.dead:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            roots[:0] = list(ast.iter_child_nodes(node))
        return found

    def _x86_token(self, way: list[ast.stmt] | ast.expr) -> str:
        texts = self._texts(way)
        if any(map(_ARM.search, texts)):
            return ""
        for text in texts:
            if _X86.search(text) and not _OTHER_SYSTEM.search(text) and not re.search(r"\s", text.strip()):
                return text.strip()
        return ""

    def _survives_lookup(self, node: ast.AST) -> bool:
        while (parent := self.module.parents.get(node)) is not None:
            if isinstance(parent, ast.Try) and node in parent.body and parent.handlers:
                return True
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
                return False
            node = parent
        return False

    # --- how to include aarch64 ---

    def _edits(self, tests: list[ast.expr]) -> tuple[Edit, ...]:
        """Closed rewrites of the comparisons that know `arm64` and not `aarch64`; x86-64 and macOS stay as they are."""
        found = []
        for test in tests:
            for node in ast.walk(test):
                if isinstance(node, ast.Compare | ast.Call):
                    edit = self._edit(node)
                    if edit is not None:
                        found.append(edit)
        return tuple(found)

    def _edit(self, node: ast.Compare | ast.Call) -> Edit | None:
        known, asked = self.judge.truth(node, ARM64_SPELT), self.judge.truth(node, AARCH64)
        if known is None or asked is None or known == asked:
            return None
        if isinstance(node, ast.Call):
            return self._prefix_edit(node)
        if len(node.ops) != 1:
            return None
        left, operator, right = node.left, node.ops[0], node.comparators[0]
        if isinstance(operator, ast.Eq | ast.NotEq):
            constant, other = (right, left) if isinstance(right, ast.Constant) else (left, right)
            if not isinstance(constant, ast.Constant) or constant.value != "arm64":
                return None
            word = "in" if isinstance(operator, ast.Eq) else "not in"
            text = self.module.source(constant)
            twin = text.replace("arm64", "aarch64")
            return self.file.replace(self.module.span(node), f"{self.module.source(other)} {word} ({text}, {twin})")
        if isinstance(right, ast.Tuple | ast.List | ast.Set):
            element = next((each for each in right.elts if isinstance(each, ast.Constant) and each.value == "arm64"), None)
            if element is None:
                return None
            end = self.module.span(element).end
            return self.file.insert(end, f", {self.module.source(element).replace('arm64', 'aarch64')}")
        if isinstance(operator, ast.In) and isinstance(left, ast.Constant) and left.value in ("arm", "arm64"):
            text, where = self.module.source(left), self.module.source(right)
            twin = re.sub(r"arm(64)?", "aarch64", text)
            return self.file.replace(self.module.span(node), f"({text} in {where} or {twin} in {where})")
        return None

    def _prefix_edit(self, node: ast.Call) -> Edit | None:
        if not isinstance(node.func, ast.Attribute) or node.func.attr != "startswith" or len(node.args) != 1:
            return None
        argument = node.args[0]
        if not isinstance(argument, ast.Constant) or argument.value not in ("arm", "arm64"):
            return None
        text = self.module.source(argument)
        twin = re.sub(r"arm(64)?", "aarch64", text)
        return self.file.replace(self.module.span(argument), f"({text}, {twin})")

    def _table_edits(self, table: ast.Dict, keys: list[object]) -> tuple[Edit, ...]:
        """The entry for `aarch64` beside that for `arm64`, with the same value."""
        if "arm64" not in keys or "aarch64" in keys:
            return ()
        index = keys.index("arm64")
        key, value = table.keys[index], table.values[index]
        if not isinstance(key, ast.Constant):
            return ()
        twin = f"{self.module.source(key).replace('arm64', 'aarch64')}: {self.module.source(value)}"
        first, key_span = self.module.span(table), self.module.span(key)
        own_line = self.file.source.line_index(first.start) != self.file.source.line_index(key_span.start)
        between = f",{self.file.source.newline}{self.file.source.indent_at(key_span.start)}" if own_line else ", "
        return (self.file.insert(key_span.start, twin + between),)
