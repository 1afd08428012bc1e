"""What the rules about Go (DF130, DF131, DF170) share."""

from __future__ import annotations

from armready.builds.scripts import HostedScript
from armready.core.file import File
from armready.core.fix import Applicability, Edit, Fix
from armready.core.source import Span
from armready.core.startup import regex
from armready.dockerfiles.edit import declared_above
from armready.dockerfiles.stages import once, stage_text
from armready.languages.dockerfile.stages import Stage
from armready.languages.shell.script import Command

_NO_CGO = regex(r"CGO_ENABLED[= ][\"']?0")


@once
def without_cgo(stage: Stage) -> bool:
    """Whether the stage switches cgo off in plain sight, so that a cross build makes the same program."""
    return any(_NO_CGO.search(stage_text(each)) for each in stage.chain())


def unless_cgo(stage: Stage | None, fix: Fix) -> Fix:
    """The fix, unsafe where a cross build may switch cgo off."""
    return (
        fix
        if stage is not None and without_cgo(stage)
        else fix.demoted(Applicability.UNSAFE, "A cross build switches cgo off, which changes programs that use it.")
    )


@once
def _names_system(stage: Stage) -> bool:
    return "GOOS" in stage_text(stage)


def for_target(file: File, hosted: HostedScript, command: Command) -> tuple[Edit, ...] | None:
    """The edits that make a command of Go compile for the target; None where they cannot be proved."""
    stage, instruction = hosted.stage, hosted.instruction
    if stage is None or instruction is None or command.name != "go" or command.broken or command.nested or not command.words:
        return None
    variables = {"GOARCH": "TARGETARCH"} if _names_system(stage) else {"GOOS": "TARGETOS", "GOARCH": "TARGETARCH"}
    start = command.words[0].span.start
    edit = hosted.script.edit(file, Span(start, start), "".join(f"{name}=${value} " for name, value in variables.items()))
    if edit is None:
        return None
    missing = [value for value in variables.values() if not stage.declares(value, instruction)]
    return (edit, declared_above(file, instruction, *missing)) if missing else (edit,)
