"""Copying an image within the registry instead of through the daemon."""

from __future__ import annotations

from collections.abc import Sequence

from armready.builds.events import Event, Tag, Use
from armready.builds.history import Promotion
from armready.builds.readers import editor_of
from armready.builds.statements import is_editable, removals
from armready.core.file import File
from armready.core.fix import Applicability, Edit, Fix
from armready.knowledge.runners import Buildx

# With more commands than these an image is pulled, tagged and pushed by no script that people wrote.
_MOST_COMMANDS = 100


def copy_in_registry(file: File, promotion: Promotion) -> Fix | None:
    """The fix that puts `docker buildx imagetools create` in the place of pull, tag and push; None where they cannot be taken out."""
    pull = promotion.pull
    events = [pull, *promotion.tags, *promotion.pushes]
    if not promotion.pushes or len(events) + len(promotion.uses) > _MOST_COMMANDS:
        return None
    first_push = promotion.pushes[0]
    if pull.name is None or pull.name.word is None or first_push.script is None or first_push.command is None:
        return None
    if any(event.command is None or event.script is None or not is_editable(event.command) for event in events):
        return None
    if any(event.condition != pull.condition or event.step.shell != pull.step.shell for event in events):
        return None
    if pull.job.host.buildx is Buildx.NONE or (
        pull.invocation is not None and not (pull.invocation.tool == "docker" and pull.invocation.certain)
    ):
        return None
    names = [push.name for push in promotion.pushes]
    if any(name is None or name.word is None or name.same(pull.name) for name in names):
        return None
    tags = " ".join(f"-t {name.word.text}" for name in names if name is not None and name.word is not None)
    edit = first_push.script.edit(file, first_push.command.span, f"docker buildx imagetools create {tags} {pull.name.word.text}")
    if edit is None:
        return None
    cleaned = _cleaned_up(promotion)
    if cleaned is None:
        return None
    edits = [edit]
    covered = [
        event
        for event in (pull, *promotion.tags, *promotion.pushes[1:], *cleaned)
        if not isinstance(event, Tag) or _covered(event, promotion)
    ]
    removed = _remove(file, covered)
    if removed is None:
        return None
    edits.extend(removed)
    notes = ("The image is no longer pulled into the local daemon",)
    return Fix("Copy the image in the registry, with all its platforms", tuple(edits), Applicability.UNSAFE, notes)


def _cleaned_up(promotion: Promotion) -> list[Use] | None:
    """The commands that remove the local image afterwards; None where one cannot go, or the image is needed for something else."""
    own = [promotion.pull.name, *(name for tag in promotion.tags for name in tag.names)]
    for use in promotion.uses:
        if not use.removes or use.command is None or not is_editable(use.command) or use.step.shell != promotion.pull.step.shell:
            return None
        if not all(any(name.same(other) for other in own if other is not None) for name in use.names):
            return None
    return list(promotion.uses)


def _covered(tag: Tag, promotion: Promotion) -> bool:
    return all(any(name.same(push.name) for push in promotion.pushes if push.name is not None) for name in tag.names)


def _remove(file: File, events: Sequence[Event]) -> list[Edit] | None:
    edits: list[Edit] = []
    scripts: dict[int, list[Event]] = {}
    for event in events:
        if event.script is not None:
            scripts.setdefault(id(event.script), []).append(event)
    for group in scripts.values():
        script = group[0].script
        assert script is not None
        doomed = [event.command for event in group if event.command is not None]
        going = set(map(id, doomed))
        rest = any(command.words and id(command) not in going for command in script.commands)
        step = group[0].step
        if not rest and step.place is not None:
            whole = file.parse(editor_of).remove_step(step)
            if whole is None:
                return None
            edits.extend(whole)
            continue
        changes = removals(script, doomed)
        if changes is None:
            return None
        for span, text in changes:
            edit = script.edit(file, span, text)
            if edit is None:
                return None
            edits.append(edit)
    return edits
