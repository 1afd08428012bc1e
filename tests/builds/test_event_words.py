"""Which scripts are parsed for their events at all: every one that holds an event."""

import pytest

from armready.builds import event_words, read_events
from armready.builds.container_tools import PROGRAMS
from armready.builds.event_words import may_act
from armready.builds.file_builds import read_builds
from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source
from armready.knowledge.emulators import emulator_needles

ACTING = [
    "docker build .",
    "$TOOL push a/b",
    "ci/retry docker push a/b",
    "export DOCKER_BUILDKIT=1",
    "cd x && hack/build",
    "if ./check; then :; fi",
    "A=1 B='2 3' ./build",
    ">log ./build",
    "sudo -E ./build",
    "/usr/bin/env A=1 timeout 3 ./build",
    "(./build)",
    "echo \\\n  a || \\\n  ./build",
    '"$DIR/build.sh" --fast',
    "${{ github.workspace }}/build.sh",
    ". ./settings",
    "ssh host './build x'",
    "gmake -C x",
    "pnpm run x",
    "go build -o bin/app .",
    "dotnet publish -r linux-x64 -o out",
    "apt-get install -y qemu-user-static",
    "mvn -B com.google.cloud.tools:jib-maven-plugin:3.4.0:build",
    "./gradlew bootBuildImage --publishImage",
]
IDLE = ["pip install -r a/b.txt", "go test ./...", "mkdir -p a/b && cp x/y a/b", "echo $A >> $GITHUB_ENV", "python -m pytest tests/x.py"]


def events(script: str, monkeypatch: pytest.MonkeyPatch, *, all_parsed: bool) -> list[type]:
    if all_parsed:
        monkeypatch.setattr(read_events, "may_act", lambda *_: True)
    lines = "".join(f"          {line}\n" for line in script.split("\n"))
    text = f"env: {{TOOL: podman}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n{lines}"
    file = File(Source(".github/workflows/a.yml", text), Kind.GITHUB_WORKFLOW, Settings())
    return [type(event) for timeline in file.parse(read_builds).events.values() for event in timeline]


@pytest.mark.parametrize("script", ACTING)
def test_a_script_with_an_event_is_parsed(script, monkeypatch):
    found = events(script, monkeypatch, all_parsed=False)
    assert found
    assert found == events(script, monkeypatch, all_parsed=True)


@pytest.mark.parametrize("script", IDLE)
def test_a_script_without_one_is_not(script, monkeypatch):
    assert not may_act(script, {})
    assert not events(script, monkeypatch, all_parsed=True)


@pytest.mark.parametrize(
    "name",
    sorted(
        {
            *PROGRAMS,
            *event_words.RUNNERS,
            *event_words.PACKAGE_MANAGERS,
            *event_words.INTERPRETERS,
            *(each.decode() for each in emulator_needles()),
        }
    ),
)
def test_every_name_of_the_tables_counts(name):
    assert may_act(f"{name} x", {})


def test_what_one_step_sets_counts_in_the_next_one_of_its_shell():
    text = "a:\n  script:\n    - D=docker\n    - cd sub\n    - $D build -t a/b .\n"
    file = File(Source(".gitlab-ci.yml", text), Kind.GITLAB, Settings())
    (build,) = file.parse(read_builds).chains
    assert (build.build.tool, build.build.folder) == ("docker", "sub")
