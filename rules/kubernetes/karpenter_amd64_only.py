"""A Karpenter node pool provisions amd64 nodes only.

## What it finds

A NodePool or Provisioner whose requirements leave amd64 and no arm64, when no other node pool of the repository provisions arm64.

## Why it stops arm64

No arm64 node is ever started: pods that ask for one stay Pending, and the cheaper machines are never used.

## What to do

Add arm64 to the requirement. Before that, pin every workload whose images exist for amd64 alone (KUB110 names them).

## Fix safety

Unsafe: pods that say nothing about architectures may go to arm64 nodes afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.config import Target
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
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
          - key: kubernetes.io/arch
            operator: In
            values: {}
"""


class KarpenterAmd64Only(ProjectRule):
    code = "KUB150"
    name = "karpenter-amd64-only"
    summary = "A Karpenter node pool provisions amd64 nodes only"
    severity = Severity.INFO
    reads = (NodePool,)
    kinds = MANIFESTS
    examples = (
        Example(
            "the only pool",
            path="pool.yaml",
            bad=_POOL.format("general", '«["amd64"]»'),
            fixed=_POOL.format("general", '["amd64", "arm64"]'),
            applicability=Applicability.UNSAFE,
            severity=Severity.INFO,
        ),
        Example(
            "arm64 cluster",
            path="pool.yaml",
            bad=_POOL.format("general", "«[amd64]»"),
            settings={"target": "arm64"},
            severity=Severity.ERROR,
        ),
        Example("both", path="pool.yaml", good=_POOL.format("general", "[amd64, arm64]"), breaks=("arm64", "amd64")),
        Example(
            "a pool for each",
            path="pool.yaml",
            good=_POOL.format("general", "[amd64]"),
            files={"arm.yaml": _POOL.format("graviton", "[arm64]")},
            breaks=("arm64", "amd64"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        pools = [pool for _, pool in project.facts(NodePool)]
        target = project.settings.target
        if target is Target.MIXED and any("arm64" in pool.architectures and pool.says_arch for pool in pools):
            return
        for pool in pools:
            if pool.says_arch and pool.architectures & {"amd64", "arm64"} == {"amd64"}:
                yield self.finding(
                    pool.location,
                    f"{pool.title} provisions amd64 nodes only, so pods for arm64 find no node.",
                    severity=Severity.ERROR if target is Target.ARM64 else Severity.INFO,
                    fix=_fix(project, pool),
                )


def _fix(project: Project, pool: NodePool) -> Fix | None:
    if pool.widening is None:
        return None
    fix = pool.widening.demoted(Applicability.UNSAFE, "Pods that say nothing about architectures may go to arm64 nodes afterwards.")
    unpinned = sorted({each.title for _, each in project.facts(Workload) if each.only("amd64") and each.allows("arm64")})
    return fix.demoted(Applicability.UNSAFE, f"Pin {', '.join(unpinned[:3])} to amd64 first (KUB110).") if unpinned else fix
