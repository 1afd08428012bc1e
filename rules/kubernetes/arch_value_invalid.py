"""The architecture label is compared with a value that no node has.

## What it finds

`x86_64`, `aarch64`, `AMD64`, `linux/arm64`, `armv7` and the like as the value of `kubernetes.io/arch` in node selectors,
affinities, node pools, tolerations and taints.

## Why it stops arm64

The kubelet sets the label to Go's name of the architecture: `amd64`, `arm64`, `arm`. Nothing matches another spelling, so the
pod stays Pending for ever, or the toleration tolerates nothing.

## What to do

Use Go's name.

## Fix safety

Safe: no node has the value that stands there. Unsafe for tolerations and taints, whose values people may choose themselves, and
where the images of the pod are known not to exist for the architecture that is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.kubernetes.archvalues import ArchValue, arch_values
from armready.kubernetes.placement import meant, selector
from armready.kubernetes.pod_images import images_of
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import SCHEDULING
from armready.languages.yaml.edit import remove_item, set_scalar
from armready.languages.yaml.nodes import span

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector:\n    kubernetes.io/arch: {}\n  containers:\n  - name: x\n    image: {}\n"


class ArchValueInvalid(FileRule):
    code = "KUB107"
    name = "arch-value-invalid"
    summary = "The architecture label is compared with a value that no node has"
    severity = Severity.ERROR
    kinds = SCHEDULING
    needles = (b"kubernetes.io/arch",)
    examples = (
        Example(
            "selector",
            path="pod.yaml",
            bad=_POD.format("«aarch64»", "nginx:1.27"),
            fixed=_POD.format("arm64", "nginx:1.27"),
            severity=Severity.ERROR,
        ),
        Example(
            "the image does not exist for it",
            path="pod.yaml",
            bad=_POD.format("«'aarch64'»", "mysql:5.7"),
            fixed=_POD.format("'arm64'", "mysql:5.7"),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "beside the right one",
            path="pod.yaml",
            bad="""
                apiVersion: v1
                kind: Pod
                spec:
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        nodeSelectorTerms:
                        - matchExpressions:
                          - key: kubernetes.io/arch
                            operator: In
                            values: [amd64, «x86_64», arm64]
                  containers: []
            """,
            fixed="""
                apiVersion: v1
                kind: Pod
                spec:
                  affinity:
                    nodeAffinity:
                      requiredDuringSchedulingIgnoredDuringExecution:
                        nodeSelectorTerms:
                        - matchExpressions:
                          - key: kubernetes.io/arch
                            operator: In
                            values: [amd64, arm64]
                  containers: []
            """,
            severity=Severity.INFO,
        ),
        Example(
            "toleration",
            path="values.yaml",
            bad="tolerations:\n- key: kubernetes.io/arch\n  operator: Equal\n  value: «aarch64»\n  effect: NoSchedule\n",
            fixed="tolerations:\n- key: kubernetes.io/arch\n  operator: Equal\n  value: arm64\n  effect: NoSchedule\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "toleration beside the right one",
            path="values.yaml",
            bad="tolerations:\n- {key: kubernetes.io/arch, value: «aarch64»}\n- {key: kubernetes.io/arch, value: arm64}\n",
            severity=Severity.INFO,
        ),
        Example("right values", path="pod.yaml", good=_POD.format("arm64", "nginx:1.27"), breaks=("arm64", "x86_64")),
        Example("a variable", path="pod.yaml", good=_POD.format("${ARCH:-x86_64}", "nginx:1.27"), breaks=("${ARCH:-x86_64}", "aarch64")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        wrong = [each for each in file.parse(arch_values) if meant(each.node.value) != each.node.value]
        doubtful = _doubtful(file) if wrong else frozenset[int]()
        for each in wrong:
            right = meant(each.node.value)
            superfluous = right in each.beside
            kind = "taint" if each.is_taint else "node"
            yield self.finding(
                file.location(span(each.node)),
                f"No {kind} has the architecture {each.node.value}: Kubernetes names it {right}, so this matches nothing.",
                severity=Severity.INFO if superfluous else Severity.WARNING if each.is_taint else Severity.ERROR,
                fix=_fix(file, each, right, superfluous, doubtful),
            )


def _doubtful(file: File) -> frozenset[int]:
    """Values whose pods have images that are known not to exist for what is meant."""
    found = set()
    for pod in file.parse(pods):
        for requirement in selector(pod.node):
            if requirement.is_arch:
                other = "amd64" if meant(requirement.texts[0]) == "arm64" else "arm64"
                if images_of(pod, file.settings).only(other):
                    found.add(id(requirement.values[0]))
    return frozenset(found)


def _fix(file: File, value: ArchValue, right: str, superfluous: bool, doubtful: frozenset[int]) -> Fix | None:
    if superfluous:
        if value.sequence is None:
            return None
        edit = remove_item(file, value.sequence, value.sequence.value.index(value.node))
        return Fix(f"Remove {value.node.value}", (edit,)) if edit is not None else None
    edit = set_scalar(file, value.node, right)
    if edit is None:
        return None
    fix = Fix(f"Use {right}", (edit,))
    if value.is_taint:
        fix = fix.demoted(Applicability.UNSAFE, "The nodes may bear a taint of that value.")
    if id(value.node) in doubtful:
        fix = fix.demoted(Applicability.UNSAFE, f"An image of the pod does not exist for {right}.")
    return fix
