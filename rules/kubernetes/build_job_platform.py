"""A pod that builds images builds them for amd64 only.

## What it finds

Arguments of kaniko, BuildKit and buildah in containers that fix the platform to amd64: `--customPlatform=linux/amd64`, `--opt
platform=linux/amd64`, `--platform=linux/amd64`, `--arch amd64`.

## Why it stops arm64

The image that comes out exists for amd64 alone, wherever the pod runs.

## What to do

Build for both: BuildKit and buildah take a list of platforms; kaniko builds for the machine it runs on, so it needs one pod for
each architecture and a manifest list afterwards.

## Fix safety

Unsafe: without the argument the image is built for the architecture of the node that the pod runs on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.config import Target
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.kubernetes.model import Pod
from armready.kubernetes.pods import pods
from armready.kubernetes.reporting import WITH_TEMPLATES, confidence_of
from armready.languages.yaml.edit import remove_item
from armready.languages.yaml.nodes import MappingNode, Node, ScalarNode, get, items, span

_BUILDER = re.compile(r"kaniko|buildkit|buildctl|buildah|buildx|docker|podman|img\b|executor")
_PINNED = re.compile(r"(?:--custom-?[pP]latform|--platform|--opt[= ]platform|platform|--arch)=?(?:linux/)?(?:amd64|x86_64)")
_POD = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: build\n    image: gcr.io/kaniko-project/executor:v1.23.2\n    args:\n{}"


class BuildJobPlatform(FileRule):
    code = "KUB182"
    name = "build-job-platform"
    summary = "A pod that builds images builds them for amd64 only"
    severity = Severity.WARNING
    kinds = WITH_TEMPLATES
    needles = (b"platform", b"--arch")
    examples = (
        Example(
            "kaniko",
            path="pod.yaml",
            bad=_POD.format("    - --context=.\n    - «--customPlatform=linux/amd64»\n    - --destination=registry.example.com/app:1\n"),
            fixed=_POD.format("    - --context=.\n    - --destination=registry.example.com/app:1\n"),
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example("value of its own", path="pod.yaml", bad=_POD.format("    - build\n    - --platform\n    - «linux/amd64»\n")),
        Example("both", path="pod.yaml", good=_POD.format("    - --platform=linux/amd64,linux/arm64\n"), breaks=(",linux/arm64", "")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for pod in file.parse(pods):
            for _, container in pod.containers:
                if any(_BUILDER.search(word) for word in _words(container)):
                    yield from self._of(file, container, pod)

    def _of(self, file: File, container: MappingNode, pod: Pod) -> Iterator[Finding]:
        for key in ("command", "args"):
            sequence = get(container, key)
            before = ""
            for index, item in enumerate(items(sequence)):
                word = item.value if isinstance(item, ScalarNode) else ""
                together = f"{before}={word}" if before in ("--platform", "--customPlatform", "--arch", "--opt") else word
                if _PINNED.fullmatch(together):
                    alone = together == word and not before.startswith("--opt")
                    edit = remove_item(file, sequence, index) if alone and sequence is not None else None
                    note = "The image is then built for the architecture of the node that the pod runs on."
                    yield self.finding(
                        file.location(span(item)),
                        f"{pod.title} builds an image for amd64 only, so arm64 nodes have none to run.",
                        severity=Severity.ERROR if file.settings.target is Target.ARM64 else Severity.WARNING,
                        confidence=confidence_of(pod),
                        fix=Fix(f"Remove {word}", (edit,), Applicability.UNSAFE, (note,)) if edit is not None else None,
                    )
                before = word


def _words(container: Node) -> Iterator[str]:
    for node in (get(container, "image"), *items(get(container, "command")), *items(get(container, "args"))[:1]):
        if isinstance(node, ScalarNode):
            yield node.value
