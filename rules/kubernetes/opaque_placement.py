"""A pod is put on certain nodes by hand.

## What it finds

`nodeName`, and host names, node groups and node pools in node selectors and required affinities. Off by default.

## Why it stops arm64

Whether those nodes are arm64 does not stand in the manifest, so nobody can tell from it whether the pod runs there.

## What to do

Select by what the pod needs: the architecture, a label of one's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.kubernetes.placement import OPAQUE_LABELS, opaque_pins
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import SCHEDULING, sentence
from armready.languages.yaml.nodes import span

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  {}\n  containers:\n  - name: x\n    image: nginx:1.27\n"


class OpaquePlacement(FileRule):
    code = "KUB141"
    name = "opaque-placement"
    summary = "A pod is put on certain nodes by hand"
    severity = Severity.INFO
    kinds = SCHEDULING
    off_by_default = True
    needles = needles_of(("nodeName", *(label.rpartition("/")[2] for label in OPAQUE_LABELS)))
    examples = (
        Example("node name", path="pod.yaml", bad=_POD.format("nodeName: «node-1»"), severity=Severity.INFO),
        Example("node group", path="pod.yaml", bad=_POD.format("nodeSelector: {«eks.amazonaws.com/nodegroup»: general}")),
        Example("a label", path="pod.yaml", good=_POD.format("nodeSelector: {disktype: ssd}")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for pod in file.parse(pods):
            for pin in opaque_pins(pod):
                message = sentence(f"{pod.title} is put on certain nodes by hand, and whether they are arm64 does not stand here.")
                yield self.finding(file.location(span(pin)), message)
