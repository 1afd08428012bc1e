"""Python code builds or runs containers for linux/amd64.

## What it finds

`platform="linux/amd64"` as an argument of any call, also by a name or from a dictionary that is spread into it, `Platform.LINUX_AMD64` of the
AWS CDK, `--platform=linux/amd64` in lists of arguments and in command lines of Docker, and `DOCKER_DEFAULT_PLATFORM` in the environment. Lists that name arm64 too, and tests, are left alone.

## Why it stops arm64

The image is built or pulled for x86-64: on arm64 it runs under emulation, or not at all.

## What to do

Leave the platform out, so that the machine's own is used, or make it a setting.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.startup import regex
from armready.knowledge.arch import names_arm64
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, constant, sources

_AMD64 = ("linux/amd64", "linux/x86_64", "amd64")
_OPTION = "--platform"
_VARIABLE = "DOCKER_DEFAULT_PLATFORM"
_SETS = regex(r"(?:environ\.setdefault|putenv|setenv)$")
_COMMAND = regex(
    r"\b(?:docker|podman|nerdctl|buildx)\s+(?:[\w-]+\s+){0,4}?(?:build|run|pull|create)\b[^|;&]{0,500}?--platform[ =]linux/(?:amd64|x86_64)(?![\w,])"
)


class DockerPlatformAmd64(FileRule):
    code = "PY241"
    name = "docker-platform-amd64"
    summary = "Python code builds or runs containers for linux/amd64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON, Kind.NOTEBOOK})
    needles = (b"linux/amd64", b"linux/x86_64", b"linux_amd64")
    examples = (
        Example("docker-py", path="run.py", bad='client.images.build(path=".", platform=«"linux/amd64"»)\n'),
        Example(
            "arguments", path="run.py", bad='import subprocess\n\nsubprocess.run(["docker", "build", «"--platform=linux/amd64"», "."])\n'
        ),
        Example("two arguments", path="run.py", bad='cmd = ["docker", "run", "--platform", «"linux/amd64"», "app"]\n'),
        Example(
            "CDK", path="stack.py", bad="image = DockerImageAsset(self, 'I', directory='.', platform=«ecr_assets.Platform.LINUX_AMD64»)\n"
        ),
        Example("environment", path="run.py", bad='import os\n\nos.environ["DOCKER_DEFAULT_PLATFORM"] = «"linux/amd64"»\n'),
        Example(
            "by a name and from a dictionary",
            path="run.py",
            bad=(
                'PLATFORM = "linux/amd64"\nclient.images.build(path=".", platform=«PLATFORM»)\n'
                'options = {"platform": «"linux/amd64"», "tag": "app"}\nclient.images.build(**options)\n'
            ),
        ),
        Example(
            "command lines",
            path="run.py",
            bad='import os\n\nos.system(«"docker build -t app --platform linux/amd64 ."»)\nos.system(«f"docker run --rm --platform=linux/amd64 {image}"»)\n',
        ),
        Example(
            "command lines for both",
            path="run.py",
            good='a = "docker buildx build --platform linux/amd64,linux/arm64 ."\n',
            breaks=(",linux/arm64", ""),
        ),
        Example(
            "by the processor",
            path="run.py",
            good=(
                'import platform\n\nP = "linux/amd64" if platform.machine() == "x86_64" else "linux/arm64"\n'
                'client.containers.run("app", platform=P)\n'
            ),
            breaks=("arm64", "amd64"),
        ),
        Example(
            "both",
            path="run.py",
            good='docker.buildx.build(".", platforms=["linux/amd64", "linux/arm64"])\n',
            breaks=(', "linux/arm64"', ""),
        ),
        Example("a name", path="run.py", good='ARCH = "linux/amd64"\nif platform == "linux/amd64":\n    pass\n'),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for node in _places(code):
            if code.reaches(node) and not code.uncertain(node):
                message = "The container's platform is fixed to linux/amd64, so arm64 emulates it or fails."
                yield self.finding(file.location(code.span(node)), message)


def _places(code: Sources) -> Iterator[ast.expr]:
    for call in code.module.of(ast.Call):
        for name, value in code.arguments(call):
            if name == "platform" and _is_amd64(code, value):
                yield value
            elif name == "platforms" and isinstance(value, ast.List) and len(value.elts) == 1 and _is_amd64(code, value.elts[0]):
                yield value.elts[0]
        if (
            _SETS.search(called_name(call))
            and len(call.args) == 2
            and constant(call.args[0]) == _VARIABLE
            and _is_amd64(code, call.args[1])
        ):
            yield call.args[1]
    for listed in code.sequences():
        yield from _arguments(listed.elts)
    for node in code.module.of(ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and constant(target.slice) == _VARIABLE and _is_amd64(code, node.value):
            yield node.value
    for table in code.module.of(ast.Dict):
        for key, value in zip(table.keys, table.values, strict=True):
            if constant(key) == _VARIABLE and constant(value) in _AMD64:
                yield value
    for string, text in code.strings():
        if _COMMAND.search(text) and not names_arm64(text):
            parent = code.module.parents.get(string)
            yield parent if isinstance(parent, ast.JoinedStr) else string


def _is_amd64(code: Sources, node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        node = code.judge.bound(node) or node
    return code.text(node) in _AMD64[:2] or (isinstance(node, ast.Attribute) and node.attr == "LINUX_AMD64")


def _arguments(elements: list[ast.expr]) -> Iterator[ast.expr]:
    for position, element in enumerate(elements):
        text = constant(element)
        if text.startswith(f"{_OPTION}=") and text.partition("=")[2] in _AMD64:
            yield element
        elif text == _OPTION and position + 1 < len(elements) and constant(elements[position + 1]) in _AMD64:
            yield elements[position + 1]
