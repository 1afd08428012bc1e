"""Compose and Bake: what their files describe and a command elsewhere pushes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.fix import Applicability
from armready.core.source import Source
from armready.fixing.fixer import fix
from armready.languages.hcl import elements, literal, parse_hcl
from armready.testing import analyse_files

DOCKERFILE = {"Dockerfile": "FROM alpine:3.20\nCOPY app /app\n"}


def workflow(*commands):
    steps = "".join(f"      - run: {command}\n" for command in commands)
    return {".github/workflows/release.yml": f"on: push\njobs:\n  release:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"}


def findings(files):
    _, _, analysis = analyse_files({**files, **DOCKERFILE}, Settings())
    return [each for each in analysis.findings if each.code in ("CI101", "CI102")]


def fixed(path, text, *commands):
    tree, registry, analysis = analyse_files({path: text, **workflow(*commands), **DOCKERFILE}, Settings())
    assert any(each.path == path and each.code in ("CI101", "CI102") for each in analysis.findings)
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=bool, today=None)
    assert not [each for each in outcome.analysis.findings if each.path == path]
    return outcome.tree.read(path).decode()


COMPOSE = {
    "the short form": (
        "services:\n  web:\n    build: .\n    image: example/web:1\n  db:\n    image: postgres:16\n",
        "services:\n  web:\n    build:\n      context: .\n      platforms: [linux/amd64, linux/arm64]\n"
        "    image: example/web:1\n  db:\n    image: postgres:16\n",
    ),
    "the long form": (
        "services:\n  web:\n    image: ${REGISTRY:-example}/web\n    build:\n      context: . # here\n      args: {A: 1}\n",
        "services:\n  web:\n    image: ${REGISTRY:-example}/web\n    build:\n      context: . # here\n      args: {A: 1}\n"
        "      platforms: [linux/amd64, linux/arm64]\n",
    ),
    "more than amd64, without arm64": (
        "services:\n  web:\n    image: example/web\n    build:\n      context: .\n      platforms:\n        - linux/amd64\n        - linux/arm/v7\n",
        "services:\n  web:\n    image: example/web\n    build:\n      context: .\n      platforms:\n        - linux/amd64\n"
        "        - linux/arm/v7\n        - linux/arm64\n",
    ),
}


@pytest.mark.parametrize("name", COMPOSE)
@pytest.mark.parametrize("commands", [("docker compose build --push",), ("docker-compose build --push web",)])
def test_compose(name, commands):
    before, after = COMPOSE[name]
    assert fixed("compose.yaml", before, *commands) == after


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("services:\n  web:\n    build: .\n    image: a/b:1\n", ["docker compose build"]),
        ("services:\n  web:\n    build: .\n    image: a/b:1\n", ["docker compose push db"]),
        ("services:\n  web:\n    build: .\n    image: a/b:1\n", ["docker compose -f other.yml build --push"]),
        ("services:\n  web:\n    build: .\n    image: localhost:5000/b:1\n", ["docker compose push"]),
        ("services:\n  web:\n    build: .\n", ["docker compose push"]),
        ("services:\n  web:\n    image: a/b:1\n    build: {context: ., platforms: [linux/amd64, linux/arm64]}\n", ["docker compose push"]),
        ("services:\n  web:\n    image: a/b:1\n    build: {context: ., platforms: ['${P}']}\n", ["docker compose push"]),
        ("services:\n  web:\n    build: .\n    image: a/b:1\n", ["docker buildx bake --push --set '*.platform=linux/amd64,linux/arm64'"]),
    ],
)
def test_compose_that_is_not_flagged(text, commands):
    assert findings({"compose.yaml": text, **workflow(*commands)}) == []


def test_platforms_of_an_override_count():
    files = {
        "compose.yaml": "services:\n  web:\n    build: .\n    image: a/b:1\n",
        "release.yaml": "services:\n  web:\n    build:\n      platforms: [linux/amd64, linux/arm64]\n",
    }
    assert findings({**files, **workflow("docker compose -f compose.yaml -f release.yaml build --push")}) == []


def test_compose_build_and_a_push_of_the_name():
    files = {"compose.yaml": "services:\n  web:\n    build: .\n    image: a/b:1\n"}
    (found,) = findings({**files, **workflow("docker compose build", "docker push a/b:1")})
    assert found.fix is None


@pytest.mark.parametrize(
    ("path", "text", "commands"),
    [
        ("compose.yaml", COMPOSE["the short form"][0], ["docker compose build", "docker compose push"]),
        ("docker-bake.hcl", 'target "default" {\n  tags = ["a/b"]\n}\n', ["docker buildx bake --load", "docker buildx bake --push"]),
    ],
)
def test_what_the_daemon_holds_keeps_one_platform(path, text, commands):
    (found,) = findings({path: text, **workflow(*commands)})
    assert found.fix.applicability is Applicability.DISPLAY


BAKE = {
    "one target": (
        'group "default" {\n  targets = ["app"]\n}\n\ntarget "app" {\n  context = "."\n  tags    = ["example/app:1"] # the tag\n}\n',
        'group "default" {\n  targets = ["app"]\n}\n\ntarget "app" {\n  context = "."\n  tags    = ["example/app:1"] # the tag\n'
        '  platforms = ["linux/amd64", "linux/arm64"]\n}\n',
    ),
    "amd64 alone, in the parent": (
        'group "default" { targets = ["app", "tool"] }\ntarget "base" {\n  platforms = ["linux/amd64"]\n}\n'
        'target "app" {\n  inherits = ["base"]\n  tags = ["example/app"]\n}\ntarget "tool" {\n  inherits = ["base"]\n  tags = ["example/tool"]\n}\n',
        'group "default" { targets = ["app", "tool"] }\ntarget "base" {\n  platforms = ["linux/amd64", "linux/arm64"]\n}\n'
        'target "app" {\n  inherits = ["base"]\n  tags = ["example/app"]\n}\ntarget "tool" {\n  inherits = ["base"]\n  tags = ["example/tool"]\n}\n',
    ),
    "a common parent": (
        'variable "TAG" {\n  default = "1"\n}\ngroup "default" {\n  targets = ["app", "tool"]\n}\ntarget "base" {\n  dockerfile = "Dockerfile"\n}\n'
        'target "app" {\n  inherits = ["base"]\n  tags = ["example/app:${TAG}"]\n}\n'
        'target "tool" {\n  inherits = ["base"]\n  tags = ["example/tool:${TAG}"]\n}\n',
        'variable "TAG" {\n  default = "1"\n}\ngroup "default" {\n  targets = ["app", "tool"]\n}\ntarget "base" {\n  dockerfile = "Dockerfile"\n'
        '  platforms = ["linux/amd64", "linux/arm64"]\n}\n'
        'target "app" {\n  inherits = ["base"]\n  tags = ["example/app:${TAG}"]\n}\n'
        'target "tool" {\n  inherits = ["base"]\n  tags = ["example/tool:${TAG}"]\n}\n',
    ),
    "a list over lines": (
        'target "default" {\n  tags = ["a/b"]\n  platforms = [\n    "linux/amd64",\n    "linux/arm/v7"\n  ]\n}\n',
        'target "default" {\n  tags = ["a/b"]\n  platforms = [\n    "linux/amd64",\n    "linux/arm/v7",\n    "linux/arm64"\n  ]\n}\n',
    ),
}


@pytest.mark.parametrize("name", BAKE)
def test_bake(name):
    before, after = BAKE[name]
    assert fixed("docker-bake.hcl", before, "docker buildx bake --push") == after


def test_bake_by_the_action():
    step = "      - uses: docker/bake-action@v5\n        with:\n          push: true\n          targets: app\n"
    text = f"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{step}"
    (found,) = findings({".github/workflows/a.yml": text, "docker-bake.hcl": 'target "app" {\n  tags = ["a/b"]\n}\n'})
    assert found.path == "docker-bake.hcl"


def test_bake_into_a_test_registry():
    text = workflow("REGISTRY=localhost:5000 docker buildx bake --push", "export REGISTRY=localhost:5000; docker buildx bake --push")
    bake = 'variable "REGISTRY" {\n  default = "example"\n}\ntarget "default" {\n  tags = tag(REGISTRY)\n}\n'
    assert len(findings({**workflow("docker buildx bake --push"), "docker-bake.hcl": bake})) == 1
    assert findings({**text, "docker-bake.hcl": bake}) == []


def test_bake_in_json():
    before = '{\n  "target": {\n    "default": {\n      "tags": ["a/b"]\n    }\n  }\n}\n'
    after = '{\n  "target": {\n    "default": {\n      "tags": ["a/b"],\n      "platforms": ["linux/amd64", "linux/arm64"]\n    }\n  }\n}\n'
    assert fixed("docker-bake.json", before, "docker buildx bake --push") == after


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('target "default" {\n  tags = ["a/b"]\n}\n', "docker buildx bake"),
        ('target "default" {\n  tags = ["a/b"]\n  output = ["type=docker"]\n}\n', "docker buildx bake --push"),
        ('target "default" {\n  tags = ["a/b"]\n  platforms = PLATFORMS\n}\n', "docker buildx bake --push"),
        ('target "default" {\n  tags = ["a/b"]\n  platforms = split(",", "${PLATFORMS}")\n}\n', "docker buildx bake --push"),
        ('target "x" {\n  tags = ["a/b"]\n}\n', "docker buildx bake --push"),
        (
            'target "app" {\n  tags = ["a/b"]\n}\ntarget "app-all" {\n  inherits = ["app"]\n  platforms = ["linux/amd64", "linux/arm64"]\n}\n',
            "docker buildx bake --push app",
        ),
        ('target "default" {\n  tags = ["a/b"]\n}\n', "docker buildx bake --push --set '*.platform=linux/arm64'"),
    ],
)
def test_bake_that_is_not_flagged(text, command):
    assert findings({"docker-bake.hcl": text, **workflow(command)}) == []


def test_hcl_places():
    text = '/* {" */\ntarget "a" {\n  x = ["a${f("b}")}", // c\n    <<EOT\n  ]\nEOT\n  , y]\n  args = {\n    "k" = "v"\n  }\n}\n'
    (block,) = parse_hcl(File(Source("docker-bake.hcl", text), Kind.BAKE_HCL, Settings()))
    assert block.labels == ("a",)
    places = elements(text, block.attributes["x"].value)
    assert literal(text, places[0]) == 'a${f("b}")}'
    assert text[places[2].start : places[2].end] == "y"
    assert text[block.attributes["args"].value.start] == "{"


PIECES = [
    "target",
    ' "a"',
    " {",
    "}",
    "\n",
    "=",
    "[",
    "]",
    ",",
    '"',
    "${",
    "/*",
    "*/",
    "//",
    "#",
    "<<E",
    "E",
    "\\",
    "(",
    ")",
    " x",
    "platforms",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_any_text_is_read_or_refused(pieces):
    file = File(Source("docker-bake.hcl", "".join(pieces)), Kind.BAKE_HCL, Settings())
    try:
        blocks = parse_hcl(file)
    except ParseProblem:
        return
    for block in blocks:
        for attribute in block.attributes.values():
            elements(file.text, attribute.value)
            literal(file.text, attribute.value)
        assert file.text[block.opening - 1] == "{"
        assert file.text[block.span.end - 1] == "}"
