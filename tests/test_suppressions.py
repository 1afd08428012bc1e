from datetime import date

import pytest

from armready.core.finding import Confidence, Finding, Severity
from armready.core.source import Source, Span
from armready.core.suppressions import apply_suppressions, find_suppressions

TODAY = date(2026, 6, 1)


def suppressions(text, path="f"):
    return list(find_suppressions(Source(path, text)))


def finding(text, needle, code="DF101", name="from-platform-constant"):
    source = Source("f", text)
    start = text.index(needle)
    return Finding(code, name, Severity.ERROR, Confidence.HIGH, "x.", source.location(Span(start, start + len(needle))))


def silenced(text, needle, require_reason=False, **options):
    kept, gone, uses = apply_suppressions(
        [finding(text, needle, **options)], {"f": suppressions(text)}, TODAY, require_reason=require_reason
    )
    assert len(kept) + len(gone) == 1
    return bool(gone), uses


@pytest.mark.parametrize(
    "text",
    [
        "# armready: ignore[DF101] vendor\nBAD\n",
        "# armready: ignore[from-platform-constant] vendor\nBAD\n",
        "# armready: ignore[CI101, DF101]\nBAD\n",
        "// armready: ignore[DF101]\nBAD\n",
        "<!-- armready: ignore[DF101] vendor -->\nBAD\n",
        "{{/* armready: ignore[DF101] vendor */}}\nBAD\n",
        "BAD # armready: ignore[DF101] vendor\n",
        "a: 1\n# armready: ignore[DF101]\n\n# another comment\nBAD\n",
        "# armready: ignore[DF101]\nRUN a && \\\n    BAD\n",
        "RUN a && \\\n# armready: ignore[DF101]\n    BAD\n",
        "# armready: ignore-file[DF101] generated\n\n\nx\nBAD\n",
        "# armready: ignore[DF101]\r\nBAD\r\n",
        "# armready: ignore[DF101] until 2026-06-01 still today\nBAD\n",
    ],
)
def test_silences(text):
    gone, (use,) = silenced(text, "BAD")
    assert gone
    assert use.used


@pytest.mark.parametrize(
    "text",
    [
        "# armready: ignore[DF102]\nBAD\n",
        "# armready: ignore[DF101]\nx\nBAD\n",
        "BAD\n# armready: ignore[DF101]\nx\n",
        "x # armready: ignore[DF101]\nBAD\n",
        'echo "armready: ignore[DF101]"\nBAD\n',
    ],
)
def test_does_not_silence(text):
    gone, uses = silenced(text, "BAD")
    assert not gone
    assert not [use for use in uses if use.used]


@pytest.mark.parametrize("until", ["2026-05-31", "2026-13-45"])
def test_past_its_date(until):
    gone, (use,) = silenced(f"# armready: ignore[DF101] until {until} x\nBAD\n", "BAD")
    assert not gone
    assert use.expired


def test_a_reason_can_be_required():
    assert not silenced("# armready: ignore[DF101]\nBAD\n", "BAD", require_reason=True)[0]
    assert silenced("# armready: ignore[DF101] vendor\nBAD\n", "BAD", require_reason=True)[0]


def test_parts():
    text = "a\n  # armready: ignore[DF101,CI101] until 2027-01-31: the vendor promised\nb\n"
    (one,) = suppressions(text)
    assert one.codes == ("DF101", "CI101")
    assert one.until == "2027-01-31"
    assert one.reason == "the vendor promised"
    assert [text[slice(*place.span)] for place in one.code_locations] == ["DF101", "CI101"]
    assert text[: one.removal.span.start] + text[one.removal.span.end :] == "a\nb\n"


def test_a_trailing_comment_is_removed_with_the_space_before_it():
    text = "b: 1   # armready: ignore[DF101] x\r\nc: 2\r\n"
    (one,) = suppressions(text)
    assert text[: one.removal.span.start] + text[one.removal.span.end :] == "b: 1\r\nc: 2\r\n"


def test_each_line_of_a_file_has_its_own_comments():
    text = "# armready: ignore[DF101] one\nBAD1\nBAD2\n# armready: ignore[DF101] two\nBAD3\nBAD4 # armready: ignore[DF101] three\nBAD5\n"
    assert [silenced(text, f"BAD{number}")[0] for number in range(1, 6)] == [True, False, True, True, False]
    _, uses = silenced(text, "BAD3")
    assert [bool(use.used) for use in uses] == [False, True, False]


def test_a_finding_over_several_lines_is_silenced_by_a_comment_on_one_of_them():
    text = "RUN a && \\\n  b # armready: ignore[DF101] x\nEND\n"
    assert silenced(text, "RUN a && \\\n  b")[0]
    assert not silenced(text, "RUN a")[0]
    assert not silenced(text, "END")[0]


def test_a_comment_for_the_file_beside_comments_for_lines():
    text = "# armready: ignore-file[DF102] x\nA\n# armready: ignore[DF101] y\nB\n"
    assert [silenced(text, each)[0] for each in "AB"] == [False, True]
    assert [silenced(text, each, code="DF102")[0] for each in "AB"] == [True, True]


@pytest.mark.parametrize(
    ("comment", "reason", "until"),
    [
        ("# armready: ignore[DF101]", "", ""),
        ("# armready: ignore[DF101] vendor only", "vendor only", ""),
        ("# armready: ignore[DF101]: vendor", "vendor", ""),
        ("# armready: ignore[DF101] until 2027-01-31", "", "2027-01-31"),
        ("# armready: ignore[DF101] until 2027-01-31 - vendor", "vendor", "2027-01-31"),
        ("<!-- armready: ignore[DF101] vendor -->", "vendor", ""),
    ],
)
def test_reason_and_last_day(comment, reason, until):
    (found,) = suppressions(f"{comment}\nA\n")
    assert (found.reason, found.until, found.whole_file) == (reason, until, False)
