"""All that a file says of images, read once: `file.parse(read_builds)`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from armready.builds import references
from armready.builds.events import Bake, Build, Call, Compile, Deploy, Event, Output, Setup, spellings
from armready.builds.facts import (
    DESCRIBED,
    BuildFact,
    BuildFixes,
    BuildInputs,
    BuildJob,
    BuildTool,
    CallMade,
    Deployed,
    Elsewhere,
    ExtendedJob,
    FreePush,
    ImageBuild,
    PlatformsFrom,
    Prepares,
    Pushed,
    WeakEmulator,
)
from armready.builds.file_builds import Builds, read_builds
from armready.builds.history import Chain
from armready.builds.model import Host, HostKind, Needs, Pipeline
from armready.builds.paths import context_of, dockerfile_of
from armready.builds.publishers import PUBLISHERS
from armready.builds.setup import emulates_arm64, needs, prepared
from armready.builds.timeline import Timeline
from armready.builds.variables import expand, has_expansion
from armready.core.classify import BUILD_KINDS, PIPELINE_KINDS, Kind
from armready.core.file import File
from armready.core.fix import Applicability, Fix
from armready.core.kinds import SYSTEMS
from armready.core.startup import regex
from armready.multiplatform.draft import Draft, Impossible
from armready.multiplatform.rewrite import rewrite, rewrite_build
from armready.multiplatform.set_up import prepare, setup_edits


def image_facts(file: File) -> Iterator[BuildFact]:
    """The collector: image builds, calls, and what a pipeline takes from elsewhere.

    Raises:
        ParseProblem: the file cannot be read.
    """
    if file.kind not in SYSTEMS:
        return
    builds = file.parse(read_builds)
    for chain in builds.chains:
        yield image_build(file, builds, chain)
    yield from _weak_emulators(file, builds)
    for deploy in builds.of_kind(Deploy):
        yield Deployed(file.location(deploy.span), deploy.service, tuple(sorted(spellings(deploy.names))), deploy.takes_index)
    for push in builds.free:
        if push.name is not None:
            name = push.name
            yield FreePush(Pushed(name.text, name.shown, tuple(sorted(name.spellings)), file.location(push.span)))
    for bake in builds.of_kind(Bake):
        yield from _baked(file, builds, bake)
        yield from _described(file, builds, bake)
    for call in builds.of_kind(Call):
        yield _call(file, builds, call, call.runner, call.path, call.target, pushes=call.runner == "jib")
    if file.kind is Kind.GITHUB_ACTION:
        for missing in map(needs, builds.events.values()):
            yield Prepares(not missing.emulator, not missing.builder)
    elif file.kind in BUILD_KINDS:
        every = [needs(each) for each in builds.events.values()]
        yield Prepares(not all(each.emulator for each in every), not all(each.builder for each in every))
    for taken, span in builds.pipeline.elsewhere:
        yield Elsewhere(file.location(span), taken)
    for extended in builds.pipeline.extends:
        yield ExtendedJob(extended)


def image_build(file: File, builds: Builds, chain: Chain) -> ImageBuild:
    """The fact of one build."""
    build, job = chain.build, chain.build.job
    missing = needs(builds.events[job], build.order)
    why_exempt = builds.exempt[chain]
    fix, why_not = None, ""
    wanted = chain.is_pushed or builds.pipeline.system in DESCRIBED
    if wanted and not why_exempt and not build.platforms.arm64 and build.platforms.resolved:
        folded = rewrite_build(file, chain)
        why_not = folded.why_not
        fix = _shared(folded.fix, builds, chain)
    native = bool(build.declared and build.declared.native) or build.tool in PUBLISHERS
    setup = None
    if build.platforms.arm64 and not native and missing:
        setup = _setup_fix(file, chain, builds.events[job], missing)
    declared = build.declared
    return ImageBuild(
        location=file.location(build.span),
        job=_job(builds, chain),
        tool=BuildTool(
            name=build.tool,
            output=build.output,
            is_docker=declared is not None or build.tool == "docker",
            native=native,
            described_in=build.described_in,
        ),
        platforms=build.platforms,
        platforms_from=PlatformsFrom(
            location=file.location(declared.platforms_span) if declared and declared.platforms_span else None,
            environment=build.default_platform,
            overridable=_is_overridable(builds.pipeline.system, build),
        ),
        inputs=BuildInputs(
            dockerfile=dockerfile_of(build),
            context=context_of(build),
            target=build.target if not has_expansion(build.target) else "",
            arguments=tuple(_arguments(build)),
            host_built=tuple(_host_built(builds, build)),
        ),
        missing=missing,
        fixes=BuildFixes(build=fix, why_not=why_not, prepared=_if_prepared(file, builds, chain) if fix else None, setup=setup),
        pushes=tuple(_pushed(file, chain)),
        names=tuple(sorted(spellings((*build.tags, *(name for tag in chain.tags for name in tag.names))))),
        certain=not chain.loose and not build.described_in and builds.pipeline.system != "other",
        exempt=why_exempt,
    )


def _arguments(build: Build) -> Iterator[str]:
    """The build arguments that have one value, and a known one."""
    for written in build.arguments:
        texts = expand(written, build.environment)
        if len(texts) == 1 and "=" in texts[0] and not has_expansion(texts[0]):
            yield texts[0]


def _job(builds: Builds, chain: Chain) -> BuildJob:
    build, job = chain.build, chain.build.job
    return BuildJob(
        system=builds.pipeline.system,
        host=job.host.kind,
        architecture=job.host.architecture,
        known_machine=_is_known(job.host),
        jobs=_reached_by(builds.pipeline, chain),
        hidden=job.name if job.hidden else "",
        generated=builds.pipeline.generated,
        local_actions=_local_actions(builds, build),
    )


def _is_known(host: Host) -> bool:
    """Whether the CI system tells what a machine is and has."""
    return host.kind not in (HostKind.PERSISTENT, HostKind.UNKNOWN)


def _local_actions(builds: Builds, event: Event) -> tuple[str, ...]:
    """The folders of the repository's own actions that a job runs before an event."""
    return tuple(each.detail for each in builds.events[event.job].of(Setup) if each.kind == "action" and each.order < event.order)


def _if_prepared(file: File, builds: Builds, chain: Chain) -> Fix | None:
    """The fix of a build whose job runs the repository's own actions, if these set up all that is needed."""
    if not _local_actions(builds, chain.build):
        return None
    return _shared(rewrite(file, chain, builds.events[chain.build.job].derive(prepared)).fix, builds, chain)


def _is_overridable(system: str, build: Build) -> bool:
    """Whether the platforms of a build are a default: of an input, of `${X:-…}`, or of a variable of Make or of a script."""
    declared, call = build.declared, build.invocation
    texts = (declared.platforms or ()) if declared is not None else call.all("platform") if call is not None else ()
    if build.default_platform or system in ("make", "shell"):
        return build.default_platform or any(has_expansion(each) for each in texts)
    return any("inputs." in each or ":-" in each for each in texts)


def _reached_by(pipeline: Pipeline, chain: Chain) -> tuple[str, ...]:
    """The jobs that build and push an image when they are run: its own, those of its pushes, and those that need one of them."""
    wanted = {chain.build.job.name} if not chain.pushes else {push.job.name for push in chain.pushes}
    if pipeline.system in ("compose", "goreleaser"):
        return tuple(sorted({*wanted, "", "default"}))
    for _ in range(4):
        wanted |= {job.name for names in wanted for name in names.split() for job in pipeline.dependants.get(name, ())}
    first = next((job.name for job in pipeline.jobs if not job.name.startswith(".")), "")
    if first in wanted:
        wanted.add("")
    return tuple(sorted(wanted))


def _host_built(builds: Builds, build: Build) -> Iterator[str]:
    """What the compilers that run before a build in its job write, and those of the Make targets that it needs."""
    yield from (event.output for event in builds.events[build.job].of(Compile) if event.order < build.order)
    if build.job.recipe:
        for job in builds.pipeline.named(build.job.needs):
            yield from (event.output for event in builds.events[job].of(Compile))


def _weak_emulators(file: File, builds: Builds) -> Iterator[WeakEmulator]:
    pushing = {chain.build.job for chain in builds.chains if chain.is_pushed}
    for event in builds.of_kind(Setup):
        if event.kind == "emulator" and event.job in pushing and not emulates_arm64(event.detail):
            span = event.declared.platforms_span if event.declared and event.declared.platforms_span else event.span
            yield WeakEmulator(file.location(span), event.detail)


def _baked(file: File, builds: Builds, bake: Bake) -> Iterator[ImageBuild]:
    """A bake whose caller names the platforms, or whose files do: what it builds stands there."""
    job = bake.job
    missing = needs(builds.events[job], bake.order)
    pushed = (Pushed("", "", (), file.location(bake.span)),) if bake.pushes else ()
    yield ImageBuild(
        location=file.location(bake.span),
        job=BuildJob(
            system=builds.pipeline.system,
            host=job.host.kind,
            architecture=job.host.architecture,
            known_machine=_is_known(job.host),
        ),
        tool=BuildTool(name="bake", output=Output.REGISTRY if bake.pushes else Output.DEFAULT, described_in=tuple(_bake_files(file, bake))),
        platforms=bake.platforms,
        missing=missing,
        fixes=BuildFixes(why_not="the platforms are set by the options of bake: take the option away, or add linux/arm64 to it"),
        pushes=pushed,
        exempt="the job never runs" if job.disabled else job.one_of_several,
    )


_COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDES = ("compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml")
_BAKE_FILES = ("docker-bake.hcl", "docker-bake.json", "docker-bake.override.hcl", "docker-bake.override.json")


def _bake_files(file: File, bake: Bake) -> Iterator[str]:
    """The paths of the files that describe a bake, relative to the root."""
    default = (*_COMPOSE_FILES, *_OVERRIDES, *(_BAKE_FILES if bake.verb == "bake" else ()))
    for name in bake.files or default:
        path = posixpath.normpath(posixpath.join(bake.folder or "", name))
        if not has_expansion(path) and not path.startswith(("..", "/")):
            yield path


def _described(file: File, builds: Builds, bake: Bake) -> Iterator[CallMade]:
    """The calls of what the files of a bake describe, unless its own options set the platforms."""
    job = bake.job
    if bake.platforms.given or bake.folder is None or job.disabled or job.one_of_several or not job.host.is_linux:
        return
    # Bake takes its variables from the environment: one of them can be the registry.
    given = [value for values in bake.environment.values() for value in values]
    given += [each.value.template for each in (bake.command.assignments if bake.command else ()) if each.value is not None]
    to_test = any(references.is_test_registry(f"{value}/") for value in given)
    runner = bake.verb.partition(" ")[0]
    targets = [text for each in bake.targets for text in expand(each, bake.environment)] or ["default" if runner == "bake" else ""]
    for path in _bake_files(file, bake):
        for target in dict.fromkeys(targets):
            if not has_expansion(target):
                # What is in the daemon, or goes there, cannot be of several platforms.
                by_daemon = bake.loads or bake.verb == "compose push"
                yield _call(file, builds, bake, runner, path, target, pushes=bake.pushes and not to_test, by_daemon=by_daemon)


def _pushed(file: File, chain: Chain) -> Iterator[Pushed]:
    build = chain.build
    for name in chain.pushed_names:
        push = next((each for each in chain.pushes if each.name is not None and each.name.same(name)), None)
        span = push.span if push is not None else (build.declared.push_span if build.declared and build.declared.push_span else build.span)
        yield Pushed(name.text, name.shown, tuple(sorted(name.spellings)), file.location(span))
    if build.pushes and not chain.pushed_names:
        span = build.declared.push_span if build.declared and build.declared.push_span else build.span
        yield Pushed("", "", (), file.location(span))


def _shared(fix: Fix | None, builds: Builds, chain: Chain) -> Fix | None:
    """Text that several jobs run is changed for all of them."""
    group = builds.sharing[chain.build.span]
    if fix is not None and len(group) > 1:
        names = ", ".join(sorted({each.build.job.name for each in group}))
        same = all(each.is_pushed and each.build.job.host == chain.build.job.host for each in group)
        to = Applicability.UNSAFE
        return fix.demoted(to, f"The jobs {names} share the text" + ("" if same else " and differ in their machines or in what they push"))
    return fix


def _setup_fix(file: File, chain: Chain, timeline: Timeline, missing: Needs) -> Fix | None:
    work = Draft(file, chain, timeline)
    what = " and ".join(name for name, needed in (("an emulator", missing.emulator), ("a builder", missing.builder)) if needed)
    try:
        prepare(work, chain.build.step, missing)
        if not chain.build.job.host.trusted:
            work.demote(Applicability.UNSAFE, f"{chain.build.job.host.doubt[:1].upper()}{chain.build.job.host.doubt[1:]}")
        return work.fix(f"Set up {what} for arm64") if work.edits else None
    except Impossible:
        return None


def _call(
    file: File, builds: Builds, call: Event, runner: str, path: str | None, target: str, *, pushes: bool = False, by_daemon: bool = False
) -> CallMade:
    job, host = call.job, call.job.host
    setup = None
    missing = needs(builds.events[job], call.order)
    lacks = bool(missing) and host.is_linux and host.architecture != "arm64" and not job.disabled
    if _is_known(host) and lacks:
        try:
            edits = setup_edits(file, job, call.step, missing, call)
        except Impossible:
            edits = []
        if edits:
            setup = Fix("Set up emulator and builder for what is called", tuple(edits), Applicability.UNSAFE)
    return CallMade(
        location=file.location(call.span),
        runner=runner,
        path=path,
        target=target,
        missing=missing,
        setup=setup,
        in_ci=lacks and file.kind in PIPELINE_KINDS,
        pushes=pushes,
        by_daemon=by_daemon,
        host=host.kind,
        architecture=host.architecture,
        known_machine=_is_known(host),
        sets_platforms=_sets_platforms(call),
        local_actions=_local_actions(builds, call),
    )


_PLATFORM_NAME = regex(r"(?i)platform|arch")


def _sets_platforms(call: Event) -> bool:
    """Whether a variable of the job or of the command is named for platforms."""
    words = call.command.words if call.command is not None else ()
    assigned = [each.name for each in call.command.assignments] if call.command is not None else []
    given = [name for word in words for name, equals, _ in [word.template.partition("=")] if equals]
    return any(_PLATFORM_NAME.search(name) for name in (*call.environment, *assigned, *given))
