"""How much a finding in a script counts, by where the script runs. Shared by the rules on shell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from armready.builds.scripts import Host, HostedScript, scripts
from armready.core.classify import Kind, is_test_data
from armready.core.file import File
from armready.core.finding import Confidence, Severity
from armready.core.startup import regex
from armready.languages.dockerfile.parser import parse_dockerfile

if TYPE_CHECKING:
    pass


def severity_at(file: File, hosted: HostedScript) -> Severity:
    """Return error where an image is built, warning on people's machines and in containers, info in test data and in CI jobs.

    A CI job runs where it runs: what it fetches for amd64 stops no image.
    """
    if hosted.host is Host.CI or (hosted.host is Host.MACHINE and is_ci_path(file.path)) or is_test_data(file.path):
        return Severity.INFO
    if hosted.host is not Host.IMAGE:
        return Severity.WARNING
    if hosted.stage is not None and (hosted.stage.on_build_platform or not hosted.stage.ships):
        return Severity.WARNING
    return Severity.ERROR


def confidence_limit(file: File) -> Confidence:
    """The most that can be said of a file: templates of Dockerfiles are not sure."""
    return file.parse(parse_dockerfile).confidence if file.kind is Kind.DOCKERFILE else Confidence.HIGH


def relevant_scripts(file: File, needles: tuple[bytes, ...]) -> Iterator[HostedScript]:
    """The scripts that hold one of the needles and have to do with arm64: not in stages of Windows or of one architecture."""
    for hosted in file.parse(scripts):
        aside = hosted.stage is not None and (hosted.stage.is_windows or hosted.stage.variant)
        if not aside and hosted.holds(needles):
            yield hosted


_CI_PATH = regex(
    r"(?:^|/)\.?(?:ci|github|circleci|gitlab|gitlab-ci|travis|buildkite|jenkins|drone|woodpecker|azure[\w-]*|azure-pipelines|prow|concourse)/"
)


def is_ci_path(path: str) -> bool:
    """Whether a file lies in a folder of CI, so that its scripts are run by CI jobs."""
    return bool(_CI_PATH.search(path))
