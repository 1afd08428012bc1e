"""Which references are the same image, which platforms a value names, what variables make of a word."""

import pytest

from armready.builds import platforms, references
from armready.builds.file_builds import read_builds
from armready.builds.variables import expand, names
from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("app", "docker.io/library/app:latest"),
        ("user/app", "index.docker.io/user/app"),
        ("$REG/app:$SHA", "${REG}/app:${SHA}"),
        ("reg.example:5000/a", "reg.example:5000/a:latest"),
        ("docker://quay.io/a/b:1", "quay.io/a/b:1"),
        ("$(REG)/app:1", "${REG}/app:1"),
        ("${{ env.IMAGE }}:1", "$IMAGE:1"),
    ],
)
def test_spellings_of_one_image(one, other):
    assert references.same(one, other, {})


@pytest.mark.parametrize(
    ("one", "other"),
    [("app", "app:1"), ("a/b", "c/b"), ("reg/a", "docker.io/reg/b"), ("app:$(date +%s)", "app:$(date +%s)"), ("$A/x", "$B/x")],
)
def test_different_images(one, other):
    assert not references.same(one, other, {})


def test_variables_are_filled_in():
    assert references.same("$IMG:latest", "reg.example/app", {"IMG": ("reg.example/app",)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", ("linux/amd64",)),
        ("x86_64, aarch64", ("linux/amd64", "linux/arm64")),
        ("linux/arm64/v8", ("linux/arm64",)),
        ("[linux/amd64,linux/arm/v7]", ("linux/amd64", "linux/arm/v7")),
        ("linux", ()),
    ],
)
def test_platforms_are_normalised(text, expected):
    assert platforms.parse([text], {}).values == expected


def test_what_is_not_known_is_not_judged():
    found = platforms.parse(["linux/amd64,$OTHER"], {})
    assert found.given
    assert not found.resolved
    assert not found.amd64_only


def test_every_value_of_a_variable_counts():
    found = platforms.parse(["${{ matrix.platform }}"], {"matrix.platform": ("linux/amd64", "linux/arm64")})
    assert found.arm64


@pytest.mark.parametrize("name", ["app:1.0-amd64", "app-arm64:1", "app:$ARCH", "app:${TARGETARCH}", "app:$(uname -m)", "app:1_x86_64"])
def test_names_that_say_their_architecture(name):
    assert platforms.names_architecture(name)


@pytest.mark.parametrize("name", ["app:1.0", "alarm64x/app", "app:$SEARCH", "search/app:latest", "app:${VERSION}"])
def test_names_that_do_not(name):
    assert not platforms.names_architecture(name)


@pytest.mark.parametrize(
    "name", ["localhost:5000/a", "127.0.0.1:5000/a", "kind-registry:5000/a", "registry:5000/a", "reg.local/a", "172.17.0.2:5000/a"]
)
def test_registries_of_tests(name):
    assert references.is_test_registry(name)


def test_ordinary_registries():
    assert not references.is_test_registry("registry.gitlab.com/a/b")
    assert not references.is_test_registry("registry/a")


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        ("$A-$B", {"A": ("1", "2"), "B": ("x",)}, ("1-x", "2-x")),
        ("${A:-none}", {}, ("none",)),
        ("$A", {"A": ("$A-1",)}, ("$A-1",)),
        ("<< parameters.image >>", {"parameters.image": ("a/b",)}, ("a/b",)),
        ("{{.IMAGE}}", {"IMAGE": ("a/b",)}, ("a/b",)),
        ("$(command)", {}, ("$(command)",)),
    ],
)
def test_variables_expand_to_all_they_can_be(text, environment, expected):
    assert expand(text, environment) == expected


def test_values_that_hold_each_other_many_times_stay_unexpanded():
    environment = {name: (f"${{{following}}} " * 30,) for name, following in zip("ABCDEFG", "BCDEFGH", strict=True)}
    assert expand("$A", {**environment, "H": ("x",)}) == ("$A",)
    assert max(map(len, expand("$B$C", {"B": ("x" * 2_000,), "C": ("y" * 2_000,)}))) < 2_000


def test_many_alternatives_stay_unexpanded():
    environment = {name: tuple("abcd") for name in "ABCD"}
    assert expand("$A$B$C$D", environment) == ("$A$B$C$D",)


def test_the_names_of_variables():
    assert names("$A/${B:-x}/$(C)/${{ env.D }}") == {"A", "B", "C", "env.D"}


def test_a_text_that_grows_without_end_is_no_longer_known():
    lines = "".join(f'if [ -n "$A{each}" ]; then REPORT+=" line {each} of the report"; fi\n' for each in range(400))
    text = f"#!/bin/bash\nREPORT=start\n{lines}docker build -t a/b:1 .\ndocker push a/b:1\n"
    builds = File(Source("check.sh", text), Kind.SHELL, Settings()).parse(read_builds)
    (chain,) = builds.chains
    assert sum(len(value) for values in chain.build.environment.values() for value in values) < 50_000
