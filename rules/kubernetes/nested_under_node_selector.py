"""A field of the pod spec is nested under a scheduling field by its indentation.

## What it finds

Under `nodeSelector`: a field of the pod spec such as `imagePullSecrets` or `tolerations`, or any value that is a list or a
mapping. Under `affinity` and in an item of `tolerations`: a field of the pod spec such as `containers`.

## Why it stops arm64

A node selector maps labels to strings. The API server rejects anything else, and with it the workload; so the selector for
arm64 nodes never takes effect.

## What to do

Indent the field as a sibling of the scheduling field.

## Fix safety

Safe in the kinds whose schema is known: the object is not valid as it stands. Unsafe in custom resources and Helm values. No
fix where the pod spec has the field already.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, FileRule
from armready.kubernetes.fields import Swallowed, lifted, swallowed
from armready.kubernetes.reporting import MANIFESTS
from armready.languages.yaml.nodes import span


class NestedUnderNodeSelector(FileRule):
    code = "KUB121"
    name = "nested-under-node-selector"
    summary = "A field of the pod spec is nested under nodeSelector, affinity or tolerations"
    severity = Severity.ERROR
    kinds = MANIFESTS | {Kind.HELM_VALUES}
    needles = (b"nodeselector", b"affinity", b"tolerations")
    examples = (
        Example(
            "secrets under the selector",
            path="job.yaml",
            bad="""
                apiVersion: batch/v1
                kind: Job
                metadata:
                  name: x
                spec:
                  template:
                    spec:
                      containers:
                      - name: x
                        image: nginx:1.27
                      nodeSelector:
                        kubernetes.io/arch: arm64
                        «imagePullSecrets»:
                        - name: registry
                      restartPolicy: Never
            """,
            fixed="""
                apiVersion: batch/v1
                kind: Job
                metadata:
                  name: x
                spec:
                  template:
                    spec:
                      containers:
                      - name: x
                        image: nginx:1.27
                      nodeSelector:
                        kubernetes.io/arch: arm64
                      imagePullSecrets:
                      - name: registry
                      restartPolicy: Never
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "above the label",
            path="pod.yaml",
            bad="""
                apiVersion: v1
                kind: Pod
                spec:
                  nodeSelector:
                    # arm nodes are tainted
                    «tolerations»:
                      - operator: Exists
                    kubernetes.io/arch: arm64
                  containers: []
            """,
            fixed="""
                apiVersion: v1
                kind: Pod
                spec:
                  # arm nodes are tainted
                  tolerations:
                    - operator: Exists
                  nodeSelector:
                    kubernetes.io/arch: arm64
                  containers: []
            """,
        ),
        Example(
            "nothing else under it",
            path="values.yaml",
            bad="nodeSelector:\n  «affinity»:\n    nodeAffinity: {}\nimage: nginx:1.27\n",
            fixed="affinity:\n  nodeAffinity: {}\nimage: nginx:1.27\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a list as a value",
            path="pod.yaml",
            bad="apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector:\n    «kubernetes.io/arch»: [amd64, arm64]\n",
        ),
        Example(
            "a selector of another kind",
            path="pool.yaml",
            good="apiVersion: example.com/v1\nkind: Pool\nspec:\n  nodeSelector:\n    matchLabels: {kubernetes.io/arch: arm64}\n",
            breaks=("Pool", "Pod"),
        ),
        Example(
            "siblings",
            path="pod.yaml",
            good="""
                apiVersion: v1
                kind: Pod
                spec:
                  nodeSelector:
                    kubernetes.io/arch: arm64
                    hostname: a
                  tolerations:
                  - key: arch
                    operator: Exists
                  imagePullSecrets:
                  - name: registry
                  containers: []
            """,
            breaks=("hostname: a\n  tolerations:\n  -", "hostname: a\n    tolerations:\n    -"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for field in file.parse(swallowed):
            yield self.finding(file.location(span(field.key)), _message(field), fix=lifted(file, field))


def _message(field: Swallowed) -> str:
    if field.is_field:
        return (
            f"{field.name} is nested under {field.parent} by its indentation, so the API server rejects the pod and no constraint counts."
        )
    return f"The value of {field.name} under nodeSelector is no string, so the API server rejects the pod and its selector never counts."
