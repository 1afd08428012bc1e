"""Build descriptions: what they build and push, and how their fixes look."""

import pytest

from armready.core.config import Settings
from armready.core.fix import Applicability
from armready.fixing.fixer import fix
from armready.testing import analyse_files

DOCKERFILE = {"Dockerfile": "FROM alpine:3.20\nCOPY app /app\n"}
BUILDER = "docker buildx inspect armready >/dev/null 2>&1 || docker buildx create --name armready --driver docker-container"
BUILD = "docker buildx build --builder armready --platform linux/amd64,linux/arm64 --provenance=false --push"

FIXES = {
    "justfile": (
        'img := "reg.example.com/app"\nimage:\n    docker build -t {{img}}:1 .\n    docker push {{img}}:1\n',
        f'img := "reg.example.com/app"\nimage:\n    {BUILDER}\n    {BUILD} -t {{{{img}}}}:1 .\n',
    ),
    "Taskfile.yml": (
        "version: '3'\ntasks:\n  image:\n    cmds:\n      - docker build -t reg.example.com/app:1 .\n      - docker push reg.example.com/app:1\n",
        f"version: '3'\ntasks:\n  image:\n    cmds:\n      - {BUILDER}\n      - {BUILD} -t reg.example.com/app:1 .\n",
    ),
    "package.json": (
        '{"scripts": {\n  "image": "docker build -t reg.example.com/app:1 . && docker push reg.example.com/app:1"\n}}\n',
        f'{{"scripts": {{\n  "image": "({BUILDER}) && {BUILD} -t reg.example.com/app:1 ."\n}}}}\n',
    ),
}


@pytest.mark.parametrize("path", FIXES)
def test_build_and_push_become_one_command(path):
    before, after = FIXES[path]
    tree, registry, analysis = analyse_files({path: before, **DOCKERFILE}, Settings())
    assert [finding.code for finding in analysis.findings] == ["CI101"]
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=bool, today=None)
    assert outcome.tree.read(path).decode() == after
    assert not outcome.analysis.findings


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("justfile", "image:\n    docker build -t app .\n    docker run app\n"),
        ("Taskfile.yml", "tasks:\n  image: docker build -t app .\n"),
        ("package.json", '{"scripts": {"image": "docker build -t app ."}}\n'),
        (".goreleaser.yml", "dockers:\n  - image_templates: [a/b:1]\n    skip_push: true\n"),
        (
            ".goreleaser.yml",
            "dockers:\n  - image_templates: [a/b:1-amd64]\n    goarch: amd64\n  - image_templates: [a/b:1-arm64]\n    goarch: arm64\n"
            "docker_manifests:\n  - name_template: a/b:1\n    image_templates: [a/b:1-amd64, a/b:1-arm64]\n",
        ),
        (".goreleaser.yml", "kos:\n  - repository: a/b\n    platforms: [linux/amd64, linux/arm64]\n"),
    ],
)
def test_silent(path, text):
    _, _, analysis = analyse_files({path: text, **DOCKERFILE}, Settings())
    assert [finding for finding in analysis.findings if finding.code.startswith("CI") and finding.severity != "info"] == []


@pytest.mark.parametrize(
    "text",
    [
        "dockers:\n  - image_templates: [a/b:1]\n",
        "dockers:\n  - image_templates: [a/b:1]\n    build_flag_templates: [--platform=linux/amd64]\n    use: buildx\n",
        "kos:\n  - repository: a/b\n    platforms: [linux/amd64]\n",
    ],
)
def test_goreleaser_images_for_amd64_alone(text):
    _, _, analysis = analyse_files({".goreleaser.yml": text, **DOCKERFILE}, Settings())
    assert {finding.code for finding in analysis.findings} <= {"CI101", "CI102"}
    assert analysis.findings


def test_a_pattern_rule_that_builds_one_architecture_of_several():
    text = (
        "$(ARCHS): docker-build-%:\n\tdocker build -t app-linux-$* --build-arg ARCH=$* .\n"
        "$(PUSHES): docker-push-%:\n\tdocker tag app-linux-$* reg.example.com/app-linux-$*:1\n\tdocker push reg.example.com/app-linux-$*:1\n"
    )
    _, _, analysis = analyse_files({"Makefile": text, **DOCKERFILE}, Settings())
    assert not analysis.findings
