"""An eksctl cluster has node groups of Intel or AMD machines only.

## What it finds

A `ClusterConfig` of eksctl in which every node group names x86 machine types.

## Why it stops arm64

The cluster has no arm64 node: pods that ask for one stay Pending.

## What to do

Add a node group of Graviton machines (m7g, c7g, r7g, t4g). eksctl chooses the machine image for each group by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.config import Target
from armready.core.file import File
from armready.core.finding import Finding, Related, Severity
from armready.core.rule import Example, FileRule
from armready.kubernetes.nodes import eksctl_groups
from armready.kubernetes.reporting import MANIFESTS
from armready.languages.yaml.nodes import span

_CLUSTER = "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {{name: x, region: eu-west-1}}\nmanagedNodeGroups:\n{}"


class EksctlArch(FileRule):
    code = "KUB160"
    name = "eksctl-arch"
    summary = "An eksctl cluster has node groups of Intel or AMD machines only"
    severity = Severity.INFO
    kinds = MANIFESTS
    needles = (b"eksctl.io",)
    examples = (
        Example(
            "one group", path="cluster.yaml", bad=_CLUSTER.format("- name: general\n  instanceType: «m5.large»\n"), severity=Severity.INFO
        ),
        Example(
            "arm64 cluster",
            path="cluster.yaml",
            bad=_CLUSTER.format("- name: general\n  instanceTypes: [«m5.large», m5a.large]\n"),
            settings={"target": "arm64"},
            severity=Severity.ERROR,
        ),
        Example(
            "a group of Graviton",
            path="cluster.yaml",
            good=_CLUSTER.format("- name: general\n  instanceType: m5.large\n- name: arm\n  instanceType: m7g.large\n"),
            breaks=("m7g.large", "m5.large"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        groups = file.parse(eksctl_groups)
        if not groups or any("arm64" in group.architectures for group in groups):
            return
        counterparts = sorted({machine.arm64_counterpart for group in groups for machine in group.machines if machine.arm64_counterpart})
        instead = f"; {', '.join(counterparts)} would be arm64" if counterparts else ""
        yield self.finding(
            file.location(span(groups[0].nodes[0])),
            f"The node group {groups[0].title} has machines of Intel or AMD, and no group of the cluster has arm64{instead}.",
            severity=Severity.ERROR if file.settings.target is Target.ARM64 else Severity.INFO,
            related=[Related(file.location(span(group.nodes[0])), f"the node group {group.title}") for group in groups[1:]],
        )
