"""A wheel is labelled for x86-64 whatever it is built on.

## What it finds

`plat_name` for x86-64 in `setup.cfg`, in options of `setup()` or in `--plat-name`; a tag for x86-64 that a build hook puts into
`build_data`; `auditwheel repair --plat manylinux…_x86_64`. Code under a test of the architecture is left alone.

## Why it stops arm64

A wheel built on arm64 gets the wrong label: pip refuses it there and installs it on x86-64, where it fails.

## What to do

Leave the platform out: the tools know that of the machine.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from armready.builds.scripts import scripts
from armready.core.classify import SHELL_KINDS, Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.needles import both
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.languages.ini import parse_ini
from armready.python.reachable import called_name
from armready.python.sources import Sources, constant, keyword, sources

_X86 = re.compile(r"(?:linux|manylinux\w{0,60}|musllinux\w{0,60})[-_]x86_64$")


class WheelPlatformPinned(FileRule):
    code = "PY161"
    name = "wheel-platform-pinned"
    summary = "A wheel is labelled for x86-64 whatever it is built on"
    severity = Severity.ERROR
    kinds = SHELL_KINDS | {Kind.PYTHON, Kind.SETUP_CFG}
    needles = (
        both((b"plat_name", b"plat-name", b"build_data", b"auditwheel", b"get_tag", b"_python_host_platform"), (b"x86_64", b"x86-64")),
    )
    examples = (
        Example("setup.cfg", path="setup.cfg", bad="[bdist_wheel]\nplat_name = «manylinux2014_x86_64»\n"),
        Example(
            "options",
            path="setup.py",
            bad="from setuptools import setup\n\nsetup(options={'bdist_wheel': {'plat_name': «'manylinux1_x86_64'»}})\n",
        ),
        Example(
            "build hook",
            path="hatch_build.py",
            bad='def initialize(self, v, build_data):\n    build_data["tag"] = «"py3-none-manylinux2014_x86_64"»\n',
        ),
        Example(
            "its own tag",
            path="setup.py",
            bad="class Wheel(bdist_wheel):\n    def get_tag(self):\n        return 'py3', 'none', «'manylinux2014_x86_64'»\n\n\nplat_name = None\n",
        ),
        Example(
            "words of a command",
            path="release.py",
            bad="import subprocess\n\nsubprocess.run(['auditwheel', 'repair', '--plat', «'manylinux2014_x86_64'», wheel])\n",
        ),
        Example("auditwheel", path="build.sh", bad="auditwheel repair «--plat manylinux2014_x86_64» dist/*.whl\n"),
        Example(
            "for each",
            path="build.sh",
            good='auditwheel repair --plat "manylinux2014_$(uname -m)" dist/*.whl\n',
            breaks=("$(uname -m)", "x86_64"),
        ),
        Example(
            "behind a test",
            path="setup.py",
            good="import platform\n\nif platform.machine() == 'x86_64':\n    o = {'bdist_wheel': {'plat_name': 'manylinux1_x86_64'}}\n",
            breaks=("if platform.machine() == 'x86_64':\n    ", ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for span, text in _places(file):
            message = f"The wheel is labelled `{text}` on every machine, so one built on arm64 is refused there."
            yield self.finding(file.location(span), message)


def _places(file: File) -> Iterator[tuple[Span, str]]:
    if file.kind is Kind.SETUP_CFG:
        for value in parse_ini(file):
            if value.section == "bdist_wheel" and value.key.replace("-", "_") == "plat_name" and value.lines and _X86.search(value.text):
                yield value.lines[0].span, value.text
    elif file.kind is Kind.PYTHON:
        yield from _in_python(file)
    elif "aarch64" not in file.text:
        yield from _in_scripts(file)


def _in_python(file: File) -> Iterator[tuple[Span, str]]:
    code = file.parse(sources)
    for value in (*_returned_tags(code), *_passed(code)):
        if code.reaches(value) and not code.uncertain(value):
            yield code.span(value), constant(value)
    for node in code.module.nodes:
        pairs: list[tuple[str, ast.expr]] = []
        if isinstance(node, ast.Dict):
            pairs = [(constant(key), value) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Subscript)
            and "build_data" in code.module.source(node.targets[0])
        ):
            pairs = [(constant(node.targets[0].slice), node.value)]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            pairs = [(node.targets[0].attr, node.value)]
        for name, value in pairs:
            if (
                name.replace("-", "_") in ("plat_name", "tag")
                and _X86.search(constant(value))
                and code.reaches(node)
                and not code.uncertain(value)
            ):
                yield code.span(value), constant(value)


def _returned_tags(code: Sources) -> Iterator[ast.expr]:
    """The platforms that the `get_tag` of a `bdist_wheel` returns."""
    for returned in code.module.of(ast.Return):
        function = code.module.parents.get(returned)
        if isinstance(function, ast.FunctionDef) and function.name == "get_tag" and isinstance(returned.value, ast.Tuple):
            yield from (each for each in returned.value.elts if _X86.search(constant(each)))


def _passed(code: Sources) -> Iterator[ast.expr]:
    """Platforms among the words of a command, of `build_data.update`, and in the environment."""
    for listed in code.sequences():
        words = [constant(each) for each in listed.elts]
        for word, after in pairwise(listed.elts):
            is_label = constant(word) == "--plat-name" or (constant(word) == "--plat" and "repair" in words)
            if is_label and _X86.search(constant(after)):
                yield after
    for call in code.module.of(ast.Call):
        if called_name(call) == "build_data.update" and _X86.search(constant(keyword(call, "tag"))):
            yield from filter(None, [keyword(call, "tag")])
    for node in code.module.of(ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and constant(target.slice) == "_PYTHON_HOST_PLATFORM" and _X86.search(constant(node.value)):
            yield node.value


def _in_scripts(file: File) -> Iterator[tuple[Span, str]]:
    for hosted in file.parse(scripts):
        for command in hosted.script.settled if "auditwheel" in hosted.text else ():
            words = command.words
            if not any(word.template == "repair" for word in words[1:2]) or not command.name.startswith("auditwheel"):
                continue
            for word, after in pairwise(words):
                if word.template in ("--plat", "--platform") and _X86.search(after.template):
                    yield hosted.span(Span(word.span.start, after.span.end)), after.template
