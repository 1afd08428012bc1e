"""Records survive the way to the disk and back, and nothing else does."""

import dataclasses
import sys
import typing

import msgspec
import pytest

from armready.builds.facts import BuildFact
from armready.core.classify import Kind
from armready.core.codec import decode, encode
from armready.core.config import Settings
from armready.core.facts import COLLECTORS
from armready.core.finding import Finding
from armready.core.results import Facts, name_of
from armready.core.source import Location, Region, Span
from armready.core.suppressions import Suppression
from armready.run.cache import Told, _Record
from armready.run.check_file import check_file
from armready.run.registry import Registry
from tests.generators import example_pool


def fact_types():
    """The types that the collectors say they return."""
    found = set()
    for collector in COLLECTORS:
        function = collector.load()
        (of,) = typing.get_args(eval(function.__annotations__["return"], vars(sys.modules[function.__module__])))
        found |= set(typing.get_args(of)) or {of}
    return sorted(found, key=name_of)


def described(of):
    """Every type that a type is made of, as msgspec understands it."""
    todo, seen = [msgspec.inspect.type_info(of)], []
    while todo:
        each = todo.pop()
        if each in seen:
            continue
        seen.append(each)
        for value in (getattr(each, name, None) for name in getattr(each, "__struct_fields__", ())):
            values = value if isinstance(value, (tuple, list)) else [value]
            for one in values:
                todo += [one.type] if isinstance(one, msgspec.inspect.Field) else [one] if isinstance(one, msgspec.inspect.Type) else []
    return seen


@pytest.mark.parametrize("of", [*fact_types(), Finding, Suppression, Told, _Record], ids=name_of)
def test_what_is_kept_is_plain_and_typed(of):
    """No field may be of any type: then what is read would decide what it is."""
    found = described(of)
    assert len(found) > 1
    assert not [each for each in found if isinstance(each, (msgspec.inspect.AnyType, msgspec.inspect.CustomType, msgspec.inspect.RawType))]
    for each in found:
        if isinstance(each, msgspec.inspect.DataclassType):
            assert dataclasses.is_dataclass(each.cls)


def example_results():
    registry = Registry(Settings())
    for kept in example_pool().values():
        for _, files in kept:
            for path, text in files.items():
                yield check_file(path, text.encode("utf-8", "surrogatepass"), registry)


def test_records_come_back_as_they_were():
    seen = set()
    for result in example_results():
        assert decode(encode(result.findings), tuple[Finding, ...]) == result.findings
        assert decode(encode(result.suppressions), tuple[Suppression, ...]) == result.suppressions
        kept = Facts.of_encoded(result.facts.encoded())
        for of in fact_types():
            made = result.facts.of(of)
            again = kept.of(of)
            assert again == made
            seen |= {of} if made else set()
    assert len(seen) > len(fact_types()) / 2
    assert set(typing.get_args(BuildFact)) <= set(fact_types())


def test_sets_are_written_in_one_order():
    assert encode(frozenset("abcdefgh")) == encode(frozenset("hgfedcba"))


@pytest.mark.parametrize(
    "value, of",
    [
        (("a", (1, 2), (1, 1, 1, "2")), Location),
        (("a", (1,), (1, 1, 1, 2)), Location),
        ((1, (1, 2), (1, 1, 1, 2)), Location),
        ("no kind", Kind),
        ({"code": "DF101"}, Finding),
        (1.0, int),
        (None, str),
    ],
)
def test_what_does_not_fit_is_refused(value, of):
    with pytest.raises(ValueError, match=r"Expected|Invalid|missing"):
        decode(encode(value), of)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\xa1\xff", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\x91" * 100_000])
def test_what_is_no_value_is_refused(data):
    for of in (object, str, list[str], dict[str, int], Finding):
        with pytest.raises(ValueError, match=r"."):
            decode(data, of)


@pytest.mark.parametrize("value", ["\ud800", 1 << 70])
def test_what_cannot_be_written_is_refused(value):
    with pytest.raises(ValueError, match=r"surrogates|serialize ints"):
        encode(value)


def test_a_location_is_one():
    place = Location("a", Span(1, 2), Region(1, 2, 1, 3))
    assert decode(encode(place), Location) == place
    assert type(decode(encode(place), Location).span) is Span
