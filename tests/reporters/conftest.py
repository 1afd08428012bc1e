"""A report made by hand, with everything that can be awkward in one."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from armready.core.config import Settings
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.fix import Applicability, Edit, Fix
from armready.core.results import Report, Unparsed
from armready.core.rule import Example, FileRule, Rule
from armready.core.source import Source, Span
from armready.core.tree import MemoryTree
from armready.reporters.base import Context

FILES = {
    "svc/Dockerfile": "# syntax=docker/dockerfile:1\nFROM --platform=linux/amd64 debian:12\nRUN true\n",
    "k8s/my app/pod é.yaml": "spec:\n  nodeSelector:\n    kubernetes.io/arch: amd64\n  containers:\n\t- image: \x1b[31m見本/app\n",
    ".gitlab-ci.yml": "build:\r\n  script:\r\n    - docker build -t $I .\r\n    - docker push $I\r\n",
}

_DOCUMENTATION = """{introduction}

## What it finds

A `{name}`, see [the reference](https://example.com/x).

## Why it stops arm64

It is so.

## What to do

Change **it**.
{fix}"""


def make_rule(code: str, name: str, summary: str, severity: Severity, *, fixable: bool) -> type[Rule]:
    """A rule class in a module of its own, as the base class asks for."""
    from armready.core.classify import Kind

    module = ModuleType(f"sample.{name.replace('-', '_')}")
    module.__doc__ = _DOCUMENTATION.format(introduction=f"{summary}.", name=name, fix="\n## Fix safety\n\nSafe.\n" if fixable else "")
    sys.modules[module.__name__] = module
    examples = (
        Example("bad", bad="«a»\n", fixed="b\n" if fixable else "", path="Dockerfile"),
        Example("good", good="b\n", path="Dockerfile"),
    )
    body = {
        "__module__": module.__name__,
        "code": code,
        "name": name,
        "summary": summary,
        "severity": severity,
        "kinds": frozenset({Kind.DOCKERFILE}),
        "examples": examples,
    }
    return type("Sample", (FileRule,), body)


RULES = (
    make_rule(
        "CI101", "image-built-for-one-platform", "An image is built and pushed for the runner's platform only", Severity.ERROR, fixable=True
    ),
    make_rule("DF101", "from-platform-constant", "FROM pins the platform to `linux/amd64`", Severity.ERROR, fixable=True),
    make_rule("DF110", "base-image-without-arm64", "The base image has no arm64 variant", Severity.ERROR, fixable=False),
    make_rule("KUB101", "selector-pins-amd64", "A selector keeps the pod on amd64 nodes", Severity.WARNING, fixable=True),
)


def locate(path: str, text: str, files: dict[str, str] = FILES) -> tuple[Source, Span]:
    source = Source(path, files[path])
    start = source.text.index(text)
    return source, Span(start, start + len(text))


def sample_findings() -> tuple[Finding, ...]:
    docker, flag = locate("svc/Dockerfile", "--platform=linux/amd64")
    _, image = locate("svc/Dockerfile", "debian:12")
    pod, selector = locate("k8s/my app/pod é.yaml", "kubernetes.io/arch: amd64")
    _, app = locate("k8s/my app/pod é.yaml", "\x1b[31m見本/app")
    gitlab, build = locate(".gitlab-ci.yml", "docker build -t $I .\r\n    - docker push $I")
    return (
        Finding(
            "CI101",
            "image-built-for-one-platform",
            Severity.ERROR,
            Confidence.HIGH,
            "The image is built for the runner's platform only, 100% amd64.",
            gitlab.location(build),
            related=(),
            fix=Fix(
                "Build and push for both platforms with one command",
                (Edit(gitlab.location(build), "docker buildx build --platform linux/amd64,linux/arm64 -t $I --push ."),),
                Applicability.UNSAFE,
                ("arm64 is untested: docker run --platform linux/arm64 $I",),
            ),
        ),
        Finding(
            "DF110",
            "base-image-without-arm64",
            Severity.ERROR,
            Confidence.MEDIUM,
            "見本/app\x1b[31m has no arm64 variant, as of 2026-08-01: the pod fails on arm64.",
            pod.location(app),
        ),
        Finding(
            "KUB101",
            "selector-pins-amd64",
            Severity.WARNING,
            Confidence.HIGH,
            "The nodeSelector keeps the pod on amd64 nodes.",
            pod.location(selector),
            related=(Related(gitlab.location(build), "the image is built here"),),
            fix=Fix("Let it choose", (), Applicability.DISPLAY, ("Fix CI first.",)),
        ),
        Finding(
            "DF101",
            "from-platform-constant",
            Severity.ERROR,
            Confidence.HIGH,
            "FROM pins the platform to linux/amd64, so no arm64 image is ever built.",
            docker.location(flag),
            related=(Related(docker.location(image), "this image has arm64"),),
            fix=Fix("Remove the --platform flag", (Edit(docker.location(Span(flag.start, flag.end + 1)), ""),)),
        ),
    )


@pytest.fixture
def report() -> Report:
    findings = tuple(sorted(sample_findings(), key=lambda each: each.sort_key))
    return Report(
        findings,
        files=12,
        scanned=5,
        unparsed=(Unparsed("bad\n.yaml", "not \x1bYAML"),),
        hidden=2,
        below={"info": 3},
        ignored=1,
        baselined=4,
    )


@pytest.fixture
def empty() -> Report:
    return Report((), files=3, scanned=1)


@pytest.fixture
def context() -> Context:
    tree = MemoryTree({path: text.encode() for path, text in FILES.items()})
    return Context(Path("/repo"), tree, Settings(), RULES, "0.1.0")


@pytest.fixture
def many(report: Report) -> Report:
    return Report(report.findings * 20, files=100, scanned=50)
