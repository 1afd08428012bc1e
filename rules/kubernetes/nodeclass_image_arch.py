"""A node class names a machine image for amd64.

## What it finds

`x86_64` or `amd64` in the AMI selectors and the user data of Karpenter's EC2NodeClass and AWSNodeTemplate. Aliases such as
`al2023@latest` fit both architectures and are left alone, and so are classes that name an arm64 image too.

## Why it stops arm64

Karpenter takes the machine image from the class. With an amd64 image it starts no arm64 node.

## What to do

Use an alias (`alias: al2023@latest`), or select images of both architectures. Amazon Linux 2 for EKS has ended; Amazon Linux
2023 has taken its place.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.config import Target
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.rule import Example, FileRule
from armready.knowledge.arch import Arch, tokens
from armready.kubernetes.documents import resources
from armready.kubernetes.reporting import MANIFESTS
from armready.languages.yaml.nodes import Node, ScalarNode, get, span, walk

_CLASS = """
    apiVersion: karpenter.k8s.aws/v1
    kind: EC2NodeClass
    metadata:
      name: default
    spec:
      amiSelectorTerms:
      - {}
"""
_FIELDS = ("amiSelectorTerms", "amiSelector", "userData", "amiFamily")


class NodeclassImageArch(FileRule):
    code = "KUB153"
    name = "nodeclass-image-arch"
    summary = "A node class names a machine image for amd64"
    severity = Severity.INFO
    kinds = MANIFESTS
    needles = (b"ec2nodeclass", b"awsnodetemplate")
    examples = (
        Example("name of an image", path="class.yaml", bad=_CLASS.format("name: «my-eks-node-x86_64-*»"), severity=Severity.INFO),
        Example(
            "arm64 cluster",
            path="class.yaml",
            bad=_CLASS.format("name: «amazon-eks-node-al2023-x86_64-standard-1.31-*»"),
            settings={"target": "arm64"},
            severity=Severity.ERROR,
        ),
        Example("alias", path="class.yaml", good=_CLASS.format("alias: al2023@latest"), breaks=("al2023@latest", "my-eks-node-x86_64-*")),
        Example("both", path="class.yaml", good=_CLASS.format("name: node-x86_64\n      - name: node-arm64"), breaks=("arm64", "amd64")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for resource in file.parse(resources):
            if resource.kind not in ("EC2NodeClass", "AWSNodeTemplate"):
                continue
            scalars = [each for field in _FIELDS for each in walk(get(resource.node, "spec", field)) if isinstance(each, ScalarNode)]
            if any(_names(each, Arch.ARM64) for each in scalars):
                continue
            for each in scalars:
                if _names(each, Arch.AMD64):
                    yield self.finding(
                        file.location(span(each)),
                        f"{resource.title} takes a machine image for amd64, so Karpenter starts no arm64 node with it.",
                        severity=Severity.ERROR if file.settings.target is Target.ARM64 else Severity.INFO,
                    )


def _names(node: Node, arch: Arch) -> bool:
    return any(token.arch is arch for token in tokens(getattr(node, "value", "")))
