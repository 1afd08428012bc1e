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

from armready.config import Target
from armready.file import File
from armready.finding import Finding, Severity
from armready.fix import Applicability
from armready.kubernetes.pins import How, assess, loosened, pins
from armready.kubernetes.placement import preferred_terms, satisfied_by
from armready.kubernetes.pods import pods
from armready.parsers.yaml import span
from armready.rule import Example, FileRule

from ._shared import SCHEDULING, confidence_of

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


class ArchAffinityAmd64Only(FileRule):
    """KUB102."""

    code = "KUB102"
    name = "arch-affinity-amd64-only"
    summary = "A required node affinity leaves amd64 nodes and no arm64 ones"
    severity = Severity.WARNING
    kinds = SCHEDULING
    needles = (b"kubernetes.io/arch",)
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
        Example("both", path="deployment.yaml", good=_DEPLOYMENT.format(" [amd64, arm64]")),
        Example("the image needs it", path="deployment.yaml", good=_DEPLOYMENT.format(" [amd64]").replace("nginx:1.27", "mysql:5.7")),
        Example(
            "a term without the architecture",
            path="deployment.yaml",
            good=_DEPLOYMENT.format(" [amd64]") + "                - matchExpressions: [{key: disktype, operator: Exists}]\n",
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        for pin in file.parse(pins):
            if pin.how is not How.ONLY or pin.pod.kind == "DaemonSet":
                continue
            assessment = assess(file, pin.pod)
            if assessment is None:
                continue
            yield self.finding(
                file.location(pin.span),
                f"The node affinity of {pin.pod.title} leaves no arm64 nodes, {assessment.because}.",
                severity=assessment.severity,
                confidence=confidence_of(pin.pod),
                fix=loosened(file, pin, assessment),
            )
        if file.settings.target is not Target.AUDIT:
            yield from self._preferences(file)

    def _preferences(self, file: File) -> Iterator[Finding]:
        for pod in file.parse(pods):
            for requirement in (each for term in preferred_terms(pod.node) for each in term):
                if requirement.is_arch and requirement.sequence is not None and satisfied_by(requirement) == {"amd64"}:
                    message = f"{pod.title} prefers amd64 nodes, so it goes to arm64 nodes only when no other has room."
                    yield self.finding(file.location(span(requirement.sequence)), message, severity=Severity.INFO)
