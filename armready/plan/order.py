"""What waits for what: groups of nodes that wait for each other, the status that follows, and who profits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from armready.plan.model import Graph, Node, Sort, Status, Tally, worst

# Nodes that are counted.
COUNTED = (Sort.WORKLOAD, Sort.IMAGE, Sort.DOCKERFILE)


def groups(needs: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """The nodes in the order in which they can be done; those that wait for each other together (Tarjan's algorithm, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    waiting: list[str] = []
    on_stack: set[str] = set()
    found: list[tuple[str, ...]] = []
    for root in needs:
        if root in index:
            continue
        work = [(root, iter(_known(needs, root)))]
        _enter(root, index, low, waiting, on_stack)
        while work:
            node, rest = work[-1]
            step = next(rest, None)
            if step is None:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == index[node]:
                    at = waiting.index(node)
                    group, waiting[at:] = waiting[at:], []
                    on_stack.difference_update(group)
                    found.append(tuple(sorted(group)))
            elif step not in index:
                _enter(step, index, low, waiting, on_stack)
                work.append((step, iter(_known(needs, step))))
            elif step in on_stack:
                low[node] = min(low[node], index[step])
    return found


def _known(needs: Mapping[str, Iterable[str]], node: str) -> list[str]:
    return [each for each in needs[node] if each in needs]


def _enter(node: str, index: dict[str, int], low: dict[str, int], waiting: list[str], on_stack: set[str]) -> None:
    index[node] = low[node] = len(index)
    waiting.append(node)
    on_stack.add(node)


def needs_of(graph: Graph) -> dict[str, tuple[str, ...]]:
    """What each node waits for."""
    return {key: node.needs for key, node in graph.nodes.items()}


def cycles(graph: Graph) -> list[tuple[str, ...]]:
    """The groups of nodes that wait for each other."""
    return [group for group in groups(needs_of(graph)) if len(group) > 1 or group[0] in graph.nodes[group[0]].needs]


def statuses(graph: Graph) -> dict[str, Status]:
    """The status of each node with all that it waits for."""
    found: dict[str, Status] = {}
    for group in groups(needs_of(graph)):
        nodes = [graph.nodes[key] for key in group]
        together = worst(_with_needs(node, found, group) for node in nodes)
        for node in nodes:
            found[node.key] = Status.STAYS if node.own is Status.STAYS else together
    return found


def _with_needs(node: Node, found: Mapping[str, Status], group: tuple[str, ...]) -> Status:
    before = [found[key] for key in node.needs if key in found and key not in group]
    if node.any_of and before:
        return worst((node.own, min(before, key=lambda each: each.rank)))
    return worst((node.own, *before))


def tally(graph: Graph, status: Mapping[str, Status]) -> Tally:
    """How many of what has which status; of images only those that the repository builds."""
    counts: dict[Sort, dict[Status, int]] = {}
    for key, node in graph.nodes.items():
        if node.sort in COUNTED and (node.sort is not Sort.IMAGE or node.needs):
            of = counts.setdefault(node.sort, {})
            of[status[key]] = of.get(status[key], 0) + 1
    return Tally(counts)


def with_done(graph: Graph, done: Iterable[str]) -> Graph:
    """The graph in which some nodes have become ready by themselves."""
    better = {key: replace(graph.nodes[key], own=Status.READY, reason="") for key in done if key in graph.nodes}
    return Graph({**graph.nodes, **better})


def closure(needs: Mapping[str, Iterable[str]], start: Iterable[str]) -> set[str]:
    """What some nodes wait for, near and far, without themselves unless they are in a cycle."""
    found: set[str] = set()
    todo = [each for key in start for each in needs.get(key, ())]
    while todo:
        key = todo.pop()
        if key not in found:
            found.add(key)
            todo += needs.get(key, ())
    return found


def reverse(needs: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Who waits for each node."""
    found: dict[str, list[str]] = {key: [] for key in needs}
    for key, wanted in needs.items():
        for each in wanted:
            found.setdefault(each, []).append(key)
    return found
