"""Actions of the repository itself may set up what a job needs."""

import textwrap

import pytest

from armready.core.config import Settings
from armready.core.fix import Applicability
from armready.fixing.fixer import fix
from armready.testing import analyse_files

WORKFLOW = """
on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: ./.github/actions/prepare
      - uses: docker/build-push-action@v6
        with:
          context: .
          push: true
          tags: example/app:1
"""
QEMU, BUILDX = "docker/setup-qemu-action@v3", "docker/setup-buildx-action@v3"


def after_fixes(*actions: str, workflow: str = WORKFLOW, name: str = "action.yml"):
    """The workflow with all fixes, and what is left to say of it."""
    steps = "".join(f"    - uses: {each}\n" for each in actions)
    path = ".github/workflows/image.yml"
    files = {
        path: textwrap.dedent(workflow),
        f".github/actions/prepare/{name}": f"name: prepare\nruns:\n  using: composite\n  steps:\n{steps}",
        "Dockerfile": "FROM alpine:3.20\nRUN apk add curl\n",
    }
    tree, registry, analysis = analyse_files(files, Settings())
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=lambda each: True, today=None)
    return outcome.tree.read(path).decode(), [each.code for each in outcome.analysis.findings if each.path == path]


@pytest.mark.parametrize("name", ["action.yml", "action.yaml"])
def test_what_the_action_sets_up_is_not_set_up_again(name):
    text, left = after_fixes(QEMU, BUILDX, name=name)
    assert text == WORKFLOW.replace("context: .\n", "context: .\n          platforms: linux/amd64,linux/arm64\n")
    assert left == []


def test_a_part_of_it_is_for_people_to_complete():
    text, left = after_fixes(BUILDX)
    assert text == WORKFLOW
    assert left == ["CI101"]


def test_an_action_that_sets_up_nothing_changes_nothing():
    text, left = after_fixes("actions/setup-go@v5")
    assert "docker/setup-qemu-action" in text
    assert "docker/setup-buildx-action" in text
    assert left == []


def test_a_build_for_several_platforms_has_its_emulator_from_the_action():
    several = WORKFLOW.replace("context: .\n", "context: .\n          platforms: linux/amd64,linux/arm64\n")
    assert after_fixes(QEMU, BUILDX, workflow=several) == (several, [])


CONDITIONS = """
on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/build-push-action@v6
        if: {first}
        with:
          push: true
          tags: example/a:1
      - uses: docker/build-push-action@v6
        if: {second}
        with:
          push: true
          tags: example/b:1
"""


@pytest.mark.parametrize(("second", "guards"), [("inputs.a", 2), ("inputs.b", 0)])
def test_the_set_up_of_several_builds_has_a_condition_only_where_they_share_it(second, guards):
    text, _ = after_fixes(workflow=CONDITIONS.format(first="inputs.a", second=second))
    before = text[: text.index("docker/build-push-action")]
    assert before.count(QEMU) == before.count(BUILDX) == 1
    assert before.count("if: inputs.a") == guards
