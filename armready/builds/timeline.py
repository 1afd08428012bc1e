"""The events of a job in order, and how they are found: by kind and by place, never by a look at all of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, TypeVar

from armready.builds.events import Event
from armready.languages.shell.script import Command, Script

EventType = TypeVar("EventType", bound=Event)
Derived = TypeVar("Derived")


def order_of(event: Event) -> int:
    """The place of an event among those of its job."""
    return event.order


class Timeline:
    """The events of one job, in order."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = tuple(events)
        self._kinds: dict[type[Event], list[Any]] = {}
        for event in self.events:
            self._kinds.setdefault(type(event), []).append(event)
        self._derived: dict[Callable[[Timeline], Any], Any] = {}

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def of(self, kind: type[EventType]) -> list[EventType]:
        """The events of a kind."""
        return self._kinds.get(kind, [])

    def happens(self, kind: type[Event], since: int, until: int) -> bool:
        """Whether something of a kind happens between two places."""
        events = self.of(kind)
        return bisect_right(events, since, key=order_of) < bisect_left(events, until, key=order_of)

    def derive(self, make: Callable[[Timeline], Derived]) -> Derived:
        """`make(timeline)`, computed at most once, however many builds ask for it."""
        if make not in self._derived:
            self._derived[make] = make(self)
        return self._derived[make]  # type: ignore[no-any-return]

    # The commands of the job, those that are no event among them.

    @cached_property
    def commands(self) -> list[Command]:
        """The commands of all scripts in which something happens, in order."""
        scripts: dict[int, Script] = {id(event.script): event.script for event in self.events if event.script is not None}
        return [command for script in scripts.values() for command in script.commands]

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(command): place for place, command in enumerate(self.commands)}

    def place(self, command: Command) -> int:
        """The index of a command in `commands`."""
        return self._places[id(command)]

    def between(self, first: Command, last: Command) -> Iterator[Command]:
        """The commands between two others."""
        return (self.commands[place] for place in range(self.place(first) + 1, self.place(last)))
