"""The proof that a pipeline still supplies what it supplied: each local image to the steps that use it, each name to the registry.

Two readings of a file, before and after a fix, are compared. Names are compared as Docker does: `app` is `docker.io/library/app:latest`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from armready.builds.events import Build, Login, Name, Output, Pull, Push, Setup, Tag, Use, repositories
from armready.builds.file_builds import Builds, read_builds
from armready.builds.model import Job
from armready.builds.references import repository
from armready.builds.timeline import Timeline
from armready.core.errors import ParseProblem
from armready.core.file import File

# The jobs of a file of these run one after the other on one machine.
_ONE_MACHINE = frozenset({"make", "just", "task", "npm", "shell", "script", "jenkins"})
# What fetches an image that the daemon has not.
_FETCHES = frozenset({"run", "container run", "create", "container create", "pull", "trivy", "grype", "syft", "cosign", "scout", "inspect"})


class Need(NamedTuple):
    """A step that takes an image from the daemon: where, what it does, and the names under which it is there."""

    job: str
    verb: str
    shown: str
    names: frozenset[str]


class Sent(NamedTuple):
    """A name that is pushed: the platforms where they are known, whether a login stands before the push, and whether the registry is the
    step's own, so that the name lacks it.
    """

    shown: str
    names: frozenset[str]
    platforms: frozenset[str]
    logged_in: bool
    bare: bool = False


def lost(old: File, new: File) -> str:
    """What a pipeline no longer supplies after a fix, as the reason to refuse it; empty when nothing."""
    try:
        before, after = old.parse(read_builds), new.parse(read_builds)
    except ParseProblem:
        return ""
    return _lost_locally(before, after) or _lost_pushes(before, after) or _late_builder(before, after)


def _lost_locally(before: Builds, after: Builds) -> str:
    still = list(_needs(after))
    taken = set(_taken(after))
    for need in _needs(before):
        if any(each.job == need.job and not each.names.isdisjoint(need.names) for each in still):
            continue
        if taken.isdisjoint((need.verb, name) for name in need.names):
            continue
        return f"`{need.verb}` in {need.job or 'a later step'} needs {need.shown} in the local daemon, where it would no longer be"
    return ""


def _needs(builds: Builds) -> Iterator[Need]:
    """The steps whose image is in the daemon when they run, or in the registry from which they fetch it."""
    everywhere = _of_all_jobs(builds) if builds.pipeline.system in _ONE_MACHINE else frozenset()
    for job, timeline in builds.events.items():
        local, pushed = set(everywhere), set[str]()
        for event in timeline:
            if isinstance(event, Build):
                names = _spellings(event.tags)
                (pushed if event.pushes else set()).update(names)
                (local if _is_local(event, timeline) else set()).update(names)
            elif isinstance(event, Pull) and event.name is not None:
                local |= event.name.spellings
            elif isinstance(event, Tag) and event.source is not None and not local.isdisjoint(event.source.spellings):
                local |= _spellings(event.names)
            elif isinstance(event, Push) and event.name is not None:
                pushed |= event.name.spellings
                taken = (event.source or event.name).spellings & local
                if taken:
                    yield Need(job.name, "push", event.name.shown, frozenset(taken))
            elif isinstance(event, Use) and not event.removes:
                there = local | pushed if event.verb in _FETCHES else local
                for name in event.names:
                    if name.spellings & there:
                        yield Need(job.name, event.verb, name.shown, frozenset(name.spellings & there))


def _taken(builds: Builds) -> Iterator[tuple[str, str]]:
    """What steps do with images of the daemon, whether they are there or not, and under which names."""
    for timeline in builds.events.values():
        yield from ((use.verb, each) for use in timeline.of(Use) if not use.removes for each in _spellings(use.names))
        yield from (("push", each) for push in timeline.of(Push) if (local := push.source or push.name) for each in local.spellings)


def _of_all_jobs(builds: Builds) -> frozenset[str]:
    """The names that any job of the file gives to images of the daemon."""
    found: set[str] = set()
    for timeline in builds.events.values():
        found |= {each for build in timeline.of(Build) if _is_local(build, timeline) for each in _spellings(build.tags)}
        found |= {each for tag in timeline.of(Tag) if tag.source and found & tag.source.spellings for each in _spellings(tag.names)}
    return frozenset(found)


def _is_local(build: Build, timeline: Timeline) -> bool:
    """Whether the result of a build is in the daemon."""
    if build.platforms.resolved and len(set(build.platforms.values)) > 1:
        return False
    if build.output is Output.DAEMON:
        return True
    if build.output is not Output.DEFAULT or build.pushes:
        return False
    of_builder = build.invocation is not None and build.invocation.verb == "buildx build"
    return not (of_builder and any(each.kind == "builder" and each.order < build.order for each in timeline.of(Setup)))


def _lost_pushes(before: Builds, after: Builds) -> str:
    sent = list(_sent(after))
    merged = {each for merge in after.merges for each in _spellings(merge.names)} | _joined_later(after)
    for old in _sent(before):
        if not merged.isdisjoint({*old.names, *map(repository, old.names)}):
            continue
        same = [each for each in sent if _fits(old, each)]
        if not same:
            return f"{old.shown} would no longer be pushed"
        platforms = frozenset().union(*(each.platforms for each in same))
        missing = old.platforms - platforms
        if missing and all(each.platforms for each in same):
            return f"{old.shown} would no longer be pushed for {', '.join(sorted(missing))}"
        if old.logged_in and not any(each.logged_in for each in same):
            return f"{old.shown} would be pushed before the login"
    return ""


def _joined_later(builds: Builds) -> set[str]:
    """The repositories to which parts go by their digests: the names are given to the whole, by commands that work them out."""
    return repositories(name for chain in builds.chains if chain.build.by_digest for name in chain.build.tags)


def _fits(old: Sent, new: Sent) -> bool:
    if not old.names.isdisjoint(new.names):
        return True
    ends = tuple(f"/{each.removeprefix('docker.io/').removeprefix('library/')}" for each in old.names) if old.bare else ()
    return any(each.endswith(ends) for each in new.names)


def _sent(builds: Builds) -> Iterator[Sent]:
    for chain in builds.chains:
        build = chain.build
        platforms = frozenset(build.platforms.values) if build.platforms.given and build.platforms.resolved else frozenset[str]()
        places = {id(push.name): (push.job, push.order) for push in chain.pushes}
        for name in chain.pushed_names:
            job, order = places.get(id(name), (build.job, build.order))
            logged_in = _after_login(builds.events[job], order)
            yield Sent(shown=name.shown, names=name.spellings, platforms=platforms, logged_in=logged_in, bare=name.word is None)
    for push in builds.free:
        if push.name is not None:
            logged_in, bare = _after_login(builds.events[push.job], push.order), push.declared is not None
            yield Sent(shown=push.name.shown, names=push.name.spellings, platforms=frozenset(), logged_in=logged_in, bare=bare)


def _after_login(timeline: Timeline, order: int) -> bool:
    return any(login.order < order for login in timeline.of(Login))


def _late_builder(before: Builds, after: Builds) -> str:
    """A build of several platforms in front of the builder that it needs, where no such build stood before."""
    known = dict(_late(before.events))
    return next((why for name, why in _late(after.events) if name not in known), "")


def _late(events: Mapping[Job, Timeline]) -> Iterator[tuple[str, str]]:
    for job, timeline in events.items():
        builders = [each.order for each in timeline.of(Setup) if each.kind == "builder"]
        for build in timeline.of(Build):
            several = build.platforms.resolved and len(set(build.platforms.values)) > 1
            if several and build.declared is None and builders and min(builders) > build.order:
                yield job.name, f"the builder would be created behind the build in {job.name or 'the job'} that needs it"


def _spellings(names: Iterable[Name]) -> set[str]:
    return {each for name in names for each in name.spellings}
