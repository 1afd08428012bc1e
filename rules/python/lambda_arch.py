"""AWS Lambda or ECS is told to run on x86-64.

## What it finds

`Architecture.X86_64` and `CpuArchitecture.X86_64` of the AWS CDK, `Architectures=["x86_64"]` of boto3 and
`architectures=["x86_64"]` of Pulumi and CDKTF, in Python. Defaults are not reported, and neither are layers that name both.

## Why it stops arm64

The function or task stays on x86-64. It is a choice, so this is advice.

## What to do

`Architecture.ARM_64`, once the function's packages and layers are built for it.

## Fix safety

`X86_64` becomes `ARM_64`: unsafe, because x86-64 is given up.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.python.branches import is_test
from armready.python.sources import constant, sources

_CLASSES = ("Architecture", "CpuArchitecture")
_KEYWORDS = ("Architectures", "architectures", "CompatibleArchitectures", "compatible_architectures")
_NOTE = "the function's packages, layers and images must be built for arm64"


class LambdaArch(FileRule):
    code = "PY243"
    name = "lambda-arch"
    summary = "AWS Lambda or ECS is told to run on x86-64"
    severity = Severity.INFO
    kinds = frozenset({Kind.PYTHON})
    needles = (b"x86_64",)
    examples = (
        Example(
            "CDK",
            path="stack.py",
            bad="fn = lambda_.Function(self, 'F', architecture=«lambda_.Architecture.X86_64»)\n",
            fixed="fn = lambda_.Function(self, 'F', architecture=lambda_.Architecture.ARM_64)\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "boto3 with a dictionary",
            path="deploy.py",
            bad="options = {'FunctionName': 'f', 'Architectures': «['x86_64']»}\nclient.create_function(**options)\nmodel = {'Architectures': ['x86_64']}\n",
        ),
        Example("boto3", path="deploy.py", bad="client.create_function(FunctionName='f', Architectures=«['x86_64']»)\n"),
        Example(
            "both",
            path="stack.py",
            good="L(compatible_architectures=[Architecture.X86_64, Architecture.ARM_64])\nA(architectures=['arm64'])\n",
            breaks=("arm64", "x86_64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for node in code.module.nodes:
            message = "This runs on x86-64; arm64 (Graviton) has to be asked for."
            if isinstance(node, ast.Attribute) and node.attr == "X86_64" and _names_class(node.value):
                if "ARM_64" not in code.module.source(_whole(code.module.parents, node)):
                    span = code.span(node)
                    edit = file.replace(span._replace(start=span.end - len("X86_64")), "ARM_64")
                    fix = Fix("Ask for arm64", (edit,), Applicability.UNSAFE, (_NOTE,))
                    yield self.finding(file.location(span), message, fix=fix)
            elif isinstance(node, ast.Call):
                for name, value in code.arguments(node):
                    if name in _KEYWORDS and isinstance(value, ast.List) and [constant(each) for each in value.elts] == ["x86_64"]:
                        yield self.finding(file.location(code.span(value)), message)


def _names_class(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in _CLASSES


def _whole(parents: dict[ast.AST, ast.AST], node: ast.expr) -> ast.expr:
    """The list that an expression is an element of, else itself."""
    parent = parents.get(node)
    return parent if isinstance(parent, ast.List | ast.Tuple | ast.IfExp) else node
