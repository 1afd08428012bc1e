"""A DaemonSet leaves arm64 nodes out.

## What it finds

A DaemonSet whose node selector or required node affinity allows amd64 nodes and no arm64 ones. Not where another DaemonSet of
the file is its counterpart for arm64.

## Why it stops arm64

Networking, storage drivers, log and metrics agents run as DaemonSets: an arm64 node that none of them reaches is not fit for work, and pods
that need the agent fail there.

## What to do

Check that every image of the DaemonSet exists for arm64, then remove the condition.

## Fix safety

Unsafe where every image is known to exist for arm64, because pods start on other nodes. Only shown where an image is not known offline.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.kubernetes.pins import PinFact
from armready.kubernetes.reporting import WITH_TEMPLATES, pin_findings

_DAEMONSET = """
    apiVersion: apps/v1
    kind: DaemonSet
    metadata:
      name: {name}
    spec:
      template:
        spec:
          nodeSelector:
            kubernetes.io/os: linux
    {arch}
          containers:
          - name: agent
            image: {image}
"""


def _daemonset(arch: str, image: str = "registry.k8s.io/pause:3.9", name: str = "agent") -> str:
    line = f"            {arch}\n" if arch else ""
    return _DAEMONSET.format(name=name, arch="@", image=image).replace("    @\n", line)


class DaemonsetSkipsArm(ProjectRule):
    code = "KUB170"
    name = "daemonset-skips-arm"
    summary = "A DaemonSet leaves arm64 nodes out"
    severity = Severity.WARNING
    reads = (PinFact,)
    kinds = WITH_TEMPLATES
    examples = (
        Example(
            "selector",
            path="agent.yaml",
            bad=_daemonset("«kubernetes.io/arch: amd64»", "redis:7.2.4"),
            fixed=_daemonset("", "redis:7.2.4"),
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "unknown image",
            path="agent.yaml",
            bad=_daemonset("«kubernetes.io/arch: amd64»", "registry.example.com/agent:1"),
            fixed=_daemonset("", "registry.example.com/agent:1"),
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "image without arm64", path="agent.yaml", bad=_daemonset("«kubernetes.io/arch: amd64»", "mysql:5.7"), severity=Severity.INFO
        ),
        Example(
            "every node",
            path="agent.yaml",
            good=_daemonset("", "redis:7.2.4"),
            breaks=("kubernetes.io/os: linux", "kubernetes.io/arch: amd64"),
        ),
        Example(
            "counterparts",
            path="agent.yaml",
            good=_daemonset("kubernetes.io/arch: amd64", "registry.example.com/agent:1", "agent-amd64")
            + "    ---"
            + _daemonset("kubernetes.io/arch: arm64", "registry.example.com/agent:1", "agent-arm64"),
            breaks=("-arm64", "-amd64"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        yield from pin_findings(self, project, lambda pin: pin.kind == "DaemonSet" and pin.how != "preference", "{} leaves arm64 nodes out")
