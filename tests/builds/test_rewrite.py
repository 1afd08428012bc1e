"""Builds that are not folded, and why: a wrong fix is worse than none."""

import pytest

from armready.core.config import Settings
from armready.core.fix import Applicability
from armready.fixing.fixer import fix
from armready.testing import analyse_files

DOCKERFILE = {"Dockerfile": "FROM alpine:3.20\n"}


def message(script: str) -> str:
    text = f"#!/bin/bash\n{script}"
    _, _, analysis = analyse_files({"build.sh": text, **DOCKERFILE}, Settings())
    (finding,) = [each for each in analysis.findings if each.code == "CI101"]
    assert finding.fix is None
    return finding.message


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("docker build -t a/b:1 .\nfor t in 1 2; do docker tag a/b:1 a/b:$t; docker push a/b:$t; done\n", "in a loop over tags"),
        ("docker build -t app .\nTAG=$(date +%s)\ndocker tag app a/b:$TAG\ndocker push a/b:$TAG\n", "TAG is set between build and push"),
        ("docker build -t a/b:1 - < Dockerfile\ndocker push a/b:1\n", "standard input"),
        ("docker build -t a/b:1 . || docker build --no-cache -t a/b:1 .\ndocker push a/b:1\n", "construct"),
        ("docker build -t a/b:1 .\ndocker push a/b:1 || true\n", "construct"),
        ("docker build --squash -t a/b:1 .\ndocker push a/b:1\n", "--squash"),
        ("docker build --network=db -t a/b:1 .\ndocker push a/b:1\n", "network"),
        ("docker build -t a/b:1 -t a/b:2 .\ndocker push --all-tags a/b\n", "repository alone"),
        ("pushd app\ndocker build -t a/b:1 .\npopd\ndocker run a/b:1\ndocker push a/b:1\n", "working folder"),
        ("docker build -t a/b:1 .\ncd app\ndocker run a/b:1\ndocker push a/b:1\n", "working folder"),
        ("docker build -t a/b:1 .\ndocker push a/b:1\nif $X; then docker tag a/b:1 a/b:2; docker push a/b:2; fi\n", "different conditions"),
        ("docker build -t a/b:1 . | tee log\ndocker push a/b:1\n", "construct"),
        ("docker build -t a/b:1 . &\nwait\ndocker push a/b:1\n", "construct"),
        ("describe a/b:1\nif [ $? != 0 ]; then\n  docker build -t a/b:1 .\n  docker push a/b:1\nfi\n", "no line of its own"),
        ("podman build -t a/b:1 .\npodman push a/b:1\n", "manifest"),
    ],
)
def test_there_is_no_fix_and_the_message_says_why(script, why):
    assert why in message(script)


@pytest.mark.parametrize(
    "script",
    [
        "docker build -t app .\n",
        "docker build -t a/b:1 .\ndocker push a/b:2\n",
        "docker buildx build --platform linux/amd64,linux/arm64 --push -t a/b:1 .\n",
        "docker build -t a/b:1 --platform $PLATFORM .\ndocker push a/b:1\n",
        "docker build -t a/b:1 $BUILDX_ARGS .\ndocker push a/b:1\n",
        "docker build -f Dockerfile.arm64 -t a/b:1 .\ndocker push a/b:1\n",
        "docker build -t a/b:1-amd64 .\ndocker push a/b:1-amd64\n",
        "docker build -t localhost:5000/app .\ndocker push localhost:5000/app\n",
        "echo docker build -t a/b:1 .\necho docker push a/b:1\n",
        "cat <<EOF > help\ndocker build -t a/b:1 .\ndocker push a/b:1\nEOF\n",
        "# docker build -t a/b:1 .\n# docker push a/b:1\n",
        "docker buildx build -o type=oci,dest=a.tar -t a/b:1 .\n",
        "docker build -t a/b:x .\ndocker push a/b:x\ndocker buildx imagetools create -t a/b:1 a/b:x a/b:y\n",
    ],
)
def test_these_builds_are_left_alone(script):
    _, _, analysis = analyse_files({"build.sh": f"#!/bin/sh\n{script}", **DOCKERFILE}, Settings())
    assert not [each for each in analysis.findings if each.code in ("CI101", "CI102")]


def test_a_build_and_its_push_in_files_that_call_each_other():
    files = {"Makefile": "image:\n\tdocker build -t ${IMG} .\n", "release.sh": "#!/bin/sh\nmake image\ndocker push ${IMG}\n", **DOCKERFILE}
    _, _, analysis = analyse_files(files, Settings())
    assert {(each.code, each.path) for each in analysis.findings} == {("CI101", "Makefile"), ("CI116", "release.sh")}


def test_a_push_of_another_file_alone_proves_nothing():
    files = {"Makefile": "image:\n\tdocker build -t ${IMG} .\n", "release.sh": "#!/bin/sh\ndocker push ${IMG}\n", **DOCKERFILE}
    _, _, analysis = analyse_files(files, Settings())
    assert not [each for each in analysis.findings if each.code == "CI101"]


def test_all_builds_of_a_script_name_the_builder_that_one_of_them_creates():
    script = (
        "#!/bin/bash\ndocker build -t $A a\ndocker build -t $B b\nA_REPO=$(aws a)\nB_REPO=$(aws b)\n"
        "docker tag $A $A_REPO:1\ndocker tag $B $B_REPO:1\ndocker push $A_REPO:1\ndocker push $B_REPO:1\n"
    )
    tree, registry, analysis = analyse_files({"build.sh": script, **DOCKERFILE}, Settings())
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=lambda each: each.code == "CI101", today=None)
    builds = [line for line in outcome.tree.read("build.sh").decode().splitlines() if line.startswith("docker buildx build")]
    assert len(builds) == 2
    assert all("--builder armready" in line for line in builds)
    assert outcome.tree.read("build.sh").startswith(b"#!/bin/bash\ndocker buildx inspect armready")


@pytest.mark.parametrize("value", ["amd64", ""])
def test_a_build_that_sets_the_target_itself_is_only_shown_a_fix(value):
    script = f"#!/bin/bash\ndocker build --build-arg TARGETARCH={value} -t a/b:1 .\ndocker push a/b:1\n"
    _, _, analysis = analyse_files({"build.sh": script, **DOCKERFILE}, Settings())
    (finding,) = [each for each in analysis.findings if each.code == "CI101"]
    assert finding.fix.applicability is Applicability.DISPLAY


def test_lines_that_go_leave_no_gap():
    script = "#!/bin/bash\nset -e\n\ndocker pull a/b:1\ndocker tag a/b:1 c/d:1\n\necho pushing\n\ndocker push c/d:1\n"
    tree, registry, analysis = analyse_files({"copy.sh": script}, Settings())
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=lambda each: True, today=None)
    assert outcome.tree.read("copy.sh").decode() == (
        "#!/bin/bash\nset -e\n\necho pushing\n\ndocker buildx imagetools create -t c/d:1 a/b:1\n"
    )


def _pushed(files: dict[str, str], path: str) -> str:
    """The line that builds, after the fix."""
    tree, registry, analysis = analyse_files({**files, **DOCKERFILE}, Settings())
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=lambda each: True, today=None)
    (line,) = [line for line in outcome.tree.read(path).decode().splitlines() if "buildx build" in line]
    return line


@pytest.mark.parametrize(
    "tag",
    ["TAG=${CI_TAG:=latest}\n", "TAG=${CI_TAG:-latest}\n", "export TAG=${CI_TAG-latest}\n", "if $X; then TAG=latest; else TAG=dev; fi\n"],
)
def test_a_tag_that_may_be_another_is_pushed_too(tag):
    script = (
        f"#!/bin/bash\n{tag}docker build -t a/b:latest .\ndocker tag a/b:latest a/b:$TAG\ndocker push a/b:latest\ndocker push a/b:$TAG\n"
    )
    assert "-t a/b:latest -t a/b:$TAG" in _pushed({"build.sh": script}, "build.sh")


def test_a_tag_that_is_surely_the_same_is_pushed_once():
    script = "#!/bin/bash\nTAG=latest\ndocker build -t a/b:latest .\ndocker push a/b:$TAG\n"
    assert _pushed({"build.sh": script}, "build.sh").count("-t ") == 1


def test_a_variable_of_make_may_be_set_outside():
    makefile = (
        "TAG ?= latest\n.PHONY: push\npush:\n\tdocker build -t a/b:latest .\n\tdocker tag a/b:latest a/b:$(TAG)\n"
        "\tdocker push a/b:latest\n\tdocker push a/b:$(TAG)\n"
    )
    assert "-t a/b:latest -t a/b:$(TAG)" in _pushed({"Makefile": makefile}, "Makefile")
