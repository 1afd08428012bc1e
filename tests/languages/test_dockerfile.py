"""Dockerfiles: what BuildKit reads is what we read, and every place is exact."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.finding import Confidence
from armready.core.source import Source, Span
from armready.dockerfiles.collect import collect
from armready.languages.dockerfile.expansion import expand, uses
from armready.languages.dockerfile.images import image_uses
from armready.languages.dockerfile.lines import LineReader
from armready.languages.dockerfile.parser import MAX_INSTRUCTIONS, Dockerfile, library_structure, masked_text, parse_dockerfile
from armready.languages.dockerfile.platforms import AMD64, ARM64, PlatformKind, normalize


def make_file(text: str | bytes, path: str = "Dockerfile") -> File:
    return File(Source.decode(path, text if isinstance(text, bytes) else text.encode()), Kind.DOCKERFILE, Settings())


def read(text: str | bytes, path: str = "Dockerfile") -> Dockerfile:
    return make_file(text, path).parse(parse_dockerfile)


EVERYTHING = r"""# syntax=docker/dockerfile:1
# a comment that ends the directives
# escape=`
ARG VERSION=1.27 P="linux/amd64" EMPTY= BARE
From --platform=$BUILDPLATFORM golang:${VERSION} as build
ENV OLD style  with spaces
ENV A=1 B="x y" \
    # a comment inside

    C='z'
RUN --mount=type=cache,target=/root/.cache --network=none \
  # comment

    go build \
      -o /app . && echo "a \
 b"
RUN <<EOF
set -e
echo "$A"
EOF
RUN cat <<-'ONE' <<TWO > /x
	first
	ONE
second
TWO
COPY <<FILE /etc/file
text ARG not an instruction
FILE
RUN ["/bin/sh", "-c", "echo \"hi\" && true"]
ONBUILD RUN make
ONBUILD COPY --from=build /a /b
HEALTHCHECK --interval=5s CMD curl -f localhost
LABEL a.b=c "d e"="f g"
copy --from=build --chown=1:1 /app /app
EXPOSE 80 443
CMD ["app"]
"""

CASES = {
    "everything": EVERYTHING,
    "crlf": EVERYTHING.replace("\n", "\r\n"),
    "backtick": "# escape=`\nFROM a\nRUN dir `\n  b\\\nRUN x\n",
    "blank lines in a continuation": "FROM a\nRUN a \\\n\n\n  b \\\n# c\n  d\nUSER x\n",
    "trailing backslash": "FROM a\nRUN b \\\n",
    "double backslash": "FROM a\nRUN b \\\\\nRUN c\n",
    "continuation alone": "FROM a\nRUN \\\n  b\nENV \\\n  A=1 \\\n  B=2\n",
    "spaces behind the backslash": "FROM a\nRUN b \\  \n  c\n",
    "no final newline": "FROM a\nRUN b",
    "indented": "  FROM a\n\tRUN b\n",
    "heredoc that is none": "FROM a\nRUN cat<<EOF\nRUN c\n",
    "here string": "FROM a\nRUN cat <<<EOF\nRUN c\n",
    "heredoc in quotes": "FROM a\nRUN echo '<<EOF'\nRUN c\n",
    "numbered heredoc": "FROM a\nRUN x 3<<EOF\nhi\nEOF\nRUN c\n",
    "end of the flags": 'FROM a\nRUN --mount=type=tmpfs,target=/t -- ["b"]\nCMD -- c\n',
    "onbuild heredoc": "FROM a\nONBUILD RUN <<EOF\nhi\nEOF\nRUN c\n",
}

_ORACLE = """
import dockerfile, json, sys
for text in json.load(sys.stdin):
    try:
        found = [(c.cmd.upper(), c.start_line - 1, [h.content for h in c.heredocs], bool(c.json)) for c in dockerfile.parse_string(text)]
    except Exception:
        found = None
    print(json.dumps(found))
"""


def oracle(texts: list[str]) -> list[list[tuple[str, int, list[str], bool]] | None]:
    """What the parser of BuildKit makes of each text; None where it refuses."""
    run = subprocess.run([sys.executable, "-c", _ORACLE], input=json.dumps(texts), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_buildkit(name: str) -> None:
    text = CASES[name]
    (expected,) = oracle([text])
    assert expected is not None
    parsed = read(text)
    lines = [make_file(text).source.line_index(each.span.start) for each in parsed.instructions]
    assert [(each.keyword, line) for each, line in zip(parsed.instructions, lines, strict=True)] == [
        (word, line) for word, line, _, _ in expected
    ]
    for ours, (_, _, heredocs, is_json) in zip(parsed.instructions, expected, strict=True):
        assert (ours.trigger or ours).exec_form == is_json
        if ours.trigger is not None:
            continue
        bodies = [text[each.body.start : each.body.end] for each in ours.heredocs]
        plain = [each.replace("\r\n", "\n") for each in bodies]
        assert [each.replace("\r\n", "\n") for each in heredocs] == plain or any(each.strips_tabs for each in ours.heredocs)


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_dockerfile_parse(name: str) -> None:
    source = make_file(CASES[name]).source
    reader = LineReader(source)
    lines = [line for line in reader.lines() if line.code.text.strip()]
    text, starts = masked_text(source, reader, lines)
    ours = [(line.code.text.split(None, 1)[0].upper(), start) for line, start in zip(lines, starts, strict=True)]
    assert library_structure(text) == ours


_PIECES = st.lists(
    st.sampled_from(
        [
            "FROM a",
            "RUN b",
            "ENV A=1",
            "# c",
            "",
            " ",
            "\\",
            "x \\",
            "  y",
            "RUN z \\",
            "RUN <<E",
            "E",
            "# escape=`",
            "w `",
            "COPY a b",
            '"',
            "'",
            "RUN 'q",
            "\t\\ ",
        ]
    ),
    min_size=1,
    max_size=12,
)


@hypothesis_settings(max_examples=12, deadline=None)
@given(st.lists(_PIECES, min_size=40, max_size=40))
def test_agrees_with_buildkit_on_anything(batch: list[list[str]]) -> None:
    texts = ["\n".join(["FROM base", *pieces]) + "\n" for pieces in batch]
    for text, expected in zip(texts, oracle(texts), strict=True):
        if expected is None:
            continue
        lines = [line.first for line in LineReader(make_file(text).source).lines() if line.code.text.strip()]
        ours = [(each.keyword, line) for each, line in zip(read(text).instructions, lines, strict=True)]
        assert ours == [(word, line) for word, line, _, _ in expected], text


@pytest.mark.parametrize("name", CASES)
def test_each_place_shows_the_text_it_stands_for(name: str) -> None:
    text = CASES[name]
    for instruction in read(text).instructions:
        actual = instruction.trigger or instruction
        assert text[instruction.keyword_span.start : instruction.keyword_span.end].upper() == instruction.keyword
        for flag in actual.flags:
            assert text[flag.span.start : flag.span.end] == f"--{flag.name}={flag.value}"
            assert text[flag.value_span.start : flag.value_span.end] == flag.value
        for word in actual.words:
            if not actual.exec_form:
                assert text[word.span.start : word.span.end] == word.text or "\\" in text[word.span.start : word.span.end]
        for inner, host, length in (actual.shell or actual.code).segments:
            assert (actual.shell or actual.code).text[inner : inner + length] == text[host : host + length]


def test_pairs() -> None:
    parsed = read(EVERYTHING)
    found = [(pair.name, pair.value) for each in parsed.instructions for pair in each.pairs]
    assert found == [
        ("VERSION", "1.27"),
        ("P", '"linux/amd64"'),
        ("EMPTY", ""),
        ("BARE", None),
        ("OLD", "style  with spaces"),
        ("A", "1"),
        ("B", '"x y"'),
        ("C", "'z'"),
        ("a.b", "c"),
        ("d e", '"f g"'),
    ]
    for each in parsed.instructions:
        for pair in each.pairs:
            if pair.value is not None:
                assert EVERYTHING[pair.value_span.start : pair.value_span.end] == pair.value


def test_shell_of_run() -> None:
    scripts = [each.shell.text for each in read(EVERYTHING).instructions if each.keyword == "RUN" and each.shell is not None]
    assert scripts == [
        'go build       -o /app . && echo "a  b"',
        'set -e\necho "$A"\n',
        "cat <<-'ONE' <<TWO > /x\nfirst\nONE\nsecond\nTWO",
        'echo "hi" && true',
    ]


def test_shell_is_none_where_no_shell_reads_it() -> None:
    text = 'FROM a\nRUN ["app"]\nRUN <<E\n#!/usr/bin/env python3\nprint()\nE\nSHELL ["powershell", "-c"]\nRUN dir\nFROM b\nRUN x\n'
    assert [each.shell and each.shell.text for each in read(text).instructions if each.keyword == "RUN"] == [None, None, None, "x"]


@pytest.mark.parametrize(
    ("text", "old", "new", "after"),
    [
        ("FROM a\nRUN b \\\n  c\n", "c", "d", "FROM a\nRUN b \\\n  d\n"),
        ("FROM a\r\nRUN b \\\r\n  c\r\n", "b ", "x \\\n  y ", "FROM a\r\nRUN x \\\r\n  y \\\r\n  c\r\n"),
        ("# escape=`\nFROM a\nRUN b `\n  c\n", "c", "d \\\n  e", "# escape=`\nFROM a\nRUN b `\n  d `\n  e\n"),
        ('FROM a\nRUN ["sh", "-c", "a \\"b\\" c"]\n', "c", '"d"', 'FROM a\nRUN ["sh", "-c", "a \\"b\\" \\"d\\""]\n'),
        ("FROM a\nRUN <<E\nb\nE\n", "b", "x\ny", "FROM a\nRUN <<E\nx\ny\nE\n"),
    ],
)
def test_an_edit_of_the_shell_is_an_edit_of_the_file(text: str, old: str, new: str, after: str) -> None:
    shell = read(text).instructions[-1].shell
    assert shell is not None
    at = shell.text.index(old)
    edit = shell.edit(Span(at, at + len(old)), new)
    assert edit is not None
    span, written = edit
    assert text[: span.start] + written + text[span.end :] == after


def test_a_line_break_needs_a_continuation() -> None:
    shell = read("FROM a\nRUN b\n").instructions[-1].shell
    assert shell is not None
    assert shell.edit(Span(0, 1), "x\ny") is None


def test_byte_order_mark() -> None:
    parsed = read(b"\xef\xbb\xbfFROM a\nRUN b\n")
    assert [each.keyword for each in parsed.instructions] == ["FROM", "RUN"]
    assert parsed.instructions[0].span == (0, 6)


def test_not_a_dockerfile() -> None:
    with pytest.raises(ParseProblem):
        read("once upon a time\nthere was a file\n")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("Dockerfile", "FROM a\nRUN docker inspect -f '{{.Id}}' x\n", False),
        ("Dockerfile", "FROM {{ base }}\n", True),
        ("Dockerfile", "{% if x %}\nFROM a\n{% endif %}\n", True),
        ("Dockerfile", "FROM %%BASE%%\n", True),
        ("Dockerfile", "FROM @BASE@\n", True),
        ("Dockerfile.j2", "FROM a\n", True),
    ],
)
def test_templates_are_never_sure(path: str, text: str, expected: bool) -> None:
    parsed = read(text, path)
    assert parsed.is_template is expected
    assert parsed.confidence is (Confidence.MEDIUM if expected else Confidence.HIGH)


STAGES = """ARG BUILDER=golang:1.22
ARG PLATFORM=linux/amd64
FROM --platform=$BUILDPLATFORM ${BUILDER} AS build
ARG TARGETARCH
RUN GOARCH=$TARGETARCH go build
FROM --platform=$PLATFORM node:20 AS web
RUN npm run build
FROM alpine AS unused
FROM scratch AS files-amd64
FROM scratch AS files-arm64
FROM files-${TARGETARCH} AS files
FROM debian:12 AS base
FROM base
COPY --from=build /app /app
COPY --from=WEB /dist /dist
RUN --mount=type=bind,from=files,target=/f true
"""


def test_stages() -> None:
    stages = {each.name: each for each in read(STAGES).stages}
    assert stages["build"].image == "golang:1.22"
    assert stages["build"].platform.kind is PlatformKind.BUILD
    assert stages["web"].platform == (PlatformKind.CONSTANT, "linux/amd64", "amd64", "linux")
    assert [name for name, each in stages.items() if each.is_final] == ["unused", ""]
    assert [name for name, each in stages.items() if each.is_shipped] == ["unused", "base", ""]
    assert [name for name, each in stages.items() if not each.ships] == []
    assert [(name, each.variant) for name, each in stages.items() if each.variant] == [("files-amd64", "amd64"), ("files-arm64", "arm64")]
    assert stages[""].parent is stages["base"]


@pytest.mark.parametrize(
    ("flag", "kind", "arch"),
    [
        ("linux/amd64", PlatformKind.CONSTANT, "amd64"),
        ('"linux/X86_64"', PlatformKind.CONSTANT, "amd64"),
        ("amd64", PlatformKind.CONSTANT, "amd64"),
        ("linux/arm/v7", PlatformKind.CONSTANT, "arm"),
        ("$BUILDPLATFORM", PlatformKind.BUILD, ""),
        ("${BUILDPLATFORM:-linux/amd64}", PlatformKind.BUILD, ""),
        ("linux/${TARGETARCH}", PlatformKind.TARGET, ""),
        ("$SOMETHING", PlatformKind.UNKNOWN, ""),
        ("${SOMETHING:-linux/amd64}", PlatformKind.CONSTANT, "amd64"),
        ("$FIXED", PlatformKind.CONSTANT, "amd64"),
        ("$AUTO", PlatformKind.TARGET, ""),
    ],
)
def test_platforms(flag: str, kind: PlatformKind, arch: str) -> None:
    stage = read(f"ARG FIXED=linux/amd64\nARG AUTO=$TARGETPLATFORM\nFROM --platform={flag} a\n").stages[0]
    assert (stage.platform.kind, stage.platform.arch) == (kind, arch)


def test_a_global_default_replaces_the_automatic_value() -> None:
    stage = read("ARG BUILDPLATFORM=linux/amd64\nFROM --platform=$BUILDPLATFORM a\n").stages[0]
    assert stage.platform.kind is PlatformKind.CONSTANT


def test_scopes() -> None:
    parsed = read("ARG V=1\nFROM a AS a\nRUN $V\nARG V\nARG T=x$V\nARG TARGETARCH\nENV E=$TARGETARCH\nARG E=no\nFROM a\nRUN x\n")
    first, last = parsed.stages
    early = first.instructions[0]
    assert not first.declares("V", early)
    assert first.expand("$V$T$E", automatic=ARM64) == "1x1arm64"
    assert last.expand("${T}-${E}", automatic=AMD64) == "x1-amd64"
    assert last.expand("$NOTHING") is None
    assert last.expand("${NOTHING:-y}") == "y"


def test_windows() -> None:
    parsed = read(
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022 AS w\nFROM w\nFROM --platform=windows/amd64 x\n"
        'FROM y\nSHELL ["powershell"]\nFROM z\n'
    )
    assert [each.is_windows for each in parsed.stages] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a$X", "a1"),
        ("${X}b", "1b"),
        ("'$X'", "$X"),
        ('"$X"', "1"),
        (r"\$X", "$X"),
        ("${U:-d}", "d"),
        ("${U-$X}", "1"),
        ("${E:-d}", "d"),
        ("${E-d}", ""),
        ("${X:+y}", "y"),
        ("${U:+y}", ""),
        ("${U:-${X}${U:-z}}", "1z"),
        ("$U", None),
        ("${X/1/2}", None),
        ("$", "$"),
        ("a\\ b", "a b"),
    ],
)
def test_expansion(text: str, expected: str | None) -> None:
    values = {"X": "1", "E": ""}
    assert expand(text, values.get) == expected


def test_uses() -> None:
    found = [(use.name, use.defaulted) for use in uses(r"$A ${B:-x} \$C ${D/x/y} '$E'")]
    assert found == [
        ("A", False),
        ("B", True),
        ("D", False),
        ("E", False),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("linux/amd64", ("amd64", "linux")),
        ("X86-64", ("amd64", "linux")),
        ("linux/arm64/v8", ("arm64", "linux")),
        ("windows/amd64", ("amd64", "windows")),
    ],
)
def test_normalize(value: str, expected: tuple[str, str]) -> None:
    assert normalize(value) == expected


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\n" + "RUN cat <<EOF\n" * 19_000,
        "FROM a\nRUN a \\\n" + "  && b \\\n" * 50_000,
        "FROM a\n" + "ARG A=$A$A\n" * 19_000,
        "FROM a AS a\n" * 19_000,
        "FROM a AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(19_000)),
        "FROM a\nENV X=" + "${A:-" * 20_000 + "\n",
        "FROM a\nRUN " + "ONBUILD " * 20_000 + "\nONBUILD " + "ONBUILD " * 20_000,
        "FROM a\nRUN " + "\\ " * 100_000 + '"' * 99_999 + "\n",
        "FROM a\nRUN " + "[" * 100_000 + "\n",
    ],
    ids=["heredocs", "continuation", "arguments", "stages", "chain", "nesting", "onbuild", "escapes", "brackets"],
)
def test_hostile_size_is_read(text: str) -> None:
    parsed = read(text)
    for instruction in parsed.instructions[-100:]:
        _ = instruction.words, instruction.pairs, instruction.shell
    if parsed.stages:
        parsed.stages[-1].expand("$A$X")


def test_more_instructions_than_anybody_writes_are_refused() -> None:
    with pytest.raises(ParseProblem, match="more than"):
        read("FROM a\n" + "RUN true\n" * MAX_INSTRUCTIONS)


def test_an_image_is_pointed_at_where_its_text_stands() -> None:
    text = "ARG A=debian:12\nARG B=$A\nARG C=${B}\nFROM ${C}\n"
    (use,) = image_uses(make_file(text))
    assert text[use.span.start : use.span.end] == "debian:12"
    assert use.span.start < text.index("\n")


def test_facts() -> None:
    text = STAGES.replace("RUN npm run build", "COPY . /src\nRUN npm ci && npm run build")
    (fact,) = collect(make_file(text))
    assert pickle.loads(pickle.dumps(fact)) == fact
    last = fact.stages[-1]
    assert last.base is None
    assert [stage.name for stage in fact.needed()] == ["build", "web", "files-amd64", "files-arm64", "files", "base", ""]
    assert [stage.name for stage in fact.shipped()] == ["", "base"]
    assert [stage.base.text for stage in fact.shipped() if stage.base] == ["debian:12"]
    assert [stage.name for stage in fact.needed("WEB")] == ["web"]
    assert fact.needed("nothing") == ()
    web = fact.needed("web")[0]
    assert (web.copies, web.platform, web.arch, len(web.runs), len(web.heavy)) == ((".",), "constant", "amd64", 1, 1)
    assert [stage.name for stage in fact.stages if stage.heavy] == ["web"]


def test_images() -> None:
    text = (
        'ARG BASE="debian:12"\nARG V=1\nFROM ${BASE} AS a\nFROM app:${V}-${TARGETARCH}-${X}\nCOPY --from=a /x /x\n'
        "COPY --from=busybox:1 /y /y\nRUN --mount=type=bind,from=tools:2,target=/t true\nFROM scratch\nFROM a\n"
    )
    found = image_uses(make_file(text))
    assert [(use.text, use.written, use.varies, use.overridable) for use in found] == [
        ("debian:12", "debian:12", False, True),
        ("app:1-arm64-${X}", "app:${V}-${TARGETARCH}-${X}", True, True),
        ("busybox:1", "busybox:1", False, False),
        ("tools:2", "tools:2", False, False),
    ]
    for use in found:
        assert text[use.span.start : use.span.end] == use.written


def test_stages_that_only_windows_needs() -> None:
    text = "FROM --platform=linux/amd64 a AS core\nFROM b AS both\nFROM mcr.microsoft.com/windows/nanoserver:1809\nCOPY --from=core /a /a\n"
    text += "COPY --from=both /b /b\nFROM debian:12\nCOPY --from=both /b /b\n"
    assert [stage.is_windows for stage in read(text).stages] == [True, False, True, False]


def test_words_of_a_template() -> None:
    (stage,) = read("FROM debian@{{ digest }} AS base\n").stages
    assert (stage.name, stage.base and stage.base.text) == ("base", "debian@{{ digest }}")


def test_stages_that_a_variable_selects_are_used() -> None:
    text = "ARG K=false\nFROM scratch AS tool-true\nFROM scratch AS tool-false\n"
    text += "FROM tool-${K} AS tool\nFROM debian:12\nCOPY --from=tool / /\n"
    stages = read(text).stages
    assert [stage.is_final for stage in stages] == [False, False, False, True]
    assert [stage.name for stage in stages[2].choices] == ["tool-true", "tool-false"]
