"""Earthfiles: the targets that save an image to push it."""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.facts import BakePlatforms
from armready.builds.model import Declared, Pipeline, Verb
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex
from armready.systems.descriptions import described_job

GLOBS = {
    "earthfile": ("earthfile",),
}

_TARGET = regex(r"^([A-Za-z][\w.-]*):\s*(?:#.*)?$")
_SAVE = regex(r"^\s*SAVE\s+IMAGE\s+(.*)")
_FROM = regex(r"^\s*FROM\s+--platform[= ](\S+)")
_ARGUMENT = regex(r"^\s*ARG\s+(?:--\S+\s+)*(\w+)\s*=\s*(\S(?:.*\S)?)")
_BUILD = regex(r"^\s*BUILD\s.*--platform[= ]\S{0,200}(?:arm64|aarch64)")
_ADVICE = "call the target once for each platform, BUILD --platform=linux/amd64 --platform=linux/arm64 +TARGET, and let CI call that"


def read(file: File) -> Pipeline:
    """A job for each target with `SAVE IMAGE --push`."""
    jobs, environment, target, platform = [], dict[str, tuple[str, ...]](), "", ""
    for line, place in _lines(file):
        if (named := _TARGET.match(line)) is not None:
            target, platform = named[1], ""
        elif (argument := _ARGUMENT.match(line)) is not None:
            environment.setdefault(argument[1], (argument[2].strip("\"'"),))
        elif (base := _FROM.match(line)) is not None:
            platform = base[1]
        elif (save := _SAVE.match(line)) is not None:
            words = save[1].split()
            names = tuple(word.strip("\"'") for word in words if not word.startswith("--"))
            if "--push" not in words or "--no-manifest-list" in words or not names:
                continue
            declared = Declared(
                verb=Verb.BUILD,
                span=place,
                tool="earthly",
                tags=names,
                platforms=(platform,) if platform else None,
                pushes=True,
                push_span=place,
                folder=None,
                native=True,
                reasons=(_ADVICE,),
            )
            jobs.append(described_job(target, place, declared, environment))
    return Pipeline("earthly", tuple(jobs))


def _lines(file: File) -> Iterator[tuple[str, Span]]:
    """The logical lines, with the place of each without the blanks around it."""
    source, index = file.source, 0
    while index < len(source.line_starts):
        first = source.line_span(index)
        parts = [source.slice(first)]
        while parts[-1].rstrip().endswith("\\") and index + 1 < len(source.line_starts):
            index += 1
            parts[-1] = parts[-1].rstrip()[:-1]
            parts.append(source.slice(source.line_span(index)))
        start = first.start + len(parts[0]) - len(parts[0].lstrip())
        yield " ".join(parts), Span(start, max(start, source.line_span(index).end))
        index += 1


def built_platforms(file: File) -> Iterator[BakePlatforms]:
    """The collector of Earthfiles that build a target for arm64."""
    if any(_BUILD.match(line) for line, _ in _lines(file)):
        yield BakePlatforms(("linux/arm64",))
