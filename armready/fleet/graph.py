"""The graph across repositories: what one pushes and another builds on or runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from armready.builds.references import normalise, repository
from armready.core.reference import Reference
from armready.fleet.store import Store
from armready.plan.model import Graph, How, Node, Sort, Status, Tally
from armready.plan.order import closure, cycles, groups, needs_of, reverse, statuses, tally

# Repository and key within it, in the key of a node of the whole graph.
_JOIN = "\t"
# Stands for the repository of what no repository of the fleet makes.
OTHERS = "images of others"


class Todo(NamedTuple):
    """What stands against a node by itself: how it is mended, and the rules that say so."""

    how: How
    codes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The graph of all repositories of a run.

    Attributes:
        graph: keys are repository, tab, key within it.
        todo: key -> what is to be done.
        names: location -> name of a repository.
    """

    graph: Graph
    todo: Mapping[str, Todo]
    names: Mapping[str, str]


class Change(NamedTuple):
    """A file or an image to work on, and what it unblocks.

    Attributes:
        repository: its name.
        title: the file; the image where there is none.
        how: the hardest way in which something in it is mended.
        codes: of the rules.
        repositories: how many others wait for it.
        unblocks: how many workloads and images wait for it.
    """

    repository: str
    title: str
    how: str
    codes: tuple[str, ...]
    repositories: int
    unblocks: int


class FleetPlan(NamedTuple):
    """The order across repositories.

    Attributes:
        now: what is the case today.
        waves: the changes that wait for nothing but earlier waves.
        critical: the longest chain of changes, each waiting for the one before.
        first: the ten changes that unblock most.
        cycles: nodes of several repositories that wait for each other.
        joined: how many images of one repository another one builds on or runs.
    """

    now: Tally
    waves: tuple[tuple[Change, ...], ...]
    critical: tuple[Change, ...]
    first: tuple[Change, ...]
    cycles: tuple[tuple[str, ...], ...]
    joined: int


def fleet_of(store: Store, run: int, mirrors: Sequence[str]) -> tuple[Fleet, int]:
    """The graph of a run, and how many images join two repositories.

    Args:
        store: the database.
        run: its number.
        mirrors: registry prefixes that mirror Docker Hub.
    """
    names = {str(location): str(name) for location, name in store.rows("SELECT location, name FROM repositories")}
    nodes, todo = _nodes(store, run)
    needs: dict[str, list[str]] = {}
    query = "SELECT s.location, source, target FROM edges JOIN run_scans s USING (scan) WHERE run = ?"
    for location, source, target in store.rows(query, [run]):
        needs.setdefault(f"{location}{_JOIN}{source}", []).append(f"{location}{_JOIN}{target}")
    whole = {key: replace(node, needs=tuple(each for each in needs.get(key, ()) if each in nodes)) for key, node in nodes.items()}
    joined = _join(whole, tuple(mirrors))
    whole = _merge(whole, todo)
    todo = {key: each for key, each in todo.items() if key in whole and whole[key].own not in (Status.READY, Status.STAYS)}
    return Fleet(graph=Graph(whole), todo=todo, names={**names, "": OTHERS}), joined


def _merge(nodes: Mapping[str, Node], todo: dict[str, Todo]) -> dict[str, Node]:
    """Make one node of an image of others that several repositories use. Moves what is to be done with it, in `todo`."""
    shared = {key: f"{_JOIN}{key.partition(_JOIN)[2]}" for key, node in nodes.items() if _is_foreign(node)}
    for key, common in shared.items():
        if key in todo:
            todo[common] = todo.pop(key)
    renamed = {
        shared.get(key, key): replace(node, key=shared.get(key, key), needs=tuple(shared.get(each, each) for each in node.needs))
        for key, node in nodes.items()
    }
    return dict(sorted(renamed.items()))


def _is_foreign(node: Node) -> bool:
    return node.sort in (Sort.BASE, Sort.IMAGE) and not node.needs


def _nodes(store: Store, run: int) -> tuple[dict[str, Node], dict[str, Todo]]:
    nodes: dict[str, Node] = {}
    todo: dict[str, Todo] = {}
    query = """SELECT s.location, key, sort, title, path, line, own, reason, any_of, how, codes
        FROM nodes JOIN run_scans s USING (scan) WHERE run = ? ORDER BY ALL"""
    for location, key, sort, title, path, line, own, reason, any_of, how, codes in store.rows(query, [run]):
        name = f"{location}{_JOIN}{key}"
        nodes[name] = Node(
            key=name, sort=Sort(sort), title=title, path=path, line=line, own=Status(own), reason=reason, any_of=bool(any_of)
        )
        if how:
            todo[name] = Todo(How(how), tuple(codes))
    return nodes, todo


def canonical(text: str, mirrors: tuple[str, ...]) -> str:
    """The name of an image without its tag, as registries tell images apart; empty while a variable stands in it."""
    name = repository(normalise(text))
    if "$" in name or "{{" in name:
        return ""
    found = Reference.parse(name, mirrors)
    return f"{found.registry}/{found.repository}" if not found.unresolved & {"registry", "repository"} else ""


def _join(nodes: dict[str, Node], mirrors: tuple[str, ...]) -> int:
    """Let images of others wait for the repository that pushes them. Changes `nodes`; returns how many were joined."""
    pushed: dict[str, list[str]] = {}
    for key, node in nodes.items():
        if node.sort is Sort.IMAGE and node.needs and (name := canonical(node.title, mirrors)):
            pushed.setdefault(name, []).append(key)
    joined = 0
    for key, node in list(nodes.items()):
        foreign = _is_foreign(node) and node.own is not Status.STAYS
        makers = (
            [each for each in pushed.get(canonical(node.title, mirrors), []) if _repository(each) != _repository(key)] if foreign else []
        )
        if makers:
            own, reason = (Status.READY, "") if node.own is Status.UNKNOWN else (node.own, node.reason)
            nodes[key] = replace(node, needs=tuple(makers), any_of=True, own=own, reason=reason)
            joined += 1
    return joined


def ordered(fleet: Fleet, joined: int) -> FleetPlan:
    """The order of what is to be done in all repositories."""
    graph, needs = fleet.graph, needs_of(fleet.graph)
    pending = {key for key, each in fleet.todo.items() if each.how is not How.ASK}
    depth, before = _depths(needs, pending)
    waves: dict[int, set[str]] = {}
    for key in pending:
        waves.setdefault(depth[key], set()).add(key)
    waiting = reverse(needs)
    circles = [group for group in cycles(graph) if len({_repository(key) for key in group}) > 1]
    changed = {key: _change(fleet, waiting, key) for key in pending}
    in_order = [changed[key] for number in sorted(waves) for key in sorted(waves[number])]
    first = sorted(_merged(in_order), key=lambda each: (-each.unblocks, -each.repositories))
    return FleetPlan(
        now=tally(graph, statuses(graph)),
        waves=tuple(tuple(sorted(_merged(changed[key] for key in waves[number]))) for number in sorted(waves)),
        critical=tuple(changed[key] for key in _chain(depth, before, pending)),
        first=tuple(first[:10]),
        cycles=tuple(tuple(f"{fleet.names[_repository(key)]}: {graph.nodes[key].title}" for key in group) for group in circles),
        joined=joined,
    )


def _repository(key: str) -> str:
    return key.partition(_JOIN)[0]


def _depths(needs: Mapping[str, Sequence[str]], pending: set[str]) -> tuple[dict[str, int], dict[str, str]]:
    """How many changes lie on the longest way to each node, itself included, and the pending node before it on that way."""
    depth: dict[str, int] = {}
    last: dict[str, str] = {}
    before: dict[str, str] = {}
    for group in groups(needs):
        below = [each for key in group for each in needs[key] if each not in group]
        deepest = max(below, key=lambda each: (depth[each], each), default="")
        base, end = (depth[deepest], last[deepest]) if deepest else (0, "")
        own = [key for key in group if key in pending]
        for key in group:
            depth[key] = base + bool(own)
            last[key] = key if key in pending else own[0] if own else end
            if key in pending and end:
                before[key] = end
    return depth, before


def _chain(depth: Mapping[str, int], before: Mapping[str, str], pending: set[str]) -> list[str]:
    """The longest chain of pending nodes, from the first to the last."""
    if not pending:
        return []
    chain = [max(pending, key=lambda key: (depth[key], key))]
    while chain[-1] in before:
        chain.append(before[chain[-1]])
    return chain[::-1]


def _change(fleet: Fleet, waiting: Mapping[str, Sequence[str]], key: str) -> Change:
    node, todo = fleet.graph.nodes[key], fleet.todo[key]
    after = closure(waiting, (key,)) - {key}
    unblocked = [each for each in after if fleet.graph.nodes[each].sort in (Sort.WORKLOAD, Sort.IMAGE) and fleet.graph.nodes[each].needs]
    others = {_repository(each) for each in after} - {_repository(key), ""}
    return Change(
        repository=fleet.names[_repository(key)],
        title=node.path or node.title,
        how=todo.how.value,
        codes=todo.codes,
        repositories=len(others),
        unblocks=len(unblocked),
    )


def _merged(changes: Iterable[Change]) -> list[Change]:
    """One change a file: what is done there at once."""
    found: dict[tuple[str, str], Change] = {}
    hardest = [each.value for each in How].index
    for each in changes:
        at = (each.repository, each.title)
        old = found.get(at, each)
        found[at] = Change(
            repository=each.repository,
            title=each.title,
            how=max(old.how, each.how, key=hardest),
            codes=tuple(sorted({*old.codes, *each.codes})),
            repositories=max(old.repositories, each.repositories),
            unblocks=max(old.unblocks, each.unblocks),
        )
    return list(found.values())
