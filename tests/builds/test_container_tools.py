"""The table of container tools: what it says holds for grammar, events and needles alike."""

import pytest

from armready.builds import container_tools
from armready.builds.container_tools import PROGRAMS, Effect
from armready.builds.events import Call, Event, Merge, Push, Use
from armready.builds.file_builds import read_builds
from armready.builds.needles import build_needles
from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source
from armready.testing import analyse_files

ACTING = sorted(
    f"{program} {verb}".replace("*", "x")
    for row in container_tools._ROWS
    if row.effect not in container_tools._WITHOUT_NEEDLE
    for verb in row.verbs
    for program, tool in PROGRAMS.items()
    if tool in row.tools.split()
)


def events(script: str) -> list[Event]:
    file = File(Source("build.sh", f"#!/bin/sh\n{script}\n"), Kind.SHELL, Settings())
    return [event for timeline in file.parse(read_builds).events.values() for event in timeline]


@pytest.mark.parametrize("command", ACTING)
def test_needles_follow_the_table(command):
    assert any(needle in f"{command} -t a/b:1".encode() for needle in build_needles())


def test_every_effect_has_its_events():
    from armready.builds.tool_events import _EFFECTS

    assert set(Effect) - set(_EFFECTS) == {Effect.NOTHING}


@pytest.mark.parametrize("tool", ["depot", "img"])
def test_a_script_of_a_seldom_tool_alone_is_read(tool):
    push = " --push" if tool == "depot" else f" && {tool} push example.com/app:1"
    files = {"build.sh": f"#!/bin/sh\n{tool} build -t example.com/app:1 .{push}\n", "Dockerfile": "FROM alpine:3.20\n"}
    _, _, analysis = analyse_files(files, Settings())
    assert [each.code for each in analysis.findings] == ["CI101"]


@pytest.mark.parametrize(
    ("script", "kind", "names"),
    [
        ("crane index append -m a/b:x -m a/b:y -t a/b:1", Merge, ["a/b:1"]),
        ("docker buildx imagetools create -t a/b:1 a/b:x", Merge, ["a/b:1"]),
        ("podman manifest push --all a/b:1", Merge, ["a/b:1"]),
        ("trivy image a/b:1", Use, ["a/b:1"]),
        ("docker-compose up -d", Use, []),
    ],
)
def test_what_a_verb_does(script, kind, names):
    (event,) = events(script)
    assert isinstance(event, kind)
    assert [each.text for each in event.names] == names


@pytest.mark.parametrize(
    "script", ["docker buildx imagetools inspect a/b", "docker manifest rm a/b", "docker compose down", "podman artifact push a/b"]
)
def test_verbs_that_change_no_image(script):
    assert events(script) == []


def test_a_push_takes_the_last_word():
    (event,) = events("crane push app.tar a/b:1")
    assert isinstance(event, Push)
    assert event.name.text == "a/b:1"


def test_goreleaser_takes_its_configuration_by_a_short_option():
    (event,) = events("goreleaser release -f build/release.yaml")
    assert isinstance(event, Call)
    assert event.path == "build/release.yaml"
