"""From a build to what becomes of it: its names through every `tag`, the pushes they reach, and what uses them in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from armready.builds import references
from armready.builds.events import Build, Call, Name, Pull, Push, Tag, Use, distinct, repositories, spellings
from armready.builds.job_images import Images, index, is_loose
from armready.builds.model import Job
from armready.builds.timeline import Timeline
from armready.core.startup import dataclass, regex

# So many builds of one name are looked at for a push in another job.
_MOST_OF_A_NAME = 50


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
        every = [push.name for push in self.pushes if push.name is not None]
        if self.build.pushes:
            every = [*self.build.tags, *every]
        return distinct(every)


@dataclass(frozen=True, eq=False)
class Promotion:
    """An image that is pulled, named anew and pushed: what the daemon holds of it is one platform.

    Attributes:
        pull: where it comes from.
        tags: the `tag` commands that give it more names.
        pushes: the pushes of any of its names.
        uses: what else is done with the local image.
    """

    pull: Pull
    tags: tuple[Tag, ...]
    pushes: tuple[Push, ...]
    uses: tuple[Use, ...] = ()


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


def link(events: Mapping[Job, Timeline]) -> Links:
    """Join builds and pulls of all jobs of a file with the pushes that they reach."""
    chains: list[Chain] = []
    promotions: list[Promotion] = []
    free: list[tuple[Images, Push]] = []
    for timeline in events.values():
        images = Images(timeline)
        taken: dict[Build, list[tuple[Push, bool]]] = {}
        promoted: dict[Pull, list[Push]] = {}
        for push in timeline.of(Push):
            owner, pull = images.owner(push), None
            if owner is not None:
                taken.setdefault(owner[0], []).append((push, owner[1]))
            elif (pull := images.pulled(push)) is not None:
                promoted.setdefault(pull, []).append(push)
            else:
                free.append((images, push))
        for build, reach in images.builds.items():
            pushes = taken.get(build, [])
            uses = tuple(images.uses(build, reach))
            chains.append(
                Chain(
                    build=build,
                    tags=reach.tags,
                    pushes=tuple(push for push, _ in pushes),
                    uses=uses,
                    handed_over=False,
                    loose=any(loose for _, loose in pushes),
                )
            )
        publishes = timeline.derive(_last_publishing)
        for pull, reach in images.pulls.items():
            if pull in promoted and reach.tags:
                promotions.append(Promotion(pull, reach.tags, tuple(promoted[pull]), tuple(images.uses(pull, reach))))
            elif _moved(reach.tags) and publishes > reach.tags[-1].order:
                promotions.append(Promotion(pull, reach.tags, ()))
    renamed = [tag for job, timeline in events.items() if job.recipe for tag in timeline.of(Tag)] if free else []
    return _hand_over(chains, promotions, free, renamed)


def _hand_over(chains: list[Chain], promotions: list[Promotion], free: Sequence[tuple[Images, Push]], renamed: Sequence[Tag]) -> Links:
    """Pushes without a build in their own job take that of another job of the file; those that find none are left.

    Args:
        chains: the builds.
        promotions: handed on.
        free: the pushes.
        renamed: the `tag` commands of recipes, which need not be those that build or push.
    """
    open_chains = [chain for chain in chains if not chain.build.pushes] if free else []
    names = {chain: [*chain.build.tags, *(name for tag in chain.tags for name in tag.names)] for chain in open_chains}
    by_name = index((chain, spellings(names[chain])) for chain in open_chains)
    by_repository = index((chain, repositories(names[chain])) for chain in open_chains) if any(is_loose(push) for _, push in free) else {}
    givers = index((tag, spellings(tag.names)) for tag in renamed if tag.source is not None)
    by_untagged = index((chain, repositories(_untagged(chain))) for chain in open_chains if chain.build.job.recipe)
    taken: dict[Chain, list[tuple[Push, bool]]] = {}
    left: list[Push] = []
    for images, push in free:
        local = push.source or push.name
        before = spellings(images.sources(push))
        found = {chain: False for each in before for chain in by_name.get(each, [])[:_MOST_OF_A_NAME]}
        if not found and push.job.recipe:
            found = {chain: False for each in _earlier(before, givers) for chain in by_name.get(each, [])[:_MOST_OF_A_NAME]}
        if local is not None and is_loose(push):
            found = {chain: True for each in repositories([local]) for chain in by_repository.get(each, [])[:_MOST_OF_A_NAME]} | found
        if local is not None and not found and push.job.recipe:
            found = {chain: True for each in repositories([local]) for chain in by_untagged.get(each, [])[:_MOST_OF_A_NAME]}
        others = _of_recipe(push, {chain: loose for chain, loose in found.items() if chain.build.job is not push.job})
        for chain, loose in others.items():
            taken.setdefault(chain, []).append((push, loose))
        if not others:
            left.append(push)
    return Links([_handed_over(chain, taken[chain]) if chain in taken else chain for chain in chains], promotions, left)


def _earlier(names: set[str], givers: Mapping[str, Sequence[Tag]]) -> set[str]:
    """The names that images had before `tag` commands gave them some names."""
    found, waiting = set[str](), set(names)
    while waiting:
        sources = {each for name in waiting for tag in givers.get(name, ()) if tag.source is not None for each in tag.source.spellings}
        waiting = sources - found - names
        found |= waiting
    return found


def _untagged(chain: Chain) -> list[Name]:
    """The names of a build without a tag: what a file pushes under a tag of the same repository was named so by something unseen."""
    return [name for name in chain.build.tags if not references.tag(name.text) and any(each.endswith(":latest") for each in name.spellings)]


def _of_recipe(push: Push, found: dict[Chain, bool]) -> dict[Chain, bool]:
    """Of the builds in other recipes of a file, the one that a push takes: what it depends on, else the first."""
    if len(found) < 2 or not push.job.recipe:
        return found
    needed = {chain: loose for chain, loose in found.items() if chain.build.job.name in push.job.needs}
    return needed or dict([next(iter(found.items()))])


def _handed_over(chain: Chain, pushes: Sequence[tuple[Push, bool]]) -> Chain:
    every = (*chain.pushes, *(push for push, _ in pushes))
    return Chain(
        build=chain.build,
        tags=chain.tags,
        pushes=every,
        uses=chain.uses,
        handed_over=True,
        loose=chain.loose or any(loose for _, loose in pushes),
    )


_PUBLISHES = regex(r"(?i)push|publish|release|deploy|upload")


def _moved(tags: Sequence[Tag]) -> bool:
    """Whether an image gets a name in another repository."""
    return any(tag.source is not None and repositories([tag.source]).isdisjoint(repositories([name])) for tag in tags for name in tag.names)


def _last_publishing(timeline: Timeline) -> int:
    """The place of the last call of a script or target that says in its name that it pushes."""
    calls = (each.order for each in timeline.of(Call) if _PUBLISHES.search(f"{each.target} {each.path}"))
    return max(calls, default=0)
