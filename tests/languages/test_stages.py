"""What a variable of a Dockerfile is worth where, and which stages ship: the rules are BuildKit's."""

import pytest

from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import ARM64, PlatformKind
from tests.languages.test_dockerfile import make_file


def stages(text):
    return make_file(text).parse(parse_dockerfile).stages


def last(text):
    return stages(text)[-1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("FROM a\nARG V=arg\n", "arg"),
        ("FROM a\nENV V=env\n", "env"),
        ("FROM a\nENV V=env\nARG V=arg\n", "env"),
        ("FROM a\nARG V=arg\nENV V=env\n", "env"),
        ("FROM a\nENV V=one\nENV V=two\n", "two"),
        ("FROM a\nARG V=one\nARG V=two\n", "two"),
        ("FROM a AS base\nENV V=env\nFROM base\nARG V=arg\n", "env"),
        ("FROM a AS base\nARG V=arg\nFROM base\nENV V=env\n", "env"),
        ("FROM a AS base\nENV V=base\nFROM base\nENV V=own\n", "own"),
        ("FROM a AS base\nARG V=base\nFROM base\nARG V=own\n", "own"),
        ("FROM a AS base\nENV V=env\nFROM base AS middle\nARG V=middle\nFROM middle\nARG V=own\n", "env"),
        ("FROM a AS base\nARG V=arg\nFROM base\n", "arg"),
        ("FROM a AS base\nENV V=env\nFROM b\n", None),
        ("FROM a AS other\nENV V=env\nFROM b\nARG V=arg\n", "arg"),
        ("ARG V=global\nFROM a\n", None),
        ("ARG V=global\nFROM a\nARG V\n", "global"),
        ("ARG V=global\nFROM a\nARG V=own\n", "own"),
        ("ARG V=one\nARG V=two\nFROM a\nARG V\n", "two"),
        ("FROM a\nARG V\n", None),
        ("ARG W=x\nFROM a\nARG W\nARG V=$W-$W\n", "x-x"),
        ("FROM a\nARG V=$W\nARG W=x\n", None),
        ("FROM a\nENV V=x\nENV V=${V}y\n", "xy"),
        ("ARG W=x\nARG V=$W\nFROM a\nARG V\n", "x"),
        ("FROM a\nARG V=${V}\n", None),
    ],
)
def test_env_beats_arg_and_the_nearest_counts(text, value):
    assert last(text).expand("$V") == value


def test_a_definition_counts_from_its_place_on():
    stage = last("FROM a\nRUN first\nARG V=one\nRUN second\nENV V=two\nRUN third\n")
    runs = [each for each in stage.instructions if each.keyword == "RUN"]
    assert [stage.expand("$V", run) for run in runs] == [None, "one", "two"]
    assert [stage.declares("V", run) for run in runs] == [False, True, True]
    assert [stage.resolve("$V-$W", run) for run in runs] == ["$V-$W", "one-$W", "two-$W"]
    assert stage.expand("$V") == "two"
    found = stage.definition("V")
    assert found is not None
    assert (found.is_env, found.pair.value, found.position) == (True, "two", 4)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("FROM a\n", None),
        ("FROM a\nARG TARGETARCH\n", "arm64"),
        ("FROM a\nARG TARGETARCH=amd64\n", "amd64"),
        ("ARG TARGETARCH=riscv64\nFROM a\nARG TARGETARCH\n", "riscv64"),
        ("ARG TARGETARCH\nFROM a\nARG TARGETARCH\n", "arm64"),
        ("FROM a AS base\nARG TARGETARCH\nFROM base\n", "arm64"),
    ],
)
def test_automatic_arguments_must_be_declared(text, value):
    assert last(text).expand("$TARGETARCH", automatic=ARM64) == value


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("ARG V=1\nFROM a:$V\n", "a:1"),
        ("FROM a:$V\n", None),
        ("FROM b\nARG V=2\nFROM a:$V\n", None),
        ("ARG V=1\nFROM b\nARG V=2\nFROM a:$V\n", "a:1"),
        ("FROM a-$TARGETARCH\n", "a-amd64"),
        ("FROM b AS a\nFROM a\n", None),
        ("FROM a AS a\nFROM scratch\n", "scratch"),
    ],
)
def test_what_a_from_expands(text, image):
    assert last(text).image == image


@pytest.mark.parametrize(
    ("flag", "kind", "arch"),
    [
        ("", PlatformKind.TARGET, ""),
        ("--platform=linux/amd64 ", PlatformKind.CONSTANT, "amd64"),
        ("--platform=linux/arm64/v8 ", PlatformKind.CONSTANT, "arm64"),
        ("--platform=linux ", PlatformKind.BUILD, ""),
        ("--platform=$BUILDPLATFORM ", PlatformKind.BUILD, ""),
        ("--platform=linux/$BUILDARCH ", PlatformKind.BUILD, ""),
        ("--platform=$TARGETPLATFORM ", PlatformKind.TARGET, ""),
        ("--platform=$UNKNOWN ", PlatformKind.UNKNOWN, ""),
        ("--platform=${UNKNOWN:-linux/amd64} ", PlatformKind.CONSTANT, "amd64"),
        ("--platform=$P ", PlatformKind.CONSTANT, "amd64"),
        ("--platform= ", PlatformKind.TARGET, ""),
    ],
)
def test_platforms(flag, kind, arch):
    stage = last(f"ARG P=linux/amd64\nFROM {flag}a\n")
    assert (stage.platform.kind, stage.platform.arch) == (kind, arch)
    assert stage.on_build_platform is (kind is PlatformKind.BUILD)


def test_a_stage_gets_the_platform_of_what_it_is_built_from():
    stage = last("FROM --platform=$BUILDPLATFORM a AS base\nFROM --platform=linux/amd64 base\n")
    assert stage.platform.kind is PlatformKind.BUILD
    assert stage.own_platform.kind is PlatformKind.CONSTANT


@pytest.mark.parametrize(
    ("text", "final", "shipped", "ships"),
    [
        ("FROM a AS x\nFROM b\n", [0, 1], [0, 1], [0, 1]),
        ("FROM a AS x\nFROM b\nCOPY --from=x /a /a\n", [1], [1], [0, 1]),
        ("FROM a AS x\nFROM x\n", [1], [0, 1], [0, 1]),
        ("FROM a AS x\nFROM b\nRUN --mount=type=bind,from=x,target=/x true\n", [1], [1], [0, 1]),
        ("FROM a AS x\nFROM b AS y\nCOPY --from=x /a /a\nFROM c\nCOPY --from=y /a /a\n", [2], [2], [0, 1, 2]),
        ("FROM a\nFROM b\nCOPY --from=0 /a /a\n", [1], [1], [0, 1]),
        ("FROM a\nFROM b\nCOPY --from=1 /a /a\n", [0, 1], [0, 1], [0, 1]),
        ("FROM a AS x-amd64\nFROM b AS x-arm64\nFROM x-$TARGETARCH\n", [2], [0, 2], [0, 1, 2]),
        ("FROM a AS x-amd64\nFROM b AS other\nFROM x-$TARGETARCH\n", [1, 2], [0, 1, 2], [0, 1, 2]),
        ("FROM a AS x\nFROM b AS x\nFROM x\n", [0, 2], [0, 1, 2], [0, 1, 2]),
        ("FROM a AS Base\nFROM bASE\n", [1], [0, 1], [0, 1]),
        ("ARG B=x\nFROM a AS x\nFROM $B\n", [1], [0, 1], [0, 1]),
    ],
)
def test_what_ships(text, final, shipped, ships):
    found = stages(text)
    assert [each.index for each in found if each.is_final] == final
    assert [each.index for each in found if each.is_shipped] == shipped
    assert [each.index for each in found if each.ships] == ships


@pytest.mark.parametrize(
    ("text", "variants"),
    [
        ("FROM a AS x-amd64\nFROM b AS x-arm64\nFROM c\n", ["amd64", "arm64", ""]),
        ("FROM a AS x-amd64\nFROM c\n", ["", ""]),
        ("FROM a AS x-amd64\nFROM b AS y-arm64\nFROM c\n", ["", "", ""]),
        ("FROM a AS x-amd64\nFROM x-$TARGETARCH\n", ["amd64", ""]),
        ("FROM a AS x-arm64\nFROM b\nCOPY --from=x-${TARGETARCH} /a /a\n", ["arm64", ""]),
    ],
)
def test_variants(text, variants):
    assert [each.variant for each in stages(text)] == variants


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("FROM mcr.microsoft.com/windows/servercore:ltsc2022\n", [True]),
        ("FROM --platform=windows/amd64 a\n", [True]),
        ('FROM a\nSHELL ["powershell", "-c"]\n', [True]),
        ('FROM a\nSHELL ["bash", "-c"]\n', [False]),
        ("FROM mcr.microsoft.com/windows/nanoserver:ltsc2022 AS w\nFROM w\n", [True, True]),
        ("FROM golang AS b\nFROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nCOPY --from=b /a /a\n", [True, True]),
        (
            "FROM golang AS b\nFROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nCOPY --from=b /a /a\nFROM d\nCOPY --from=b /a /a\n",
            [False, True, False],
        ),
    ],
)
def test_windows(text, windows):
    assert [each.is_windows for each in stages(text)] == windows


def test_chains_that_are_too_long_are_not_followed():
    text = "ARG A0=x\n" + "".join(f"ARG A{number}=$A{number - 1}\n" for number in range(1, 80)) + "FROM a\nARG A60\nARG A79\n"
    assert last(text).expand("$A60") == "x"
    assert last(text).expand("$A79") is None
