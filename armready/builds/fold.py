"""Folding a build, its tags and its pushes into one `docker buildx build --push` for all platforms.

The shape decides the place: with nothing in between the build itself becomes the push; with a login, a test or a condition in between, the
push becomes the build. What cannot be told from the text is left to people, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from armready.builds.chains import Chain
from armready.builds.events import Bake, Build, Event, Login, Merge, Name, Output, Push, Setup, Tag, Variable, variables_in
from armready.builds.grammar import Invocation, Option
from armready.builds.options import words
from armready.builds.setup import BUILDER, lines, needs
from armready.builds.statements import Change, has_alternative, insertion, is_editable, removals, statement_start
from armready.file import File
from armready.fix import Applicability, Edit, Fix
from armready.knowledge.runners import Buildx
from armready.parsers.shell import Command, Script, Word
from armready.pipelines.model import Declared, HostKind, Job, Needs, Step
from armready.source import Span

_IGNORED = frozenset(["rm", "force-rm", "compress", "isolation", "security-opt", "quiet"])
_LIMITS = frozenset(["memory", "memory-swap", "cpu-shares", "cpu-period", "cpu-quota", "cpuset-cpus", "cpuset-mems"])
_HARMLESS = words(
    "echo printf true : date ls pwd set export local readonly declare sleep print_info info log whoami id env printenv cat "
    "mkdir history wait hash time uname df du free ps"
)
_HARMLESS_VERBS = frozenset({"images", "image ls", "version", "info", "ps", "buildx ls", "buildx version", "system df", "logout"})


class Impossible(Exception):
    """There is no fix, and why."""


@dataclass
class Folding:
    """The fix under construction."""

    file: File
    chain: Chain
    events: tuple[Event, ...]
    applicability: Applicability = Applicability.SAFE
    notes: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    def demote(self, to: Applicability, why: str) -> None:
        """Trust the fix no further than `to`."""
        self.applicability = self.applicability.at_least(to)
        if why not in self.notes:
            self.notes.append(why)

    @property
    def build(self) -> Build:
        """The build to fold."""
        return self.chain.build

    def change(self, step: Step, script: Script, changes: Iterable[Change]) -> None:
        """Add changes of a script.

        Raises:
            Impossible: one of them cannot be written in the file.
        """
        for span, text in changes:
            edit = script.edit(self.file, span, text)
            if edit is None:
                raise Impossible("the text of the step cannot be edited exactly")
            self.edits.append(edit)


@dataclass(frozen=True)
class Folded:
    """The result: a fix, or the reason why there is none."""

    fix: Fix | None
    why_not: str = ""


def fold(file: File, chain: Chain, events: tuple[Event, ...]) -> Folded:
    """The fix that makes a pushed build a multi-platform one.

    Args:
        file: the file of the build.
        chain: the build and its pushes.
        events: all events of the job.
    """
    work = Folding(file, chain, events)
    try:
        if chain.build.declared is not None:
            _widen(work)
        else:
            _fold_command(work)
    except Impossible as impossible:
        return Folded(None, str(impossible))
    platforms = " and ".join(each.removeprefix("linux/") for each in file.settings.platforms)
    return Folded(Fix(f"Build for {platforms} and push both with one command", tuple(work.edits), work.applicability, tuple(work.notes)))


def _widen(work: Folding) -> None:
    """A declarative build gets its platforms, and the job what they need."""
    build, settings = work.build, work.file.settings
    declared = build.declared
    assert declared is not None
    if declared.widen is None:
        raise Impossible(declared.reasons[0] if declared.reasons else f"{declared.tool} has no input for platforms")
    if build.platforms.given:
        wanted = tuple(dict.fromkeys((*build.platforms.values, "linux/arm64")))
    else:
        wanted = settings.platforms
    separate = [] if build.pushes else list(work.chain.pushes)
    if any(push.declared is None or push.declared.remove is None for push in separate) or (separate and work.chain.uses):
        raise Impossible("the push is a step of its own, and the daemon between them holds one platform")
    edits = declared.widen(wanted)
    if edits is None:
        raise Impossible("the step is written in a way that cannot be edited exactly")
    work.applicability = work.applicability.at_least(declared.applicability)
    work.notes.extend(declared.reasons)
    work.edits.extend(edits)
    _remove_declared(work, [push.declared for push in separate if push.declared is not None])
    if not declared.native:
        prepare(work, build.step, needs(work.events, build.order))
    _judge_host(work, build.job)


def _judge_host(work: Folding, job: Job) -> None:
    host = job.host
    if not host.trusted:
        work.demote(Applicability.UNSAFE, f"{host.doubt[:1].upper()}{host.doubt[1:]}")
    if job.users:
        work.demote(Applicability.UNSAFE, f"The text is shared by {', '.join(job.users)}")
    if job.insecure:
        work.demote(Applicability.UNSAFE, "The registry is reached without TLS or inside the job's network, which the builder must be told")


def prepare(work: Folding, step: Step, missing: Needs) -> None:
    """Add the edits for emulator and builder, where the job does not have them.

    Raises:
        Impossible: there is no place to put them.
    """
    job = work.build.job
    if not (missing.emulator or missing.builder):
        return
    anchor = step if job.local_setup else _anchor(work) or step
    if job.prepare is not None:
        edits = job.prepare(anchor, missing)
        if edits is None:
            raise Impossible("the job is written in a way that takes no steps for emulator and builder")
        work.edits.extend(edits)
        return
    new = lines(job.host, missing, work.file.settings)
    if missing.emulator and job.host.kind is HostKind.PERSISTENT:
        work.demote(
            Applicability.UNSAFE,
            "QEMU must be registered once on the machine: docker run --privileged --rm tonistiigi/binfmt --install arm64",
        )
    if not new:
        return
    if anchor.place is not None:
        edits = anchor.place.insert_scripts(new)
        if edits is not None:
            work.edits.extend(edits)
            return
    _insert_in_script(work, new)


def _anchor(work: Folding) -> Step | None:
    """The step before which the set-up goes: the same for all builds of a job, so that they share it."""
    first = next(
        (event for event in work.events if isinstance(event, Build) and not event.platforms.windows and event.output is not Output.FILE),
        None,
    )
    return first.step if first is not None else None


def _insert_in_script(work: Folding, new: Sequence[str]) -> None:
    first = next((event for event in work.events if isinstance(event, Build) and event.script is not None), None)
    event = first if first is not None and first.script is not None else work.build
    if event.script is None or event.command is None:
        raise Impossible("there is no place for emulator and builder")
    change = insertion(event.script, statement_start(event.command), new)
    if change is None:
        raise Impossible("there is no line of its own for emulator and builder")
    edit = event.script.edit(work.file, *change)
    if edit is None:
        inline = event.script.edit(
            work.file, Span(event.command.span.start, event.command.span.start), "".join(f"{each} && " for each in new)
        )
        if inline is None or event.command.context:
            raise Impossible("there is no place for emulator and builder in the text of the step")
        edit = inline
    work.edits.append(edit)


# A build that is a command.


def _fold_command(work: Folding) -> None:
    chain, build = work.chain, work.build
    call, command, script = build.invocation, build.command, build.script
    if call is None or command is None or script is None:
        raise Impossible("the build is no command")
    if call.tool == "buildctl":
        _fold_buildctl(work, call, command, script)
        return
    _check_build(work, call, command, script)
    _judge_host(work, build.job)
    _judge_options(work, call)
    if chain.handed_over and build.job.add_target is not None:
        _add_target(work, call)
        return
    if chain.handed_over:
        raise Impossible(
            "build and push stand in different jobs: fold them in the job that builds, and promote with `docker buildx imagetools create`"
        )
    if chain.loose:
        raise Impossible("the push names the repository alone or a tag that is known only when it runs")
    _check_pushes(work)
    pushes = list(chain.pushes)
    if not pushes:
        _at_build(work, [])
    elif _belongs_at_push(work):
        _at_push(work)
    else:
        _at_build(work, pushes)


_NEW_TARGET = "docker-buildx"


def _add_target(work: Folding, call: Invocation) -> None:
    """A target that builds and pushes all platforms, beside those that build and push one: people still need them.

    Raises:
        Impossible: the file takes no such target.
    """
    job = work.build.job
    if work.chain.loose or any(name.word is None for name in work.chain.pushed_names):
        raise Impossible("the push names the repository alone or a tag that is known only when it runs")
    assert job.add_target is not None
    edits = job.add_target(_NEW_TARGET, _command_text(work, call))
    if edits is None:
        raise Impossible(f"the file has a target {_NEW_TARGET} already, or the command cannot be written in it")
    work.demote(Applicability.UNSAFE, f"Nothing calls the new target {_NEW_TARGET} yet: let CI call it in the place of build and push")
    work.demote(Applicability.UNSAFE, "It needs a builder (docker buildx create --use) and QEMU on the machine")
    work.edits.extend(edits)


def _fold_buildctl(work: Folding, call: Invocation, command: Command, script: Script) -> None:
    """`buildctl build` takes its platforms as an option of the frontend, and pushes all of them.

    Raises:
        Impossible: the command cannot be edited, or names platforms already.
    """
    build = work.build
    if build.step.detect_only:
        raise Impossible(build.step.detect_only)
    if not build.pushes or build.platforms.given or not is_editable(command) or not script.intact(command.span):
        raise Impossible(_OTHER_TOOLS["buildctl"])
    end = call.verb_words[-1].span.end
    new = f"--opt platform={','.join(work.file.settings.platforms)}"
    work.change(build.step, script, [(Span(end, end), _spread(script, end, new))])
    work.demote(Applicability.UNSAFE, "The machine that runs buildkitd needs QEMU for what the Dockerfile runs")
    _judge_host(work, build.job)


def _check_build(work: Folding, call: Invocation, command: Command, script: Script) -> None:
    build = work.build
    if build.step.detect_only:
        raise Impossible(build.step.detect_only)
    if call.tool != "docker":
        raise Impossible(_OTHER_TOOLS.get(call.tool, f"{call.tool} builds several platforms in another way"))
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


_OTHER_TOOLS = {
    "podman": "podman builds several platforms into a list: `podman build --platform linux/amd64,linux/arm64 --manifest NAME`, then "
    "`podman manifest push --all NAME docker://NAME`",
    "buildah": "buildah builds several platforms into a list: `buildah build --platform linux/amd64,linux/arm64 --manifest NAME`, then "
    "`buildah manifest push --all NAME docker://NAME`",
    "kaniko": "kaniko builds one platform per run, on a machine of that architecture: run it on both and join the tags, or use BuildKit",
    "buildctl": "add `--opt platform=linux/amd64,linux/arm64`; the machine that runs buildkitd needs QEMU",
    "nerdctl": "add `--platform=amd64,arm64` and push with `nerdctl push --all-platforms`",
    "img": "img builds one platform only: use docker buildx or buildctl",
}


def _judge_options(work: Folding, call: Invocation) -> None:
    names = {option.name for option in call.options}
    if call.verb != "buildx build":
        if "squash" in names:
            raise Impossible("buildx does not merge layers as --squash does")
        if "network" in names and not re.fullmatch(r"host|default|none", call.last("network") or ""):
            raise Impossible("the builder must be created in the network that the build names: --driver-opt network=NAME")
        if names & _LIMITS:
            work.demote(Applicability.UNSAFE, "Limits of memory and CPU were ignored by older builders and now hold")
    if "iidfile" in names or "metadata-file" in names:
        work.demote(Applicability.UNSAFE, "The file with the image's id will hold the digest of an index")
    for event in work.events:
        if isinstance(event, Variable) and event.name == "DOCKER_BUILDKIT" and event.value.strip("\"'") in ("0", "false"):
            work.demote(Applicability.DISPLAY, "DOCKER_BUILDKIT=0 asks for the legacy builder: find out why first")
        if isinstance(event, Variable) and event.name == "DOCKER_CONTENT_TRUST" and event.value.strip("\"'") in ("1", "true"):
            work.demote(Applicability.DISPLAY, "buildx does not sign for Docker Content Trust")
    if _env(work, "DOCKER_BUILDKIT") in ("0", "false"):
        work.demote(Applicability.DISPLAY, "DOCKER_BUILDKIT=0 asks for the legacy builder: find out why first")
    if _env(work, "DOCKER_CONTENT_TRUST") in ("1", "true"):
        work.demote(Applicability.DISPLAY, "buildx does not sign for Docker Content Trust")


def _env(work: Folding, name: str) -> str:
    values = work.build.environment.get(name, ())
    return values[-1].strip("\"'") if values else ""


def _check_pushes(work: Folding) -> None:
    for event in (*_commands_of(work.chain), *work.chain.tags):
        if event.command is None or event.script is None or event.step.detect_only:
            raise Impossible("a tag or a push of the image is no command of its own")
        wrapped = event.invocation is not None and event.invocation.words[0] is not event.command.words[0]
        retried = any(word.template in ("retry", "travis_retry", "timeout", "travis_wait") for word in event.command.prefix)
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
    for use in work.chain.uses:
        if use.verb in ("rmi", "image rm"):
            continue
        last = work.chain.pushes[-1].order if work.chain.pushes else work.build.order
        if use.order > last:
            if use.verb in ("run", "container run", "trivy", "grype", "syft", "cosign", "images", "image ls", "inspect"):
                work.demote(Applicability.UNSAFE, "The image is used after its push and will be pulled again")
            else:
                work.demote(
                    Applicability.DISPLAY, f"`{use.verb}` needs the image in the local daemon, where a multi-platform build does not put it"
                )


def _commands_of(chain: Chain) -> list[Push]:
    """The pushes that are commands, or that cannot be taken out in another way."""
    return [push for push in chain.pushes if push.declared is None or push.declared.remove is None]


def _check_variables(work: Folding, place: Event) -> None:
    """The names that are pushed must mean at the place of the folded command what they meant where they were pushed.

    Raises:
        Impossible: a variable has another value there.
    """
    for name in work.chain.pushed_names:
        owner = next((event for event in (work.build, *work.chain.tags, *work.chain.pushes) if _names_in(event, name)), None)
        if owner is None or owner is place:
            continue
        for variable in sorted(variables_in([name.text])):
            if place.environment.get(variable) != owner.environment.get(variable):
                raise Impossible(f"{variable} is set between build and push")


def _names_in(event: Event, name: Name) -> bool:
    """Whether a name is a word of an event."""
    words = event.command.words if event.command is not None else ()
    return name.word is not None and any(name.word is word for word in words)


def _between(work: Folding) -> list[Command]:
    """The commands between the build and the last push that are neither tags nor pushes of it."""
    build = work.build
    own = {id(event.command) for event in (*work.chain.tags, *work.chain.pushes)}
    last = _commands_of(work.chain)[-1]
    found: list[Command] = []
    inside = False
    for step, script in _scripts(work):
        for command in script.commands:
            if command is build.command:
                inside = True
                continue
            if command is last.command:
                return found
            if inside and id(command) not in own and command.words:
                found.append(command)
        del step
    return found


def _scripts(work: Folding) -> list[tuple[Step, Script]]:
    seen: dict[int, tuple[Step, Script]] = {}
    for event in work.events:
        if event.script is not None:
            seen.setdefault(id(event.script), (event.step, event.script))
    return list(seen.values())


def _belongs_at_push(work: Folding) -> bool:
    """Whether something stands between build and push that keeps the push where it is."""
    build, chain = work.build, work.chain
    pushes = _commands_of(chain)
    if not pushes:
        if any(use.order < chain.pushes[-1].order for use in chain.uses):
            raise Impossible(
                "the image is used before the end, where it is pushed, and a multi-platform build does not put it into the daemon"
            )
        return False
    first, last = pushes[0], pushes[-1]
    if any(isinstance(event, Login) and build.order < event.order < last.order for event in work.events):
        return True
    if any(use.order < last.order for use in chain.uses):
        return True
    if any(isinstance(event, Build | Bake) and build.order < event.order < first.order for event in work.events):
        return True
    if any(push.condition != build.condition for push in pushes):
        return True
    if any(push.step.shell != build.step.shell for push in pushes):
        return not _adjacent(work)
    harmless = {id(event.command) for event in work.events if isinstance(event, Setup | Merge | Login)}
    for command in _between(work):
        if command.name in _HARMLESS or id(command) in harmless or not command.words:
            continue
        if command.name == "docker" and " ".join(word.template for word in command.words[1:3]).startswith(tuple(_HARMLESS_VERBS)):
            continue
        if any(isinstance(event, Tag | Push | Variable) and event.command is command for event in work.events):
            continue
        return True
    return False


def _adjacent(work: Folding) -> bool:
    """Whether nothing but steps with tags and pushes of the image follows that of the build, under the same condition and in the same folder."""
    build = work.build
    steps = list(build.job.steps)
    places = [steps.index(push.step) for push in _commands_of(work.chain)]
    own = [event.step for event in (build, *work.chain.tags, *work.chain.pushes)]
    if any(not any(step is each for each in own) for step in steps[steps.index(build.step) : max(places)]):
        return False
    return all(
        not push.step.condition and push.folder == build.folder and push.step.environment == build.step.environment
        for push in _commands_of(work.chain)
    )


def _options(work: Folding, call: Invocation) -> str:
    """The options that make a build a multi-platform push, those left out that it has already."""
    settings, build = work.file.settings, work.build
    names = {option.name for option in call.options}
    found = []
    own_builder = build.job.add_target is None or not work.chain.handed_over
    if build.job.host.kind is HostKind.PERSISTENT and own_builder and "builder" not in names and needs(work.events, build.order).builder:
        found.append(f"--builder {BUILDER}")
    if "platform" not in names:
        found.append(f"--platform {_wanted(work)}")
    if "provenance" not in names and "attest" not in names and build.job.host.buildx is not Buildx.OLD and not build.pushes:
        found.append("--provenance=false")
    if not build.pushes and "load" not in names:
        found.append("--push")
    del settings
    return " ".join(found)


def _wanted(work: Folding) -> str:
    platforms = work.build.platforms
    if platforms.given and platforms.resolved and platforms.values:
        return ",".join(dict.fromkeys((*platforms.values, "linux/arm64")))
    return ",".join(work.file.settings.platforms)


def _at_build(work: Folding, pushes: Sequence[Push]) -> None:
    """Fold at the place of the build: cases A, F, H, and D for adjacent steps."""
    build, chain = work.build, work.chain
    call, script = build.invocation, build.script
    assert call is not None and script is not None
    _check_variables(work, build)
    changes = _build_changes(work, call, script, pushes)
    work.change(build.step, script, changes)
    removed: list[Event] = [*_covered_tags(work), *pushes, *(use for use in chain.uses if use.verb in ("rmi", "image rm"))]
    if any(use.verb in ("rmi", "image rm") for use in chain.uses):
        work.demote(Applicability.UNSAFE, "The image no longer stays in the local daemon, so there is nothing left to remove")
    _remove(work, removed)
    prepare(work, build.step, needs(work.events, build.order))


def _covered_tags(work: Folding) -> list[Tag]:
    """The `tag` commands of which every name is pushed, or used by nothing."""
    used = [name for use in work.chain.uses if use.verb not in ("rmi", "image rm") for name in use.names]
    return [tag for tag in work.chain.tags if not any(name.same(other) for name in tag.names for other in used)]


def _build_changes(work: Folding, call: Invocation, script: Script, pushes: Sequence[Push]) -> list[Change]:
    build = work.build
    changes: list[Change] = []
    verb_start, verb_end = call.verb_words[0].span.start, call.verb_words[-1].span.end
    new = _options(work, call)
    if call.verb == "buildx build" or call.verb == "buildx b":
        at = verb_end
    elif len(call.verb_words) > 1:
        changes.append((Span(verb_start, verb_end), f"buildx build{_spread(script, verb_end, new)}"))
        at = -1
    else:
        changes.append((Span(verb_start, verb_start), "buildx "))
        at = verb_end
    if at >= 0 and new:
        changes.append((Span(at, at), _spread(script, at, new)))
    platform = call.option("platform")
    if platform is not None:
        changes.append(_platform_change(work, platform))
    load = call.option("load")
    if load is not None:
        changes.append((load.span, "--push"))
    if pushes:
        changes.extend(_tag_changes(work, call, script))
    return changes


def _platform_change(work: Folding, option: Option) -> Change:
    text = option.value_word.text
    if "$" in text or "{{" in text:
        raise Impossible("the platform comes from a variable: set it there")
    quote = text[option.value_at :][:1]
    wanted = _wanted(work)
    return option.value_span, f"{quote}{wanted}{quote}" if quote in ("'", '"') else wanted


def _spread(script: Script, at: int, new: str) -> str:
    """New options behind an offset, on a line of their own where the command has one option per line."""
    layout = re.compile(r"[ \t]*\\(\r?\n)([ \t]*)").match(script.text, at)
    if layout:
        return f" \\{layout[1]}{layout[2]}{new}"
    return f" {new}" if new else ""


def _tag_changes(work: Folding, call: Invocation, script: Script) -> list[Change]:
    """Keep the -t options that are pushed, drop the others, add what is pushed under other names."""
    options = [option for option in call.options if option.name == "tag"]
    wanted = work.chain.pushed_names
    kept: list[Option] = []
    dropped: list[Option] = []
    for option, name in zip(options, work.build.tags, strict=False):
        (kept if any(name.same(other) for other in wanted) else dropped).append(option)
    have = [name for name, option in zip(work.build.tags, options, strict=False) if option in kept]
    added = [_source(name) for name in wanted if not any(name.same(other) for other in have)]
    changes: list[Change] = []
    if dropped and added and not kept:
        first = dropped.pop(0)
        rest = "".join(f" -t {each}" for each in added[1:])
        changes.append((first.value_span, added[0] + rest))
        added = []
    if added:
        if not kept:
            raise Impossible("the build gives its image no name that is pushed")
        end = kept[-1].span.end
        changes.append((Span(end, end), _spread_tags(script, kept[-1], added)))
    changes.extend((_option_span(script, option), "") for option in dropped)
    return changes


def _spread_tags(script: Script, option: Option, added: Sequence[str]) -> str:
    """More -t options behind one: a line each where the command has one option per line."""
    line = script.text.rfind("\n", 0, option.span.start) + 1
    indent = script.text[line : option.span.start]
    if not indent.strip() and re.match(r"[ \t]*\\\r?\n|[ \t]*(?:\r?\n|$)", script.text[option.span.end :]) and line > 0:
        return "".join(f" \\\n{indent}-t {each}" for each in added)
    return "".join(f" -t {each}" for each in added)


def _option_span(script: Script, option: Option) -> Span:
    """An option with the white space, or the continued line, before it."""
    start, end = option.span
    line = script.text.rfind("\n", 0, start) + 1
    tail = re.compile(r"[ \t]*\\\r?\n").match(script.text, end)
    if not script.text[line:start].strip() and tail and line > 0:
        return Span(line, tail.end())
    while start > 0 and script.text[start - 1] in " \t":
        start -= 1
    return Span(start, end)


def _source(name: Name) -> str:
    if name.word is None:
        raise Impossible("a pushed name is no word of its own")
    return name.word.text


def _remove(work: Folding, events: Sequence[Event]) -> None:
    """Take commands out of their scripts; a script of which nothing is left takes its step with it."""
    _remove_declared(work, [event.declared for event in events if isinstance(event, Push) and event.declared is not None])
    by_script: dict[int, tuple[Script, Step, list[Command]]] = {}
    for event in events:
        if event.script is not None and event.command is not None:
            group = by_script.setdefault(id(event.script), (event.script, event.step, []))[2]
            if not any(each is event.command for each in group):
                group.append(event.command)
    for script, step, commands in by_script.values():
        rest = [
            command
            for command in script.commands
            if not any(command is each for each in commands) and (command.words or command.assignments)
        ]
        if not rest:
            edits = step.place.remove() if step.place is not None else None
            if edits is not None:
                work.edits.extend(edits)
                continue
            if step.place is not None:
                raise Impossible("the step that becomes empty cannot be removed")
        changes = removals(script, commands)
        if changes is None:
            raise Impossible("a tag or a push cannot be taken out of its construct")
        work.change(step, script, changes)


def _remove_declared(work: Folding, pushes: Sequence[Declared]) -> None:
    """Take out pushes that are no commands, those of one list together."""
    for remove in {id(push.remove): push.remove for push in pushes if push.remove is not None}.values():
        edits = remove(tuple(push for push in pushes if push.remove is remove))
        if edits is None:
            raise Impossible("the place that pushes the image cannot be edited exactly")
        work.edits.extend(edits)


def _at_push(work: Folding) -> None:
    """Fold at the place of the first push: cases B, C, D, E and G."""
    build, chain = work.build, work.chain
    call, script = build.invocation, build.script
    pushes = _commands_of(chain)
    first = pushes[0]
    assert call is not None and script is not None and first.command is not None and first.script is not None and build.command is not None
    _check_move(work, first)
    _check_variables(work, first)
    local = _local_variables(work)
    if any(push.step.shell != first.step.shell and push.name is not None and variables_in([push.name.text]) & local for push in pushes):
        raise Impossible("the image is pushed in several steps, under names that only one of them knows")
    conditional = any(push.condition != build.condition for push in pushes)
    if conditional and len({push.condition for push in pushes}) > 1:
        raise Impossible("the names are pushed under different conditions")
    used = any(use.order < chain.pushes[-1].order for use in chain.uses)
    keeps_test = conditional or used
    why = (
        "The image is tested between build and push: the test keeps an amd64 image of its own, and arm64 is not tested"
        if used
        else "Build and push stand under different conditions, so the build is kept"
        if conditional
        else "Something that may fail, or a login, stands between build and push, so the build moves to the push"
    )
    work.demote(Applicability.UNSAFE, why)
    text = _command_text(work, call)
    work.change(first.step, first.script, [(Span(first.command.span.start, first.command.span.end), text)])
    removed: list[Event] = [*_covered_tags(work), *(push for push in chain.pushes if push is not first)]
    if keeps_test:
        work.change(build.step, script, _test_changes(call))
    else:
        removed.append(build)
    _remove(work, removed)
    prepare(work, first.step if build.job.local_setup else build.step, needs(work.events, build.order))


def _test_changes(call: Invocation) -> list[Change]:
    """`docker build` -> `docker buildx build --load`: the same builder, so that the push re-uses its layers."""
    if call.option("load") is not None or call.option("output") is not None:
        return []
    start, end = call.verb_words[0].span.start, call.verb_words[-1].span.end
    return [(Span(start, end), "buildx build --load")]


def _check_move(work: Folding, first: Push) -> None:
    """Between the old place and the new one, folder and variables must stay the same.

    Raises:
        Impossible: they do not.
    """
    build = work.build
    if build.folder != first.folder:
        raise Impossible("the working folder changes between build and push")
    assert build.invocation is not None
    used = variables_in([word.template for word in build.invocation.words])
    for variable in used:
        if build.environment.get(variable) != first.environment.get(variable):
            raise Impossible(f"{variable} is set between build and push")
    if build.step.shell != first.step.shell and used & _local_variables(work):
        raise Impossible("the build uses variables of its own step")


def _local_variables(work: Folding) -> set[str]:
    """Variables that a script assigns, which another shell does not have."""
    return {assignment.name for _, script in _scripts(work) for command in script.commands for assignment in command.assignments} | {
        name for step in work.build.job.steps for name in step.environment
    }


def _command_text(work: Folding, call: Invocation) -> str:
    """The folded build as one line, for another place: its prefix and options in order, the tags replaced by what is pushed."""
    command = work.build.command
    assert command is not None
    parts = [*(word.text for word in command.prefix), call.words[0].text]
    parts.extend(option.words[index].text for option in _early(call) for index in range(len(option.words)))
    parts.append("buildx build")
    new = _options(work, call)
    parts.append(new if call.option("load") is None else f"{new} --push".strip())
    tags = [f"-t {_source(name)}" for name in work.chain.pushed_names]
    placed = False
    following: list[Option | Word] = [*_late(call), *call.arguments]
    for item in sorted(following, key=lambda each: each.span.start):
        if not isinstance(item, Option):
            parts.append(item.text)
        elif item.name == "tag":
            parts.extend([] if placed else tags)
            placed = True
        elif item.name == "platform":
            _, text = _platform_change(work, item)
            parts.extend([*(word.text for word in item.words[:-1]), item.value_word.text[: item.value_at] + text])
        elif item.name not in ("load", "push"):
            parts.extend(word.text for word in item.words)
    return " ".join(part for part in parts if part)


def _late(call: Invocation) -> list[Option]:
    return [option for option in call.options if option.span.start > call.verb_words[-1].span.end]


def _early(call: Invocation) -> list[Option]:
    return [option for option in call.options if option.span.start < call.verb_words[0].span.start]
