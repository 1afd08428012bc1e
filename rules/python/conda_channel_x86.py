"""A conda channel has no packages for linux-aarch64.

## What it finds

The channels `pytorch`, `pytorch-nightly`, `intel`, `pyg`, `fastai` and `dglteam` in `environment.yml`.

## Why it stops arm64

What is taken from them is missing on arm64, or comes in another build from another channel.

## What to do

Take the packages from conda-forge, which has linux-aarch64.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.classify import Kind
from armready.file import File
from armready.finding import Confidence, Finding, Severity
from armready.parsers.yaml import get, parse_yaml, places, text_of
from armready.rule import Example, FileRule

_WITHOUT = frozenset({"pytorch", "pytorch-nightly", "intel", "pyg", "fastai", "dglteam"})


class CondaChannelX86(FileRule):
    """PY154."""

    code = "PY154"
    name = "conda-channel-x86"
    summary = "A conda channel has no packages for linux-aarch64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.CONDA_ENV})
    needles = (b"pytorch", b"intel", b"pyg", b"fastai", b"dglteam")
    examples = (
        Example("pytorch", path="environment.yml", bad="channels:\n  - «pytorch»\n  - conda-forge\ndependencies:\n  - pytorch\n"),
        Example("conda-forge", path="environment.yml", good="channels:\n  - conda-forge\ndependencies:\n  - pytorch\n"),
    )

    def check(self, file: File) -> Iterator[Finding]:
        """See `FileRule.check`."""
        for root in parse_yaml(file):
            for place in places(get(root, "channels")):
                name = (text_of(place.value) or "").rstrip("/").rpartition("/")[2]
                if name in _WITHOUT:
                    message = f"The channel `{name}` has no packages for linux-aarch64, so what is taken from it is missing on arm64."
                    yield self.finding(file.location(place.span), message, confidence=Confidence.MEDIUM)
