"""Python code builds or runs containers for linux/amd64.

## What it finds

`platform="linux/amd64"` as an argument of any call, `Platform.LINUX_AMD64` of the AWS CDK, `--platform=linux/amd64` in lists of
arguments, and `DOCKER_DEFAULT_PLATFORM` in the environment. Lists that name arm64 too, and tests, are left alone.

## Why it stops arm64

The image is built or pulled for x86-64: on arm64 it runs under emulation, or not at all.

## What to do

Leave the platform out, so that the machine's own is used, or make it a setting.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from armready.classify import Kind
from armready.file import File
from armready.finding import Finding, Severity
from armready.python.branches import is_test
from armready.python.sources import Sources, constant, sources
from armready.rule import Example, FileRule

_AMD64 = ("linux/amd64", "linux/x86_64", "amd64")
_OPTION = "--platform"
_VARIABLE = "DOCKER_DEFAULT_PLATFORM"


class DockerPlatformAmd64(FileRule):
    """PY241."""

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
        Example("both", path="run.py", good='docker.buildx.build(".", platforms=["linux/amd64", "linux/arm64"])\n'),
        Example("a name", path="run.py", good='ARCH = "linux/amd64"\nif platform == "linux/amd64":\n    pass\n'),
    )

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        if is_test(file.path):
            return
        view = file.parse(sources)
        for node in _places(view):
            if view.reaches(node) and not view.uncertain(node):
                message = "The container's platform is fixed to linux/amd64, so arm64 emulates it or fails."
                yield self.finding(file.location(view.span(node)), message)


def _places(view: Sources) -> Iterator[ast.expr]:
    for node in view.module.nodes:
        if isinstance(node, ast.keyword) and node.arg == "platform":
            is_member = isinstance(node.value, ast.Attribute) and node.value.attr == "LINUX_AMD64"
            if constant(node.value) in _AMD64[:2] or is_member:
                yield node.value
        elif isinstance(node, ast.keyword) and node.arg == "platforms" and isinstance(node.value, ast.List):
            if len(node.value.elts) == 1 and constant(node.value.elts[0]) in _AMD64[:2]:
                yield node.value.elts[0]
        elif isinstance(node, ast.List | ast.Tuple):
            yield from _arguments(node.elts)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Subscript) and constant(target.slice) == _VARIABLE and constant(node.value) in _AMD64[:2]:
                yield node.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if constant(key) == _VARIABLE and constant(value) in _AMD64[:2]:
                    yield value


def _arguments(elements: list[ast.expr]) -> Iterator[ast.expr]:
    for position, element in enumerate(elements):
        text = constant(element)
        if text.startswith(f"{_OPTION}=") and text.partition("=")[2] in _AMD64:
            yield element
        elif text == _OPTION and position + 1 < len(elements) and constant(elements[position + 1]) in _AMD64:
            yield elements[position + 1]
