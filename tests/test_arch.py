"""Architecture names in words: borders, families, other systems, sources."""

from __future__ import annotations

import pytest

from armready.knowledge.arch import Arch, amd64_tokens, names_arm64, probe, rewrites, tokens


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("helm-v3.14.0-linux-amd64.tar.gz", ["amd64"]),
        ("https://x/linux/x64/1.6/julia-1.6-linux-x86_64.tar.gz", ["x64", "x86_64"]),
        ("trivy_0.50_Linux-64bit.tar.gz", ["64bit"]),
        ("chromedriver_linux64.zip", ["linux64"]),
        ("micromamba/linux-64/latest", ["linux-64"]),
        ("foo-x86-64", ["x86-64"]),
        ("manylinux2014_x86_64", ["x86_64"]),
        ("LINUX_AMD64", ["AMD64"]),
        ("/usr/lib/x86_64-linux-gnu", ["x86_64"]),
        ("bin/amd64/kubectl", ["amd64"]),
        ("linux_amd64_v1", ["amd64"]),
        ("windows/amd64/kubectl.exe", []),
        ("x_darwin_amd64.zip", []),
        ("node-win-x64.zip", []),
        ("macosx_10_9_x86_64", []),
        ("x86_64-apple-darwin", []),
        ("x86_64-pc-windows-msvc", []),
        ("sha512 base64 int64 x64dbg win64 ed25519 arm64", []),
        ("linux_arm64", []),
        ("amd640", []),
        ("damd64", []),
    ],
)
def test_amd64_tokens(text: str, found: list[str]) -> None:
    assert [token.text for token in amd64_tokens(text)] == found
    assert all(text[token.start : token.end] == token.text for token in tokens(text))


def test_families() -> None:
    found = tokens("i386 x86 arm64v8 aarch_64 armv7 arm linux32")
    assert [token.arch for token in found] == [Arch.X86, Arch.X86, Arch.ARM64, Arch.ARM64, Arch.ARM, Arch.ARM, Arch.X86]
    assert names_arm64("a/aarch64")
    assert not names_arm64("darwin-arm64")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("$(uname -m)", "uname -m"),
        ("`uname -m`", "uname -m"),
        ("$(arch)", "arch"),
        ("${TARGETARCH}", "TARGETARCH"),
        ("${TARGETARCH:-amd64}", "TARGETARCH"),
        ("$(dpkg --print-architecture)", "dpkg --print-architecture"),
        ("$(apk --print-arch)", "apk --print-arch"),
        ("$(rpm -E '%{_arch}')", "rpm -E %_arch"),
        ("$(uname -s)", None),
        ("${ARCH}", None),
        ("amd64", None),
    ],
)
def test_probe(text: str, source: str | None) -> None:
    found = probe(text)
    assert (found and found.source) == source


def test_rewrites() -> None:
    assert rewrites("$(uname -m | sed s/x86_64/amd64/)")
    assert not rewrites("$(uname -m)")
