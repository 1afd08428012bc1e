"""x86 compiler flags reach the compiler on arm64.

## What it finds

Flags such as `-msse4.2`, `-mavx2`, `-m64`, `-march=haswell` and those of Intel's compiler in lists that Python builds hand to a
compiler: `extra_compile_args`, `extra_cflags`, `CFLAGS` in the environment, and names bound to such lists. Flags behind a test of the
architecture or a probe of the compiler are left alone.

## Why it stops arm64

gcc for aarch64 rejects them: "unrecognized command-line option". The extension does not build.

## What to do

Pass them on x86-64 only, or ask the compiler whether it takes them.

## Fix safety

The x86 flags of a list are passed when `platform.machine()` is x86-64: there nothing changes. Unsafe, because the sources of the
extension are not looked at: they may need what the flags switch on.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.knowledge.flags import FlagKind, kind_of_flag
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.rewrite import guarded_elements
from armready.python.sources import Sources, sources

_NAMES = re.compile(
    r"(?:compile|link|cxx?|c\+\+|cpp|nvcc|compiler)[a-z_]{0,60}(?:args?|flags?|opts?|options?)|c(?:xx|pp)?flags|ldflags|extra_args|^flags$|_flags$|_args$",
    re.IGNORECASE,
)
_BUILDS = re.compile(
    r"extra_compile_args|extra_cflags|extra_link_args|CFLAGS|CXXFLAGS|CppExtension|CUDAExtension|set_source|build_ext|load_inline"
)
_GUARD = 'platform.machine() in ("x86_64", "AMD64")'


class ExtX86Flags(FileRule):
    code = "PY163"
    name = "ext-x86-flags"
    summary = "x86 compiler flags reach the compiler on arm64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.PYTHON})
    needles = (b'"-m', b"'-m", b" -m", b"-xhost", b"-qopenmp")
    examples = (
        Example(
            "in an extension",
            path="setup.py",
            bad="""
                from setuptools import Extension, setup

                setup(ext_modules=[Extension("a", ["a.c"], extra_compile_args=["-O3", «"-mavx2"», "-mfma"])])
                """,
            fixed="""
                import platform
                from setuptools import Extension, setup

                setup(ext_modules=[Extension("a", ["a.c"], extra_compile_args=["-O3", *(["-mavx2", "-mfma"] if platform.machine() in ("x86_64", "AMD64") else [])])])
                """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a list with comments",
            path="setup.py",
            bad="""
                import platform

                extra_compile_args = [
                    "-O3",  # always
                    «"-mavx2"»,  # for the kernels
                ]
                """,
            fixed="""
                import platform

                extra_compile_args = [
                    "-O3",  # always
                    *(["-mavx2"] if platform.machine() in ("x86_64", "AMD64") else []),  # for the kernels
                ]
                """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "appended",
            path="setup.py",
            bad='compile_args = ["-O2"]\ncompile_args.append(«"-msse4.2"»)\nExtension("a", extra_compile_args=compile_args)\n',
        ),
        Example(
            "by another name",
            path="setup.py",
            bad='opts = ["-O3", «"-msse2"»]\nopts += [«"-mavx2"»]\nExtension("a", extra_compile_args=opts)\n',
        ),
        Example("environment", path="build.py", bad='import os\n\nos.environ["CFLAGS"] = «"-O3 -march=haswell"»\n'),
        Example(
            "behind a test",
            path="setup.py",
            good="""
                import platform

                extra_compile_args = ["-O3"]
                if platform.machine() in ("x86_64", "AMD64"):
                    extra_compile_args.append("-mavx2")
                if has_flag(compiler, "-msse4.2"):
                    extra_compile_args += ["-msse4.2"]
                """,
            breaks=('if platform.machine() in ("x86_64", "AMD64"):\n    ', ""),
        ),
        Example("for arm64", path="setup.py", good='extra_compile_args = ["-march=armv8-a", "-O3", "-m", "-mcmodel=small"]\n'),
        Example(
            "not for a compiler",
            path="run.py",
            good='import subprocess\n\nsubprocess.run(["python", "-m", "build"])\nargs = ["tool", "-m64"]\n',
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path) or not _BUILDS.search(file.text):
            return
        code = file.parse(sources)
        flow = _names_passed(code)
        groups: dict[ast.AST, list[ast.Constant]] = {}
        rejected: dict[ast.AST, list[str]] = {}
        for node, text in code.strings():
            flags = [flag for flag in text.split() if kind_of_flag(flag) in (FlagKind.X86, FlagKind.INTEL)]
            if flags and _reaches_compiler(code, node, flow) and code.reaches(node) and not code.uncertain(node):
                parent = code.module.parents[node]
                groups.setdefault(parent, []).append(node)
                rejected.setdefault(parent, []).extend(flags)
        for parent, nodes in groups.items():
            names = ", ".join(f"`{flag}`" for flag in rejected[parent])
            message = f"gcc for aarch64 rejects {names}, so the build fails on arm64."
            yield self.finding(file.location(code.span(nodes[0])), message, confidence=Confidence.HIGH, fix=_fix(code, parent, nodes))


def _names_passed(code: Sources) -> frozenset[str]:
    """The names whose values are handed to a compiler by a keyword that says so."""
    passed = (each.value for each in code.module.of(ast.keyword) if each.arg and _NAMES.search(each.arg))
    return frozenset(name.id for value in passed for name in ast.walk(value) if isinstance(name, ast.Name))


def _reaches_compiler(code: Sources, node: ast.Constant, flow: frozenset[str]) -> bool:
    """Whether a name around the string says that it is for a compiler, or is handed to one."""
    child: ast.AST = node
    while (parent := code.module.parents.get(child)) is not None:
        if isinstance(parent, ast.keyword):
            return bool(parent.arg and _NAMES.search(parent.arg))
        if isinstance(parent, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            return any(name in flow or _NAMES.search(name) for name in map(code.module.source, targets))
        if (
            isinstance(parent, ast.Call)
            and isinstance(parent.func, ast.Attribute)
            and parent.func.attr in ("append", "extend", "insert", "setdefault")
        ):
            owner = code.module.source(parent.func.value)
            return owner in flow or bool(_NAMES.search(owner) or (parent.args and _NAMES.search(code.module.source(parent.args[0]))))
        if isinstance(parent, ast.Call) and called_name(parent).endswith(("append_flags", "add_compile_options")):
            return True
        if isinstance(parent, ast.Dict):
            key = next((key for key, value in zip(parent.keys, parent.values, strict=True) if value is child), None)
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and _NAMES.search(key.value):
                return True
        if isinstance(parent, ast.stmt):
            return False
        child = parent
    return False


def _fix(code: Sources, parent: ast.AST, nodes: list[ast.Constant]) -> Fix | None:
    """Pass a run of neighbouring elements on x86-64 only."""
    if not isinstance(parent, ast.List):
        return None
    first, last = parent.elts.index(nodes[0]), parent.elts.index(nodes[-1])
    if last - first + 1 != len(nodes):
        return None
    listed = code.span(parent)
    edit = code.file.replace(listed, guarded_elements(code.module.source(parent), first, last, _GUARD))
    note = "the sources of the extension may need what the flags switch on"
    return Fix("Pass the x86 flags on x86-64 only", (*code.import_platform(), edit), Applicability.UNSAFE, (note,))
