"""A value of a node selector is no string.

## What it finds

Numbers, booleans and nothing at all, without quotes, as values in a node selector.

## Why it stops arm64

A node selector maps labels to strings. The API server rejects `gpu: true` or `pool: 64` and with it the workload, so that what
the selector says of architectures never counts.

## What to do

Quote the value.

## Fix safety

Safe: the object is rejected as it stands. Unsafe in Helm values, which the templates of the chart may use otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.kubernetes.documents import documents
from armready.kubernetes.model import Origin
from armready.kubernetes.pods import POD_PATHS, pods
from armready.kubernetes.reporting import MANIFESTS
from armready.languages.yaml.nodes import get, kind_of, merged_pairs, span

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector:\n    {}\n  containers:\n  - name: x\n    image: nginx:1.27\n"
_READ_AS = {"bool": "a boolean", "int": "a number", "float": "a number", "null": "nothing"}


class NodeSelectorNonString(FileRule):
    code = "KUB122"
    name = "node-selector-non-string"
    summary = "A value of a node selector is no string"
    severity = Severity.ERROR
    kinds = MANIFESTS | {Kind.HELM_VALUES}
    needles = (b"nodeselector",)
    examples = (
        Example(
            "boolean",
            path="pod.yaml",
            bad=_POD.format("gpu: «true» # T4"),
            fixed=_POD.format('gpu: "true" # T4'),
            severity=Severity.ERROR,
        ),
        Example("number", path="pod.yaml", bad=_POD.format("pool: «64»"), fixed=_POD.format('pool: "64"')),
        Example("a word that means a boolean", path="pod.yaml", bad=_POD.format("arm: «yes»"), fixed=_POD.format('arm: "yes"')),
        Example(
            "Helm values",
            path="values.yaml",
            bad="image: {repository: nginx, tag: 1.27.0}\nnodeSelector:\n  gpu: «false»\n",
            fixed='image: {repository: nginx, tag: 1.27.0}\nnodeSelector:\n  gpu: "false"\n',
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a template puts the selector in",
            path="pod.yaml",
            good=_POD.replace("\n    {}", " {{{{ toYaml .Placement | nindent 4 }}}}").format(),
            breaks=("{{ toYaml .Placement | nindent 4 }}", "{gpu: true}"),
        ),
        Example("strings", path="pod.yaml", good=_POD.format("gpu: 'true'\n    pool: a1\n    version: 1.2.3\n    x: ${GPU}")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if file.parse(documents).templated:
            return
        for pod in file.parse(pods):
            if pod.kind not in POD_PATHS and pod.origin is not Origin.VALUES:
                continue
            for key, value in merged_pairs(get(pod.node, "nodeSelector")):
                kind = kind_of(value)
                if kind not in _READ_AS or (kind == "null" and pod.origin is Origin.VALUES):
                    continue
                place = span(value)
                edit = file.replace(place, f'"{file.source.slice(place)}"') if kind != "null" else None
                fix = Fix("Quote the value", (edit,)) if edit is not None else None
                if fix is not None and pod.origin is Origin.VALUES:
                    fix = fix.demoted(Applicability.UNSAFE, "The templates of the chart may use the value otherwise.")
                yield self.finding(
                    file.location(place if place.end > place.start else span(key)),
                    f"The value under nodeSelector is {_READ_AS[kind]} and no string, so the API server rejects {pod.title} "
                    "and its selector never counts.",
                    fix=fix,
                )
