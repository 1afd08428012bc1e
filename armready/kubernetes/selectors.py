"""Fixes that say where a pod may run."""

from __future__ import annotations

from armready.core.file import File
from armready.core.fix import Applicability, Edit, Fix
from armready.kubernetes.model import Origin, Pod
from armready.kubernetes.placement import ARCH_KEY
from armready.kubernetes.pods import IMMUTABLE_KINDS
from armready.languages.yaml.edit import Value, insert_pair, set_value
from armready.languages.yaml.nodes import MappingNode, get, is_anchored, pair_of

_KNATIVE = frozenset({"Service", "Configuration"})
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
BOTH: Value = {"key": ARCH_KEY, "operator": "In", "values": ["amd64", "arm64"]}
TERMS: Value = {"nodeSelectorTerms": [{"matchExpressions": [BOTH]}]}
NODE_AFFINITY: Value = {REQUIRED: TERMS}


def selecting(file: File, pod: Pod, arch: str) -> Fix | None:
    """Select the nodes of one architecture."""
    if pod.origin is Origin.TEMPLATE or not pod.schedulable:
        return None
    pair = pair_of(pod.node, "nodeSelector")
    if pair is not None and isinstance(pair[1], MappingNode) and pair[1].value:
        edit = insert_pair(file, pair[1], ARCH_KEY, arch)
    else:
        edit = _put(file, pod, "nodeSelector", {ARCH_KEY: arch})
    return _guarded(pod, f"Select {arch} nodes", edit)


def allowing_both(file: File, pod: Pod) -> Fix | None:
    """Allow nodes of both architectures and no others."""
    if pod.origin is Origin.TEMPLATE or not pod.schedulable:
        return None
    affinity = get(pod.node, "affinity")
    if isinstance(affinity, MappingNode) and affinity.value:
        if get(affinity, "nodeAffinity") is not None:
            return None
        edit = insert_pair(file, affinity, "nodeAffinity", NODE_AFFINITY)
    else:
        edit = _put(file, pod, "affinity", {"nodeAffinity": NODE_AFFINITY})
    return _guarded(pod, "Allow amd64 and arm64 nodes by an affinity", edit)


def _put(file: File, pod: Pod, key: str, data: Value) -> Edit | None:
    """Give the pod a field, above its containers, or a value where the field stands there empty."""
    pair = pair_of(pod.node, key)
    if pair is not None:
        return set_value(file, pod.node, pair[0], data)
    containers = pair_of(pod.node, "containers")
    return insert_pair(file, pod.node, key, data, before=containers[0] if containers else None)


def _guarded(pod: Pod, title: str, edit: Edit | None) -> Fix | None:
    if edit is None:
        return None
    fix = Fix(title, (edit,))
    if pod.kind in IMMUTABLE_KINDS:
        fix = fix.demoted(Applicability.UNSAFE, f"A {pod.kind} that exists already must be deleted and created anew.")
    if pod.kind in _KNATIVE:
        fix = fix.demoted(Applicability.DISPLAY, "Knative takes node selectors and affinities only where its config-features allow them.")
    if pod.origin is Origin.VALUES:
        fix = fix.demoted(Applicability.UNSAFE, "The templates of the chart may not use this value.")
    selector = get(pod.node, "nodeSelector")
    if pod.shared or (selector is not None and is_anchored(selector)):
        fix = fix.demoted(Applicability.UNSAFE, "Other objects use the same anchor.")
    return fix
