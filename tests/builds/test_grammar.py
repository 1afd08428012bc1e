"""The words of container commands: verb, options, arguments, whatever their order and spelling."""

import pytest

from armready.builds.grammar import read
from armready.core.embedded import Embedded
from armready.languages.shell.script import parse_shell


def call(text, environment=None):
    command = parse_shell(Embedded.whole(text)).commands[0]
    return read(command, environment or {})


@pytest.mark.parametrize(
    ("text", "tool", "verb"),
    [
        ("docker build .", "docker", "build"),
        ("docker -D --context remote build .", "docker", "build"),
        ("docker image build .", "docker", "image build"),
        ("docker builder build .", "docker", "builder build"),
        ("docker buildx --builder x build .", "docker", "buildx build"),
        ("docker buildx imagetools create -t a b", "docker", "buildx imagetools create"),
        ("/usr/bin/docker push a/b", "docker", "push"),
        ("docker-compose -f a.yml build web", "docker", "compose build"),
        ("docker compose --profile x push", "docker", "compose push"),
        ("podman --log-level debug build .", "podman", "build"),
        ("buildah bud -t x .", "buildah", "bud"),
        ("buildah ${CERT} --storage-driver=vfs bud -t x .", "buildah", "bud"),
        ("docker $TLS --log-level info $MORE build .", "docker", "build"),
        ("docker $VERB build .", "docker", "build"),
        ("docker $VERB x build", "docker", "${VERB}"),
        ("/kaniko/executor --destination a/b", "kaniko", ""),
        ("buildctl-daemonless.sh build --frontend dockerfile.v0", "buildctl", "build"),
        ("$CONTAINER_TOOL build .", "docker", "build"),
        ("${DOCKER} push x", "docker", "push"),
        ("${PODMAN_CMD} build .", "podman", "build"),
    ],
)
def test_the_verb_is_found_behind_global_options(text, tool, verb):
    found = call(text)
    assert (found.tool, found.verb) == (tool, verb)


def test_a_variable_that_names_the_tool_is_looked_up():
    assert call("$TOOL build .", {"TOOL": ("podman",)}).tool == "podman"
    both = call("$TOOL build .", {"TOOL": ("podman", "docker")})
    assert both.tool == "docker"
    assert not both.certain


@pytest.mark.parametrize("text", ["echo docker build .", "kubectl apply -f x", "docker_build .", "$MAKE build"])
def test_other_commands_are_none_of_these(text):
    assert call(text) is None


def test_options_stand_before_behind_and_glued():
    found = call("docker build . -qt a/b:1 -tc/d --platform=linux/amd64 -f docker/Dockerfile --build-arg A=1 --no-cache -t $X")
    assert found.all("tag") == ["a/b:1", "c/d", "${X}"]
    assert found.last("platform") == "linux/amd64"
    assert found.last("file") == "docker/Dockerfile"
    assert [word.template for word in found.arguments] == ["."]
    assert found.flag("no-cache")


@pytest.mark.parametrize(("text", "value"), [("--push", True), ("--push=true", True), ("--push=false", False), ("", False)])
def test_booleans_take_values_with_an_equals_sign(text, value):
    assert call(f"docker buildx build {text} .").flag("push") is value


def test_the_place_of_a_value_is_known():
    text = 'docker build --platform="linux/amd64" -t a .'
    option = call(text).option("platform")
    assert text[slice(*option.value_span)] == '"linux/amd64"'
