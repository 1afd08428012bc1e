"""All builds of a file, read once: `file.parse(read_builds)`."""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds import exemptions
from armready.builds.events import Call, Merge, Push
from armready.builds.history import Chain, Promotion, link
from armready.builds.model import Job, Pipeline
from armready.builds.read_events import read_events
from armready.builds.readers import read_pipeline
from armready.builds.timeline import EventType, Timeline
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import dataclass


@dataclass(frozen=True, eq=False)
class Builds:
    """The builds of a file.

    Attributes:
        pipeline: the jobs.
        events: what each job does, in order.
        chains: the builds with what becomes of them; text that several jobs share counts once.
        promotions: images that are pulled, named anew and pushed.
        free: pushes of images that the file neither builds nor pulls.
        merges: the places where images of several platforms are joined.
        sharing: the chains by the text that they share.
        exempt: why a chain is right as it is; empty for those that are not.
    """

    pipeline: Pipeline
    events: dict[Job, Timeline]
    chains: tuple[Chain, ...]
    promotions: tuple[Promotion, ...]
    free: tuple[Push, ...]
    merges: tuple[Merge, ...]
    sharing: dict[Span, tuple[Chain, ...]]
    exempt: dict[Chain, str]

    def of_kind(self, kind: type[EventType]) -> Iterator[EventType]:
        """All events of a kind, text that several jobs share once. One command can call several targets."""
        seen = set[object]()
        for timeline in self.events.values():
            for event in timeline.of(kind):
                key = (event.span, event.path, event.target) if isinstance(event, Call) else event.span
                if key not in seen:
                    seen.add(key)
                    yield event


def read_builds(file: File) -> Builds:
    """The builds of a file.

    Raises:
        ParseProblem: it cannot be read.
    """
    pipeline = file.parse(read_pipeline)
    events = {job: read_events(file, job) for job in pipeline.jobs}
    links = link(events)
    merges = tuple(event for timeline in events.values() for event in timeline.of(Merge))
    sharing: dict[Span, list[Chain]] = {}
    for chain in links.chains:
        sharing.setdefault(chain.build.span, []).append(chain)
    chains = [max(group, key=lambda chain: (chain.is_pushed, not chain.build.job.hidden)) for group in sharing.values()]
    promoted = {promotion.pull.span: promotion for promotion in links.promotions}
    return Builds(
        pipeline=pipeline,
        events=events,
        chains=tuple(chains),
        promotions=tuple(promoted.values()),
        free=tuple({push.span: push for push in links.free}.values()),
        merges=merges,
        sharing={span: tuple(group) for span, group in sharing.items()},
        exempt=exemptions.reasons(chains, merges),
    )
