"""A required node affinity excludes arm64 nodes.

## What it finds

`NotIn` with arm64 in its list, or `DoesNotExist`, on the architecture label in every term of a required node affinity.
DaemonSets have a rule of their own (KUB170).

## Why it stops arm64

The scheduler never puts the pod on an arm64 node. In a cluster of arm64 nodes it stays Pending for ever.

## What to do

Check that every image of the pod, init containers included, exists for arm64, then take arm64 out of the list, or the condition away.

## Fix safety

Unsafe where every image is known to exist for arm64, because pods move to other nodes. Only shown where an image is not known offline.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.kubernetes.pins import How, PinFact
from armready.kubernetes.reporting import SCHEDULING, pin_findings

_POD = """
    apiVersion: v1
    kind: Pod
    metadata:
      name: web
    spec:
      containers:
      - name: web
        image: nginx:1.27
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions:
              - key: disktype
                operator: Exists
              - key: kubernetes.io/arch
                operator: NotIn
                values: {}
"""


class ArchAffinityExcludesArm64(ProjectRule):
    code = "KUB103"
    name = "arch-affinity-excludes-arm64"
    summary = "A required node affinity excludes arm64 nodes"
    severity = Severity.WARNING
    reads = (PinFact,)
    kinds = SCHEDULING
    examples = (
        Example(
            "one of several",
            path="pod.yaml",
            bad=_POD.format("«[arm, arm64]»"),
            fixed=_POD.format("[arm]"),
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "the whole condition",
            path="pod.yaml",
            bad=_POD.format("«[arm64]»"),
            fixed=_POD[: _POD.index("              - key: kubernetes.io/arch")],
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "the whole affinity",
            path="pod.yaml",
            bad="""
                apiVersion: v1
                kind: Pod
                spec:
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        nodeSelectorTerms:
                        - matchExpressions:
                          - {key: kubernetes.io/arch, operator: NotIn, values: «[arm64]»}
                  containers: [{name: x, image: "nginx:1.27"}]
            """,
            fixed="""
                apiVersion: v1
                kind: Pod
                spec:
                  containers: [{name: x, image: "nginx:1.27"}]
            """,
            applicability=Applicability.UNSAFE,
        ),
        Example("others excluded", path="pod.yaml", good=_POD.format("[arm, s390x]"), breaks=("s390x", "arm64")),
        Example(
            "the image needs it",
            path="pod.yaml",
            good=_POD.format("[arm64]").replace("nginx:1.27", "mysql:5.7"),
            breaks=("mysql:5.7", "mysql:8.4"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        yield from pin_findings(
            self, project, lambda pin: pin.how == How.EXCLUDED and pin.kind != "DaemonSet", "The node affinity of {} excludes arm64 nodes"
        )
