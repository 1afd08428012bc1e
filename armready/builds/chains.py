"""From a build to what becomes of it: its names through every `tag`, the pushes they reach, and what uses them in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from armready.builds import references
from armready.builds.events import Bake, Build, Call, Event, Merge, Name, Pull, Push, Tag, Use
from armready.patterns import regex
from armready.pipelines.model import Job
from armready.records import dataclass

Events = Mapping[Job, tuple[Event, ...]]


@dataclass(frozen=True, eq=False)
class Chain:
    """A build and where its result goes.

    Attributes:
        build: the build.
        tags: the `tag` commands that give it more names, in order.
        pushes: the pushes of any of its names, in the order of the file.
        uses: what else is done with the local image.
        handed_over: a push stands in another job than the build.
        loose: a push names only the repository, or a tag that is known only when it runs.
    """

    build: Build
    tags: tuple[Tag, ...] = ()
    pushes: tuple[Push, ...] = ()
    uses: tuple[Use, ...] = ()
    handed_over: bool = False
    loose: bool = False

    @property
    def is_pushed(self) -> bool:
        """Whether the result goes to a registry."""
        return bool(self.pushes) or self.build.pushes

    @property
    def pushed_names(self) -> list[Name]:
        """The references that are pushed, in the order of the first push, each once."""
        found: list[Name] = []
        every = [push.name for push in self.pushes if push.name is not None]
        if self.build.pushes:
            every = [*self.build.tags, *every]
        for name in every:
            if not any(name.same(other) for other in found):
                found.append(name)
        return found


@dataclass(frozen=True, eq=False)
class Promotion:
    """An image that is pulled, named anew and pushed: what the daemon holds of it is one platform."""

    pull: Pull
    tags: tuple[Tag, ...]
    pushes: tuple[Push, ...]


@dataclass(frozen=True)
class Links:
    """What becomes of the images of a file.

    Attributes:
        chains: the builds.
        promotions: the images that are pulled and pushed under another name.
        free: the pushes of images that the file neither builds nor pulls.
    """

    chains: list[Chain]
    promotions: list[Promotion]
    free: list[Push]


def link(events: Events) -> Links:
    """Join builds and pulls of all jobs of a file with the pushes that they reach."""
    chains: dict[int, Chain] = {}
    free: list[tuple[Job, Push]] = []
    promotions: list[Promotion] = []
    for job, own in events.items():
        builds = [event for event in own if isinstance(event, Build)]
        pulls = [event for event in own if isinstance(event, Pull)]
        reach = {id(each): _reach(each, own) for each in builds}
        pulled = {id(each): _reach_of([each.name] if each.name else [], own, each.order, each) for each in pulls}
        taken: dict[int, list[tuple[Push, bool]]] = {}
        promoted: dict[int, list[Push]] = {}
        for push in (event for event in own if isinstance(event, Push)):
            owner = _owner(push, builds, reach)
            if owner is not None:
                taken.setdefault(id(owner[0]), []).append((push, owner[1]))
                continue
            pull = next((each for each in reversed(pulls) if each.order < push.order and _names(push, pulled[id(each)][0])), None)
            if pull is not None:
                promoted.setdefault(id(pull), []).append(push)
            else:
                free.append((job, push))
        for build in builds:
            names, tags = reach[id(build)]
            pushes = taken.get(id(build), [])
            uses = tuple(each for each in own if isinstance(each, Use) and each.order > build.order and _uses(each, names))
            chains[id(build)] = Chain(build, tuple(tags), tuple(push for push, _ in pushes), uses, False, any(loose for _, loose in pushes))
        for pull in pulls:
            renamed = tuple(pulled[id(pull)][1])
            if id(pull) in promoted and renamed:
                promotions.append(Promotion(pull, renamed, tuple(promoted[id(pull)])))
            elif _moved(renamed) and _publishes(own, renamed[-1].order):
                promotions.append(Promotion(pull, renamed, ()))
    left = _hand_over(events, chains, free)
    return Links(list(chains.values()), promotions, left)


_PUBLISHES = regex(r"(?i)push|publish|release|deploy|upload")


def _moved(tags: Sequence[Tag]) -> bool:
    """Whether an image gets a name in another repository."""
    return any(
        tag.source is not None
        and {references.repository(each) for each in tag.source.spellings}.isdisjoint(
            references.repository(each) for each in name.spellings
        )
        for tag in tags
        for name in tag.names
    )


def _publishes(events: Sequence[Event], after: int) -> bool:
    """Whether a script or target that is called afterwards says in its name that it pushes."""
    return any(isinstance(event, Call) and event.order > after and _PUBLISHES.search(f"{event.target} {event.path}") for event in events)


def _reach(build: Build, events: Sequence[Event]) -> tuple[list[Name], list[Tag]]:
    return _reach_of(list(build.tags), events, build.order, build)


def _reach_of(start: list[Name], events: Sequence[Event], after: int, origin: Event) -> tuple[list[Name], list[Tag]]:
    """All names of an image, and the `tag` commands that give them; a later build or pull of the same first name ends it."""
    names, tags = list(start), []
    for event in events:
        if event.order <= after:
            continue
        if isinstance(event, type(origin)) and isinstance(event, Build) and _rebuilds(event, start):
            break
        if isinstance(event, Tag) and event.source is not None and any(event.source.same(name) for name in names):
            names.extend(event.names)
            tags.append(event)
    return names, tags


def _rebuilds(build: Build, names: Sequence[Name]) -> bool:
    return bool(build.tags) and all(any(tag.same(name) for name in names) for tag in build.tags) and len(build.tags) >= len(names)


def _names(push: Push, names: Sequence[Name]) -> bool:
    local = push.source or push.name
    return local is not None and any(local.same(name) for name in names)


def _owner(push: Push, builds: Sequence[Build], reach: Mapping[int, tuple[list[Name], list[Tag]]]) -> tuple[Build, bool] | None:
    """The build whose result a push sends (the last one before it, else the first after it), and whether only the repository says so."""
    before = [build for build in reversed(builds) if build.order < push.order]
    ordered = [*before, *(build for build in builds if build.order > push.order)]
    for build in ordered:
        if _names(push, reach[id(build)][0]):
            return build, False
    for build in ordered:
        if any(_same_repository(push, name) for name in reach[id(build)][0]):
            return build, True
    return None


def _same_repository(push: Push, name: Name) -> bool:
    """Whether a push of a bare repository, of all its tags, or of a tag from a loop can be that of `name`."""
    local = push.source or push.name
    if local is None:
        return False
    tag = references.tag(local.text)
    loops = [frame.label for frame in push.command.context if frame.kind == "for"] if push.command is not None else []
    looped = any(label and f"${{{label}}}" in local.text for label in loops)
    if not (push.every_tag or not tag or looped):
        return False
    if not tag and not push.every_tag and not references.is_bare(local.text):
        return False
    return not {references.repository(each) for each in local.spellings}.isdisjoint(references.repository(each) for each in name.spellings)


def _uses(use: Use, names: Sequence[Name]) -> bool:
    return any(one.same(other) for one in use.names for other in names)


def _hand_over(events: Events, chains: dict[int, Chain], free: Sequence[tuple[Job, Push]]) -> list[Push]:
    """Pushes without a build in their own job take that of another job of the file; those that find none are left."""
    left: list[Push] = []
    for job, push in free:
        own = events[job]
        wanted = _sources(push, own)
        taken = False
        for key, chain in chains.items():
            if chain.build.job is job or chain.build.pushes:
                continue
            names = [*chain.build.tags, *(name for tag in chain.tags for name in tag.names)]
            exact = any(one.same(other) for one in wanted for other in names)
            if exact or any(_same_repository(push, name) for name in names):
                chains[key] = Chain(chain.build, chain.tags, (*chain.pushes, push), chain.uses, True, chain.loose or not exact)
                taken = True
        if not taken:
            left.append(push)
    return left


def _sources(push: Push, events: Sequence[Event]) -> list[Name]:
    """The names that a pushed image had before, by the `tag` commands of its own job."""
    names = [each for each in (push.source or push.name,) if each is not None]
    for event in sorted((each for each in events if isinstance(each, Tag) and each.order < push.order), key=lambda each: -each.order):
        if event.source is not None and any(one.same(other) for one in event.names for other in names):
            names.append(event.source)
    return names


def merges(events: Events) -> Iterator[Merge]:
    """Every merge of a file."""
    for own in events.values():
        for event in own:
            if isinstance(event, Merge):
                yield event


def bakes(events: Events) -> Iterator[Bake]:
    """Every build of a file that is described in another one."""
    for own in events.values():
        for event in own:
            if isinstance(event, Bake):
                yield event
