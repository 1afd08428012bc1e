"""Draft a build, its tags and its pushes into one `docker buildx build --push` for all platforms.

The shape decides the place: with nothing in between the build itself becomes the push; with a login, a test or a condition in between, the
push becomes the build. What cannot be told from the text is left to people, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from armready.builds.events import Bake, Build, Event, Login, Merge, Push, Setup, Tag, Variable, variables_in
from armready.builds.file_builds import read_builds
from armready.builds.grammar import Invocation
from armready.builds.history import Chain
from armready.builds.model import Needs, Step
from armready.builds.options import words
from armready.builds.publishers import WIDENED
from armready.builds.readers import editor_of
from armready.builds.setup import needs
from armready.builds.statements import is_editable, removals
from armready.builds.timeline import Timeline
from armready.core.config import CiMode
from armready.core.file import File
from armready.core.fix import Applicability, Fix
from armready.core.source import Span
from armready.languages.shell.script import Command, Script
from armready.multiplatform.commands import build_changes, command_text, spread, test_changes
from armready.multiplatform.draft import Draft, Impossible, Rewriting
from armready.multiplatform.preconditions import (
    OTHER_TOOLS,
    between,
    check_build,
    check_host,
    check_move,
    check_options,
    check_pushes,
    check_uses,
    check_variables,
    commands_of,
    local_variables,
)
from armready.multiplatform.set_up import prepare

_HARMLESS = words(
    "echo printf true : date ls pwd set export local readonly declare sleep print_info info log whoami id env printenv cat "
    "mkdir history wait hash time uname df du free ps"
)
_HARMLESS_VERBS = frozenset({"images", "image ls", "version", "info", "ps", "buildx ls", "buildx version", "system df", "logout"})


def rewrite_build(file: File, chain: Chain) -> Rewriting:
    """Work out the fix of a build of a file, once, however many ask for it."""
    known = file.parse(_rewritten)
    if chain not in known:
        known[chain] = rewrite(file, chain, file.parse(read_builds).events[chain.build.job])
    return known[chain]


def _rewritten(file: File) -> dict[Chain, Rewriting]:
    del file
    return {}


def rewrite(file: File, chain: Chain, timeline: Timeline) -> Rewriting:
    """The fix that makes a pushed build a multi-platform one.

    Args:
        file: the file of the build.
        chain: the build and its pushes.
        timeline: what happens in the job.
    """
    work = Draft(file, chain, timeline)
    if file.settings.ci_mode is CiMode.NATIVE and chain.build.job.divisible:
        return _native(work)
    try:
        if chain.build.declared is not None:
            _widen(work)
        else:
            _rewrite_command(work)
        platforms = " and ".join(each.removeprefix("linux/") for each in file.settings.platforms)
        return Rewriting(work.fix(f"Build for {platforms} and push both with one command"))
    except Impossible as impossible:
        return Rewriting(None, str(impossible))


def _native(work: Draft) -> Rewriting:
    """Native mode: a machine for each architecture, and a merge."""
    job = work.build.job
    editor = work.file.parse(editor_of)
    edits = editor.divide(work.chain, len(work.timeline.of(Build)))
    if isinstance(edits, str):
        return Rewriting(None, f"not built on native machines, because {edits}")
    missing = needs(work.timeline, work.build.order)
    if missing.builder and job.own_setup:
        edits += editor.prepare(job, work.build.step, Needs(emulator=False, builder=True)) or []
    notes = ["The job graph changes: two builds run at once, and a job of its own joins them"]
    if work.build.declared is not None:
        notes.extend(work.build.declared.reasons)
    return Rewriting(Fix("Build on a machine of each architecture and join the images", tuple(edits), Applicability.UNSAFE, tuple(notes)))


def _widen(work: Draft) -> None:
    """A declarative build gets its platforms, and the job what they need."""
    build, settings = work.build, work.file.settings
    declared = build.declared
    assert declared is not None
    if not declared.takes_platforms:
        raise Impossible(declared.reasons[0] if declared.reasons else f"{declared.tool} has no input for platforms")
    wanted = tuple(dict.fromkeys((*build.platforms.values, "linux/arm64"))) if build.platforms.given else settings.platforms
    separate = [] if build.pushes else list(work.chain.pushes)
    if any(push.declared is None or not push.declared.removable for push in separate) or (separate and work.chain.uses):
        raise Impossible("the push is a step of its own, and the daemon between them holds one platform")
    edits = work.file.parse(editor_of).set_platforms(build, wanted)
    if edits is None:
        raise Impossible("the step is written in a way that cannot be edited exactly")
    work.applicability = work.applicability.at_least(declared.applicability)
    work.notes.extend(declared.reasons)
    check_uses(work)
    work.edits.extend(edits)
    _remove_declared(work, separate)
    if not declared.native:
        missing = needs(work.timeline, build.order)
        prepare(work, build.step, Needs(missing.emulator, missing.builder and not declared.brings_builder))
    check_host(work, build.job)


# A build that is a command.


def _rewrite_command(work: Draft) -> None:
    chain, build = work.chain, work.build
    call, command, script = build.invocation, build.command, build.script
    if call is None or command is None or script is None:
        raise Impossible("the build is no command")
    if call.tool == "buildctl" or call.tool in WIDENED:
        note = WIDENED.get(call.tool, "The machine that runs buildkitd needs QEMU for what the Dockerfile runs")
        option = "--opt platform=" if call.tool == "buildctl" else "--platform="
        _add_platforms(work, call, command, script, option, note)
        return
    check_build(work, call, command, script)
    check_host(work, build.job)
    check_options(work, call)
    if chain.handed_over and build.job.takes_targets:
        _add_target(work, call)
        return
    if chain.handed_over:
        raise Impossible(
            "build and push stand in different jobs: fold them in the job that builds, and promote with `docker buildx imagetools create`"
        )
    if chain.loose:
        raise Impossible("the push names the repository alone or a tag that is known only when it runs")
    check_pushes(work)
    pushes = list(chain.pushes)
    if build.pushes and any(push.condition != build.condition for push in pushes):
        raise Impossible("the build pushes already, and what follows it pushes under a condition of its own")
    if not pushes or build.pushes:
        _at_build(work, pushes)
    elif _belongs_at_push(work):
        _at_push(work)
    else:
        _at_build(work, pushes)


def _add_target(work: Draft, call: Invocation) -> None:
    """A target that builds and pushes all platforms, beside those that build and push one: people still need them.

    Raises:
        Impossible: the file takes no such target.
    """
    job = work.build.job
    if work.chain.loose or any(name.word is None for name in work.chain.pushed_names):
        raise Impossible("the push names the repository alone or a tag that is known only when it runs")
    text = command_text(work, call)
    build = work.build
    own = {name for name in variables_in([text]) if build.environment.get(name) != job.environment.get(name)}
    if build.folder != build.step.folder or own:
        raise Impossible("the build needs the folder or the variables that its own recipe sets before it")
    target = job.name.split()[0]
    name = f"{target}x" if target.endswith("build") else f"{target}-buildx"
    edits = work.file.parse(editor_of).add_target(job, name, text)
    if edits is None:
        raise Impossible(f"the file has a target {name} already, or the command cannot be written in it")
    work.demote(Applicability.DISPLAY, f"Nothing calls the new target {name} yet: let CI call it in the place of build and push")
    work.demote(Applicability.UNSAFE, "It needs a builder (docker buildx create --use) and QEMU on the machine")
    work.edits.extend(edits)


def _add_platforms(work: Draft, call: Invocation, command: Command, script: Script, option: str, note: str) -> None:
    """An option behind the verb of a command that pushes all platforms it is given.

    Raises:
        Impossible: the command cannot be edited, or names platforms already.
    """
    build = work.build
    if build.step.detect_only:
        raise Impossible(build.step.detect_only)
    if not build.pushes or build.platforms.given or not is_editable(command) or not script.intact(command.span):
        raise Impossible(OTHER_TOOLS[call.tool])
    end = call.verb_words[-1].span.end
    work.change(build.step, script, [(Span(end, end), spread(script, end, option + ",".join(work.file.settings.platforms)))])
    work.demote(Applicability.UNSAFE, note)
    check_host(work, build.job)


def _belongs_at_push(work: Draft) -> bool:
    """Whether something stands between build and push that keeps the push where it is."""
    build, chain = work.build, work.chain
    pushes = commands_of(chain)
    if not pushes:
        if any(use.order < chain.pushes[-1].order for use in chain.uses):
            raise Impossible(
                "the image is used before the end, where it is pushed, and a multi-platform build does not put it into the daemon"
            )
        return False
    first, last = pushes[0], pushes[-1]
    if work.timeline.happens(Login, build.order, last.order):
        return True
    if any(use.order < last.order for use in chain.uses):
        return True
    if any(work.timeline.happens(kind, build.order, first.order) for kind in (Build, Bake)):
        return True
    if any(push.condition != build.condition for push in pushes):
        return True
    if any(push.step.shell != build.step.shell for push in pushes):
        return not _adjacent(work)
    harmless = work.timeline.derive(_harmless)
    for command in between(work, last):
        if command.name in _HARMLESS or id(command) in harmless:
            continue
        if command.name == "docker" and " ".join(word.template for word in command.words[1:3]).startswith(tuple(_HARMLESS_VERBS)):
            continue
        return True
    return False


def _harmless(timeline: Timeline) -> set[int]:
    """The commands that neither fail for a reason of their own nor need the image."""
    return {id(event.command) for kind in (Setup, Merge, Login, Tag, Push, Variable) for event in timeline.of(kind)}


def _adjacent(work: Draft) -> bool:
    """Whether only steps with tags and pushes of the image follow that of the build, under the same condition and in the same folder."""
    build = work.build
    steps = list(build.job.steps)
    places = [steps.index(push.step) for push in commands_of(work.chain)]
    own = [event.step for event in (build, *work.chain.tags, *work.chain.pushes)]
    if any(not any(step is each for each in own) for step in steps[steps.index(build.step) : max(places)]):
        return False
    return all(
        not push.step.condition and push.folder == build.folder and push.step.environment == build.step.environment
        for push in commands_of(work.chain)
    )


def _at_build(work: Draft, pushes: Sequence[Push]) -> None:
    """Fold at the place of the build: cases A, F, H, and D for adjacent steps."""
    build, chain = work.build, work.chain
    call, script = build.invocation, build.script
    assert call is not None
    assert script is not None
    check_variables(work, build)
    changes = build_changes(work, call, script, pushes)
    work.change(build.step, script, changes)
    removed: list[Event] = [*_covered_tags(work), *pushes, *(use for use in chain.uses if use.removes)]
    if any(use.removes for use in chain.uses):
        work.demote(Applicability.UNSAFE, "The image no longer stays in the local daemon, so there is nothing left to remove")
    _remove(work, removed)
    prepare(work, build.step, needs(work.timeline, build.order))


def _covered_tags(work: Draft) -> list[Tag]:
    """The `tag` commands of which every name is pushed, or used by nothing."""
    used = [name for use in work.chain.uses if not use.removes for name in use.names]
    return [tag for tag in work.chain.tags if not any(name.same(other) for name in tag.names for other in used)]


def _remove(work: Draft, events: Sequence[Event]) -> None:
    """Take commands out of their scripts; a script of which nothing is left takes its step with it."""
    _remove_declared(work, [event for event in events if isinstance(event, Push)])
    by_script: dict[int, tuple[Script, Step, dict[int, Command]]] = {}
    for event in events:
        if event.script is not None and event.command is not None:
            group = by_script.setdefault(id(event.script), (event.script, event.step, {}))[2]
            group[id(event.command)] = event.command
    for script, step, commands in by_script.values():
        if all(id(command) in commands or not (command.words or command.assignments) for command in script.commands):
            edits = work.file.parse(editor_of).remove_step(step)
            if edits is not None:
                work.edits.extend(edits)
                continue
            if step.place is not None:
                raise Impossible("the step that becomes empty cannot be removed")
        changes = removals(script, commands.values())
        if changes is None:
            raise Impossible("a tag or a push cannot be taken out of its construct")
        work.change(step, script, changes)


def _remove_declared(work: Draft, pushes: Sequence[Push]) -> None:
    """Take out pushes that are no commands, all together."""
    steps = dict.fromkeys(push.step for push in pushes if push.declared is not None and push.declared.removable)
    edits = work.file.parse(editor_of).remove_pushes(tuple(steps)) if steps else []
    if edits is None:
        raise Impossible("the place that pushes the image cannot be edited exactly")
    work.edits.extend(edits)


def _at_push(work: Draft) -> None:
    """Fold at the place of the first push: cases B, C, D, E and G."""
    build, chain = work.build, work.chain
    call, script = build.invocation, build.script
    pushes = commands_of(chain)
    first = pushes[0]
    assert call is not None
    assert script is not None
    assert first.command is not None
    assert first.script is not None
    assert build.command is not None
    check_move(work, first)
    check_variables(work, first)
    local = work.timeline.derive(local_variables)
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
    text = command_text(work, call)
    work.change(first.step, first.script, [(Span(first.command.span.start, first.command.span.end), text)])
    removed: list[Event] = [*_covered_tags(work), *(push for push in chain.pushes if push is not first)]
    if keeps_test:
        work.change(build.step, script, test_changes(work, call))
    else:
        removed.append(build)
    _remove(work, removed)
    prepare(work, first.step if build.job.local_setup else build.step, needs(work.timeline, build.order))
