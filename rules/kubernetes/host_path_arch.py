"""A path in a pod exists on amd64 only.

## What it finds

Folders and files whose names hold the amd64 architecture (`/usr/lib/x86_64-linux-gnu`, `/lib64/ld-linux-x86-64.so.2`,
`java-17-openjdk-amd64`) in host paths, mount paths, environment variables, commands and arguments.

## Why it stops arm64

On arm64 these paths have other names (`aarch64-linux-gnu`, `ld-linux-aarch64.so.1`), so the mount fails or the program does not
find its files.

## What to do

Use a path without the architecture, or one workload for each architecture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.kubernetes.model import Pod
from armready.kubernetes.placement import allowed
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import WITH_TEMPLATES, confidence_of
from armready.languages.yaml.nodes import Node, ScalarNode, find, get, items, span

_PATH = re.compile(
    r"/(?:usr/)?(?:lib|include)/x86_64-linux-gnu\b|/lib64/ld-linux-x86-64\.so|/ld-musl-x86_64\.so"
    r"|/usr/lib/jvm/[\w.-]*(?:amd64|x86_64)\b|/jre/lib/amd64/|/linux_amd64(?:/|$)"
)
# The path of arm64 stands beside it: in a list of folders, or in a script that tries both.
_ARM64 = re.compile(r"aarch64|arm64")
_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: x\n    image: nginx:1.27\n    {}\n"


class HostPathArch(FileRule):
    code = "KUB180"
    name = "host-path-arch"
    summary = "A path in a pod exists on amd64 only"
    severity = Severity.WARNING
    kinds = WITH_TEMPLATES
    needles = (b"x86_64", b"x86-64", b"amd64")
    examples = (
        Example(
            "environment",
            path="pod.yaml",
            bad=_POD.format("env:\n    - name: JAVA_HOME\n      value: «/usr/lib/jvm/java-17-openjdk-amd64»"),
            severity=Severity.WARNING,
        ),
        Example(
            "host path",
            path="pod.yaml",
            bad=_POD.format("command: [x]\n  volumes:\n  - name: lib\n    hostPath: {path: «/usr/lib/x86_64-linux-gnu/libcuda.so.1»}"),
        ),
        Example(
            "another path",
            path="pod.yaml",
            good=_POD.format("env:\n    - {name: ARCH, value: amd64}"),
            breaks=("value: amd64", "value: /lib64/ld-linux-x86-64.so.2"),
        ),
        Example(
            "beside that of arm64",
            path="pod.yaml",
            good=_POD.format("env:\n    - {name: LD_LIBRARY_PATH, value: /host/usr/lib/aarch64-linux-gnu:/host/usr/lib/x86_64-linux-gnu}"),
            breaks=("/host/usr/lib/aarch64-linux-gnu:", ""),
        ),
        Example(
            "on amd64 nodes",
            path="pod.yaml",
            good=_POD.format("args: [/lib64/ld-linux-x86-64.so.2]\n  nodeSelector: {kubernetes.io/arch: amd64}"),
            breaks=("  nodeSelector: {kubernetes.io/arch: amd64}\n", ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for pod in file.parse(pods):
            if pod.is_windows or "arm64" not in allowed(pod):
                continue
            for node in _texts(pod):
                found = _PATH.search(node.value) if isinstance(node, ScalarNode) else None
                if found is not None and not _ARM64.search(node.value):
                    yield self.finding(
                        file.location(span(node)),
                        f"{found[0]} exists on amd64 only, so {pod.title} does not find it on arm64.",
                        confidence=confidence_of(pod),
                    )


def _texts(pod: Pod) -> Iterator[Node]:
    yield from find(pod.node, "volumes", "*", "hostPath", "path")
    for _, container in pod.containers:
        yield from find(container, "env", "*", "value")
        yield from find(container, "volumeMounts", "*", "mountPath")
        yield from (*items(get(container, "command")), *items(get(container, "args")))
