"""Dockerfile rules where more than one of them, or other tools, speak of the same text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from armready.core.config import Settings
from armready.core.finding import Finding, Severity
from armready.core.tree import MemoryTree
from armready.run.passes import analyse
from armready.run.registry import Registry

_SETTINGS = replace(Settings(), min_severity=Severity.INFO, pedantic=True)


def findings(text: str, path: str = "Dockerfile", **files: bytes) -> list[Finding]:
    tree = MemoryTree({path: text.encode(), **{name.replace("__", "/"): data for name, data in files.items()}})
    analysis = analyse(tree, [path], Registry(_SETTINGS), complete=True, today=None)
    assert not [problem for result in analysis.results.values() for problem in result.problems]
    return list(analysis.findings)


def codes(text: str, path: str = "Dockerfile") -> list[str]:
    return [finding.code for finding in findings(text, path) if finding.code.startswith("DF1") and finding.code not in ("DF116", "DF170")]


# The cases of BuildKit's tests of FromPlatformFlagConstDisallowed and RedundantTargetPlatform, and of hadolint's of DL3029 and DL3065.
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("FROM --platform=linux/amd64 scratch", ["DF101"]),
        ("FROM --platform=linux/amd64 scratch AS my_amd64_stage", []),
        ("FROM --platform=linux/amd64 scratch AS linux", []),
        ("FROM --platform=$TARGETPLATFORM scratch", ["DF103"]),
        ("FROM --platform=${TARGETPLATFORM} scratch", ["DF103"]),
        ("# check=skip=RedundantTargetPlatform\nFROM --platform=$TARGETPLATFORM scratch", []),
        ("FROM --platform=linux debian:12", ["DF105"]),
        ("FROM --platform=x86 debian:12", ["DF106"]),
        ("FROM --platform=linux/amd64,linux/arm64 debian:12", ["DF106"]),
        ("FROM --platform=linux/arm64/v8/x debian:12", ["DF106"]),
        ("FROM --platform=riscv64 debian:12", ["DF104"]),
        ("FROM debian:12", []),
        ("FROM --platform=$BUILDPLATFORM debian:12 AS build\nFROM debian:12\nCOPY --from=build /a /a", []),
        ('FROM --platform="$BUILDPLATFORM" debian:12 AS build\nFROM debian:12\nCOPY --from=build /a /a', []),
        ("FROM --platform=${BUILDPLATFORM:-} debian:12 AS build\nFROM debian:12\nCOPY --from=build /a /a", []),
        ("FROM alpine:3.20", []),
        ("FROM --platform=$FOOBAR alpine:3.20", []),
        ("FROM --platform=foobar alpine:3.20", ["DF106"]),
    ],
)
def test_the_platform_checks_of_buildkit_and_hadolint(line: str, expected: list[str]) -> None:
    assert codes(f"{line}\n") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("From --platform=amd64 nginx:1.27\n", ["DF101"]),
        ("from --platform=linux/X86_64 nginx:1.27\n", ["DF101"]),
        ("# FROM --platform=linux/amd64 nginx:1.27\nFROM nginx:1.27\n", []),
        ("FROM debian:12\nARG TARGETARCH=amd64 # comment\nRUN echo $TARGETARCH\n", ["DF120"]),
        ("FROM --platform=amd64 golang:1.22 AS toolchain-amd64\nFROM --platform=arm64 golang:1.22 AS toolchain-arm64\n", []),
        ("FROM --platform=amd64 node:20 AS builder\nFROM --platform=arm64 node:20\nCOPY --from=builder /a /a\n", ["DF101", "DF104"]),
        ("FROM golang:1.22\nRUN GOOS=darwin GOARCH=amd64 go build\n", []),
        ("# escape=`\nFROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nRUN curl https://example.com/tool-amd64.zip\n", []),
        ("\ufeffFROM --platform=linux/amd64 nginx:1.27\r\nRUN a \\\r\n\tb\r\n", ["DF101"]),
        ("FROM amd64/openjdk:7\n", ["DF110"]),
    ],
)
def test_traps(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_a_program_of_the_build_context_is_read_by_its_header() -> None:
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00"
    arm64 = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00"
    found = findings("FROM debian:12\nCOPY app /app\n", app=header)
    assert [(each.code, each.severity) for each in found] == [("DF161", Severity.ERROR)]
    assert findings("FROM debian:12\nCOPY app /app\n", app=arm64) == []
    assert [each.code for each in findings("FROM debian:12\nCOPY bin/app /app\n", "deploy/Dockerfile", bin__app=header)] == ["DF161"]


def test_the_sentence_about_a_platform_fits_it() -> None:
    sentences = {arch: findings(f"FROM --platform=linux/{arch} debian:12\n")[0].message for arch in ("arm64", "arm/v7", "s390x")}
    assert "cannot be built for amd64 too" in sentences["arm64"]
    assert "many arm64 machines do not run it" in sentences["arm/v7"]
    assert "amd64 and arm64 machines run it under emulation only" in sentences["s390x"]
