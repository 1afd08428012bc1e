"""A DaemonSet leaves arm64 nodes out.

## What it finds

A DaemonSet whose node selector or required node affinity allows amd64 nodes and no arm64 ones. Not where another DaemonSet of
the file is its twin for arm64.

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

from armready.config import Target
from armready.file import File
from armready.finding import Finding, Severity
from armready.fix import Applicability
from armready.kubernetes.pins import Assessment, Pin, assess, loosened, pins
from armready.kubernetes.verdicts import images_of
from armready.rule import Example, FileRule

from ._shared import WITH_TEMPLATES, confidence_of

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


class DaemonsetSkipsArm(FileRule):
    """KUB170."""

    code = "KUB170"
    name = "daemonset-skips-arm"
    summary = "A DaemonSet leaves arm64 nodes out"
    severity = Severity.WARNING
    kinds = WITH_TEMPLATES
    needles = (b"daemonset",)
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
            "image without arm64", path="agent.yaml", bad=_daemonset("«kubernetes.io/arch: amd64»", "mysql:5.7"), severity=Severity.WARNING
        ),
        Example("every node", path="agent.yaml", good=_daemonset("", "redis:7.2.4")),
        Example(
            "twins",
            path="agent.yaml",
            good=_daemonset("kubernetes.io/arch: amd64", "registry.example.com/agent:1", "agent-amd64")
            + "    ---"
            + _daemonset("kubernetes.io/arch: arm64", "registry.example.com/agent:1", "agent-arm64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        for pin in file.parse(pins):
            if pin.pod.kind != "DaemonSet":
                continue
            assessment = assess(file, pin.pod) or _of_blocking(file, pin)
            if assessment.severity is Severity.INFO and file.settings.target is Target.MIXED:
                continue
            yield self.finding(
                file.location(pin.span),
                f"{pin.pod.title} leaves arm64 nodes out, {assessment.because}.",
                severity=assessment.severity,
                confidence=confidence_of(pin.pod),
                fix=loosened(file, pin, assessment),
            )


def _of_blocking(file: File, pin: Pin) -> Assessment:
    blocking = images_of(pin.pod, file.settings).blocking()
    return Assessment(Severity.WARNING, f"and {blocking[0].verdict.reason}, so they get no such agent", None)
