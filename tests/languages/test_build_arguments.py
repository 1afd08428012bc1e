"""Build arguments that scripts and pipelines pass."""

from __future__ import annotations

import pytest

from armready.builds.build_arguments import collect
from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source


def names(text: str) -> set[str]:
    file = File(Source.decode("build.sh", text.encode()), Kind.SHELL, Settings())
    return {name for fact in collect(file) for name in fact.names}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker build --build-arg ARCH=$arch .", {"ARCH"}),
        ("docker build --build-arg=ARCH=arm64 --build-arg 'V=1' .", {"ARCH", "V"}),
        ("docker build --build-arg ARCH .", {"ARCH"}),
        ("docker build --build-arg ARCH=amd64 .", set()),
        ("buildctl build --opt build-arg:ARCH=$A", {"ARCH"}),
        ("build-args: |\n  TARGET_ARCH=${{ matrix.arch }}\n  OTHER=1\n", {"TARGET_ARCH"}),
        ("args:\n  - ARCH=amd64\n", set()),
        ("args:\n  QEMU_ARCH: aarch64\n", {"QEMU_ARCH"}),
        ("echo nothing", set()),
    ],
)
def test_arguments(text: str, expected: set[str]) -> None:
    assert names(text) == expected
