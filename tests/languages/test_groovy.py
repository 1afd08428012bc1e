"""The tokens of Groovy, and what its strings hold."""

import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source, Span
from armready.languages.groovy import TokenKind, parse_groovy


def tokens(text):
    return parse_groovy(File(Source("Jenkinsfile", text), Kind.JENKINS, Settings())).tokens


def only_string(text):
    return next(token for token in tokens(text) if token.kind is TokenKind.STRING)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("'a'", "a"),
        ('"a"', "a"),
        ("'''a\n'b''c'''", "a\n'b''c"),
        ('"""a "b" c"""', 'a "b" c'),
        (r"'it\'s \\ \n'", "it's \\ \n"),
        (r'"\$HOME \" \t"', '$HOME " \t'),
        ('"a \\\n  b"', "a   b"),
        (r"'A'", "A"),
        ("x = /a\\/b/", "a/b"),
        ("x = $/a $$ b/$", "a $ b"),
        ("'$HOME'", "$HOME"),
    ],
)
def test_what_a_string_holds(text, held):
    assert only_string(text).text == held


def test_what_groovy_replaces_is_opaque():
    text = only_string('sh "docker build -t ${a ? "x" : { y }}:$b.c \\$d ."').string
    assert [text.embedded.text[span.start : span.end] for span in text.interpolations] == ['${a ? "x" : { y }}', "$b.c"]
    assert not only_string("'${a}'").string.interpolations
    assert text.is_constant is False


def test_comments_and_divisions_are_no_strings():
    found = [token.text for token in tokens("#!/usr/bin/env groovy\n// 'a'\n/* 'b' */ x = a / b / c // 'd'\n")]
    assert found == ["\n", "\n", "x", "=", "a", "/", "b", "/", "c", "\n"]


def test_an_open_string_ends():
    assert only_string("sh 'abc\nx").text == "abc"
    assert only_string('"""abc').text == "abc"


@pytest.mark.parametrize(
    ("text", "fragment", "written"),
    [
        ("'a'", "b 'c'", "b \\'c\\'"),
        ('"a"', 'b "c" \\', 'b \\"c\\" \\\\'),
        ('"a"', "$X", "\\$X"),
        ("'a'", "$X", "$X"),
        ("'a'", "b\nc", None),
        ("'''a'''", "b\nc", "b\nc"),
        ('"""a"""', "${X}", "\\${X}"),
        ('"$X"', "$X", "$X"),
        ("'a' + \"$X\"", "$X", None),
        ("x = /a/", "b", None),
    ],
)
def test_how_shell_is_written_into_a_string(text, fragment, written):
    assert only_string(text).string.embedded.encode(fragment) == written


@given(st.text(alphabet=string.ascii_letters + " $\\\"'{}\n/", max_size=30), st.sampled_from(["'", '"', "'''", '"""']))
def test_what_is_written_is_read_again(fragment, quote):
    embedded = only_string(f"{quote}{quote}").string.embedded
    written = embedded.encode(fragment)
    if written is not None:
        assert only_string(f"{quote}{written}{quote} ").text == fragment


@given(st.text(alphabet="ab$\\\"'{}\n/# ()", max_size=60))
def test_every_text_has_tokens_in_order(text):
    found = tokens(text)
    assert all(one.span.end <= other.span.start for one, other in pairwise(found))
    for token in found:
        if token.string is not None:
            held = token.string.embedded
            for inner, host, length in held.segments:
                assert held.text[inner : inner + length] == text[host : host + length]
            assert all(Span(0, len(held.text)).contains(span) for span in token.string.interpolations)
