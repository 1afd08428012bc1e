"""Giving a job the emulator and the builder that it lacks."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from armready.builds.events import Build, Event, Output
from armready.builds.model import HostKind, Job, Needs, Step
from armready.builds.readers import editor_of
from armready.builds.setup import lines
from armready.builds.statements import insertion, statement_start
from armready.builds.timeline import Timeline
from armready.core.file import File
from armready.core.fix import Applicability, Edit
from armready.core.source import Span
from armready.multiplatform.draft import Draft, Impossible

_REGISTER = "QEMU must be registered once on the machine: docker run --privileged --rm tonistiigi/binfmt --install arm64"

_PRIVILEGED = "A privileged container registers the emulator on the machine of the job"


def prepare(work: Draft, step: Step, missing: Needs) -> None:
    """Add the edits for emulator and builder, where the job does not have them.

    Raises:
        Impossible: there is no place to put them.
    """
    job = work.build.job
    anchor = step if job.local_setup else work.timeline.derive(_first_build) or step
    if missing.emulator and job.host.kind is HostKind.PERSISTENT and not job.own_setup:
        work.demote(Applicability.UNSAFE, _REGISTER)
    edits = setup_edits(work.file, job, anchor, missing, work.timeline.derive(_first_scripted))
    if any("privileged" in edit.text for edit in edits):
        work.demote(Applicability.UNSAFE, _PRIVILEGED)
    work.edits.extend(edits)


def setup_edits(file: File, job: Job, anchor: Step, missing: Needs, event: Event | None) -> list[Edit]:
    """The edits that give a job what it is missing, before a step.

    Args:
        file: the file of the job.
        job: the job.
        anchor: the step.
        missing: what it needs.
        event: where the file takes no steps, the lines go before its command.

    Raises:
        Impossible: there is no place to put them.
    """
    if not missing:
        return []
    editor = file.parse(editor_of)
    if job.own_setup:
        edits = editor.prepare(job, anchor, missing)
        if edits is None:
            raise Impossible("the job is written in a way that takes no steps for emulator and builder")
        return edits
    new = lines(job.host, missing, file.settings, repeated=job.local_setup)
    if not new:
        return []
    edits = editor.insert_scripts(anchor, new)
    return edits if edits is not None else [_in_script(file, event, new)]


def _first_build(timeline: Timeline) -> Step | None:
    """The step before which the set-up goes: the same for all builds of a job, so that they share it, under the condition of all."""
    builds = [event.step for event in timeline.of(Build) if not event.platforms.windows and event.output is not Output.FILE]
    if not builds:
        return None
    return builds[0] if len({step.condition for step in builds}) == 1 else replace(builds[0], condition="")


def _first_scripted(timeline: Timeline) -> Event | None:
    """The first build that is a command, else the first event that is one."""
    events = chain(timeline.of(Build), timeline)
    return next((event for event in events if event.script is not None), None)


def _in_script(file: File, event: Event | None, new: tuple[str, ...]) -> Edit:
    if event is None or event.script is None or event.command is None:
        raise Impossible("there is no place for emulator and builder")
    change = insertion(event.script, statement_start(event.command), new)
    if change is None:
        raise Impossible("there is no line of its own for emulator and builder")
    edit = event.script.edit(file, *change)
    if edit is not None:
        return edit
    start = event.command.span.start
    inline = event.script.edit(file, Span(start, start), "".join(f"{each} && " for each in new))
    if inline is None or event.command.context:
        raise Impossible("there is no place for emulator and builder in the text of the step")
    return inline
