"""Which nodes of a plan are drawn, and where."""

from __future__ import annotations

from typing import NamedTuple

from armready.plan.model import Node, Plan, Sort, Status
from armready.plan.order import closure, groups, reverse

# Beyond so many nodes a drawing tells nobody anything.
MOST = 300
_COLUMNS = (Sort.PACKAGE, Sort.BASE, Sort.DOCKERFILE, Sort.BUILD, Sort.IMAGE, Sort.WORKLOAD)


def drawn(plan: Plan) -> tuple[list[Node], int]:
    """The nodes that are drawn, and how many are left out.

    All of them, if they are few; else those that are not ready by themselves, and what waits for them. Sources stand
    alone and are not drawn.
    """
    nodes = [node for node in plan.graph.nodes.values() if node.sort is not Sort.SOURCE]
    if len(nodes) <= MOST:
        return nodes, 0
    needs = {node.key: node.needs for node in nodes}
    troubled = {node.key for node in nodes if node.own not in (Status.READY, Status.STAYS)}
    wanted = troubled | closure(reverse(needs), troubled)
    chosen = [node for node in nodes if node.key in wanted]
    chosen.sort(key=lambda node: (-node.own.rank, node.key))
    return sorted(chosen[:MOST], key=lambda node: node.key), len(nodes) - min(len(chosen), MOST)


class Place(NamedTuple):
    """Where a node stands in a drawing: column and row, from 0."""

    column: int
    row: int


def layout(nodes: list[Node]) -> dict[str, Place]:
    """Columns by what waits for what, within them in the order of what they are joined to."""
    keys = {node.key: node for node in nodes}
    needs = {node.key: tuple(each for each in node.needs if each in keys) for node in nodes}
    column: dict[str, int] = {}
    for group in groups(needs):
        before = [column[each] + 1 for key in group for each in needs[key] if each in column]
        least = [_COLUMNS.index(keys[key].sort) for key in group if not needs[key]]
        column.update(dict.fromkeys(group, max([*before, *least], default=0)))
    used = {number: index for index, number in enumerate(sorted(set(column.values())))}
    places: dict[str, Place] = {}
    for number in sorted(used):
        members = [key for key in keys if column[key] == number]
        members.sort(key=lambda key: (_middle([places[each].row for each in needs[key] if each in places]), key))
        places.update({key: Place(used[number], row) for row, key in enumerate(members)})
    return places


def _middle(rows: list[int]) -> float:
    return sum(rows) / len(rows) if rows else 1e9
