"""A pod asks for machines of Intel or AMD.

## What it finds

Instance types and families of x86 machines in node selectors and required affinities: `node.kubernetes.io/instance-type`,
`karpenter.k8s.aws/instance-family`, `cloud.google.com/machine-family` and their like, on AWS, Google Cloud and Azure.

## Why it stops arm64

The pod never runs on another machine. In a cluster of arm64 nodes it stays Pending for ever.

## What to do

Name arm64 machines, alone or beside the others: m7g for m5, c7g for c5, r7g for r5, t4g for t3; c4a for e2 and n2. Machines
with GPUs and other accelerators have no arm64 counterpart.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.config import Target
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.kubernetes.placement import MACHINE_LABELS, Requirement, machine_of, required_terms, selector
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import SCHEDULING, confidence_of
from armready.languages.yaml.nodes import span

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector:\n    {}\n  containers:\n  - name: x\n    image: nginx:1.27\n"


class InstanceTypeX86(FileRule):
    code = "KUB140"
    name = "instance-type-x86"
    summary = "A pod asks for machines of Intel or AMD"
    severity = Severity.INFO
    kinds = SCHEDULING
    needles = (b"instance-type", b"instance-family", b"machine-family", b"sku-name")
    examples = (
        Example("instance type", path="pod.yaml", bad=_POD.format("node.kubernetes.io/instance-type: «m5.large»"), severity=Severity.INFO),
        Example(
            "arm64 cluster",
            path="pod.yaml",
            bad=_POD.format("cloud.google.com/machine-family: «n2»"),
            settings={"target": "arm64"},
            severity=Severity.ERROR,
        ),
        Example(
            "arm64 machine",
            path="pod.yaml",
            good=_POD.format("node.kubernetes.io/instance-type: m7g.large"),
            breaks=("m7g.large", "m5.large"),
        ),
        Example(
            "a variable", path="pod.yaml", good=_POD.format("node.kubernetes.io/instance-type: ${TYPE}"), breaks=("${TYPE}", "m5.large")
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for pod in file.parse(pods):
            every = (*selector(pod.node), *(each for term in required_terms(pod.node) for each in term))
            for requirement in every:
                if requirement.name in MACHINE_LABELS and requirement.operator == "In" and not pod.is_windows:
                    yield from self._of(file, requirement, pod.title, confidence_of(pod))

    def _of(self, file: File, requirement: Requirement, title: str, sure: Confidence) -> Iterator[Finding]:
        machines = [machine_of(requirement.name, text) for text in requirement.texts]
        if requirement.is_open or not machines or any(each is None or each.arch != "amd64" for each in machines):
            return
        first = machines[0]
        assert first is not None
        counterpart = (
            f"{first.arm64_counterpart} is an arm64 family to use beside it" if first.arm64_counterpart else "it has no arm64 counterpart"
        )
        yield self.finding(
            file.location(span(requirement.values[0])),
            f"{title} asks for {', '.join(requirement.texts)}, machines of Intel or AMD; {counterpart}.",
            severity=Severity.ERROR if file.settings.target is Target.ARM64 else Severity.INFO,
            confidence=first.confidence.at_most(sure),
        )
