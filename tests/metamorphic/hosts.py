"""The commands of a script file, in other files that hold shell. Who runs them differs, so levels and fixes may."""

import json
import re
from collections.abc import Callable, Iterable, Iterator

from armready.builds.scripts import scripts
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.source import Span
from armready.core.suppressions import NEEDLE

from .rewriting import Change, Part, rewriting


def _lines(file: File, *, apart: bool) -> list[Span]:
    """The lines of a script without its shebang; none where a line is not all that a reader of lines needs.

    `apart`: each line runs in a shell of its own, so none may leave anything to the next but files, or be a part of something.
    """
    (hosted,) = file.parse(scripts)
    script = hosted.script
    if script.errors or NEEDLE.decode() in file.text or re.search(r"\\\n|<<|\t|^[ ]*$(?!\n*\Z)", file.text) or len(file.source.lines) > 12:
        return []
    if apart and (
        any(each.assignments or each.name in ("cd", "set", "export", "exit", "exec") for each in script.commands) or script.conditionals
    ):
        return []
    if apart and any(
        frame.kind not in ("and", "or", "pipeline", "substitution", "nested") for each in script.commands for frame in each.context
    ):
        return []
    spans = [file.source.line_span(number) for number in range(len(file.source.lines))]
    return [each for each in spans if file.source.slice(each).strip() and not file.source.slice(each).startswith("#!")]


def _escaped(file: File, span: Span, pattern: str, write: Callable[[str], str]) -> Iterator[Part]:
    at = span.start
    for found in re.finditer(pattern, file.text[span.start : span.end]):
        yield Span(at, span.start + found.start())
        yield write(found[0])
        at = span.start + found.end()
    yield Span(at, span.end)


def _written(file: File, parts: Iterable[Part]) -> Iterator[Change]:
    if "/" not in file.path and file.path.endswith(".sh"):
        yield Change(Span(0, len(file.text)), tuple(parts), printed=True)


@rewriting(Kind.SHELL, rename=lambda _: "Makefile", fixes=False, levels=False)
def in_a_makefile(file: File) -> Iterator[Change]:
    """The recipe of a target."""
    lines = _lines(file, apart=True)
    if lines:
        recipe = (part for line in lines for part in ("\t", *_escaped(file, line, r"\$", lambda _: "$$"), "\n"))
        yield from _written(file, ["run:\n", *recipe])


@rewriting(Kind.SHELL, rename=lambda _: "justfile", fixes=False, levels=False)
def in_a_justfile(file: File) -> Iterator[Change]:
    """A recipe of just."""
    lines = _lines(file, apart=True)
    if lines and "{{" not in file.text:
        yield from _written(file, ["run:\n", *(part for line in lines for part in ("    ", line, "\n"))])


@rewriting(Kind.SHELL, rename=lambda _: "package.json", fixes=False, levels=False)
def in_a_package(file: File) -> Iterator[Change]:
    """A script of npm."""
    lines = _lines(file, apart=True)
    if lines and "#" not in file.text:
        command: list[Part] = []
        for line in lines:
            command += [" && " if command else "", *_escaped(file, line, r'["\\]', lambda text: json.dumps(text)[1:-1])]
        yield from _written(file, ['{\n  "name": "app",\n  "scripts": {\n    "run": "', *command, '"\n  }\n}\n'])


def _block(file: File, head: str, indent: str) -> Iterator[Change]:
    lines = _lines(file, apart=False)
    if lines and "{{" not in file.text:
        yield from _written(file, [head, *(part for line in lines for part in (indent, line, "\n"))])


@rewriting(Kind.SHELL, rename=lambda _: ".github/workflows/run.yml", fixes=False, levels=False)
def in_a_workflow(file: File) -> Iterator[Change]:
    """A step of a workflow. A job has to set up what a build for another platform needs."""
    if "--platform" in file.text:
        return
    head = "on: push\njobs:\n  run:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n"
    yield from _block(file, head, "          ")


@rewriting(Kind.SHELL, rename=lambda _: ".gitlab-ci.yml", fixes=False, levels=False)
def in_a_job_of_gitlab(file: File) -> Iterator[Change]:
    """The script of a job."""
    yield from _block(file, "run:\n  image: debian:12\n  script:\n    - |\n", "      ")


@rewriting(Kind.SHELL, rename=lambda _: "scripts/run", fixes=False, levels=False)
def without_a_suffix(file: File) -> Iterator[Change]:
    """A file that its first line makes a script."""
    lines = _lines(file, apart=False)
    if lines:
        yield from _written(file, ["#!/usr/bin/env bash\n", *(part for line in lines for part in (line, "\n"))])
