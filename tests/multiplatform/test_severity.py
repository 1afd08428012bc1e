"""What is true of a build that pushes one platform, and not worth a warning; and what takes the reason away."""

import pytest

from armready.core.config import Settings
from armready.core.finding import Severity
from armready.core.fix import Applicability
from armready.testing import analyse_files

BOTH = "docker buildx build --platform linux/amd64,linux/arm64 --push -t a/b:1 ."
ONE = "docker build -t {0} .\n{1}docker push {0}\n"


def workflow(*commands):
    steps = "".join(f"      - run: {command}\n" for command in commands)
    return {".github/workflows/ci.yml": f"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"}


def severities(files):
    _, _, analysis = analyse_files({"Dockerfile": "FROM alpine:3.20\n", **files}, Settings())
    return {each.path: each.severity for each in analysis.findings if each.code in ("CI101", "CI102")}


def makefile(name="a/b:1"):
    return {"Makefile": f"push:\n\t{ONE.format(name, chr(9))}"}


def test_what_people_push_by_hand_while_ci_pushes_both():
    assert severities({**makefile(), **workflow(BOTH)}) == {"Makefile": Severity.INFO}
    assert severities({**makefile("a/b:dev"), **workflow(BOTH)}) == {"Makefile": Severity.INFO}


@pytest.mark.parametrize(
    "files",
    [
        makefile(),
        {**makefile("a/other:1"), **workflow(BOTH)},
        {**makefile(), **workflow(BOTH, "make push")},
        {**makefile(), **workflow(BOTH.replace(",linux/arm64", ""))},
        {**makefile(), **workflow(BOTH.replace("--push ", ""))},
    ],
)
def test_a_target_of_make_that_alone_pushes_or_that_ci_calls(files):
    assert severities(files)["Makefile"] is Severity.WARNING


def test_where_the_result_goes_can_stand_in_a_variable():
    both = "OUT ?= registry\nPLATFORMS ?= linux/amd64,linux/arm64\nall:\n\tdocker buildx build --output=type=${OUT} --platform=${PLATFORMS} . -t a/b:1\n"
    assert not severities({"Makefile": both + makefile()["Makefile"]})
    assert severities({"Makefile": both.replace(",linux/arm64", "") + makefile()["Makefile"]})


@pytest.mark.parametrize(
    "command",
    [
        "gcloud run deploy app --image {} --region europe-west1",
        "gcloud beta run deploy app --image={}",
        "gcloud run jobs update app --image {}",
        "az containerapp update -n app -g group --image {}",
        "az webapp config container set --docker-custom-image-name {}",
    ],
)
def test_an_image_for_machines_of_x86_64_alone(command):
    files = workflow("docker build -t a/b:1 .", "docker push a/b:1", command.format("a/b:1"))
    assert severities(files) == {".github/workflows/ci.yml": Severity.INFO}
    other = workflow("docker build -t a/b:1 .", "docker push a/b:1", command.format("a/other:1"))
    assert severities(other) == {".github/workflows/ci.yml": Severity.ERROR}


@pytest.mark.parametrize("tag", ["pr-${{ github.event.number }}", "pull_${CI_COMMIT_PULL_REQUEST}", "$CI_MERGE_REQUEST_IID"])
def test_an_image_for_a_pull_request_beside_one_for_both(tag):
    one = (f"docker build -t a/b:{tag} .", f"docker push a/b:{tag}")
    assert severities(workflow(*one, BOTH)) == {".github/workflows/ci.yml": Severity.INFO}
    assert severities(workflow(*one)) == {".github/workflows/ci.yml": Severity.ERROR}


@pytest.mark.parametrize("repo", ["a/b,quay.io/a/b", "[a/b, quay.io/a/b]"])
def test_a_plugin_that_pushes_to_several_repositories(repo):
    steps = "steps:\n"
    for platforms, name, tag in (("linux/amd64", "a/b", "pull_${CI_COMMIT_PULL_REQUEST}"), ("linux/amd64,linux/arm64", repo, "latest")):
        steps += f"  - image: woodpeckerci/plugin-docker-buildx\n    settings:\n      repo: {name}\n      platforms: {platforms}\n      tag: {tag}\n"
    assert severities({".woodpecker.yml": steps}) == {".woodpecker.yml": Severity.INFO}


@pytest.mark.parametrize("name", ["Dockerfile.amd64", "amd64.Dockerfile", "docker/Dockerfile-x86_64"])
def test_a_dockerfile_for_amd64_whose_other_half_nobody_builds(name):
    one = f"docker buildx build -f {name} --push -t a/b:1 ."
    files = {name: "FROM alpine:3.20\n"}
    assert severities({**files, **workflow(one)}) == {".github/workflows/ci.yml": Severity.ERROR}
    for other in ("docker buildx build -f Dockerfile.arm64 --push -t a/b:1-arm64 .", BOTH.replace("a/b", "a/c")):
        assert not severities({**files, **workflow(one, other)})
    assert not severities({"Dockerfile.arm64": "FROM alpine:3.20\n", **workflow(one.replace(name, "Dockerfile.arm64"))})


def test_what_is_an_info_is_only_shown_a_fix():
    _, _, analysis = analyse_files({"Dockerfile": "FROM alpine:3.20\n", **makefile("a/b:dev"), **workflow(BOTH)}, Settings())
    (finding,) = [each for each in analysis.findings if each.code == "CI101"]
    assert finding.fix.applicability is Applicability.DISPLAY


def test_an_image_whose_name_another_file_holds_is_not_made_elsewhere():
    assert severities({"skaffold.sh": "#!/bin/sh\nskaffold build -p release\n", "skaffold.yaml": "build:\n  artifacts: [{image: a/b}]\n"})
