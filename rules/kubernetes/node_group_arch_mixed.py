"""A node group names machines that do not fit each other, or not its machine image.

## What it finds

An eksctl node group that lists arm64 and x86 machine types together, and an EKS node group in CloudFormation, Crossplane or
Cluster API whose AMI type is for the other architecture than its machine types. Terraform is not read.

## Why it stops arm64

A node group has one machine image. EKS refuses a group of mixed architectures, and an AMI type that does not fit its machines.

## What to do

One node group for each architecture. The AMI types of arm64 are `AL2023_ARM_64_STANDARD` and `BOTTLEROCKET_ARM_64`. Amazon
Linux 2 for EKS has ended; Amazon Linux 2023 has taken its place.

## Fix safety

Unsafe: it changes the AMI type to that of the machines.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.kubernetes.nodes import MachineList, eks_groups, eksctl_groups
from armready.kubernetes.reporting import MANIFESTS
from armready.languages.yaml.edit import set_scalar
from armready.languages.yaml.nodes import span

_STACK = """
    AWSTemplateFormatVersion: "2010-09-09"
    Resources:
      Nodes:
        Type: AWS::EKS::Nodegroup
        Properties:
          ClusterName: !Ref Cluster
          AmiType: {}
          InstanceTypes: [{}]
"""
# The AMI type of the other architecture.
_OTHER = {
    "AL2_x86_64": "AL2023_ARM_64_STANDARD",
    "AL2_ARM_64": "AL2023_x86_64_STANDARD",
    "AL2023_x86_64_STANDARD": "AL2023_ARM_64_STANDARD",
    "AL2023_ARM_64_STANDARD": "AL2023_x86_64_STANDARD",
    "BOTTLEROCKET_x86_64": "BOTTLEROCKET_ARM_64",
    "BOTTLEROCKET_ARM_64": "BOTTLEROCKET_x86_64",
}


class NodeGroupArchMixed(FileRule):
    code = "KUB161"
    name = "node-group-arch-mixed"
    summary = "A node group names machines that do not fit each other, or not its machine image"
    severity = Severity.ERROR
    kinds = MANIFESTS | {Kind.CLOUDFORMATION}
    needles = (b"eksctl.io", b"amitype")
    examples = (
        Example(
            "AMI type of the other architecture",
            path="stack.yaml",
            bad=_STACK.format("«AL2023_x86_64_STANDARD»", "m7g.large"),
            fixed=_STACK.format("AL2023_ARM_64_STANDARD", "m7g.large"),
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "mixed group",
            path="cluster.yaml",
            bad="apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {name: x}\nmanagedNodeGroups:\n"
            "- name: general\n  instanceTypes: [m5.large, «m7g.large»]\n",
        ),
        Example(
            "they fit",
            path="stack.yaml",
            good=_STACK.format("AL2023_ARM_64_STANDARD", "m7g.large, c7g.large"),
            breaks=("AL2023_ARM_64_STANDARD", "AL2023_x86_64_STANDARD"),
        ),
        Example("a parameter", path="stack.yaml", good=_STACK.format("AL2_x86_64", "!Ref Type"), breaks=(" Type]", " m7g.large]")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for group in file.parse(eksctl_groups):
            if {"amd64", "arm64"} <= group.architectures:
                arm = next(node for node, machine in zip(group.nodes, group.machines, strict=True) if machine.arch == "arm64")
                yield self.finding(
                    file.location(span(arm)),
                    f"The node group {group.title} lists machines of arm64 and of amd64, but has one machine image, so one kind fails.",
                )
        for group in file.parse(eks_groups):
            if group.ami is not None and group.ami_arch and group.machines and group.ami_arch not in group.architectures:
                yield self.finding(
                    file.location(span(group.ami)),
                    f"{group.ami.value} is a machine image for {group.ami_arch}, but {group.nodes[0].value} is a machine of "
                    f"{group.machines[0].arch}, so EKS refuses the node group.",
                    fix=_fix(file, group),
                )


def _fix(file: File, group: MachineList) -> Fix | None:
    if group.ami is None or len(group.architectures) != 1 or group.ami.value not in _OTHER:
        return None
    edit = set_scalar(file, group.ami, _OTHER[group.ami.value])
    note = "The nodes of the group are replaced."
    return Fix(f"Use {_OTHER[group.ami.value]}", (edit,), Applicability.UNSAFE, (note,)) if edit is not None else None
