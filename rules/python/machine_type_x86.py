"""Python code asks a cloud for machines with x86-64.

## What it finds

Types of machines with x86-64 that have a counterpart with arm64, where machines are asked for: `InstanceType("m5.large")` and `InstanceClass.M5` of the AWS CDK,
`instance_type=` and `InstanceType=` of boto3, Pulumi and CDKTF, `machine_type=` of Google Cloud, `vm_size=` of Azure. Databases, caches and other
managed services, SageMaker, machines with GPUs, and tests are left alone.

## Why it stops arm64

Nothing runs on arm64 as long as the machines are for x86-64. It is a choice, so this is advice, and off by default.

## What to do

Take the arm64 counterpart that the message names, once everything that runs there exists for arm64.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.knowledge.instances import machine
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, constant, sources

_NAMES = {
    "instance_type": "aws",
    "InstanceType": "aws",
    "instanceType": "aws",
    "instance_types": "aws",
    "InstanceTypes": "aws",
    "instanceTypes": "aws",
    "machine_type": "gcp",
    "machineType": "gcp",
    "vm_size": "azure",
    "vmSize": "azure",
}
_SHAPES = {
    "aws": re.compile(r"(?<![a-z])[a-z]+\d+[a-z-]*\.(?:nano|micro|small|medium|\d*x?large|metal)"),
    "gcp": re.compile(r"(?<![a-z])[a-z]+\d+[a-z]?-(?:standard|highmem|highcpu|custom|micro|small|medium)(?:-\d+)*"),
    "azure": re.compile(r"Standard_[A-Z]+\d+\w*", re.IGNORECASE),
}
_MANAGED = re.compile(
    r"rds|database|aurora|redis|cache|opensearch|elasticsearch|docdb|neptune|kafka|msk|broker|sagemaker|redshift", re.IGNORECASE
)


class MachineTypeX86(FileRule):
    code = "PY245"
    name = "machine-type-x86"
    summary = "Python code asks a cloud for machines with x86-64"
    severity = Severity.INFO
    off_by_default = True
    kinds = frozenset({Kind.PYTHON})
    needles = needles_of((*_NAMES, "InstanceClass"))
    examples = (
        Example("CDK", path="stack.py", bad="host = ec2.Instance(self, 'H', instance_type=ec2.InstanceType(«'m5.large'»))\n"),
        Example("CDK by class", path="stack.py", bad="t = ec2.InstanceType.of(«ec2.InstanceClass.C5», ec2.InstanceSize.LARGE)\n"),
        Example("boto3", path="run.py", bad="ec2.run_instances(InstanceType=«'t3.micro'», MinCount=1)\n"),
        Example("a list", path="nodes.py", bad="group = eks.NodeGroup('n', instance_types=[«'m6i.xlarge'»])\n"),
        Example("Google Cloud", path="nodes.py", bad="vm = compute.Instance('v', machine_type=«'n2-standard-4'»)\n"),
        Example(
            "arm64, GPUs, databases, other texts",
            path="stack.py",
            good=(
                "a = ec2.InstanceType('m7g.large')\nb = run(InstanceType='g5.xlarge')\nc = run(instance_type='large')\n"
                "d = rds.DatabaseInstance(self, 'D', instance_type=ec2.InstanceType('m5.large'))\ne = fit(instance_type='ml.m5.xlarge')\n"
                "if instance_type == 'm5.large':\n    pass\n"
            ),
            breaks=("m7g.large", "m5.large"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for node, name, provider in _asked(code):
            known = machine(name, provider)
            if known is None or known.arch != "amd64" or not known.arm64_counterpart or _is_managed(code, node):
                continue
            if code.reaches(node) and not code.uncertain(node):
                message = f"`{name}` has x86-64; its arm64 counterpart is {known.arm64_counterpart}."
                yield self.finding(file.location(code.span(node)), message, confidence=max(Confidence.MEDIUM, known.confidence))


def _asked(code: Sources) -> Iterator[tuple[ast.expr, str, str]]:
    """The types of machines that are asked for, with their names and providers."""
    given = [(each.arg or "", each.value) for each in code.module.of(ast.keyword)]
    for table in code.module.of(ast.Dict):
        given += [(constant(key), value) for key, value in zip(table.keys, table.values, strict=True)]
    for call in code.module.of(ast.Call):
        if called_name(call).rpartition(".")[2] == "InstanceType" and call.args:
            given.append(("InstanceType", call.args[0]))
    for name, value in given:
        provider = _NAMES.get(name, "")
        for node in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
            if provider and _SHAPES[provider].fullmatch(constant(node)):
                yield node, constant(node), provider
    for member in code.module.of(ast.Attribute):
        if isinstance(member.value, ast.Attribute | ast.Name) and code.module.source(member.value).rpartition(".")[2] == "InstanceClass":
            yield member, member.attr.lower(), "aws"


def _is_managed(code: Sources, node: ast.AST) -> bool:
    """Whether the machines are those of a managed service, which nobody's programs run on."""
    while (parent := code.module.parents.get(node)) is not None and not isinstance(parent, ast.stmt):
        if isinstance(parent, ast.Call) and _MANAGED.search(called_name(parent)):
            return True
        node = parent
    return isinstance(parent, ast.Assign) and bool(_MANAGED.search(code.module.source(parent.targets[0])))
