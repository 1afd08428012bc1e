"""What rules on image builds share: which builds they look at, and how they speak of them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from armready.builds import references
from armready.builds.events import Output
from armready.builds.exemptions import ONE_OF_SEVERAL_DOCKERFILES
from armready.builds.facts import DESCRIBED, BakePlatforms, CallMade, Deployed, ExtendedJob, FreePush, ImageBuild, Prepares, Pushed
from armready.builds.gates import dockerfile_of, pass_gates
from armready.builds.make_fragments import as_included
from armready.builds.model import Needs
from armready.builds.publishers import PUBLISHERS
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.fix import Applicability
from armready.core.kinds import SYSTEMS
from armready.core.project import Project
from armready.core.rule import ProjectRule
from armready.core.source import Location
from armready.core.startup import regex
from armready.knowledge.arch import Arch, tokens
from armready.multiplatform.skaffold import jib_calls

# The kinds that are read as pipelines.
READABLE = frozenset(SYSTEMS)

# Tools whose platforms may stand in a build file of any folder.
_READ_ANYWHERE = {"jib": ("pom.xml", ".gradle", ".gradle.kts"), "earthly": ("earthfile",)}

_JIB = "jib"
_ONE_PLATFORM = "takes the image from the daemon, or puts it there, and the daemon holds one platform: let the build itself push"

UNTESTED = "The arm64 image is not tested by this job; try it with: docker run --rm --platform linux/arm64 IMAGE"


def image_builds(project: Project) -> tuple[ImageBuild, ...]:
    """The builds of all files, with their paths as seen from where they run and what the repository's own actions set up for them."""
    return project.derive(_image_builds)


def _image_builds(project: Project) -> tuple[ImageBuild, ...]:
    builds = (as_included(project, written) for _, written in project.facts(ImageBuild))
    return tuple(_prepared(project, build) if build.job.local_actions else build for build in builds)


def _prepared(project: Project, build: ImageBuild) -> ImageBuild:
    facts = [fact for path in _action_files(build.job.local_actions) for fact in project.facts_in(path, Prepares)]
    missing = Needs(
        build.missing.emulator and not any(each.emulator for each in facts),
        build.missing.builder and not any(each.builder for each in facts),
    )
    if missing == build.missing:
        return build
    if not missing:
        return replace(build, missing=missing, fixes=replace(build.fixes, build=build.fixes.prepared, setup=None))
    why = f"{build.job.local_actions[0]} sets up a part of what the job needs: let it set up the rest."
    fix, setup = (each.demoted(Applicability.DISPLAY, why) if each is not None else None for each in (build.fixes.build, build.fixes.setup))
    return replace(build, missing=missing, fixes=replace(build.fixes, build=fix, setup=setup))


def _action_files(folders: Sequence[str]) -> list[str]:
    return [posixpath.join(folder, name) for folder in folders for name in ("action.yml", "action.yaml")]


def pushed_builds(project: Project) -> tuple[ImageBuild, ...]:
    """The builds whose result goes to a registry, those left out that are right for one platform.

    A push in another file counts when one of the two files runs the other, or a third one runs both.
    """
    return project.derive(_pushed_builds)


def _pushed_builds(project: Project) -> tuple[ImageBuild, ...]:
    return tuple(_find_pushed(project))


def _find_pushed(project: Project) -> Iterator[ImageBuild]:
    frees = list(project.facts(FreePush))
    orders = _orders(project)
    callers: dict[str, set[str]] = {}
    for path, call in project.facts(CallMade) if frees else ():
        if call.path:
            callers.setdefault(call.path, set()).add(path)
    on_arm = _calls_on_arm(project)
    for build in map(partial(_without_other_half, project), image_builds(project)):
        if build.exempt or rejected_by(project, build)[0] or _holds_files_only(project, build):
            continue
        if not build.platforms.given and any(reaches(call, build) for call in on_arm.get(build.location.path, ())):
            continue
        if build.pushes:
            yield build
        elif build.job.system in DESCRIBED and (ordered := _ordered(build, orders)) is not None:
            yield ordered
        elif (build.tool.output is Output.DEFAULT or build.job.system in DESCRIBED) and build.names:
            found = tuple(push.pushed for path, push in frees if _same(build, push) and _together(build.location.path, path, callers))
            if found:
                where = found[0].location.path
                why_not = f"the push stands in {where}: fold both into one command"
                if build.job.system in DESCRIBED:
                    why_not = f"the push in {where} takes one platform from the daemon: let the build push"
                yield replace(build, pushes=found, fixes=replace(build.fixes, build=None, why_not=why_not), certain=False)


def _without_other_half(project: Project, build: ImageBuild) -> ImageBuild:
    """A build of `Dockerfile.amd64` counts where nothing in the repository builds one for arm64."""
    if build.exempt != ONE_OF_SEVERAL_DOCKERFILES or not project.complete or _arch_of(build) is not Arch.AMD64:
        return build
    if project.derive(_builds_for_arm64):
        return build
    why_not = "its Dockerfile is for amd64: build one for arm64 too, and join both with docker buildx imagetools create"
    return replace(build, exempt="", fixes=replace(build.fixes, build=None, why_not=why_not))


def _builds_for_arm64(project: Project) -> bool:
    """Whether anything in the repository builds an image for arm64."""
    builds = image_builds(project)
    return any(_arch_of(each) is Arch.ARM64 or each.platforms.arm64 or each.job.architecture == "arm64" for each in builds)


def _arch_of(build: ImageBuild) -> Arch | None:
    """The architecture that the name of its Dockerfile says."""
    found = tokens(posixpath.basename(build.inputs.dockerfile or ""))
    return found[0].arch if len({each.arch for each in found}) == 1 else None


def _calls_on_arm(project: Project) -> dict[str, list[CallMade]]:
    """The calls of files that run on machines of both architectures: on one of arm64, and by another job on amd64."""
    found: dict[str, list[CallMade]] = {}
    others: dict[str, list[CallMade]] = {}
    for _, call in project.facts(CallMade):
        if call.path is not None and call.architecture:
            (found if call.architecture == "arm64" else others).setdefault(call.path, []).append(call)
    return {
        path: [call for call in calls if any(other.target == call.target for other in others.get(path, ()))]
        for path, calls in found.items()
    }


def _holds_files_only(project: Project, build: ImageBuild) -> bool:
    """Whether the image has nothing to run, such as the manifests of an operator: every machine can read it."""
    dockerfile = dockerfile_of(project, build)
    if dockerfile is None or dockerfile.is_template or build.inputs.host_built:
        return False
    shipped = dockerfile.shipped(build.inputs.target)
    return bool(shipped) and all(stage.files_only for stage in shipped)


def _ordered(build: ImageBuild, orders: Mapping[tuple[str, str], _Orders]) -> ImageBuild | None:
    """A build that a description holds and a command pushes; None where none does."""
    found = [orders[place] for place in _places(build) if place in orders]
    pushing = min((each.pushing for each in found if each.pushing), default=None)
    if pushing is None:
        return None
    text = next((each for each in build.names if "$" not in each), next(iter(build.names), ""))
    daemon = min((each.daemon for each in found if each.daemon), default=None)
    fix = build.fixes.build
    if fix is not None and daemon is not None:
        fix = fix.demoted(Applicability.DISPLAY, f"{daemon[1].path}:{daemon[1].region.line} {_ONE_PLATFORM}")
    pushed = Pushed(text, text, build.names, pushing[1])
    return replace(build, pushes=(pushed,), fixes=replace(build.fixes, build=fix), certain=False)


class _Orders(NamedTuple):
    """The first command that pushes what a description holds, and the first of those for which it is in the daemon, with their numbers."""

    pushing: tuple[int, Location] | None = None
    daemon: tuple[int, Location] | None = None


def _orders(project: Project) -> dict[tuple[str, str], _Orders]:
    """The commands that build or push what descriptions hold, by file (for jib: its folder) and target.

    A command that reads another file which names arm64 is none of them.
    """
    calls = [call for _, call in project.facts(CallMade) if (call.pushes or call.by_daemon) and call.path is not None]
    calls += (call for build in image_builds(project) for call in jib_calls(project, build))
    read: dict[Location, set[str]] = {}
    for call in calls:
        read.setdefault(call.location, set()).add(call.path or "")
    arm64 = {path for paths in read.values() for path in paths if _names_arm64(project, path)}
    orders: dict[tuple[str, str], _Orders] = {}
    for number, call in enumerate(calls):
        path, location = call.path or "", (number, call.location)
        place = (posixpath.dirname(path), _JIB) if call.runner == _JIB else (path, call.target)
        if call.runner == _JIB or not (read[call.location] & arm64) - {path}:
            known = orders.get(place, _Orders())
            pushing = known.pushing or (location if call.pushes else None)
            orders[place] = _Orders(pushing, known.daemon or (location if call.by_daemon else None))
    return orders


def _names_arm64(project: Project, path: str) -> bool:
    return any("arm64" in value for fact in project.facts_in(path, BakePlatforms) for value in fact.values)


def _places(build: ImageBuild) -> Iterator[tuple[str, str]]:
    """Under what a command finds a build of a description: see `_orders`."""
    path = build.location.path
    if build.job.system != _JIB:
        yield from ((path, target) for target in build.job.jobs)
        return
    while path:
        path = posixpath.dirname(path)
        yield path, _JIB


def rejected_by(project: Project, build: ImageBuild) -> tuple[str, Location | None]:
    """The service that runs an image and takes no index, with the place where it gets it; empty for none."""
    for push in build.pushes:
        if references.rejects_index(push.text) or any(references.rejects_index(each) for each in push.spellings):
            return "Heroku", push.location
    own = {references.repository(each) for push in build.pushes for each in push.spellings}
    for _, deployed in project.facts(Deployed):
        if not deployed.takes_index and not own.isdisjoint(references.repository(each) for each in deployed.spellings):
            return deployed.service, deployed.location
    return "", None


def _same(build: ImageBuild, push: FreePush) -> bool:
    return not set(build.names).isdisjoint(push.pushed.spellings)


def _together(one: str, other: str, callers: Mapping[str, set[str]]) -> bool:
    of_one, of_other = callers.get(one, set()), callers.get(other, set())
    return other in of_one or one in of_other or not of_one.isdisjoint(of_other)


def reaches(call: CallMade, build: ImageBuild) -> bool:
    """Whether the call runs the build and its push: a whole script, or a target that is or needs that of the push."""
    if call.runner == "script":
        return True
    if not call.target:
        return "" in build.job.jobs
    return call.target in {target for name in build.job.jobs for target in name.split()}


def ill_prepared_calls(project: Project) -> Iterator[tuple[CallMade, list[ImageBuild]]]:
    """Calls of CI jobs on known amd64 machines that reach builds for arm64 in another file, each file once, with the builds.

    A file that is called from the same place and sets up emulator or builder counts as preparing them.
    """
    builds: dict[str, list[ImageBuild]] = {}
    for build in image_builds(project):
        if build.platforms.arm64 and build.platforms.resolved and not build.exempt:
            builds.setdefault(build.location.path, []).append(build)
    seen: set[tuple[str, str]] = set()
    for path, call in project.facts(CallMade) if builds else ():
        if not call.known_machine or call.architecture != "amd64" or call.path is None or call.path == path:
            continue
        reached = [
            each
            for each in builds.get(call.path, ())
            if reaches(call, each) and not (each.platforms_from.overridable and call.sets_platforms)
        ]
        if reached and (path, call.path) not in seen:
            seen.add((path, call.path))
            yield _as_prepared(project, path, call), reached


def _as_prepared(project: Project, path: str, call: CallMade) -> CallMade:
    """A call with what the files that its own file calls set up."""
    called = {each.path for each in project.facts_in(path, CallMade) if each.path}
    facts = [fact for each in (*called, *_action_files(call.local_actions)) for fact in project.facts_in(each, Prepares)]
    missing = Needs(
        call.missing.emulator and not any(each.emulator for each in facts),
        call.missing.builder and not any(each.builder for each in facts),
    )
    return replace(call, missing=missing, setup=call.setup if missing == call.missing else None)


def describes_platforms(project: Project, build: ImageBuild) -> bool:
    """Whether another file decides on the platforms of a build: that of a bake always, that of other tools where it names arm64."""
    if build.tool.name in _READ_ANYWHERE:
        names = _READ_ANYWHERE[build.tool.name]
        if any(path.lower().endswith(names) and "linux/arm64" in fact.values for path, fact in project.facts(BakePlatforms)):
            return True
        return (
            build.job.system != "jib" and any(other.job.system == "jib" for other in image_builds(project))
            if build.tool.name == "jib"
            else False
        )
    named = [value for path in build.tool.described_in for fact in project.facts_in(path, BakePlatforms) for value in fact.values]
    return bool(build.tool.described_in) and (build.tool.name not in PUBLISHERS or any("arm64" in each or each == "all" for each in named))


def image_of(build: ImageBuild) -> str:
    """The image in words: the first reference that is pushed, and how many more."""
    names = [push.shown or push.text for push in build.pushes if push.text]
    if not names:
        return "The image"
    more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
    return f"{_short(names[0])}{more}"


def _short(reference: str) -> str:
    text = reference.removeprefix("docker.io/library/").removeprefix("docker.io/")
    return text if len(text) <= 90 else f"{text[:87]}..."


def machine(build: ImageBuild) -> str:
    """The architecture that a build without platforms makes, in words."""
    return build.job.architecture or "the architecture of its runner"


def severity(project: Project, build: ImageBuild) -> Severity:
    """Error on a push from a known amd64 machine, warning from an unknown one or where a caller may choose other platforms.

    An info: a hidden job that nothing uses, an image for a service with x86-64 machines alone, and what people push by hand, or pull
    requests push for themselves, of an image that another build of the repository pushes for arm64.
    """
    if build.job.hidden and project.complete and not _used(project, build):
        return Severity.INFO
    if _runs_on_x86(project, build) or (_is_by_the_way(project, build) and _is_made_for_arm64(project, build)):
        return Severity.INFO
    known = (build.job.architecture == "amd64" and not build.platforms_from.overridable) or (
        build.platforms.amd64_only and not build.platforms_from.overridable
    )
    return Severity.ERROR if known and build.certain else Severity.WARNING


def _repositories(build: ImageBuild) -> set[str]:
    return {references.repository(each) for push in build.pushes for each in push.spellings}


def _runs_on_x86(project: Project, build: ImageBuild) -> bool:
    """Whether all that is pushed goes to services that have x86-64 machines alone."""
    places = {references.repository(each) for _, place in project.facts(Deployed) if place.takes_index for each in place.spellings}
    own = _repositories(build)
    return bool(own) and own <= places


# What a tag holds that is for a pull request alone.
_PULL_REQUEST = regex(r"(?i)pull_?request|merge_?request|\bpr[-_]?(?:number|num|id)\b|(?:^|[-_./:])pr-[${]|\.event\.number")
_BY_HAND = frozenset({"make", "shell", "just", "task", "npm"})


def _is_by_the_way(project: Project, build: ImageBuild) -> bool:
    """Whether only people, or pull requests, push what a build makes."""
    if build.pushes and all(_PULL_REQUEST.search(push.text) for push in build.pushes):
        return True
    if build.job.system not in _BY_HAND or not project.complete:
        return False
    own = build.location.path
    return not any(call.path == own != path and reaches(call, build) for path, call in project.facts(CallMade))


def _is_made_for_arm64(project: Project, build: ImageBuild) -> bool:
    """Whether other builds push every repository that this one pushes for arm64 too."""
    pushed, own = project.derive(_pushed_for_arm64), _repositories(build)
    return bool(own) and all(pushed.get(each, frozenset()) - {build.location} for each in own)


def _pushed_for_arm64(project: Project) -> dict[str, set[Location]]:
    """Repository -> the builds that push it for arm64."""
    found: dict[str, set[Location]] = {}
    for build in image_builds(project):
        for repository in _repositories(build) if build.pushes and build.platforms.arm64 else ():
            found.setdefault(repository, set()).add(build.location)
    return found


def _used(project: Project, build: ImageBuild) -> bool:
    """Whether a file of the repository extends a hidden job; one in a file of its own is there for other repositories."""
    if not build.location.path.endswith(".gitlab-ci.yml") or build.location.path != ".gitlab-ci.yml":
        return True
    return any(fact.name == build.job.hidden for _, fact in project.facts(ExtendedJob))


def pushes(build: ImageBuild) -> tuple[Related, ...]:
    """The places where the image is pushed."""
    return tuple(
        Related(push.location, f"{_short(push.shown or push.text) or 'the image'} is pushed here")
        for push in build.pushes
        if push.location != build.location
    )


def report(rule: ProjectRule, project: Project, build: ImageBuild, message: str, location: Location | None = None) -> Finding:
    """A finding at a build that is pushed for too few platforms, with its fix as the gates leave it.

    Args:
        rule: whose finding it is.
        project: the repository.
        build: the build.
        message: what is wrong, without a final period.
        location: where to point, if not at the build.
    """
    gated = pass_gates(project, build, build.fixes.build)
    fix, level = gated.fix, severity(project, build)
    if fix is not None and level is Severity.INFO:
        fix = fix.demoted(Applicability.DISPLAY, "Nobody needs this image for arm64 from here")
    if fix is None and build.fixes.why_not:
        message += f"; no fix: {build.fixes.why_not}"
    elif fix is not None and fix.applicability is not Applicability.DISPLAY:
        fix = fix.demoted(fix.applicability, UNTESTED)
    return rule.finding(
        location or build.location,
        f"{message}.",
        severity=level,
        confidence=Confidence.HIGH if build.certain else Confidence.MEDIUM,
        fix=fix,
        related=(*pushes(build), *gated.related),
    )
