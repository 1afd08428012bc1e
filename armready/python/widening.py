"""How tests of the architecture can be made to include `aarch64`: closed rewrites that leave x86-64 and macOS as they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from armready.core.file import File
from armready.core.fix import Edit
from armready.core.startup import dataclass
from armready.languages.python.module import Module
from armready.python.arch import Evaluator
from armready.python.machines import AARCH64, ARM64_SPELT


@dataclass(frozen=True)
class Widening:
    """The edits of one file."""

    file: File
    module: Module
    judge: Evaluator

    def tests(self, tests: Sequence[ast.expr | ast.pattern]) -> tuple[Edit, ...]:
        """Closed rewrites of the comparisons that know `arm64` and not `aarch64`; x86-64 and macOS stay as they are."""
        found = []
        for test in tests:
            for node in ast.walk(test):
                if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant) and node.value.value == "arm64":
                    text = self.module.source(node.value)
                    found.append(self.file.replace(self.module.span(node.value), f"{text} | {text.replace('arm64', 'aarch64')}"))
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
            counterpart = text.replace("arm64", "aarch64")
            return self.file.replace(self.module.span(node), f"{self.module.source(other)} {word} ({text}, {counterpart})")
        if isinstance(right, ast.Tuple | ast.List | ast.Set):
            element = next((each for each in right.elts if isinstance(each, ast.Constant) and each.value == "arm64"), None)
            if element is None:
                return None
            end = self.module.span(element).end
            return self.file.insert(end, f", {self.module.source(element).replace('arm64', 'aarch64')}")
        if isinstance(operator, ast.In) and isinstance(left, ast.Constant) and left.value in ("arm", "arm64"):
            text, where = self.module.source(left), self.module.source(right)
            counterpart = re.sub(r"arm(64)?", "aarch64", text)
            return self.file.replace(self.module.span(node), f"({text} in {where} or {counterpart} in {where})")
        return None

    def _prefix_edit(self, node: ast.Call) -> Edit | None:
        if not isinstance(node.func, ast.Attribute) or node.func.attr != "startswith" or len(node.args) != 1:
            return None
        argument = node.args[0]
        if not isinstance(argument, ast.Constant) or argument.value not in ("arm", "arm64"):
            return None
        text = self.module.source(argument)
        counterpart = re.sub(r"arm(64)?", "aarch64", text)
        return self.file.replace(self.module.span(argument), f"({text}, {counterpart})")

    def table(self, table: ast.Dict, keys: list[object]) -> tuple[Edit, ...]:
        """The entry for `aarch64` beside that for `arm64`, with the same value."""
        if "arm64" not in keys or "aarch64" in keys:
            return ()
        index = keys.index("arm64")
        key, value = table.keys[index], table.values[index]
        if not isinstance(key, ast.Constant):
            return ()
        counterpart = f"{self.module.source(key).replace('arm64', 'aarch64')}: {self.module.source(value)}"
        first, key_span = self.module.span(table), self.module.span(key)
        own_line = self.file.source.line_index(first.start) != self.file.source.line_index(key_span.start)
        between = f",{self.file.source.newline}{self.file.source.indent_at(key_span.start)}" if own_line else ", "
        return (self.file.insert(key_span.start, counterpart + between),)
