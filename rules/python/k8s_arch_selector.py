"""Python code puts pods on amd64 nodes.

## What it finds

Dictionaries with the key `kubernetes.io/arch` (or its beta) and the value `amd64`, and node selector requirements for that key whose
values are amd64 alone: in Airflow, Dagster, Prefect, Kubeflow and plain clients. Tests are left alone.

## Why it stops arm64

The pods never run on arm64 nodes, whatever their images could do.

## What to do

Leave the selector out when the images exist for arm64, or allow both: an affinity with `amd64` and `arm64`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.needles import needles_of
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.python.branches import is_test
from armready.python.reachable import called_name
from armready.python.sources import Sources, constant, keyword, sources

_KEYS = ("kubernetes.io/arch", "beta.kubernetes.io/arch")


class K8sArchSelector(FileRule):
    code = "PY242"
    name = "k8s-arch-selector"
    summary = "Python code puts pods on amd64 nodes"
    severity = Severity.WARNING
    kinds = frozenset({Kind.PYTHON})
    needles = needles_of(_KEYS)
    examples = (
        Example("dictionary", path="dag.py", bad='task = Operator(node_selector={«"kubernetes.io/arch": "amd64"»})\n'),
        Example(
            "requirement",
            path="pod.py",
            bad="t = «V1NodeSelectorRequirement(key='kubernetes.io/arch', operator='In', values=['amd64'])»\n",
        ),
        Example(
            "other forms",
            path="dag.py",
            bad=(
                "x = «{'key': 'kubernetes.io/arch', 'operator': 'In', 'values': ['amd64']}»\n«selector['kubernetes.io/arch'] = 'amd64'»\n"
                "«task.add_node_selector_constraint('kubernetes.io/arch', 'amd64')»\n"
            ),
        ),
        Example(
            "both",
            path="pod.py",
            good=(
                "V1NodeSelectorRequirement(key='kubernetes.io/arch', operator='In', values=['amd64', 'arm64'])\n"
                "x = {'kubernetes.io/arch': 'arm64'}\n"
            ),
            breaks=(" 'arm64']", " 'amd64']"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_test(file.path):
            return
        code = file.parse(sources)
        for node in code.module.nodes:
            span = _span(code, node)
            if span is not None and code.reaches(node):
                message = "The selector admits amd64 nodes only, so these pods never run on arm64."
                yield self.finding(file.location(span), message)


def _span(code: Sources, node: ast.AST) -> Span | None:
    if isinstance(node, ast.Dict):
        pairs = {constant(key): value for key, value in zip(node.keys, node.values, strict=True) if key is not None}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None and constant(key) in _KEYS and constant(value) == "amd64":
                return code.span(key)._replace(end=code.span(value).end)
        is_requirement = constant(pairs.get("key")) in _KEYS and constant(pairs.get("operator")) == "In"
        return code.span(node) if is_requirement and _only_amd64(pairs.get("values")) else None
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        return code.span(node) if constant(node.targets[0].slice) in _KEYS and constant(node.value) == "amd64" else None
    if not isinstance(node, ast.Call):
        return None
    if called_name(node).rpartition(".")[2].startswith("add_node_selector") and [constant(each) for each in node.args[1:2]] == ["amd64"]:
        return code.span(node) if constant(node.args[0]) in _KEYS else None
    if constant(keyword(node, "key")) in _KEYS and constant(keyword(node, "operator")) == "In" and _only_amd64(keyword(node, "values")):
        return code.span(node)
    return None


def _only_amd64(values: ast.expr | None) -> bool:
    return isinstance(values, ast.List | ast.Tuple) and bool(values.elts) and all(constant(each) == "amd64" for each in values.elts)
