"""Read a file as a pipeline, and edit it, by the module of `armready.systems` for its kind, which is imported when it is first needed."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from armready.builds.editor import Editor
from armready.core.errors import ParseProblem
from armready.core.kinds import SYSTEMS
from armready.core.startup import imported
from armready.knowledge.idioms import generated_mark

if TYPE_CHECKING:
    from armready.builds.model import Pipeline
    from armready.core.file import File

# Characters at the top of a file in which a program says that it wrote it.
_HEAD = 500


def read_pipeline(file: File) -> Pipeline:
    """The jobs of a file, memoised by `file.parse(read_pipeline)`.

    Raises:
        ParseProblem: no reader knows the kind, or the file is not what its kind says.
    """
    system = SYSTEMS.get(file.kind)
    if system is None:
        raise ParseProblem(f"nothing reads {file.kind} as a pipeline")
    pipeline: Pipeline = imported(f"armready.systems.{system.module}", "read")(file)
    return replace(pipeline, generated=bool(generated_mark().search(file.text, 0, _HEAD)))


def editor_of(file: File) -> Editor:
    """What edits a file that `read_pipeline` can read, memoised by `file.parse(editor_of)`."""
    module = import_module(f"armready.systems.{SYSTEMS[file.kind].module}")
    editor: Editor = getattr(module, "EDITOR", Editor)(file)
    return editor
