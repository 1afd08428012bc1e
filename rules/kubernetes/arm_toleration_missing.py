"""A pod is meant for arm64 nodes and does not tolerate their taint.

## What it finds

Where arm nodes are tainted (`arm-nodes-tainted = true`, `arm-taint` in the configuration): pods that name arm64 in a selector
or a required affinity and tolerate no such taint. GKE adds the toleration by itself there. On GKE, pods whose images all exist
for arm64 and that name no architecture: an info, off by default.

## Why it stops arm64

The taint keeps the pod away from the very nodes it asks for: it stays Pending, or runs on amd64 nodes for ever.

## What to do

Tolerate the taint.

## Fix safety

Unsafe: pods may go to other nodes.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.config import Platform, Target
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.kubernetes.model import Origin, Pod
from armready.kubernetes.placement import EVERY, allowed, arch_requirements, meant, says_arch, tolerates_arm
from armready.kubernetes.pod_images import images_of
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import SCHEDULING, confidence_of, sentence
from armready.languages.yaml.edit import Value, append_pairs_item, insert_pair, set_value
from armready.languages.yaml.nodes import SequenceNode, pair_of, span

_POD = (
    "apiVersion: v1\nkind: Pod\nspec:\n{}  nodeSelector:\n    kubernetes.io/arch: {}\n{}  containers:\n  - name: x\n    image: nginx:1.27\n"
)
_TOLERATION = '  - key: arm\n    operator: Equal\n    value: "true"\n    effect: NoSchedule\n'
_TAINTED = {"arm-nodes-tainted": True, "arm-taint": "arm=true:NoSchedule"}


class ArmTolerationMissing(FileRule):
    code = "KUB130"
    name = "arm-toleration-missing"
    summary = "A pod is meant for arm64 nodes and does not tolerate their taint"
    severity = Severity.ERROR
    kinds = SCHEDULING
    examples = (
        Example(
            "no tolerations",
            path="pod.yaml",
            bad=_POD.format("", "«arm64»", ""),
            fixed=_POD.format("", "arm64", f"  tolerations:\n{_TOLERATION}"),
            settings=_TAINTED,
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "another toleration",
            path="pod.yaml",
            bad=_POD.format("  tolerations:\n  - key: gpu\n    operator: Exists\n", "«arm64»", ""),
            fixed=_POD.format(f"  tolerations:\n  - key: gpu\n    operator: Exists\n{_TOLERATION}", "arm64", ""),
            settings=_TAINTED,
            applicability=Applicability.UNSAFE,
        ),
        Example("GKE adds it", path="pod.yaml", good=_POD.format("", "arm64", ""), settings={"platform": "gke"}),
        Example("no taint", path="pod.yaml", good=_POD.format("", "arm64", "")),
        Example("amd64", path="pod.yaml", good=_POD.format("", "amd64", ""), settings=_TAINTED, breaks=("amd64", "arm64")),
        Example(
            "tolerated",
            path="pod.yaml",
            good=_POD.format(f"  tolerations:\n{_TOLERATION}", "arm64", ""),
            settings=_TAINTED,
            breaks=("arm-taint", ""),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        settings = file.settings
        if not settings.tainted or settings.target is not Target.MIXED:
            return
        for pod in file.parse(pods):
            if pod.is_windows or not pod.schedulable or tolerates_arm(pod, settings.arm_taint) is not None:
                continue
            if settings.platform is Platform.GKE:
                yield from self._never_uses_arm(file, pod)
            else:
                yield from self._kept_away(file, pod)

    def _kept_away(self, file: File, pod: Pod) -> Iterator[Finding]:
        naming = [each for each in arch_requirements(pod) if each.operator == "In" and "arm64" in map(meant, each.texts)]
        if not naming or "arm64" not in allowed(pod):
            return
        value = next(each for each in naming[0].values if meant(each.value) == "arm64")
        alone = allowed(pod) == {"arm64"}
        ends = "so it stays Pending" if alone else "so it never goes there"
        yield self.finding(
            file.location(span(value)),
            sentence(f"{pod.title} asks for arm64 nodes and does not tolerate their taint {file.settings.arm_taint}, {ends}."),
            severity=Severity.ERROR if alone else Severity.INFO,
            confidence=confidence_of(pod),
            fix=_fix(file, pod),
        )

    def _never_uses_arm(self, file: File, pod: Pod) -> Iterator[Finding]:
        images = images_of(pod, file.settings)
        if pod.origin is Origin.MANIFEST and images.all_multi_arch and not says_arch(pod) and allowed(pod) == EVERY:
            message = (
                f"{pod.title} names no architecture, so GKE never puts it on its tainted arm64 nodes although every image exists for them."
            )
            yield self.finding(file.location(pod.anchor), message, severity=Severity.INFO, confidence=Confidence.LOW)


def _fix(file: File, pod: Pod) -> Fix | None:
    key, _, rest = file.settings.arm_taint.partition("=")
    value, _, effect = rest.partition(":")
    toleration: Value = {"key": key, "operator": "Equal", "value": value, "effect": effect}
    pair = pair_of(pod.node, "tolerations")
    if pod.origin is Origin.TEMPLATE:
        return None
    if pair is None:
        containers = pair_of(pod.node, "containers")
        edit = insert_pair(file, pod.node, "tolerations", [toleration], before=containers[0] if containers else None)
    elif isinstance(pair[1], SequenceNode) and pair[1].value:
        edit = append_pairs_item(file, pair[1], toleration)
    else:
        edit = set_value(file, pod.node, pair[0], [toleration])
    return (
        Fix("Tolerate the taint of arm nodes", (edit,), Applicability.UNSAFE, ("Pods may go to other nodes.",))
        if edit is not None
        else None
    )
