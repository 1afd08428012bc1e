"""A conda recipe skips arm64 on Linux.

## What it finds

`skip: true  # [aarch64]` in `meta.yaml` and `skip: linux and aarch64` in `recipe.yaml`: conditions that hold on linux-aarch64 and not on linux-64.
They are evaluated for both; a condition with anything else in it, such as a version of Python, is left alone.

## Why it stops arm64

The package is not built for linux-aarch64, so that no environment on arm64 can have it.

## What to do

Find out what needed the skip. If nothing does any more, take the platform out of the condition.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.source import Span

_SELECTOR = re.compile(r"(?i)[ \t]*skip[ \t]*:[ \t]*(?:true|yes)[ \t]*#[ \t]*\[(?P<condition>[^\]]+)\]")
_SKIP = re.compile(r"(?P<indent>[ \t]*)skip[ \t]*:[ \t]*+(?P<condition>[^#]*)(?:#(?s:.*))?$")
_ITEM = re.compile(r"(?P<indent>[ \t]*)-[ \t]++(?P<condition>[^#]+)(?:#(?s:.*))?$")
_EVERYWHERE = {"linux": True, "unix": True, "osx": False, "win": False, "win32": False, "win64": False, "arm64": False, "linux32": False}
_OTHERS = dict.fromkeys(("ppc64le", "s390x", "armv6l", "armv7l", "riscv64", "emscripten", "wasm32"), False)
_X86 = ("x86", "x86_64", "linux64")
_ON_X86: dict[str, object] = {**_EVERYWHERE, **_OTHERS, **dict.fromkeys(_X86, True), "aarch64": False, "target_platform": "linux-64"}
_ON_ARM: dict[str, object] = {**_EVERYWHERE, **_OTHERS, **dict.fromkeys(_X86, False), "aarch64": True, "target_platform": "linux-aarch64"}


class RecipeSkipsArm64(FileRule):
    code = "PY167"
    name = "recipe-skips-arm64"
    summary = "A conda recipe skips arm64 on Linux"
    severity = Severity.INFO
    kinds = frozenset({Kind.CONDA_RECIPE})
    needles = (b"skip",)
    examples = (
        Example("selector", path="meta.yaml", bad="package:\n  name: a\nbuild:\n  skip: true  # [«win or aarch64»]\n"),
        Example("all but one", path="meta.yaml", bad="package:\n  name: a\nbuild:\n  skip: True  # [«not linux64»]\n"),
        Example(
            "a list", path="recipe.yaml", bad="package:\n  name: a\nbuild:\n  skip:\n    - win\n    - «linux and aarch64»\n  number: 0\n"
        ),
        Example(
            "an expression",
            path="recipe.yaml",
            bad='package:\n  name: a\nbuild:\n  skip: «target_platform == "linux-aarch64"»\n',
        ),
        Example(
            "other platforms, another condition, another list",
            path="meta.yaml",
            good=(
                "package:\n  name: a\nbuild:\n  skip: true  # [win]\n  skip: true  # [osx and arm64]\n  skip: true  # [aarch64 and py<38]\n"
                "  skip: true  # [not linux]\n  skip: true\nother:\n  - aarch64\n"
            ),
            breaks=("[aarch64 and py<38]", "[aarch64]"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for condition, span in _conditions(file):
            if _holds(condition, _ON_ARM) and _holds(condition, _ON_X86) is False:
                yield self.finding(file.location(span), f"`{condition}` skips linux-aarch64, so the package does not exist for arm64.")


def _conditions(file: File) -> Iterator[tuple[str, Span]]:
    """The conditions under which a recipe is not built."""
    start, listed = 0, -1
    for raw in file.text.split("\n"):
        line = raw.rstrip("\r")
        heading = _SKIP.match(line)
        found = _SELECTOR.match(line) or heading
        if heading:
            listed = len(heading["indent"])
        elif (item := _ITEM.match(line)) and 0 <= listed <= len(item["indent"]):
            found = item
        elif line.strip() and not line.lstrip().startswith("#"):
            listed = -1
        if found and (condition := found["condition"].strip()):
            begin = start + found.start("condition") + len(found["condition"]) - len(found["condition"].lstrip())
            yield condition, Span(begin, begin + len(condition))
        start += len(raw) + 1


def _holds(condition: str, names: dict[str, object]) -> bool | None:
    """Whether a condition is true; None when it asks for something else than the platform."""
    try:
        value = _value(ast.parse(condition, mode="eval").body, names)
    except (SyntaxError, ValueError, KeyError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, bool) else None


def _value(node: ast.expr, names: dict[str, object]) -> object:
    """The value of a condition.

    Raises:
        KeyError: a name is not known.
        ValueError: it is more than names, comparisons and their combinations.
    """
    match node:
        case ast.Name(id=name):
            return names[name]
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, names)
        case ast.BoolOp(op=operator, values=parts):
            values = [_value(each, names) for each in parts]
            return all(values) if isinstance(operator, ast.And) else any(values)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as operator], comparators=[right]):
            equal = _value(left, names) == _value(right, names)
            return equal if isinstance(operator, ast.Eq) else not equal
    raise ValueError(ast.dump(node))
