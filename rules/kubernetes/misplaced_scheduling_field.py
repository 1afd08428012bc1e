"""A field of the pod spec stands outside of it.

## What it finds

`nodeSelector`, `tolerations`, `affinity`, `restartPolicy`, `imagePullSecrets` and other fields that only a pod spec has, at the
document root, in `metadata`, beside `template` or in a container, in Pods, Deployments, StatefulSets, DaemonSets, ReplicaSets,
Jobs and CronJobs.

## Why it stops arm64

The API server does not know the field there. With strict field validation, the default of kubectl since 1.27, it rejects the
object; without, it drops the field silently. Then a pod that was meant for arm64 nodes runs anywhere, or one that needs amd64
starts on arm64 and fails with `exec format error`.

## What to do

Move the field into the pod spec.

## Fix safety

Safe: as the object stands it is rejected, or the field has no effect. The block goes above `containers`, with its comments. No
fix where the pod spec has the field already with another value, or where the object has several pod specs.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.kubernetes.fields import misplaced, moved
from armready.kubernetes.reporting import MANIFESTS
from armready.languages.yaml.nodes import span


class MisplacedSchedulingField(FileRule):
    code = "KUB120"
    name = "misplaced-scheduling-field"
    summary = "A field of the pod spec stands outside of it and has no effect"
    severity = Severity.ERROR
    kinds = MANIFESTS
    examples = (
        Example(
            "at the document root",
            path="pod.yaml",
            bad="""
                apiVersion: v1
                kind: Pod
                metadata: {name: x}
                spec:
                  containers:
                  - name: x
                    image: nginx:1.27
                «restartPolicy»: Always
                # the Graviton pool
                «nodeSelector»:
                  kubernetes.io/arch: arm64
            """,
            fixed="""
                apiVersion: v1
                kind: Pod
                metadata: {name: x}
                spec:
                  restartPolicy: Always
                  # the Graviton pool
                  nodeSelector:
                    kubernetes.io/arch: arm64
                  containers:
                  - name: x
                    image: nginx:1.27
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "beside the template",
            path="deployment.yaml",
            bad="""
                apiVersion: apps/v1
                kind: Deployment
                metadata:
                    name: x
                spec:
                    replicas: 2
                    «tolerations»:
                        - key: arch
                          operator: Exists
                    template:
                        spec:
                            containers:
                                - name: x
                                  image: nginx:1.27
            """,
            fixed="""
                apiVersion: apps/v1
                kind: Deployment
                metadata:
                    name: x
                spec:
                    replicas: 2
                    template:
                        spec:
                            tolerations:
                                - key: arch
                                  operator: Exists
                            containers:
                                - name: x
                                  image: nginx:1.27
            """,
        ),
        Example(
            "in a container, and in the pod spec too",
            path="pod.yaml",
            bad="""
                apiVersion: v1
                kind: Pod
                spec:
                  nodeSelector: {disktype: ssd}
                  containers:
                  - name: x
                    «nodeSelector»: {disktype: ssd}
                    image: nginx:1.27
            """,
            fixed="""
                apiVersion: v1
                kind: Pod
                spec:
                  nodeSelector: {disktype: ssd}
                  containers:
                  - name: x
                    image: nginx:1.27
            """,
        ),
        Example(
            "right places",
            path="all.yaml",
            good="""
                apiVersion: v1
                kind: ServiceAccount
                metadata: {name: x}
                imagePullSecrets:
                - name: registry
                ---
                apiVersion: batch/v1
                kind: Job
                spec:
                  activeDeadlineSeconds: 100
                  template:
                    spec:
                      imagePullSecrets: [{name: registry}]
                      restartPolicy: Never
                      initContainers:
                      - name: proxy
                        image: nginx:1.27
                        restartPolicy: Always
                      containers:
                      - name: x
                        image: nginx:1.27
                        topologySpreadConstraints: null
                      nodeSelector:
                        kubernetes.io/arch: arm64
                ---
                apiVersion: example.com/v1
                kind: Database
                spec:
                  nodeSelector: {}
            """,
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for field in file.parse(misplaced):
            yield self.finding(
                file.location(span(field.key)),
                f"{field.name} stands {field.where}; in a {field.pod.kind} it belongs under {field.belongs}, and where it is now the API "
                "server rejects or drops it, so the pod is not scheduled as meant.",
                fix=moved(file, field),
            )
