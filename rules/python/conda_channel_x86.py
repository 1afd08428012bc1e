"""A conda channel has no packages for linux-aarch64.

## What it finds

The channels `pytorch`, `pytorch-nightly`, `intel`, `pyg`, `fastai` and `dglteam` in `environment.yml` and in
`conda install -c` of Dockerfiles, CI and scripts.

## Why it stops arm64

What is taken from them is missing on arm64, or comes in another build from another channel.

## What to do

Take the packages from conda-forge, which has linux-aarch64.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import INSTALL_KINDS, Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.knowledge.targets import is_for_another_system
from armready.languages.yaml.nodes import get, parse_yaml, places, text_of
from armready.python.commands import conda_commands

_WITHOUT = frozenset({"pytorch", "pytorch-nightly", "intel", "pyg", "fastai", "dglteam"})


class CondaChannelX86(FileRule):
    code = "PY154"
    name = "conda-channel-x86"
    summary = "A conda channel has no packages for linux-aarch64"
    severity = Severity.WARNING
    kinds = INSTALL_KINDS | {Kind.CONDA_ENV}
    needles = (b"channels", b"conda", b"mamba")
    examples = (
        Example("pytorch", path="environment.yml", bad="channels:\n  - «pytorch»\n  - conda-forge\ndependencies:\n  - pytorch\n"),
        Example("in a Dockerfile", path="Dockerfile", bad="FROM a\nRUN conda install -y pytorch cudatoolkit=11.3 -c «pytorch»\n"),
        Example(
            "for macOS",
            path="env.mac.yml",
            good="channels:\n  - pytorch\ndependencies:\n  - pytorch\n",
            breaks=("env.mac.yml", "environment.yml"),
        ),
        Example("conda-forge", path="environment.yml", good="channels:\n  - conda-forge\ndependencies:\n  - pytorch\n"),
    )

    def check(self, file: File) -> Iterator[Finding]:
        if is_for_another_system(file.path):
            return
        for text, span in _channels(file):
            name = text.rstrip("/").rpartition("/")[2]
            if name in _WITHOUT:
                message = f"The channel `{name}` has no packages for linux-aarch64, so what is taken from it is missing on arm64."
                yield self.finding(file.location(span), message, confidence=Confidence.MEDIUM)


def _channels(file: File) -> Iterator[tuple[str, Span]]:
    if file.kind is not Kind.CONDA_ENV:
        for command in file.parse(conda_commands):
            yield from command.channels
        return
    for root in parse_yaml(file):
        for place in places(get(root, "channels")):
            yield text_of(place.value) or "", place.span
