"""The images of a job, found by their names."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from itertools import takewhile
from math import inf
from typing import TypeVar

from armready.builds import references
from armready.builds.events import Build, Event, Name, Pull, Push, Tag, Use, repositories, spellings
from armready.builds.timeline import Timeline, order_of
from armready.core.startup import dataclass

Item = TypeVar("Item")
EventType = TypeVar("EventType", bound=Event)


@dataclass(frozen=True)
class Reach:
    """All names of an image, and the `tag` commands that give them."""

    names: tuple[Name, ...]
    tags: tuple[Tag, ...]


class Images:
    """The images of a job by their names: what is known of one is looked up, however many the job has."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        tags = timeline.of(Tag)
        self._tags = index((tag, spellings([tag.source])) for tag in tags if tag.source is not None)
        self._givers = index((tag, spellings(tag.names)) for tag in reversed(tags) if tag.source is not None)
        self._uses = index((use, spellings(use.names)) for use in timeline.of(Use))
        self._rebuilt = index((build, spellings(build.tags)) for build in timeline.of(Build))
        self.builds = {build: self._reach(build.tags, build.order, self._rebuild(build)) for build in timeline.of(Build)}
        self.pulls = {pull: self._reach((pull.name,) if pull.name else (), pull.order, inf) for pull in timeline.of(Pull)}
        self._built = index((build, spellings(reach.names)) for build, reach in self.builds.items())
        self._pulled = index((pull, spellings(reach.names)) for pull, reach in self.pulls.items())

    @cached_property
    def _repositories(self) -> dict[str, list[Build]]:
        return index((build, repositories(reach.names)) for build, reach in self.builds.items())

    def _reach(self, start: Sequence[Name], since: int, until: float) -> Reach:
        tags = tuple(takewhile(lambda tag: tag.order < until, _follow(start, since, self._tags, lambda tag: tag.names, order_of)))
        return Reach((*start, *(name for tag in tags for name in tag.names)), tags)

    def _rebuild(self, build: Build) -> float:
        """Where a later build takes all names of a build. It has the rarest of them too."""
        names = build.tags
        if not names:
            return inf
        rarest = min(names, key=lambda name: sum(len(self._rebuilt[each]) for each in name.spellings))
        later = (_later(self._rebuilt[each], build.order) for each in rarest.spellings)
        return min((found.order for own in later if (found := next((each for each in own if _rebuilds(each, names)), None))), default=inf)

    def owner(self, push: Push) -> tuple[Build, bool] | None:
        """The build whose result a push sends (the last before it, else the first behind it), and whether only the repository says so."""
        local = push.source or push.name
        if local is None:
            return None
        exact = _nearest(self._built, local.spellings, push.order)
        if exact is not None:
            return None if self._is_pulled_anew(exact, local, push.order) else (exact, False)
        loose = _nearest(self._repositories, repositories([local]), push.order) if is_loose(push) else None
        return None if loose is None else (loose, True)

    def _is_pulled_anew(self, build: Build, name: Name, order: int) -> bool:
        """Whether the name came to the daemon by a pull behind a build that went to the registry alone."""
        pull = _last(self._pulled, name.spellings, order) if build.pushes else None
        if pull is None or pull.order < build.order:
            return False
        return _named_at(pull, self.pulls[pull], name, order) >= _named_at(build, self.builds[build], name, order)

    def pulled(self, push: Push) -> Pull | None:
        """The pull whose image a push sends."""
        local = push.source or push.name
        return _last(self._pulled, local.spellings, push.order) if local is not None else None

    def uses(self, origin: Build | Pull, reach: Reach) -> list[Use]:
        """What is done with the image of a build or a pull after it."""
        found = {use: None for each in spellings(reach.names) for use in _later(self._uses.get(each, []), origin.order)}
        return sorted(found, key=order_of)

    def sources(self, push: Push) -> list[Name]:
        """The names that a pushed image had before, by the `tag` commands of the job."""
        names = [each for each in (push.source or push.name,) if each is not None]
        tags = _follow(names, -push.order, self._givers, lambda tag: [tag.source] if tag.source else [], lambda tag: -tag.order)
        return [*names, *(tag.source for tag in tags if tag.source is not None)]


def _named_at(origin: Build | Pull, reach: Reach, name: Name, until: int) -> int:
    """Where an image was last given a name before a place."""
    return max((tag.order for tag in reach.tags if tag.order < until and any(each.same(name) for each in tag.names)), default=origin.order)


def index(items: Iterable[tuple[Item, Iterable[str]]]) -> dict[str, list[Item]]:
    """Items by each of their keys."""
    found: dict[str, list[Item]] = {}
    for item, keys in items:
        for key in keys:
            found.setdefault(key, []).append(item)
    return found


def _later(events: Sequence[EventType], order: int) -> Iterator[EventType]:
    return (events[place] for place in range(bisect_right(events, order, key=order_of), len(events)))


def _last(index: Mapping[str, list[EventType]], keys: Iterable[str], order: int) -> EventType | None:
    """The last event before a place that one of the keys leads to."""
    found = [own[place - 1] for key in keys if (own := index.get(key)) and (place := bisect_left(own, order, key=order_of))]
    return max(found, key=order_of, default=None)


def _nearest(index: Mapping[str, list[EventType]], keys: Collection[str], order: int) -> EventType | None:
    """The last event before a place that one of the keys leads to, else the first behind it."""
    behind = (next(_later(index.get(key, ()), order), None) for key in keys)
    return _last(index, keys, order) or min((each for each in behind if each is not None), key=order_of, default=None)


def _follow(
    start: Iterable[Name],
    since: int,
    tags: Mapping[str, Sequence[Tag]],
    gives: Callable[[Tag], Iterable[Name]],
    place: Callable[[Tag], int],
) -> Iterator[Tag]:
    """The tags that some names lead to, and those that the names lead to which these give: each behind the one that gave its name.

    Args:
        start: the names.
        since: the place behind which they hold.
        tags: by the spellings that lead to them, ordered by their places.
        gives: the names that a tag gives.
        place: the place of a tag.
    """
    waiting: list[tuple[int, str, int]] = []
    known: set[str] = set()

    def wait(spelling: str, at: int) -> None:
        own = tags.get(spelling, ())
        if at < len(own):
            heappush(waiting, (place(own[at]), spelling, at))

    def learn(names: Iterable[Name], since: int) -> None:
        for spelling in spellings(names) - known:
            known.add(spelling)
            wait(spelling, bisect_right(tags.get(spelling, ()), since, key=place))

    learn(start, since)
    last = None
    while waiting:
        order, spelling, at = heappop(waiting)
        wait(spelling, at + 1)
        tag = tags[spelling][at]
        if tag is not last:
            last = tag
            yield tag
            learn(gives(tag), order)


def _rebuilds(build: Build, names: Sequence[Name]) -> bool:
    known = spellings(names)
    return bool(build.tags) and len(build.tags) >= len(names) and all(not known.isdisjoint(tag.spellings) for tag in build.tags)


def is_loose(push: Push) -> bool:
    """Whether a push can be that of any tag of its repository: of a bare repository, of all its tags, or of a tag from a loop."""
    local = push.source or push.name
    if local is None:
        return False
    tag = references.tag(local.text)
    loops = [frame.label for frame in push.command.context if frame.kind == "for"] if push.command is not None else []
    looped = any(label and f"${{{label}}}" in local.text for label in loops)
    return push.every_tag or (looped if tag else references.is_bare(local.text))
