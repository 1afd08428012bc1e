"""A required node affinity leaves amd64 nodes and no arm64 ones.

## What it finds

`requiredDuringSchedulingIgnoredDuringExecution` in a node affinity whose every term lists architectures without arm64. One preference for
amd64 is told apart: it constrains nothing, and is an info. DaemonSets have a rule of their own (KUB170).

## Why it stops arm64

The scheduler never puts the pod on an arm64 node. In a cluster of arm64 nodes it stays Pending for ever.

## What to do

Check that every image of the pod, init containers included, exists for arm64, then add arm64 to the list.

## Fix safety

Unsafe where every image is known to exist for arm64, because pods move to other nodes. Only shown where an image is not known offline:
name its platforms under `images` in the configuration to arm it.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.kubernetes.pins import How, PinFact
from armready.kubernetes.reporting import SCHEDULING, pin_findings, sentence

_DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      template:
        spec:
          containers:
          - name: web
            image: nginx:1.27
          affinity:
            nodeAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                nodeSelectorTerms:
                - matchExpressions:
                  - key: kubernetes.io/arch
                    operator: In
                    values:{}
"""
_BLOCK = "\n                    «- amd64»"


class ArchAffinityAmd64Only(ProjectRule):
    code = "KUB102"
    name = "arch-affinity-amd64-only"
    summary = "A required node affinity leaves amd64 nodes and no arm64 ones"
    severity = Severity.WARNING
    reads = (PinFact,)
    kinds = SCHEDULING
    examples = (
        Example(
            "block list",
            path="deployment.yaml",
            bad=_DEPLOYMENT.format(_BLOCK),
            fixed=_DEPLOYMENT.format(_BLOCK.replace("«", "").replace("»", "") + "\n                    - arm64"),
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "flow list with quotes",
            path="deployment.yaml",
            bad=_DEPLOYMENT.format(' «["amd64", "s390x"]» # no arm yet'),
            fixed=_DEPLOYMENT.format(' ["amd64", "s390x", "arm64"] # no arm yet'),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "arm64 cluster",
            path="deployment.yaml",
            bad=_DEPLOYMENT.format(" «[amd64]»"),
            fixed=_DEPLOYMENT.format(" [arm64]"),
            settings={"target": "arm64"},
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "unknown image",
            path="deployment.yaml",
            bad=_DEPLOYMENT.format(" «[amd64]»").replace("nginx:1.27", "registry.example.com/web:1"),
            fixed=_DEPLOYMENT.format(" [amd64, arm64]").replace("nginx:1.27", "registry.example.com/web:1"),
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "a preference",
            path="pod.yaml",
            bad="""
                apiVersion: v1
                kind: Pod
                spec:
                  affinity:
                    nodeAffinity:
                      preferredDuringSchedulingIgnoredDuringExecution:
                      - weight: 1
                        preference:
                          matchExpressions:
                          - {key: kubernetes.io/arch, operator: In, values: «[amd64]»}
                  containers: [{name: x, image: "nginx:1.27"}]
            """,
            severity=Severity.INFO,
        ),
        Example("both", path="deployment.yaml", good=_DEPLOYMENT.format(" [amd64, arm64]"), breaks=("arm64", "amd64")),
        Example(
            "the image needs it",
            path="deployment.yaml",
            good=_DEPLOYMENT.format(" [amd64]").replace("nginx:1.27", "mysql:5.7"),
            breaks=("mysql:5.7", "mysql:8.4"),
        ),
        Example(
            "a term without the architecture",
            path="deployment.yaml",
            good=_DEPLOYMENT.format(" [amd64]") + "                - matchExpressions: [{key: disktype, operator: Exists}]\n",
            breaks=("            - matchExpressions: [{key: disktype, operator: Exists}]\n", ""),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        yield from pin_findings(
            self, project, lambda pin: pin.how == How.ONLY and pin.kind != "DaemonSet", "The node affinity of {} leaves no arm64 nodes"
        )
        for _, pin in project.facts(PinFact):
            if pin.how == "preference":
                message = sentence(f"{pin.title} prefers amd64 nodes, so it goes to arm64 nodes only when no other has room.")
                yield self.finding(pin.location, message, severity=Severity.INFO, confidence=pin.confidence)
