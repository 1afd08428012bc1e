"""A node selector keeps a pod on amd64 nodes.

## What it finds

`kubernetes.io/arch: amd64` (or the older `beta.kubernetes.io/arch`) in a node selector: in pod specs of every kind, in custom resources, in
Helm values and templates. Not where an image of the pod is known to exist for amd64 alone: there the selector is right. DaemonSets have a
rule of their own (KUB170). Where a comment above or behind it says why amd64 is needed, and no fact says that every image exists for
arm64, it is advice.

## Why it stops arm64

The scheduler never puts the pod on an arm64 node. In a mixed cluster the arm64 nodes stay empty; in a cluster of arm64 nodes the pod
stays Pending for ever.

## What to do

Check that every image of the pod, init containers included, exists for arm64, then remove the selector, or replace it by an affinity that
names both architectures (`fix-style = "affinity"`, the default on GKE, whose scheduler adds the toleration for arm64 nodes itself).

## Fix safety

Unsafe where every image is known to exist for arm64, because pods move to other nodes. Only shown where an image is not known
offline (name its platforms under `images` in the configuration to arm it), and where a comment says why amd64 is needed.
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
      nodeSelector:
        {}
      containers:
      - name: web
        image: {}
"""
_PLAIN = _POD.replace("      nodeSelector:\n        {}\n", "")
_DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
    spec:
      template:
        spec:
          nodeSelector: {{{}}}  # pools
          containers:
          - name: web
            image: nginx:1.27
"""


class ArchSelectorAmd64(ProjectRule):
    code = "KUB101"
    name = "arch-selector-amd64"
    summary = "A node selector keeps the pod on amd64 nodes"
    severity = Severity.WARNING
    reads = (PinFact,)
    kinds = SCHEDULING
    examples = (
        Example(
            "known image",
            path="pod.yaml",
            bad=_POD.format("«kubernetes.io/arch: amd64»", "nginx:1.27"),
            fixed=_PLAIN.format("nginx:1.27"),
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "a comment says why",
            path="pod.yaml",
            bad=_POD.format("# the image is built for amd64 only\n        «kubernetes.io/arch: amd64»", "nginx:1.27"),
            fixed=_PLAIN.format("nginx:1.27"),
            applicability=Applicability.DISPLAY,
            severity=Severity.WARNING,
        ),
        Example(
            "a comment says why an unknown image needs it",
            path="values.yaml",
            bad="""
                image: {repository: registry.example.com/game, tag: v1}
                # The vendor ships a binary
                # for x86_64 only.
                nodeSelector:
                  «kubernetes.io/arch: amd64»
            """,
            severity=Severity.INFO,
        ),
        Example(
            "a comment behind it says why",
            path="pod.yaml",
            bad=_POD.format("«kubernetes.io/arch: amd64»  # no arm64 image yet", "registry.example.com/web:1"),
            severity=Severity.INFO,
        ),
        Example(
            "a comment that gives no reason",
            path="pod.yaml",
            bad=_POD.format("# amd64 nodes\n        «kubernetes.io/arch: amd64»  # see amd64 pool", "registry.example.com/web:1"),
            severity=Severity.WARNING,
        ),
        Example(
            "other labels stay",
            path="deployment.yaml",
            bad=_DEPLOYMENT.format("disktype: ssd, «kubernetes.io/arch: amd64», zone: a"),
            fixed=_DEPLOYMENT.format("disktype: ssd, zone: a").replace("{{", "{"),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "widened by an affinity",
            path="pod.yaml",
            bad=_POD.format("«kubernetes.io/arch: amd64»", "nginx:1.27"),
            fixed="""
                apiVersion: v1
                kind: Pod
                metadata:
                  name: web
                spec:
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        nodeSelectorTerms:
                        - matchExpressions:
                          - key: kubernetes.io/arch
                            operator: In
                            values: [amd64, arm64]
                  containers:
                  - name: web
                    image: nginx:1.27
            """,
            settings={"fix-style": "affinity"},
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "unknown image",
            path="pod.yaml",
            bad=_POD.format('«beta.kubernetes.io/arch: "amd64"»', "registry.example.com/team/web:1"),
            fixed=_PLAIN.format("registry.example.com/team/web:1"),
            applicability=Applicability.DISPLAY,
            severity=Severity.WARNING,
        ),
        Example(
            "arm64 cluster",
            path="pod.yaml",
            bad=_POD.format("«kubernetes.io/arch: amd64»", "nginx:1.27"),
            fixed=_POD.format("kubernetes.io/arch: arm64", "nginx:1.27"),
            settings={"target": "arm64"},
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "Helm values",
            path="chart/values.yaml",
            bad="""
                image:
                  repository: redis
                  tag: 7.2.4
                # where to run
                nodeSelector:
                  «kubernetes.io/arch: amd64»
            """,
            fixed="""
                image:
                  repository: redis
                  tag: 7.2.4
                # where to run
                nodeSelector: {}
            """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "Helm values as text",
            path="chart/values.yaml",
            bad="""
                server:
                  image: registry.example.com/vault:1.15
                  nodeSelector: |
                    «kubernetes.io/arch: amd64»
            """,
            severity=Severity.WARNING,
        ),
        Example(
            "Helm values that hold whole objects",
            path="chart/values.yaml",
            bad="""
                image: registry.example.com/web:1
                extraObjects:
                - apiVersion: v1
                  kind: ConfigMap
                nodeSelector:
                  «kubernetes.io/arch: amd64»
            """,
        ),
        Example(
            "text of another key",
            path="chart/values.yaml",
            good="""
                image: registry.example.com/vault:1.15
                notes: |
                  kubernetes.io/arch: amd64
            """,
            breaks=("notes", "nodeSelector"),
        ),
        Example(
            "an anchor that others use",
            path="list.yaml",
            bad="""
                apiVersion: v1
                kind: List
                items:
                - apiVersion: v1
                  kind: Pod
                  metadata: {name: a}
                  spec:
                    nodeSelector: &where {«kubernetes.io/arch: amd64», disktype: ssd}
                    containers: [{name: x, image: "nginx:1.27"}]
                - apiVersion: v1
                  kind: Pod
                  metadata: {name: b}
                  spec:
                    nodeSelector: *where
                    containers: [{name: x, image: "nginx:1.27"}]
            """,
            fixed="""
                apiVersion: v1
                kind: List
                items:
                - apiVersion: v1
                  kind: Pod
                  metadata: {name: a}
                  spec:
                    nodeSelector: &where {disktype: ssd}
                    containers: [{name: x, image: "nginx:1.27"}]
                - apiVersion: v1
                  kind: Pod
                  metadata: {name: b}
                  spec:
                    nodeSelector: *where
                    containers: [{name: x, image: "nginx:1.27"}]
            """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "JSON",
            path="pod.json",
            bad="""
                {
                  "apiVersion": "v1",
                  "kind": "Pod",
                  "spec": {
                    "nodeSelector": {
                      «"kubernetes.io/arch": "amd64"»
                    },
                    "containers": [{"name": "x", "image": "nginx:1.27"}]
                  }
                }
            """,
            fixed="""
                {
                  "apiVersion": "v1",
                  "kind": "Pod",
                  "spec": {
                    "containers": [{"name": "x", "image": "nginx:1.27"}]
                  }
                }
            """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "own image, built for both",
            path="pod.yaml",
            bad=_POD.format("«kubernetes.io/arch: amd64»", "registry.example.com/web:1"),
            fixed=_PLAIN.format("registry.example.com/web:1"),
            applicability=Applicability.UNSAFE,
            files={
                ".gitlab-ci.yml": "build:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n"
                "    - docker buildx build --platform linux/amd64,linux/arm64 -t registry.example.com/web:1 --push .\n"
            },
        ),
        Example(
            "an overlay changes it",
            path="base/pod.yaml",
            bad=_POD.format("«kubernetes.io/arch: amd64»", "nginx:1.27"),
            files={
                "base/kustomization.yaml": "resources: [pod.yaml]\n",
                "arm/kustomization.yaml": "resources: [../base]\npatches:\n- path: pod.yaml\n",
                "arm/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {nodeSelector: {kubernetes.io/arch: arm64}}\n",
            },
            severity=Severity.INFO,
        ),
        Example(
            "patches in a kustomization",
            path="kustomization.yaml",
            bad="""
                resources: [web.yaml]
                patches:
                - patch: |-
                    apiVersion: v1
                    kind: Pod
                    metadata: {name: web}
                    spec:
                      nodeSelector:
                        «kubernetes.io/arch: amd64»
                - target: {kind: Pod}
                  patch: |-
                    - op: add
                      path: /spec/nodeSelector/kubernetes.io~1arch
                      value: «amd64»
            """,
        ),
        Example(
            "the image needs it",
            path="pod.yaml",
            good=_POD.format("kubernetes.io/arch: amd64", "mysql:5.7"),
            breaks=("mysql:5.7", "mysql:8.4"),
        ),
        Example("arm64", path="pod.yaml", good=_POD.format("kubernetes.io/arch: arm64", "nginx:1.27"), breaks=("arm64", "amd64")),
        Example("a parameter", path="pod.yaml", good=_POD.format("kubernetes.io/arch: ${ARCH}", "nginx:1.27"), breaks=("${ARCH}", "amd64")),
        Example(
            "Windows",
            path="pod.yaml",
            good=_POD.format("kubernetes.io/os: windows\n        kubernetes.io/arch: amd64", "nginx:1.27"),
            breaks=("windows", "linux"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        yield from pin_findings(
            self, project, lambda pin: pin.how == How.SELECTOR and pin.kind != "DaemonSet", "{} can only run on amd64 nodes"
        )
