"""Shell scripts: one job with one step, on whatever machine calls it."""

from __future__ import annotations

from armready.builds.editor import Editor
from armready.builds.model import Host, HostKind, Job, Pipeline, Step
from armready.core.embedded import Embedded
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.runners import Buildx

_OTHER_SHEBANG = regex(r"#!(?!.*(?:sh|bats)\b)")
HOST = Host(HostKind.PERSISTENT, buildx=Buildx.CURRENT, doubt="a script runs on whatever machine calls it")


def read(file: File) -> Pipeline:
    """The script as a job."""
    if _OTHER_SHEBANG.match(file.text):
        return Pipeline("shell", ())
    whole = Span(0, len(file.text))
    step = Step(whole, Embedded.whole(file.text), folder=None if "cd " in file.text[:2000] else "")
    return Pipeline("shell", (Job(file.path, whole, HOST, (step,)),), shares_images=True)


EDITOR = Editor
