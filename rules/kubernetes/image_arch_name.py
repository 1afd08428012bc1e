"""The name of an image stands for one architecture.

## What it finds

Images of Docker Hub's namespaces for single architectures (`amd64/`, `arm64v8/`), and names or tags with an architecture in
them (`metrics-server-amd64`, `app:1.2-amd64`), in containers, init containers and sidecars, in kustomizations and in Helm
values. Not where the file or the object is one of several, each for one architecture, and not an arm64 name in a pod that
selects arm64 nodes (unless it is one of Docker Hub's namespaces, which are never needed).

## Why it stops arm64

Such a name ties the manifest to one architecture: on nodes of another one the container ends with `exec format error`.

## What to do

Use the name without the architecture where that is a multi-arch image.

## Fix safety

Safe for an amd64 name where facts list the plain name for both architectures. Only shown where they do not. Unsafe for the name of
another architecture, and for a reference with a digest, which has to go with the name.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.config import Settings, Target
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.needles import needles_of
from armready.core.reference import ARCH_TOKENS, HUB_NAMESPACES
from armready.core.rule import Example, FileRule
from armready.knowledge.arch import Arch, tokens
from armready.knowledge.image_verdicts import Problem, arch_namespace, arch_repository, arch_tag
from armready.knowledge.images import Reference, Where, arch_in_name
from armready.kubernetes.images import Use, image_uses
from armready.kubernetes.placement import EVERY, allowed
from armready.kubernetes.pod_images import reference
from armready.kubernetes.reporting import SCHEDULING, rename
from armready.languages.yaml.nodes import span

_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: x\n    image: {} # pinned\n"


class ImageArchName(FileRule):
    code = "KUB111"
    name = "image-arch-name"
    summary = "The name of an image stands for one architecture"
    severity = Severity.WARNING
    kinds = SCHEDULING | {Kind.KUSTOMIZATION}
    needles = needles_of((*HUB_NAMESPACES, *ARCH_TOKENS))
    examples = (
        Example(
            "namespace of Docker Hub",
            path="pod.yaml",
            bad=_POD.format('"«amd64/redis:7.2.4»"').replace('"«', '«"').replace('»"', '"»'),
            fixed=_POD.format('"redis:7.2.4"'),
            severity=Severity.WARNING,
        ),
        Example(
            "arm64 namespace",
            path="pod.yaml",
            bad=_POD.format("«arm64v8/busybox»"),
            fixed=_POD.format("busybox"),
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "suffix",
            path="pod.yaml",
            bad=_POD.format("«registry.example.com/team/app:1.2-amd64»"),
            fixed=_POD.format("registry.example.com/team/app:1.2"),
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "only amd64 nodes left in an arm64 cluster",
            path="pod.yaml",
            bad=_POD.format("«amd64/redis:7.2.4»"),
            fixed=_POD.format("redis:7.2.4"),
            settings={"target": "arm64"},
            severity=Severity.ERROR,
        ),
        Example(
            "Helm values",
            path="values.yaml",
            bad="image:\n  repository: «k8s.gcr.io/pause-amd64»\n  tag: '3.9'\n",
            fixed="image:\n  repository: k8s.gcr.io/pause\n  tag: '3.9'\n",
        ),
        Example(
            "tag in Helm values",
            path="values.yaml",
            bad="image:\n  repository: «example/app»\n  tag: 1.2-amd64\n",
            fixed='image:\n  repository: example/app\n  tag: "1.2"\n',
            applicability=Applicability.DISPLAY,
        ),
        Example("both", path="pod.yaml", good=_POD.format("example/ci:centos7-x64-arm64-20211028"), breaks=("arm64", "amd64")),
        Example("plain name", path="pod.yaml", good=_POD.format("nginx:1.27"), breaks=("1.27", "1.2-amd64")),
        Example(
            "arm64 name on arm64 nodes",
            path="pod.yaml",
            good=_POD.format("example.com/app:1-arm64") + "  nodeSelector:\n    kubernetes.io/arch: arm64\n",
            breaks=("-arm64", "-amd64"),
        ),
        Example(
            "file for one architecture",
            path="deploy/pod-amd64.yaml",
            good=_POD.format("example.com/app:1-amd64"),
            breaks=("deploy/pod-amd64.yaml", "pod.yaml"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if any(token.arch in (Arch.AMD64, Arch.ARM64) for token in tokens(file.path)):
            return
        for use in file.parse(image_uses):
            named = reference(use.image.text, file.settings)
            problem = next(filter(None, (judge(named, file.settings) for judge in (arch_namespace, arch_tag, arch_repository))), None)
            severity = _severity(use, named, file.settings) if problem is not None else None
            if problem is None or severity is None:
                continue
            yield self.finding(
                file.location(span(use.image.node)),
                problem.message,
                severity=severity,
                confidence=problem.confidence.at_most(Confidence.MEDIUM) if use.templated else problem.confidence,
                supported=problem.supported,
                fix=_fix(file, use, problem),
                cause=use.image.text,
            )


def _severity(use: Use, named: Reference, settings: Settings) -> Severity | None:
    """None where the name is right, because the pod runs on such nodes only."""
    found = arch_in_name(named)
    if found is None or use.has_counterpart:
        return None
    nodes = allowed(use.pod) if use.pod is not None else EVERY
    if settings.target is Target.AUDIT:
        return Severity.INFO if found.arch == "amd64" else None
    if found.arch == "amd64":
        return Severity.ERROR if settings.target is Target.ARM64 or nodes == {"arm64"} else Severity.WARNING
    if nodes == {found.arch} and found.where is not Where.NAMESPACE:
        return None
    return Severity.WARNING


def _fix(file: File, use: Use, problem: Problem) -> Fix | None:
    if problem.replacement is None:
        return None
    edits = rename(file, use.image, problem.replacement)
    return Fix(problem.title, edits, problem.applicability, problem.notes) if edits else None
