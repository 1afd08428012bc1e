"""Code that takes different ways on different processors, and the way that aarch64 takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import field
from enum import StrEnum
from typing import TypeGuard

from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.languages.python.module import Module
from armready.languages.python.parser import parse_python
from armready.python.arch import Evaluator, evaluator, uses_bitness
from armready.python.machines import AARCH64, AARCH64_NAMED, ARM64_SPELT, LINUX, UNKNOWN, X86_64, Machine
from armready.python.reachable import Reachability, called_name, leaves, reachability
from armready.python.widening import Widening

_X86 = regex(r"(?<![A-Za-z0-9])(?:x86[_-]64|amd64|x64|i[3-6]86|linux-?64)(?![A-Za-z0-9])", re.IGNORECASE)
_ARM = regex(r"aarch64|arm64|armv8", re.IGNORECASE)
_OTHER_SYSTEM = regex(r"win|darwin|mac|osx|apple|msvc", re.IGNORECASE)
_TESTS = regex(
    r"(?:^|/)(?:tests?|testing|benchmarks?|benchs?|demos?|docs?|examples?)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest|bench_[^/]*)\.py$"
)
_EXITS = ("sys.exit", "exit", "quit", "os._exit", "parser.error")
_SAYS_SO = regex(r"(?i)support|only (?:on|for|x86|amd64)|requires? |not available|incompatible")
# A branch with more statements than this does more than to choose a value.
_SMALL = 6
# How far above a test its default may stand.
_NEAR = 20


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


def _assigned_name(way: list[ast.stmt] | ast.expr) -> str | None:
    """The name that a branch of one assignment of a text gives its value to."""
    if isinstance(way, ast.expr) or len(way) != 1 or not isinstance(way[0], ast.Assign) or len(way[0].targets) != 1:
        return None
    target = way[0].targets[0]
    return target.id if isinstance(target, ast.Name) and _is_text(way[0].value) else None


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_nothing(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value in (None, False))


def _names_something(tests: Sequence[ast.expr | ast.pattern]) -> bool:
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
    module, judge = file.parse(parse_python), file.parse(evaluator)
    finder = _Finder(module, judge, file.parse(reachability), Widening(file, module, judge))
    return tuple(sorted(finder.all(), key=lambda each: each.span))


@dataclass(frozen=True)
class _Chain:
    """Tests in order with what each leads to; the last entry of `ways` is what is left.

    Attributes:
        subject: what a `match` looks at; its patterns are the tests then.
    """

    node: ast.AST
    tests: Sequence[ast.expr | ast.pattern]
    ways: list[list[ast.stmt] | ast.expr]
    subject: ast.expr | None = None

    @property
    def asked(self) -> list[ast.expr]:
        """The expressions that decide."""
        return [each for each in self.tests if isinstance(each, ast.expr)] if self.subject is None else [self.subject]


@dataclass(frozen=True)
class _Finder:
    module: Module
    judge: Evaluator
    reached: Reachability
    widening: Widening
    # Tests that belong to the chain of one above them.
    joined: set[ast.AST] = field(default_factory=set)

    def all(self) -> Iterator[Branching]:
        if not self.judge.marked:
            return
        for chain in self.module.of(ast.If):
            if not self._is_elif(chain) and chain not in self.joined:
                yield from self._chain(self._if_chain(chain))
        for match in self.module.of(ast.Match):
            if not any(case.guard for case in match.cases):
                yield from self._chain(self._match_chain(match))
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
        tests: list[ast.expr] = []
        ways: list[list[ast.stmt] | ast.expr] = []
        rest: list[ast.stmt] = [node]
        last = node
        while len(rest) == 1 and isinstance(rest[0], ast.If):
            if rest[0] is not node and not self._is_elif(rest[0]):
                if not self.judge.sources(rest[0].test):
                    break
                self.joined.add(rest[0])
                last = rest[0]
            tests.append(rest[0].test)
            ways.append(rest[0].body)
            rest = rest[0].orelse
            if not rest and all(leaves(way) for way in ways if isinstance(way, list)):
                rest = self._following(last)
        return _Chain(node, tests, [*ways, rest or self._default(node, ways)])

    def _following(self, node: ast.stmt) -> list[ast.stmt]:
        """What runs after a construct when no branch has left it: a further test, or the statements up to one that leaves."""
        if node not in self.judge.places:
            return []
        block, position = self.judge.places[node]
        found: list[ast.stmt] = []
        for statement in block[position + 1 : position + 1 + _SMALL]:
            if isinstance(statement, ast.If):
                return found or [statement]
            found.append(statement)
            if leaves([statement]):
                break
        return found

    def _default(self, node: ast.stmt, ways: list[list[ast.stmt] | ast.expr]) -> list[ast.stmt]:
        """The assignment above that holds where every branch only gives the same name another value."""
        names = {_assigned_name(way) for way in ways}
        if len(names) != 1 or None in names or node not in self.judge.places:
            return []
        (name,) = names
        block, position = self.judge.places[node]
        if any(name in self.judge.stores.get(each, ()) for each in block[position + 1 : position + 1 + _NEAR]):
            return []
        above = (each for each in reversed(block[max(0, position - _NEAR) : position]) if name in self.judge.stores.get(each, ()))
        nearest = next(above, None)
        return [nearest] if nearest is not None and _assigned_name([nearest]) == name else []

    def _match_chain(self, node: ast.Match) -> _Chain:
        ways: list[list[ast.stmt] | ast.expr] = [*(case.body for case in node.cases), []]
        return _Chain(node, [case.pattern for case in node.cases], ways, node.subject)

    def _expression_chain(self, node: ast.IfExp) -> _Chain:
        tests, ways = [node.test], list[list[ast.stmt] | ast.expr]([node.body])
        rest: ast.expr = node.orelse
        while isinstance(rest, ast.IfExp):
            tests.append(rest.test)
            ways.append(rest.body)
            rest = rest.orelse
        return _Chain(node, tests, [*ways, rest])

    # --- the verdicts ---

    def _taken(self, chain: _Chain, on: Machine) -> int | None:
        for index, test in enumerate(chain.tests):
            truth = self.judge.matches(chain.subject, test, on) if isinstance(test, ast.pattern) else self.judge.truth(test, on)
            if truth is None:
                return None
            if truth:
                return index
        return len(chain.tests)

    def _chain(self, chain: _Chain) -> Iterator[Branching]:
        sources = frozenset().union(*map(self.judge.sources, chain.asked))
        if not sources or not self.reached.reaches(chain.node):
            return
        taken = {on: self._taken(chain, on) for on in (*LINUX, AARCH64_NAMED, ARM64_SPELT)}
        here, there = taken[AARCH64], taken[X86_64]
        if here is None or there is None:
            return
        span = self.module.span(chain.asked[0])
        top_level = self._top_level(chain.node)
        if "platform.processor" in sources:
            if _names_something(chain.tests) and (here != there or here != taken[AARCH64_NAMED]):
                yield Branching(Way.PROCESSOR, span, top_level=top_level)
            return
        if len({taken[on] for on in (*LINUX, ARM64_SPELT) if taken[on] is not None}) < 2:
            return
        spelt = taken[ARM64_SPELT]
        other = spelt is not None and spelt != here
        edits = self.widening.tests(chain.tests) if other else ()
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
            yield Branching(way=way, span=span, chosen=token, top_level=top_level, edits=edits, arm=arm[0] if arm else "")

    def _assertion(self, node: ast.Assert) -> Iterator[Branching]:
        if not self.judge.sources(node.test) or not self.reached.reaches(node):
            return
        if self.judge.truth(node.test, AARCH64) is False and self.judge.truth(node.test, X86_64):
            yield Branching(Way.REFUSED, self.module.span(node.test), top_level=self._top_level(node))

    def _lookup(self, node: ast.expr, owner: ast.expr, key: ast.expr, default: ast.expr | None) -> Iterator[Branching]:
        if not self.judge.sources(key) or not self.reached.reaches(node):
            return
        table = self.judge.table(owner)
        if table is None:
            return
        keys = [UNKNOWN if each is None else self.judge.value(each, AARCH64) for each in table.keys]
        wanted, on_x86 = self.judge.value(key, AARCH64), self.judge.value(key, X86_64)
        if UNKNOWN in keys or wanted is UNKNOWN or on_x86 is UNKNOWN:
            return
        way = Way.BITNESS if uses_bitness(self.judge.sources(key)) else Way.X86
        span = self.module.span(node)
        if wanted in keys:
            token = self._x86_token(table.values[keys.index(wanted)])
            if token and (wanted != on_x86 or way is Way.BITNESS):
                yield Branching(way, span, token, self._top_level(node))
            return
        edits = self.widening.table(table, keys)
        token = self._x86_token(default) if default is not None else ""
        if token:
            yield Branching(way=way, span=span, chosen=token, top_level=self._top_level(node), edits=edits)
        elif on_x86 not in keys:
            return
        elif default is None:
            if not self._survives_lookup(node):
                yield Branching(Way.MISSING, span, top_level=self._top_level(node), edits=edits)
        elif isinstance(default, ast.Constant) and default.value is None:
            yield Branching(Way.MISSING, span, top_level=self._top_level(node), edits=edits, soft=True)

    # --- what stands in a branch ---

    def _top_level(self, node: ast.AST) -> bool:
        while (parent := self.module.parents.get(node)) is not None:
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return False
            node = parent
        return True

    def _refuses(self, way: list[ast.stmt] | ast.expr) -> bool:
        """Whether a branch ends the program, or says that something is not supported and gives up."""
        if isinstance(way, ast.expr):
            return False
        if any(isinstance(each, ast.Raise) or (isinstance(each, ast.Expr) and self._exits(each.value)) for each in way):
            return True
        gives_up = bool(way) and isinstance(way[-1], ast.Return) and _is_nothing(way[-1].value)
        calls = [each.value for each in way if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call)]
        return gives_up and any(_SAYS_SO.search(str(each.value)) for call in calls for each in ast.walk(call) if _is_text(each))

    def _exits(self, call: ast.expr) -> bool:
        name = called_name(call) if isinstance(call, ast.Call) else ""
        if name in _EXITS:
            return True
        if not name.endswith(".error") or not isinstance(call, ast.Call):
            return False
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        made = self.judge.bound(owner) if isinstance(owner, ast.Name) else None
        return isinstance(made, ast.Call) and called_name(made).endswith("ArgumentParser")

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
