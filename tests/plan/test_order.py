"""What waits for what."""

from __future__ import annotations

from armready.plan.model import Graph, How, Node, Sort, Status
from armready.plan.order import closure, cycles, groups, reverse, statuses, tally, with_done
from armready.plan.planner import first_wave
from armready.plan.steps import Item


def graph(*nodes: Node) -> Graph:
    return Graph({node.key: node for node in nodes})


def node(key: str, *needs: str, own: Status = Status.READY, sort: Sort = Sort.DOCKERFILE, any_of: bool = False) -> Node:
    return Node(key=key, sort=sort, title=key, own=own, needs=needs, any_of=any_of)


def test_groups_come_in_the_order_in_which_they_can_be_done() -> None:
    assert groups({"a": ["b"], "b": ["c", "d"], "c": ["b"], "d": [], "e": ["gone"]}) == [("d",), ("b", "c"), ("a",), ("e",)]


def test_a_long_chain_needs_no_recursion() -> None:
    chain = {str(number): [str(number + 1)] for number in range(20_000)}
    assert groups(chain)[-1] == ("0",)


def test_the_status_of_what_is_needed_counts() -> None:
    found = statuses(graph(node("a", "b"), node("b", "c"), node("c", own=Status.BLOCKED), node("d", own=Status.STAYS), node("e", "d")))
    assert found == dict.fromkeys("abc", Status.BLOCKED) | {"d": Status.STAYS, "e": Status.STAYS}


def test_a_decision_stands_whatever_it_needs() -> None:
    assert statuses(graph(node("a", "b", own=Status.STAYS), node("b", own=Status.BLOCKED)))["a"] is Status.STAYS


def test_of_several_builds_one_is_enough() -> None:
    nodes = [node("b", own=Status.BLOCKED), node("c")]
    assert statuses(graph(node("a", "b", "c", any_of=True), *nodes))["a"] is Status.READY
    assert statuses(graph(node("a", "b", "c"), *nodes))["a"] is Status.BLOCKED


def test_members_of_a_cycle_share_their_status() -> None:
    whole = graph(node("a", "b"), node("b", "a", own=Status.DOUBTFUL), node("c", "c"))
    assert statuses(whole) == {"a": Status.DOUBTFUL, "b": Status.DOUBTFUL, "c": Status.READY}
    assert cycles(whole) == [("a", "b"), ("c",)]


def test_images_of_others_are_not_counted() -> None:
    whole = graph(node("own", "x", sort=Sort.IMAGE), node("foreign", sort=Sort.IMAGE), node("x"))
    assert tally(whole, statuses(whole)).total(Sort.IMAGE) == 1


def test_what_is_done_is_ready() -> None:
    whole = graph(node("a", "b"), node("b", own=Status.BLOCKED))
    assert statuses(with_done(whole, ["b", "gone"]))["a"] is Status.READY


def test_closure_and_reverse() -> None:
    needs = {"a": ["b"], "b": ["c"], "c": []}
    assert closure(needs, ["a"]) == {"b", "c"}
    assert closure(reverse(needs), ["c"]) == {"a", "b"}


def test_the_first_wave_waits_for_nothing_but_what_is_unknown() -> None:
    whole = graph(node("a", "b"), node("b", "c"), node("c"), node("d"))
    at = {key: Item(key, How.HAND, None) for key in "abcd"}
    assert first_wave(whole, [at["a"], at["c"], at["d"]])[0] == [at["c"], at["d"]]
    asked = at["c"]._replace(how=How.ASK)
    assert first_wave(whole, [at["a"], asked])[0] == [at["a"], asked]
