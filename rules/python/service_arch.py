"""A cloud service is told to run on x86-64.

## What it finds

In Python, for AWS: `CpuArchitecture.X86_64` and `cpuArchitecture: X86_64` of ECS, `LinuxBuildImage` and `LINUX_CONTAINER` of CodeBuild, the
architecture of EMR Serverless, `AmazonLinuxCpuType.X86_64`, and images of machines that are looked up by a name or a parameter for
x86-64. Files that name arm64 anywhere, defaults, and tests are left alone.

## Why it stops arm64

The task, build or machine stays on x86-64. It is a choice, so this is advice.

## What to do

Ask for arm64 once the images and programs that run there exist for it.

## Fix safety

The name of arm64 takes the place of that of x86-64: unsafe, because x86-64 is given up. CodeBuild's images have no such counterpart and no fix.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.python.branches import is_test
from armready.python.sources import Sources, constant, sources

_ARM = re.compile(r"arm_?64|aarch64|graviton|linuxarm|arm_container", re.IGNORECASE)
_MEMBERS = {"CpuArchitecture.X86_64": "ARM64", "AmazonLinuxCpuType.X86_64": "ARM_64"}
_FIELDS = ("cpuArchitecture", "cpu_architecture")
_IMAGE = re.compile(
    r"/aws/service/(?:ami-amazon-linux|ecs|eks|bottlerocket|canonical|debian)\S{0,200}[/-](x86_64|amd64)\b"
    r"|(?:al2023-ami|amzn2-ami|ubuntu/images|debian-1\d|RHEL-\d)\S{0,200}[-_/](x86_64|amd64)\b"
)
_NOTE = "what runs there must exist for arm64"


class ServiceArch(FileRule):
    code = "PY244"
    name = "service-arch"
    summary = "A cloud service is told to run on x86-64"
    severity = Severity.INFO
    kinds = frozenset({Kind.PYTHON})
    needles = (b"x86_64", b"linuxbuildimage", b"linux_container", b"amd64")
    examples = (
        Example(
            "ECS with the CDK",
            path="stack.py",
            bad="platform = ecs.RuntimePlatform(cpu_architecture=«ecs.CpuArchitecture.X86_64»)\n",
            fixed="platform = ecs.RuntimePlatform(cpu_architecture=ecs.CpuArchitecture.ARM64)\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "ECS with boto3",
            path="deploy.py",
            bad="ecs.register_task_definition(runtimePlatform={'cpuArchitecture': «'X86_64'»})\n",
            fixed="ecs.register_task_definition(runtimePlatform={'cpuArchitecture': 'ARM64'})\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "an image of a machine",
            path="stack.py",
            bad="image = MachineImage.from_ssm_parameter(«'/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64'»)\n",
            fixed="image = MachineImage.from_ssm_parameter('/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64')\n",
            applicability=Applicability.UNSAFE,
        ),
        Example("CodeBuild", path="stack.py", bad="env = BuildEnvironment(build_image=«codebuild.LinuxBuildImage.STANDARD_7_0»)\n"),
        Example(
            "CodeBuild with boto3",
            path="deploy.py",
            bad="environment = {'type': «'LINUX_CONTAINER'», 'computeType': 'BUILD_GENERAL1_SMALL'}\n",
        ),
        Example("EMR Serverless", path="deploy.py", bad="emr_serverless.create_application(type='SPARK', architecture=«'X86_64'»)\n"),
        Example(
            "chosen, another field, another text",
            path="stack.py",
            good=(
                "arch = ecs.CpuArchitecture.X86_64 if x86 else ecs.CpuArchitecture.ARM64\nplan(architecture='x86_64')\n"
                "note = 'al2023-ami images for x86_64 are used'\n"
            ),
            breaks=("ecs.CpuArchitecture.ARM64", "ecs.CpuArchitecture.X86_64"),
        ),
        Example("text", path="stack.py", good="note = 'al2023-ami images for x86_64 are used'\nkinds = {'type': 'LINUX_CONTAINER'}\n"),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path) or _ARM.search(file.text):
            return
        code = file.parse(sources)
        for node, edited, arm in _choices(code):
            if code.reaches(node):
                edits = (file.replace(edited, arm),) if edited is not None else ()
                fix = Fix("Ask for arm64", edits, Applicability.UNSAFE, (_NOTE,)) if edits else None
                message = f"`{code.module.source(node)}` keeps this on x86-64; arm64 (Graviton) has to be asked for."
                yield self.finding(file.location(code.span(node)), message, fix=fix)


def _choices(code: Sources) -> Iterator[tuple[ast.expr, Span | None, str]]:
    """The expressions that choose x86-64, with the span that names it and what arm64 is called there."""
    for member in code.module.of(ast.Attribute):
        owner = member.value.attr if isinstance(member.value, ast.Attribute) else getattr(member.value, "id", "")
        arm = _MEMBERS.get(f"{owner}.{member.attr}", "")
        if arm:
            span = code.span(member)
            yield member, span._replace(start=span.end - len(member.attr)), arm
        elif owner == "LinuxBuildImage" and member.attr.isupper():
            yield member, None, ""
    for name, value, beside in _given(code):
        emr = name == "architecture" and "type" in beside
        if (name in _FIELDS or emr) and constant(value) == "X86_64" and isinstance(value, ast.Constant):
            yield value, code.module.string_span(value), "ARM64"
        elif name == "type" and constant(value) == "LINUX_CONTAINER" and "computeType" in beside:
            yield value, None, ""
    for string, text in code.strings():
        found = _IMAGE.search(text)
        inner = code.module.string_span(string)
        if found and inner is not None:
            start, end = found.span(found.lastindex or 1)
            yield string, Span(inner.start + start, inner.start + end), "arm64"


def _given(code: Sources) -> Iterator[tuple[str, ast.expr, set[str]]]:
    """Keyword arguments and entries of dictionaries, with the names beside them."""
    for call in code.module.of(ast.Call):
        names = {each.arg or "" for each in call.keywords}
        yield from ((each.arg or "", each.value, names) for each in call.keywords)
    for table in code.module.of(ast.Dict):
        names = {constant(key) for key in table.keys}
        yield from ((constant(key), value, names) for key, value in zip(table.keys, table.values, strict=True))
