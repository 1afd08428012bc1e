"""Finds words in the scripts and variables of a Dockerfile, for the rules about compilers and package managers (DF133 to DF138)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.scripts import HostedScript, scripts
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.dockerfiles.stages import path_arch
from armready.knowledge.arch import names_arm64
from armready.languages.dockerfile.expansion import unquote
from armready.languages.dockerfile.instructions import Instruction, Pair
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.stages import Stage
from armready.languages.shell.script import Command

# Inside of these a command runs under a condition that may be about the architecture.
_BRANCHES = frozenset({"if", "case", "or"})
_TESTS = regex(r"uname|dpkg --print-architecture|TARGETARCH|TARGETPLATFORM|apk --print-arch|\barch\b")
# What ends a word beside white space.
_BETWEEN_WORDS = regex(r"[;&|()<>]")


@dataclass(frozen=True, eq=False)
class Hit:
    """A word that a pattern matches.

    Attributes:
        match: of the pattern in the text of the word without its quotes; of a variable, in `NAME=value`.
        span: the word in the file.
        instruction: where it stands.
        stage: of the instruction; None in front of the first FROM.
        command: the command that the word belongs to; None for a variable.
        hosted: the script of the command.
        inner: the word in the script; for a variable the same as `span`.
        pair: the variable.
    """

    match: re.Match[str]
    span: Span
    instruction: Instruction
    stage: Stage | None
    command: Command | None
    hosted: HostedScript | None
    inner: Span
    pair: Pair | None = None

    def replaced(self, file: File, text: str) -> Edit | None:
        """The edit that puts `text` in the place of the word; None where it cannot be proved."""
        if self.hosted is None:
            return file.replace(self.span, text)
        if self.command is None or self.command.broken or self.command.nested:
            return None
        return self.hosted.script.edit(file, self.inner, text)

    def removed(self, file: File) -> Edit | None:
        """The edit that takes the word and the blanks in front of it out of a script."""
        if self.hosted is None or self.command is None or self.command.broken or self.command.nested:
            return None
        text, start = self.hosted.text, self.inner.start
        while start and text[start - 1] == " ":
            start -= 1
        return self.hosted.script.edit(file, Span(start, self.inner.end), "")


def hits(file: File, pattern: re.Pattern[str], *, variables: bool = True) -> Iterator[Hit]:
    """The words of RUN scripts, and the values of ENV and ARG, that a pattern matches.

    Left alone are stages and files for one architecture, instructions that speak of arm64 too, and branches of tests on the architecture.
    """
    if path_arch(file.path):
        return
    dockerfile = file.parse(parse_dockerfile)
    for instruction in dockerfile.instructions if variables else ():
        stage = dockerfile.stage_of(instruction)
        if instruction.keyword in ("ARG", "ENV") and _counts(stage):
            for pair in instruction.pairs:
                match = pattern.search(f"{pair.name}={unquote(pair.value or '')}")
                if match is not None and not names_arm64(instruction.code.text):
                    yield Hit(
                        match=match,
                        span=pair.span,
                        instruction=instruction,
                        stage=stage,
                        command=None,
                        hosted=None,
                        inner=pair.span,
                        pair=pair,
                    )
    for hosted in file.parse(scripts):
        run = hosted.instruction
        if run is None or run.keyword != "RUN" or not _counts(hosted.stage):
            continue
        if pattern.search(_BETWEEN_WORDS.sub(" ", hosted.unquoted)) is not None and not names_arm64(hosted.text):
            yield from _in_script(hosted, run, pattern)


def _in_script(hosted: HostedScript, instruction: Instruction, pattern: re.Pattern[str]) -> Iterator[Hit]:
    tested = _TESTS.search(hosted.text) is not None
    for command in hosted.script.settled:
        if tested and any(frame.kind in _BRANCHES for frame in command.guards):
            continue
        found: dict[Span, str] = {}
        for each in command.assignments:
            found[each.span] = f"{each.name}={each.value.template if each.value is not None else ''}"
        for word in command.words if not _holds_script(hosted, command) else ():
            found.setdefault(word.span, word.template)
        for span, text in found.items():
            match = pattern.search(text)
            if match is not None:
                yield Hit(
                    match=match,
                    span=hosted.span(span),
                    instruction=instruction,
                    stage=hosted.stage,
                    command=command,
                    hosted=hosted,
                    inner=span,
                )


def _holds_script(hosted: HostedScript, command: Command) -> bool:
    """Whether a word of a command is a script, whose commands are looked at by themselves: `bash -c "..."`."""
    return any(each.nested for each in hosted.script.commands_in(Span(command.span.start + 1, command.span.end)))


def _counts(stage: Stage | None) -> bool:
    return stage is None or not (stage.variant or stage.is_windows)


def option(hit: Hit) -> str:
    """The word in front of the one that was hit: the option whose value it is."""
    words = hit.command.words if hit.command is not None else ()
    index = next((number for number, word in enumerate(words) if word.span == hit.inner), 0)
    return words[index - 1].template if index > 0 else ""
