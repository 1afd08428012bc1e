"""Fingerprints: GitHub's line hash against its published vectors, and our own."""

from __future__ import annotations

import pytest

from armready.core.finding import Confidence, Finding, Severity
from armready.core.fingerprint import Fingerprint, fingerprints, line_hashes
from armready.core.source import Source, Span

VECTORS = {
    "": ["c129715d7a2bc9a3:1"],
    " a\nb\n  \t\tc\n d": ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
    " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End": [
        "8b7cf3e952e7aeb2:1",
        "b1ae1287ec4718d9:1",
        "bff680108adb0fcc:1",
        "c6805c5e1288b612:1",
        "b86d3392aea1be30:1",
        "e6ceba753e1a442:1",
    ],
}


@pytest.mark.parametrize("text", VECTORS)
def test_line_hashes(text: str) -> None:
    assert line_hashes(text) == VECTORS[text]
    assert line_hashes(text.replace("\n", "\r\n")) == VECTORS[text]


def test_equal_lines_are_counted() -> None:
    hashes = line_hashes("x\n" * 300)
    assert hashes[0].endswith(":1")
    assert hashes[1] == hashes[0][:-1] + "2"


def test_characters_outside_the_basic_plane_are_two_units() -> None:
    assert line_hashes("😀") != line_hashes("?")


def marks(path: str, text: str, needle: str) -> list[Fingerprint]:
    source = Source(path, text)
    found, at = [], text.find(needle)
    while at >= 0:
        location = source.location(Span(at, at + len(needle)))
        found.append(Finding("DF101", "x", Severity.ERROR, Confidence.HIGH, "m", location))
        at = text.find(needle, at + 1)
    return list(fingerprints(found, lambda _: source))


def test_lines_above_and_white_space_do_not_count() -> None:
    before = marks("a", "FROM --platform=linux/amd64 x\n", "linux/amd64")
    after = marks("a", "# new\n\nFROM   --platform=linux/amd64  x\r\n", "linux/amd64")
    assert before == after


def test_other_content_and_rule_count() -> None:
    assert marks("a", "FROM amd64 x\n", "amd64") != marks("a", "FROM amd64 y\n", "amd64")


def test_equal_places_differ() -> None:
    found = marks("a", "RUN amd64\nRUN amd64\nRUN amd64 amd64\n", "amd64")
    assert len({each.value for each in found}) == 4


def test_content_survives_a_rename_and_value_is_unique() -> None:
    here, there = marks("a", "amd64\n", "amd64"), marks("b", "amd64\n", "amd64")
    assert here[0].content == there[0].content
    assert here[0].value != there[0].value
