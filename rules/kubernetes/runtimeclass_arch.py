"""A RuntimeClass keeps its pods on amd64 nodes.

## What it finds

`kubernetes.io/arch: amd64` in `scheduling.nodeSelector` of a RuntimeClass.

## Why it stops arm64

The selector is merged into every pod of the class, so none of them ever runs on an arm64 node; a pod of the class that selects
arm64 is rejected.

## What to do

Remove the architecture when the runtime's handler is installed on arm64 nodes too, or make a class of its own for them.

## Fix safety

Only shown: whether the handler is installed on arm64 nodes does not stand in the manifest.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.config import Target
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.kubernetes.documents import is_open, resources
from armready.kubernetes.placement import satisfied_by, selector
from armready.kubernetes.reporting import WITH_TEMPLATES
from armready.languages.yaml.edit import prune
from armready.languages.yaml.nodes import get, pair_of, span, text_of

_CLASS = "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {{name: gvisor}}\nhandler: runsc\n{}"


class RuntimeclassArch(FileRule):
    code = "KUB171"
    name = "runtimeclass-arch"
    summary = "A RuntimeClass keeps its pods on amd64 nodes"
    severity = Severity.WARNING
    kinds = WITH_TEMPLATES
    needles = (b"runtimeclass",)
    examples = (
        Example(
            "selector",
            path="class.yaml",
            bad=_CLASS.format("scheduling:\n  nodeSelector:\n    «kubernetes.io/arch: amd64»\n"),
            fixed=_CLASS.format(""),
            applicability=Applicability.DISPLAY,
            severity=Severity.WARNING,
        ),
        Example(
            "a class for Windows",
            path="class.yaml",
            good=_CLASS.format("scheduling:\n  nodeSelector:\n    kubernetes.io/os: windows\n    kubernetes.io/arch: amd64\n"),
            breaks=("windows", "linux"),
        ),
        Example(
            "another label",
            path="class.yaml",
            good=_CLASS.format("scheduling:\n  nodeSelector:\n    gvisor: 'true'\n"),
            breaks=("gvisor: 'true'", "kubernetes.io/arch: amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for resource in file.parse(resources):
            scheduling = get(resource.node, "scheduling")
            if (
                resource.kind != "RuntimeClass"
                or scheduling is None
                or text_of(get(scheduling, "nodeSelector", "kubernetes.io/os")) == "windows"
            ):
                continue
            for each in selector(scheduling):
                if not each.is_arch or satisfied_by(each) != {"amd64"} or is_open(each.texts[0]):
                    continue
                chain = [(node, pair_of(node, key)) for node, key in ((resource.node, "scheduling"), (scheduling, "nodeSelector"))]
                edit = prune(file, *((node, pair[0]) for node, pair in chain if pair is not None), (each.mapping, each.key))
                note = "Only when the handler is installed on arm64 nodes."
                yield self.finding(
                    file.location(Span(span(each.key).start, span(each.values[0]).end)),
                    f"{resource.title} keeps every pod of the class on amd64 nodes.",
                    severity={Target.ARM64: Severity.ERROR, Target.AUDIT: Severity.INFO}.get(file.settings.target, Severity.WARNING),
                    fix=Fix("Remove the architecture from the class", (edit,), Applicability.DISPLAY, (note,))
                    if edit is not None
                    else None,
                )
