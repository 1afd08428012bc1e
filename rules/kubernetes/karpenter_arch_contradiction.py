"""A Karpenter node pool asks for an architecture and for machines of another one.

## What it finds

A NodePool or Provisioner whose requirement on the architecture and whose list of machine families or types have no architecture
in common, or leave one of the listed architectures without any machine.

## Why it stops arm64

All requirements must hold. Karpenter finds no machine for arm64, so pods that ask for it stay Pending.

## What to do

List machines of each architecture: m7g, c7g, r7g and t4g are arm64 families beside m7i, c7i, r7i and t3.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.kubernetes.nodes import Pool, pools
from armready.kubernetes.reporting import MANIFESTS
from armready.languages.yaml.nodes import span

_POOL = """
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata:
      name: general
    spec:
      template:
        spec:
          requirements:
          - {{key: kubernetes.io/arch, operator: In, values: {}}}
          - {{key: karpenter.k8s.aws/instance-family, operator: In, values: {}}}
"""


class KarpenterArchContradiction(FileRule):
    code = "KUB151"
    name = "karpenter-arch-contradiction"
    summary = "A Karpenter node pool asks for an architecture and for machines of another one"
    severity = Severity.ERROR
    kinds = MANIFESTS
    needles = (b"karpenter",)
    examples = (
        Example("no machine at all", path="pool.yaml", bad=_POOL.format("[arm64]", "[«m5», c5]"), severity=Severity.ERROR),
        Example("no machine for arm64", path="pool.yaml", bad=_POOL.format("[amd64, arm64]", "[«m5», c5]"), severity=Severity.WARNING),
        Example("machines of both", path="pool.yaml", good=_POOL.format("[amd64, arm64]", "[m5, m7g]"), breaks=("m7g", "c5")),
        Example("amd64", path="pool.yaml", good=_POOL.format("[amd64]", "[m5]"), breaks=("amd64", "arm64")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for pool in file.parse(pools):
            machines = pool.machines
            if machines is None or not pool.arch or any(each.is_open for each in pool.arch):
                continue
            named = frozenset(text for each in pool.arch if each.operator == "In" for text in each.texts) & {"amd64", "arm64"}
            lacking = sorted(named - pool.machine_architectures)
            if not lacking:
                continue
            nothing = not named & pool.machine_architectures
            yield self.finding(
                file.location(span(machines.values[0])),
                f"{pool.resource.title} asks for {' and '.join(lacking)}, but {', '.join(machines.texts)} {_are(pool)}, so it "
                "provisions no such node.",
                severity=Severity.ERROR if nothing else Severity.WARNING,
            )


def _are(pool: Pool) -> str:
    return f"are machines of {' and '.join(sorted(pool.machine_architectures))} only"
