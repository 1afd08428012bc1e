"""The records of a plan: nodes, steps, waves, and how many of what is ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from armready.core.startup import dataclass


class Sort(StrEnum):
    """What a node of the graph is, in the order in which one waits for the other."""

    PACKAGE = "package"
    BASE = "base"
    DOCKERFILE = "dockerfile"
    BUILD = "build"
    IMAGE = "image"
    WORKLOAD = "workload"
    SOURCE = "source"


class Status(StrEnum):
    """How near to arm64 a node is, from the best to the worst.

    `READY` nothing is known against it. `STAYS` it is on amd64 by a decision, and kept there. `UNKNOWN` nothing is known of it.
    `DOUBTFUL` there are warnings. `BLOCKED` there are errors.
    """

    READY = "ready"
    STAYS = "stays"
    UNKNOWN = "unknown"
    DOUBTFUL = "doubtful"
    BLOCKED = "blocked"

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(Status).index(self)


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of some, READY of none."""
    return max(statuses, key=lambda each: each.rank, default=Status.READY)


@dataclass(frozen=True, kw_only=True)
class Node:
    """One thing that has to be ready for arm64.

    Attributes:
        key: its name in the graph.
        sort: what it is.
        title: its name for people.
        path: the file it stands in; empty for images of others.
        line: where.
        own: its status by itself.
        reason: why, in words; empty when it is ready.
        needs: the keys of what it waits for.
        any_of: one of `needs` is enough.
        options: for an image without arm64: what to use instead.
    """

    key: str
    sort: Sort
    title: str
    path: str = ""
    line: int = 0
    own: Status = Status.READY
    reason: str = ""
    needs: tuple[str, ...] = ()
    any_of: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """The nodes by their keys, sorted."""

    nodes: Mapping[str, Node]


class How(StrEnum):
    """How a step is done.

    `COMMAND` one command, amd64 stays as it is. `LOOK` one command that somebody has to look at. `HAND` by hand. `DECIDE` a choice between
    ways. `ASK` something is not known and can be asked.
    """

    COMMAND = "command"
    LOOK = "look"
    HAND = "hand"
    DECIDE = "decide"
    ASK = "ask"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do.

    Attributes:
        how: see `How`.
        where: the file, with the line of the first thing in it; the image where there is no file.
        path: the file; empty for images of others.
        what: what is wrong, one sentence each.
        codes: of the rules that say so.
        command: to be run at the root of the repository; empty when there is none.
        notes: what to look at, why there is no command, what to wait for.
        options: the ways to decide between.
        nodes: the keys of what gets better.
        unblocks: the titles of the workloads and images that wait for it.
        owners: by CODEOWNERS.
    """

    how: How
    where: str
    path: str
    what: tuple[str, ...]
    codes: tuple[str, ...] = ()
    command: str = ""
    notes: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    unblocks: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tally:
    """How many workloads, images of this repository and Dockerfiles there are of each status."""

    counts: Mapping[Sort, Mapping[Status, int]]

    def total(self, sort: Sort) -> int:
        """How many of a sort there are."""
        return sum(self.counts.get(sort, {}).values())

    def of(self, sort: Sort, status: Status) -> int:
        """How many of them have a status."""
        return self.counts.get(sort, {}).get(status, 0)


@dataclass(frozen=True, kw_only=True)
class Wave:
    """Steps that wait for nothing but earlier waves.

    Attributes:
        steps: in the order of their files.
        cycles: the titles of nodes that wait for each other and are therefore in the same wave.
        after: what is the case once its commands have run, as a scan of the changed files says.
        at_best: likewise, if what is done by hand, decided or asked up to here ends well.
    """

    steps: tuple[Step, ...]
    cycles: tuple[tuple[str, ...], ...]
    after: Tally
    at_best: Tally


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do in which order.

    Attributes:
        graph: of the repository as it is.
        status: of each node with all that it waits for.
        now: what is the case today.
        waves: in order.
        complete: the whole repository was read.
    """

    graph: Graph
    status: Mapping[str, Status]
    now: Tally
    waves: tuple[Wave, ...]
    complete: bool = True
