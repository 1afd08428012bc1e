"""Commands that build and push by themselves."""

import pytest

from armready.core.config import Settings
from armready.core.finding import Severity
from armready.run.passes import Filters, report
from armready.testing import analyse_files

SETTINGS = Settings(min_severity=Severity.INFO, pedantic=True)
WIDE = "platforms: [linux/amd64, linux/arm64]\n"


def found(command, **files):
    tree = {"publish.sh": f"#!/bin/sh\n{command}\n"} | {name.replace("_", "."): text for name, text in files.items()}
    _, registry, analysis = analyse_files(tree, SETTINGS)
    return [each.code for each in report(analysis, registry, Filters()).findings if each.code in ("CI101", "CI102")]


@pytest.mark.parametrize(
    "command",
    [
        "pack build example/app --builder x --publish",
        "skaffold build --file-output=a.json",
        "skaffold run --default-repo=reg.example/shop",
        "export SKAFFOLD_DEFAULT_REPO=reg.example/shop\nskaffold run",
        "ko publish ./cmd/app",
        "ko apply -f config/",
        "az acr build --image app:1 --registry r .",
        "gcloud builds submit --tag gcr.io/p/app",
    ],
)
def test_one_platform_is_published(command):
    assert found(command) == ["CI101"]


@pytest.mark.parametrize(
    "command",
    [
        "pack build example/app --builder x",
        "skaffold build --push=false",
        "skaffold build --platform=linux/amd64,linux/arm64",
        "skaffold dev",
        "skaffold run --kube-context kind-test",
        "skaffold run --default-repo localhost:5000",
        "skaffold run",
        "kind create cluster\nskaffold build",
        "skaffold delete",
        "ko build -L ./cmd/app",
        "KO_DOCKER_REPO=kind.local\nko build ./cmd/app",
        "ko build --platform=all ./cmd/app",
        "gcloud builds submit --config cloudbuild.yaml .",
        "az acr login -n r",
    ],
)
def test_other_uses_are_left_alone(command):
    assert found(command) == []


def test_a_configuration_may_name_the_platforms():
    assert found("skaffold build", skaffold_yaml=f"build:\n  {WIDE}") == []
    assert found("skaffold build", skaffold_yaml="build:\n  artifacts: [{image: a}]\n") == ["CI101"]
    assert found("ko build ./a", **{".ko.yaml": "defaultPlatforms:\n- linux/amd64\n- linux/arm64\n"}) == []
