from armready.core.embedded import Embedded, Segment
from armready.core.source import Span


def test_whole_text_maps_by_a_shift():
    inner = Embedded.whole("echo", 10)
    assert inner.host_span(Span(1, 3)) == Span(11, 13)
    assert inner.host_span(Span(4, 4)) == Span(14, 14)


def test_a_span_over_a_gap_takes_the_gap_in():
    # the host holds `ab\n  cd`, the inner text `ab\ncd`
    inner = Embedded("ab\ncd", (Segment(0, 0, 3), Segment(3, 5, 2)))
    assert inner.host_span(Span(1, 4)) == Span(1, 6)
    assert inner.host_span(Span(0, 3)) == Span(0, 3)
    assert inner.host_span(Span(3, 5)) == Span(5, 7)


def test_what_is_escaped_in_the_host_has_no_place():
    # the host holds `a\"b`, the inner text `a"b`
    inner = Embedded('a"b', (Segment(0, 0, 1), Segment(2, 3, 1)))
    assert inner.host_span(Span(0, 1)) == Span(0, 1)
    assert inner.host_span(Span(2, 3)) == Span(3, 4)
    assert inner.nearest_host_span(Span(1, 2)).start == 1


def test_two_layers_compose():
    recipe = Embedded("x $y", (Segment(0, 0, 2), Segment(2, 3, 2)), lambda text: text.replace("$", "$$"))
    outer = Embedded.whole("x $$y", 100)
    both = recipe.through(outer)
    assert both.host_span(Span(0, 1)) == Span(100, 101)
    assert both.host_span(Span(2, 4)) == Span(103, 105)
    assert both.encode("$z") == "$$z"


def test_a_layer_that_cannot_hold_a_fragment_says_so():
    inner = Embedded("a", (Segment(0, 0, 1),), lambda text: None)
    assert inner.through(Embedded.whole("a")).encode("b") is None
