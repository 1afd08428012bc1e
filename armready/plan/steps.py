"""From nodes that are not ready to steps: what, where, how."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from armready.core.fix import Applicability
from armready.core.startup import regex
from armready.core.wording import plural
from armready.plan.model import How, Node, Sort, Status, Step
from armready.plan.order import closure, reverse
from armready.plan.words import listed

if TYPE_CHECKING:
    from armready.core.finding import Finding
    from armready.plan.graph import Picture
    from armready.plan.owners import Owners

_APPLICABLE = {Applicability.SAFE: How.COMMAND, Applicability.UNSAFE: How.LOOK}
_FLAGS: dict[How, tuple[str, ...]] = {How.COMMAND: (), How.LOOK: ("--unsafe-fixes",)}
_VARIABLE = regex(r"[${}<>%()\s]")
_FOREIGN = frozenset({Sort.BASE, Sort.IMAGE})


class Item(NamedTuple):
    """One reason why a node is not ready.

    Attributes:
        node: its key.
        how: what it takes.
        finding: that says so; None where the graph does.
    """

    node: str
    how: How
    finding: Finding | None

    @property
    def key(self) -> tuple[str, How, str]:
        """What stays the same while lines move."""
        return (self.node, self.how, self.finding.code if self.finding else "")


def items(picture: Picture) -> Iterator[Item]:
    """Everything that stands against a node by itself."""
    for key, node in picture.graph.nodes.items():
        found = picture.against.get(key, ())
        for finding in found:
            yield Item(key, _how(finding, node), finding)
        if not found and node.own not in (Status.READY, Status.STAYS) and key not in picture.replaced:
            yield Item(key, _without_finding(node), None)


def _how(finding: Finding, node: Node) -> How:
    if finding.fix is not None and finding.fix.applicability in _APPLICABLE:
        return _APPLICABLE[finding.fix.applicability]
    return How.DECIDE if _is_foreign(node) or node.sort is Sort.PACKAGE else How.HAND


def _without_finding(node: Node) -> How:
    if _is_foreign(node):
        return How.ASK if node.own is Status.UNKNOWN else How.DECIDE
    return How.HAND


def _is_foreign(node: Node) -> bool:
    return node.sort in _FOREIGN and not node.needs


class Writer:
    """Write the steps of a wave.

    Args:
        picture: the graph as it is before the wave.
        owners: of the files.
    """

    def __init__(self, picture: Picture, owners: Owners) -> None:
        self.picture = picture
        self.owners = owners
        self._needs = {key: node.needs for key, node in picture.graph.nodes.items()}
        self._waiting = reverse(self._needs)

    def steps(self, chosen: Iterable[Item]) -> list[Step]:
        """Steps: one for each file and way to mend it, one for each image or package to decide on, one for all that is not known."""
        grouped: dict[tuple[int, str, str], list[Item]] = {}
        for item in chosen:
            node = self.picture.graph.nodes[item.node]
            rank = list(How).index(item.how)
            if item.how is How.ASK:
                grouped.setdefault((rank, "", "variable" if _VARIABLE.search(node.title) else ""), []).append(item)
            elif item.how is How.DECIDE:
                grouped.setdefault((rank, "" if _is_foreign(node) else self._path(item), item.node), []).append(item)
            else:
                grouped.setdefault((rank, self._path(item), ""), []).append(item)
        return [self._step(group[0].how, path, group) for (_, path, _), group in sorted(grouped.items(), key=lambda each: each[0])]

    def _path(self, item: Item) -> str:
        return item.finding.path if item.finding else self.picture.graph.nodes[item.node].path

    def _step(self, how: How, path: str, group: list[Item]) -> Step:
        nodes = tuple(dict.fromkeys(item.node for item in group))
        titles = tuple(dict.fromkeys(self.picture.graph.nodes[key].title for key in nodes))
        first = self.picture.graph.nodes[nodes[0]]
        findings = [item.finding for item in group if item.finding is not None]
        lines = [each.location.region.line for each in findings] or [first.line]
        paths = [path] if path else sorted({each.path for each in self._users(nodes)} - {""})
        return Step(
            how=how,
            where=f"{path}:{min(lines)}" if path else _images(titles),
            path=path,
            what=tuple(dict.fromkeys([*(each.message for each in findings), *self._reasons(how, group, titles)])),
            codes=tuple(sorted({each.code for each in findings})),
            command=_command(how, path, titles),
            notes=tuple(dict.fromkeys(self._notes(how, group))),
            options=tuple(_options(first)) if how is How.DECIDE else (),
            nodes=nodes,
            unblocks=tuple(self._unblocked(nodes)),
            owners=tuple(dict.fromkeys(owner for each in paths for owner in self.owners.of(each))),
        )

    def _users(self, keys: Iterable[str]) -> list[Node]:
        return [self.picture.graph.nodes[each] for key in keys for each in self._waiting.get(key, ())]

    def _reasons(self, how: How, group: list[Item], titles: tuple[str, ...]) -> Iterator[str]:
        if how is How.ASK:
            named, more = listed(titles)
            yield f"Whether arm64 exists is not known of {', '.join(named)}{more}."
            return
        for item in group:
            node = self.picture.graph.nodes[item.node]
            if item.finding is None and node.reason:
                yield node.reason if node.title in node.reason else f"{node.title}: {node.reason}"

    def _notes(self, how: How, group: list[Item]) -> Iterator[str]:
        for item in group:
            if item.finding is None:
                yield from _advice(how, self.picture.graph.nodes[item.node])
            elif item.finding.fix is not None:
                if how is How.HAND:
                    yield f"{item.finding.fix.title}; not by armready, because:"
                yield from item.finding.fix.notes
            elif how is How.HAND:
                yield f"armready rule {item.finding.code} says what can be done"
        if how is How.LOOK:
            yield "Look at what it does first: the same command with --diff"

    def _unblocked(self, keys: Iterable[str]) -> list[str]:
        """The workloads and images that wait for nodes; the images alone where no workload does."""
        nodes = [self.picture.graph.nodes[key] for key in sorted(closure(self._waiting, keys)) if key in self.picture.graph.nodes]
        found = [node for node in nodes if node.sort is Sort.WORKLOAD] or [node for node in nodes if node.sort is Sort.IMAGE and node.needs]
        return [node.title for node in found]


def _command(how: How, path: str, titles: tuple[str, ...]) -> str:
    if how in _FLAGS:
        return " ".join(("armready fix", *_FLAGS[how], "--only", _argument(path)))
    if how is How.ASK and not _VARIABLE.search(titles[0]):
        return " ".join(("armready image", *map(_argument, titles)))
    return ""


def _images(titles: tuple[str, ...]) -> str:
    return titles[0] if len(titles) == 1 else plural(len(titles), "image")


def _advice(how: How, node: Node) -> Iterator[str]:
    if how is How.ASK:
        if _VARIABLE.search(node.title):
            yield "A variable decides which image it is"
        yield "Or say in the configuration what is known of it: images (docs/configuration.md)"
    elif node.sort is Sort.WORKLOAD:
        yield "Once every image of it exists for arm64, take the constraint away; armready fix does it where it knows the images"
    elif node.sort is Sort.BUILD:
        yield "Build it for linux/amd64 and linux/arm64, and push both under one name"


def _options(node: Node) -> Iterator[str]:
    """The ways to decide between."""
    for each in node.options:
        yield f"{'upgrade' if _same_image(node.title, each) else 'replace'}: use {each}"
    if node.sort is Sort.PACKAGE:
        yield "upgrade or replace the package: armready package asks the index for a release with arm64"
        yield "leave on amd64: take it out of what arm64 installs, with a marker"
    else:
        yield f'leave on amd64: images."{node.title}" = ["amd64"] in the configuration, with a reason and a date'
        yield f"wait for upstream: until {node.title} exists for arm64"


def _same_image(one: str, other: str) -> bool:
    return one.rpartition(":")[0] == other.rpartition(":")[0]


def _argument(text: str) -> str:
    return shlex.quote(f"./{text}" if text.startswith("-") else text)
