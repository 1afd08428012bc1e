"""One judgement of image references for all hosts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from armready.core.config import Settings, Target, UserImage
from armready.core.finding import Confidence, Severity
from armready.core.fix import Applicability
from armready.knowledge import image_verdicts as image_rules
from armready.knowledge.images import Reference

_DIGEST = "@sha256:" + "0" * 64
_RULES = (image_rules.arch_namespace, image_rules.arch_tag, image_rules.arch_repository, image_rules.digest_pin, image_rules.no_arm64)


def problems(text: str, settings: Settings | None = None) -> dict[str, image_rules.Problem]:
    reference = Reference.parse(text)
    found = {rule.__name__: rule(reference, settings or Settings()) for rule in _RULES}
    return {name: problem for name, problem in found.items() if problem is not None}


@pytest.mark.parametrize(
    ("text", "rule", "severity", "replacement", "applicability"),
    [
        ("amd64/python:3.12", "arch_namespace", Severity.ERROR, "python:3.12", Applicability.SAFE),
        (f"amd64/debian:12{_DIGEST}", "arch_namespace", Severity.ERROR, "debian:12", Applicability.UNSAFE),
        ("i386/debian:12", "arch_namespace", Severity.ERROR, "debian:12", Applicability.UNSAFE),
        ("arm64v8/debian:12", "arch_namespace", Severity.INFO, "debian:12", Applicability.UNSAFE),
        ("amd64/openjdk:7", "arch_namespace", Severity.ERROR, None, None),
        ("reg.example.com/app:1-amd64", "arch_tag", Severity.ERROR, "reg.example.com/app:1", Applicability.DISPLAY),
        ("reg.example.com/app-amd64:1", "arch_repository", Severity.ERROR, "reg.example.com/app:1", Applicability.DISPLAY),
        ("reg.example.com/app-arm64:1", "arch_repository", Severity.INFO, "reg.example.com/app:1", Applicability.DISPLAY),
        (f"debian:12{_DIGEST}", "digest_pin", Severity.INFO, None, None),
        ("mysql:5.7", "no_arm64", Severity.ERROR, "mysql:8.0", Applicability.DISPLAY),
        ("postgis/postgis:15-3.3", "no_arm64", Severity.ERROR, "imresamu/postgis", Applicability.DISPLAY),
    ],
)
def test_problems(text: str, rule: str, severity: Severity, replacement: str | None, applicability: Applicability | None) -> None:
    found = problems(text)
    assert list(found) == [rule]
    problem = found[rule]
    assert (problem.severity, problem.replacement) == (severity, replacement)
    assert problem.message.endswith(".")
    if applicability is not None:
        assert problem.applicability is applicability


@pytest.mark.parametrize(
    "text", ["debian:12", "registry.example.com/team/app:1", "node:${VERSION}", "$IMAGE", "mcr.microsoft.com/windows/nanoserver:1809"]
)
def test_no_problem(text: str) -> None:
    assert problems(text) == {}


def test_what_the_user_says_comes_first() -> None:
    settings = replace(Settings(), images={"amd64/python": UserImage(("amd64", "arm64")), "mysql": UserImage(("amd64", "arm64"))})
    assert problems("amd64/python:3.12", settings) == {}
    assert problems("mysql:5.7", settings) == {}


def test_arm64_is_right_where_it_is_all() -> None:
    assert problems("arm64v8/debian:12", replace(Settings(), target=Target.ARM64)) == {}


def test_a_name_is_no_proof() -> None:
    assert problems("reg.example.com/app:1-amd64")["arch_tag"].confidence is Confidence.MEDIUM
