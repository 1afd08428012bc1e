"""What speaks against folding build, tags and pushes into one command, each beside the same text without it."""

import pytest

from armready.core.fix import Applicability
from tests.builds.pushed import DOCKERFILE, finding, github, gitlab

SAFE, UNSAFE, DISPLAY = Applicability
BUILD, PUSH = "docker build -t example/app:1 .", "docker push example/app:1"


def judged(pipeline, **files):
    """How far the fix is trusted (None where there is none), and all that is said."""
    found = finding(pipeline, DOCKERFILE, **files)
    if found.fix is None:
        return None, found.message
    return found.fix.applicability, " ".join(found.fix.notes)


@pytest.mark.parametrize(
    ("services", "applicability"),
    [
        ("[docker:27-dind]", SAFE),
        ("[{name: docker:27-dind, command: [--mtu=1400]}]", SAFE),
        ("[{name: docker:27-dind, command: ['--insecure-registry=reg.example:5000']}]", UNSAFE),
        ("[{name: docker:27-dind, command: [--insecure-registry, reg.example:5000]}]", UNSAFE),
    ],
)
def test_a_registry_without_tls_makes_a_fix_unsafe(services, applicability):
    got, notes = judged(gitlab(services=services))
    assert got is applicability
    assert ("The registry is reached without TLS" in notes) is (applicability is UNSAFE)


@pytest.mark.parametrize(
    ("build", "applicability", "says"),
    [
        (BUILD, SAFE, ""),
        ("docker build --rm --force-rm -t example/app:1 .", SAFE, ""),
        ("docker build --memory=1g -t example/app:1 .", UNSAFE, "Limits of memory and CPU"),
        ("docker build --squash -t example/app:1 .", None, "does not merge layers"),
        ("docker build --network=host -t example/app:1 .", SAFE, ""),
        ("docker build --network=mine -t example/app:1 .", None, "--driver-opt network=NAME"),
        ("docker build --network=host2 -t example/app:1 .", None, "--driver-opt network=NAME"),
        ("docker buildx build --network=mine --load -t example/app:1 .", SAFE, ""),
        ("docker build --build-arg ARCH=amd64 -t example/app:1 .", DISPLAY, "the same architecture"),
        ("docker build --build-arg TARGETARCH= -t example/app:1 .", DISPLAY, "the same architecture"),
        ("docker build --build-arg VERSION=1 -t example/app:1 .", SAFE, ""),
        ("docker build --build-arg VERSION=1 --build-arg ARCH=amd64 -t example/app:1 .", DISPLAY, "--build-arg ARCH=amd64 gives"),
        ("docker build --iidfile id -t example/app:1 .", UNSAFE, "digest of an index"),
        ("docker build -t example/app:1 - < Dockerfile", None, "standard input"),
        ("docker build -t example/app:1 . | tee log", None, "a construct"),
        ("docker build -t example/app:1 . || true", None, "a construct"),
        ("docker build -t example/app:1 . &", None, "a construct"),
        ("$DOCKER build -t example/app:1 .", UNSAFE, "stands in a variable"),
        ("B='docker build'; $B -t example/app:1 .", None, "the command stands in a variable"),
        ("DOCKER_BUILDKIT=0 docker build -t example/app:1 .", DISPLAY, "the legacy builder"),
        ("DOCKER_BUILDKIT=1 docker build -t example/app:1 .", SAFE, ""),
    ],
)
def test_builds(build, applicability, says):
    got, text = judged(gitlab(build, PUSH))
    assert got is applicability, text
    assert says in text


@pytest.mark.parametrize("tool", ["podman", "buildah", "nerdctl"])
def test_other_tools_say_how_they_do_it(tool):
    got, text = judged(github(f"{tool} build -t example/app:1 .", f"{tool} push example/app:1"))
    assert got is None
    assert f"; no fix: {'add' if tool == 'nerdctl' else tool} " in text


@pytest.mark.parametrize(
    ("variable", "applicability"),
    [
        ("{DOCKER_BUILDKIT: '0'}", DISPLAY),
        ("{DOCKER_BUILDKIT: 'false'}", DISPLAY),
        ("{DOCKER_BUILDKIT: '1'}", SAFE),
        ("{DOCKER_CONTENT_TRUST: '1'}", DISPLAY),
        ("{DOCKER_CONTENT_TRUST: '0'}", SAFE),
        ("{OTHER: '0'}", SAFE),
    ],
)
def test_variables_that_ask_for_another_builder(variable, applicability):
    assert judged(gitlab(job=f"  variables: {variable}\n"))[0] is applicability
    name, value = variable.strip("{}").split(": ")
    assert judged(gitlab(f"export {name}={value}", BUILD, PUSH))[0] is applicability


@pytest.mark.parametrize(
    ("lines", "applicability", "says"),
    [
        ((BUILD, "docker tag example/app:1 example/app:2", PUSH, "docker push example/app:2"), SAFE, ""),
        ((BUILD, f"retry 3 {PUSH}"), UNSAFE, "The push was retried"),
        ((BUILD, f"timeout 60 {PUSH}"), UNSAFE, "The push was retried"),
        ((BUILD, f"sudo {PUSH}"), SAFE, ""),
        ((BUILD, f"bash -c '{PUSH}'"), None, "a tag or a push stands in a construct"),
        ((BUILD, f"{PUSH} | tee log"), None, "a tag or a push stands in a construct"),
        ((BUILD, f"{PUSH} || true"), None, "a tag or a push stands in a construct"),
        (
            (BUILD, "for t in 1 2; do docker tag example/app:1 example/app:$t; docker push example/app:$t; done"),
            None,
            "pushed in a loop over tags",
        ),
        (("cd docker", BUILD, "make test", PUSH), UNSAFE, "build and push"),
        ((BUILD, "make test", PUSH), UNSAFE, "build and push"),
        ((BUILD, "make test", "cd docker", PUSH), None, "the working folder changes between build and push"),
        ((BUILD, "make test", "pushd docker", PUSH), None, "the working folder changes between build and push"),
        (("pushd docker", BUILD, "make test", "popd", PUSH), None, "the working folder changes between build and push"),
        (("pushd docker", BUILD, "popd", PUSH), SAFE, ""),
        (("pushd gone", "make", "popd", BUILD, PUSH), SAFE, ""),
        (("pushd gone", "make", "popd", "popd", BUILD, PUSH), UNSAFE, "Which Dockerfile is built cannot be told"),
        (("pushd docker", "pushd gone", "popd", BUILD, PUSH), SAFE, ""),
        (("A=1", "docker build --build-arg A=$A -t example/app:1 .", "make test", "A=2", PUSH), None, "A is set between build and push"),
        (("A=1", "docker build --build-arg A=$A -t example/app:1 .", "make test", "B=2", PUSH), UNSAFE, "build and push"),
        ((BUILD, PUSH, "cd docker"), SAFE, ""),
        ((BUILD, PUSH, "docker run example/app:1 true"), UNSAFE, "will be pulled again"),
        ((BUILD, PUSH, "docker save example/app:1 -o app.tar"), DISPLAY, "`save` needs the image in the local daemon"),
        ((BUILD, PUSH, "docker rmi example/app:1"), UNSAFE, "nothing left to remove"),
        ((BUILD, PUSH, "cosign sign example/app:1"), UNSAFE, "will be pulled again"),
        (("TAG=1", "docker build -t example/app:$TAG .", "docker push example/app:$TAG"), SAFE, ""),
        (("TAG=1", "docker build -t example/app:$TAG .", "TAG=1", "docker push example/app:$TAG"), SAFE, ""),
    ],
)
def test_pushes(lines, applicability, says):
    got, text = judged(gitlab(*lines), **{"docker/Dockerfile": DOCKERFILE})
    assert (got, says in text) == (applicability, True), text


@pytest.mark.parametrize(
    ("image", "applicability", "says"),
    [
        ("docker:27", SAFE, ""),
        ("docker:18.09", None, "has no buildx"),
        ("reg.example/ci:1", UNSAFE, "is not the official docker image"),
    ],
)
def test_the_image_of_a_job(image, applicability, says):
    got, text = judged(gitlab(image=image))
    assert got is applicability, text
    assert says in text
