"""A Karpenter node pool says nothing about the architecture.

## What it finds

A NodePool without a requirement on the architecture and without a list of machines that implies one. A warning where the
repository also holds a workload that is known to need amd64 and is not kept there.

## Why it stops arm64

Provisioners (v1alpha5) defaulted to amd64; NodePools have no default since v1beta1. So arm64 nodes appear as soon as they are
the cheapest, and pods whose images exist for amd64 alone end there with `exec format error`.

## What to do

Name the architectures: both, when every workload is ready or pinned, else amd64.

## Fix safety

Unsafe: it keeps the node pool on amd64, as it was before v1beta1.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.config import Target
from armready.core.finding import Finding, Related, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.kubernetes.facts import Workload
from armready.kubernetes.nodes import NodePool
from armready.kubernetes.reporting import MANIFESTS

_POOL = """
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata:
      name: {}
    spec:
      template:
        spec:
          requirements:
          - key: karpenter.sh/capacity-type
            operator: In
            values: [spot]
"""
_ARCH = "          - key: kubernetes.io/arch\n            operator: In\n            values: [amd64]\n"
_POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec:\n  containers:\n  - name: x\n    image: mysql:5.7\n"


class KarpenterArchUnset(ProjectRule):
    code = "KUB152"
    name = "karpenter-arch-unset"
    summary = "A Karpenter node pool says nothing about the architecture"
    severity = Severity.INFO
    reads = (NodePool,)
    kinds = MANIFESTS
    examples = (
        Example(
            "with a pod that needs amd64",
            path="pool.yaml",
            bad=_POOL.format("«general»"),
            fixed=_POOL.format("general") + _ARCH,
            files={"pod.yaml": _POD},
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example("alone", path="pool.yaml", bad=_POOL.format("«general»"), severity=Severity.INFO),
        Example("it says so", path="pool.yaml", good=_POOL.format("general") + _ARCH, breaks=("kubernetes.io/arch", "")),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        if project.settings.target is not Target.MIXED:
            return
        endangered = [each for _, each in project.facts(Workload) if each.is_workload and each.only("amd64") and each.allows("arm64")]
        for _, pool in project.facts(NodePool):
            if pool.says_arch or pool.is_beta:
                continue
            danger = f", and {endangered[0].title} needs amd64 and does not say so" if endangered else ""
            yield self.finding(
                pool.location,
                f"{pool.title} names no architecture, so Karpenter may start arm64 nodes{danger}.",
                severity=Severity.WARNING if endangered else Severity.INFO,
                fix=pool.keeping.demoted(Applicability.UNSAFE, "No arm64 nodes are started then.") if pool.keeping and endangered else None,
                related=[Related(each.location, "needs amd64") for each in endangered[:3]],
            )
