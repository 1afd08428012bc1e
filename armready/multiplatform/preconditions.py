"""What in a build, its tags and its pushes speaks against folding them, or against trusting the result."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from armready.builds.events import Event, Output, Push, Variable, variables_in
from armready.builds.grammar import Invocation
from armready.builds.history import Chain
from armready.builds.model import HostKind, Job
from armready.builds.publishers import PUBLISHERS
from armready.builds.statements import has_alternative, is_editable
from armready.builds.timeline import Timeline
from armready.core.fix import Applicability
from armready.core.startup import regex
from armready.knowledge.runners import Buildx
from armready.languages.shell.script import Command, Script
from armready.languages.shell.words import is_retried
from armready.multiplatform.draft import Draft, Impossible

_IGNORED = frozenset(["rm", "force-rm", "compress", "isolation", "security-opt", "quiet"])
_LIMITS = frozenset(["memory", "memory-swap", "cpu-shares", "cpu-period", "cpu-quota", "cpuset-cpus", "cpuset-mems"])
_PULLING = frozenset({"run", "container run", "trivy", "grype", "syft", "cosign", "images", "image ls", "inspect"})
_REMOTE = frozenset({"trivy", "grype", "syft", "cosign"})
OTHER_TOOLS = {
    "podman": "podman builds several platforms into a list: `podman build --platform linux/amd64,linux/arm64 --manifest NAME`, then "
    "`podman manifest push --all NAME docker://NAME`",
    "buildah": "buildah builds several platforms into a list: `buildah build --platform linux/amd64,linux/arm64 --manifest NAME`, then "
    "`buildah manifest push --all NAME docker://NAME`",
    "kaniko": "kaniko builds one platform per run, on a machine of that architecture: run it on both and join the tags, or use BuildKit",
    "buildctl": "add `--opt platform=linux/amd64,linux/arm64`; the machine that runs buildkitd needs QEMU",
    "nerdctl": "add `--platform=amd64,arm64` and push with `nerdctl push --all-platforms`",
    **PUBLISHERS,
    "img": "img builds one platform only: use docker buildx or buildctl",
}


# Build arguments that name an architecture. BuildKit gives the automatic ones itself, unless the command line does.
_ARCH_ARGUMENT = regex(
    r"(?i)(?:(?:TARGET|BUILD)(?:ARCH|PLATFORM|VARIANT)|\w{0,60}ARCH(?:ITECTURE)?|PLATFORM)=\S|(?:TARGET|BUILD)(?:ARCH|PLATFORM)="
)


def check_host(work: Draft, job: Job) -> None:
    """Distrust machines that are not known, shared text and registries without TLS."""
    host = job.host
    if not host.trusted:
        work.demote(Applicability.UNSAFE, f"{host.doubt[:1].upper()}{host.doubt[1:]}")
    if job.users:
        work.demote(Applicability.UNSAFE, f"The text is shared by {', '.join(job.users)}")
    if job.insecure:
        work.demote(Applicability.UNSAFE, "The registry is reached without TLS or inside the job's network, which the builder must be told")


def check_build(work: Draft, call: Invocation, command: Command, script: Script) -> None:
    """Refuse builds that cannot be folded at all.

    Raises:
        Impossible: with the reason.
    """
    build = work.build
    if build.step.detect_only:
        raise Impossible(build.step.detect_only)
    if call.tool != "docker":
        raise Impossible(OTHER_TOOLS.get(call.tool, f"{call.tool} builds several platforms in another way"))
    if any(word.span == call.words[0].span for word in call.verb_words):
        raise Impossible("the command stands in a variable: let the variable name the platforms and push")
    if build.stdin:
        raise Impossible("the Dockerfile or the context comes from standard input")
    if not is_editable(command) or not script.intact(command.span) or has_alternative(script, command):
        raise Impossible("the build stands in a construct (pipeline, substitution, alternative, background) that cannot be folded")
    if not call.certain:
        work.demote(Applicability.UNSAFE, "The tool stands in a variable, and podman takes other options than docker")
    if build.output in (Output.FILE, Output.CACHE):
        raise Impossible("the build already has an output of its own")
    if not build.tags and not build.pushes:
        raise Impossible("the build gives its image no name")
    if build.job.host.kind in (HostKind.WINDOWS, HostKind.MACOS):
        raise Impossible("the machine builds no Linux images")
    if build.job.host.buildx is Buildx.NONE:
        raise Impossible("the Docker CLI of the job has no buildx: move the job's image and its dind service to docker:27 or newer first")
    if build.job.host.buildx is Buildx.UNKNOWN and call.verb != "buildx build":
        work.demote(Applicability.UNSAFE, "Whether the job's image has docker buildx is not known")


def check_options(work: Draft, call: Invocation) -> None:
    """Demote or refuse what has options and variables that mean something else to buildx.

    Raises:
        Impossible: one of them has no equal.
    """
    names = {option.name for option in call.options}
    if call.verb != "buildx build":
        if "squash" in names:
            raise Impossible("buildx does not merge layers as --squash does")
        if "network" in names and not re.fullmatch(r"host|default|none", call.last("network") or ""):
            raise Impossible("the builder must be created in the network that the build names: --driver-opt network=NAME")
        if names & _LIMITS:
            work.demote(Applicability.UNSAFE, "Limits of memory and CPU were ignored by older builders and now hold")
    fixed = next((value for value in call.all("build-arg") if _ARCH_ARGUMENT.match(value)), None)
    if fixed is not None:
        work.demote(
            Applicability.DISPLAY,
            f"--build-arg {fixed} gives every platform the same architecture: drop it, and let the Dockerfile ask TARGETARCH",
        )
    if "iidfile" in names or "metadata-file" in names:
        work.demote(Applicability.UNSAFE, "The file with the image's id will hold the digest of an index")
    inherited = ((name, values[-1]) for name in _DISTRUSTED if (values := work.build.environment.get(name)))
    for why in (*work.timeline.derive(_doubts), *(_doubt(*each) for each in inherited)):
        if why:
            work.demote(Applicability.DISPLAY, why)


# Variables that ask for another builder or for what it does not do, and the values that say so.
_DISTRUSTED = {
    "DOCKER_BUILDKIT": (("0", "false"), "DOCKER_BUILDKIT=0 asks for the legacy builder: find out why first"),
    "DOCKER_CONTENT_TRUST": (("1", "true"), "buildx does not sign for Docker Content Trust"),
}


def _doubt(name: str, value: str) -> str:
    values, why = _DISTRUSTED.get(name, ((), ""))
    return why if value.strip("\"'") in values else ""


def _doubts(timeline: Timeline) -> tuple[str, ...]:
    """What the variables that a job sets speak against."""
    return tuple(dict.fromkeys(_doubt(event.name, event.value) for event in timeline.of(Variable)))


def check_pushes(work: Draft) -> None:
    """Refuse tags and pushes that cannot be taken out; distrust later uses of the local image.

    Raises:
        Impossible: with the reason.
    """
    for event in (*commands_of(work.chain), *work.chain.tags):
        if event.command is None or event.script is None or event.step.detect_only:
            raise Impossible("a tag or a push of the image is no command of its own")
        wrapped = event.invocation is not None and event.invocation.words[0] is not event.command.words[0]
        retried = is_retried(event.command.prefix)
        if wrapped:
            raise Impossible("the push runs through a wrapper")
        if retried:
            work.demote(Applicability.UNSAFE, "The push was retried; the build that now pushes is not")
        if not is_editable(event.command) or not event.script.intact(event.command.span) or has_alternative(event.script, event.command):
            raise Impossible(
                "a tag or a push stands in a construct (pipeline, substitution, alternative, background) that cannot be folded"
            )
        loops = {frame.start for frame in event.command.context if frame.kind in ("for", "while", "until")}
        own = (
            {frame.start for frame in work.build.command.context if frame.kind in ("for", "while", "until")}
            if work.build.command
            else set()
        )
        if loops - own:
            raise Impossible("the image is pushed in a loop over tags: collect them as -t options of one build")
        if event.order < work.build.order:
            raise Impossible("the push stands before the build in the file")
        if event.step.late:
            work.demote(Applicability.UNSAFE, "The push stood where a failure does not count")
    check_uses(work)


def commands_of(chain: Chain) -> list[Push]:
    """The pushes that are commands, or that cannot be taken out in another way."""
    return [push for push in chain.pushes if push.declared is None or not push.declared.removable]


def check_variables(work: Draft, place: Event) -> None:
    """The names that are pushed must mean at the place of the folded command what they meant where they were pushed.

    Raises:
        Impossible: a variable has another value there.
    """
    owners = _owners(work.chain)
    for name in work.chain.pushed_names:
        owner = owners.get(id(name.word))
        if owner is None or owner is place:
            continue
        for variable in sorted(variables_in([name.text])):
            if place.environment.get(variable) != owner.environment.get(variable):
                raise Impossible(f"{variable} is set between build and push")


def _owners(chain: Chain) -> dict[int, Event]:
    """The event of a chain in which each word stands."""
    events = (chain.build, *chain.tags, *chain.pushes)
    return {id(word): event for event in reversed(events) if event.command is not None for word in event.command.words}


def check_move(work: Draft, first: Push) -> None:
    """Between the old place and the new one, folder and variables must stay the same.

    Raises:
        Impossible: they do not.
    """
    build = work.build
    assert build.command is not None
    assert first.command is not None
    since, until = work.timeline.place(build.command), work.timeline.place(first.command)
    moves = work.timeline.derive(_moves)
    if build.folder != first.folder or bisect_right(moves, since) < bisect_left(moves, until):
        raise Impossible("the working folder changes between build and push")
    assert build.invocation is not None
    used = variables_in([word.template for word in build.invocation.words])
    for variable in used:
        if build.environment.get(variable) != first.environment.get(variable):
            raise Impossible(f"{variable} is set between build and push")
    if build.step.shell != first.step.shell and not used.isdisjoint(work.timeline.derive(local_variables)):
        raise Impossible("the build uses variables of its own step")


def _moves(timeline: Timeline) -> list[int]:
    """The places where a job changes its working folder."""
    return [place for place, command in enumerate(timeline.commands) if command.name in ("cd", "pushd", "popd")]


def local_variables(timeline: Timeline) -> set[str]:
    """Variables that a script assigns, which another shell does not have."""
    assigned = {assignment.name for command in timeline.commands for assignment in command.assignments}
    return assigned | {name for job in {event.job for event in timeline} for step in job.steps for name in step.environment}


def between(work: Draft, last: Event) -> Iterator[Command]:
    """The commands between the build and another event of its job that are neither tags nor pushes of the image."""
    assert work.build.command is not None
    assert last.command is not None
    own = {id(event.command) for event in (*work.chain.tags, *work.chain.pushes)}
    commands = work.timeline.between(work.build.command, last.command)
    return (command for command in commands if id(command) not in own and command.words)


def check_uses(work: Draft) -> None:
    """Lower a fix whose image is used in the local daemon after the push: a multi-platform build leaves none there."""
    last = work.chain.pushes[-1].order if work.chain.pushes else work.build.order
    for use in work.chain.uses:
        if use.removes or use.order <= last or (work.build.declared is not None and use.verb in _REMOTE):
            continue
        if use.verb in _PULLING:
            work.demote(Applicability.UNSAFE, "The image is used after its push and will be pulled again")
        else:
            work.demote(
                Applicability.DISPLAY, f"`{use.verb}` needs the image in the local daemon, where a multi-platform build does not put it"
            )
