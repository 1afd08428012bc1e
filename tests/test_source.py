import pytest
from hypothesis import given
from hypothesis import strategies as st

from armready.core.errors import ParseProblem
from armready.core.source import Source, Span

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=80)


@given(TEXT, st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_decoding_and_encoding_give_the_bytes_back(text, bom):
    data = bom + text.encode()
    if not bom and text.startswith("\ufeff"):
        return
    source = Source.decode("x", data)
    assert source.encode(source.text) == data


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_wide_encodings_with_a_byte_order_mark(encoding):
    data = "FROM a\n😀".encode(encoding)
    source = Source.decode("x", data)
    assert source.text == "FROM a\n😀"
    assert source.encode(source.text) == data


def test_latin_1_keeps_each_byte():
    data = bytes(range(1, 256))
    source = Source.decode("x", data)
    assert source.encode(source.text) == data


def test_binary_is_a_problem():
    with pytest.raises(ParseProblem, match="binary"):
        Source.decode("x", b"\x7fELF\0\1")


def test_what_the_encoding_cannot_hold_is_a_problem():
    source = Source.decode("x", b"caf\xe9")
    with pytest.raises(ParseProblem, match="latin-1"):
        source.encode("→")


@given(TEXT, st.data())
def test_regions_agree_with_counting(text, data):
    source = Source("x", text)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    region = source.region(Span(start, end))
    before, until = text[:start], text[:end]
    assert region.line == before.count("\n") + 1
    assert region.column == len(before) - (before.rfind("\n") + 1) + 1
    assert region.end_line == until.count("\n") + 1


def test_lines_with_carriage_returns():
    source = Source("x", "a\r\nbc\r\n")
    assert source.newline == "\r\n"
    assert source.slice(source.line_span(1)) == "bc"
    assert source.slice(source.full_line_span(1)) == "bc\r\n"
    assert source.line_span(2) == (7, 7)


def test_spans_share_characters_or_not():
    assert Span(0, 3).overlaps(Span(2, 4))
    assert not Span(0, 3).overlaps(Span(3, 4))
    assert Span(0, 3).overlaps(Span(1, 1))
    assert not Span(0, 3).overlaps(Span(3, 3))
    assert Span(0, 3).contains(Span(3, 3))
