"""Dockerfiles: instructions with exact places, and the stages they make.

dockerfile-parse finds the instructions; it knows lines only, and misreads heredocs, blank lines inside a continuation, an escape
directive behind another one and a final backslash. So it is shown a text in which those are masked, and everything that needs a
place comes from `dockerfile_lines`.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.finding import Confidence
from armready.core.source import Source
from armready.core.startup import dataclass, regex
from armready.languages.dockerfile.instructions import Instruction, read_instruction
from armready.languages.dockerfile.lines import BLANKS, LineReader, LogicalLine
from armready.languages.dockerfile.stages import Stage, Stages

KEYWORDS = frozenset({"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"})
KEYWORDS |= {"ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}

_TEMPLATE_NAME = regex(r"(?i)\.(?:j2|jinja2?|tmpl|tpl|template|erb|m4|in|mustache|gotmpl|envsubst)$")
_TEMPLATE_LINE = regex(r"(?m)^[ \t]*(?:\{%|\{\{|%%\w+%%|@\w+@|(?:FROM|ARG|ENV|COPY|ADD)\b[^\n]*(?:\{\{|%%\w+%%|@[A-Z_]+@))")

# A file with a longer instruction is not shown to dockerfile-parse as it stands, because that joins lines in quadratic time.
_LONG_INSTRUCTION = 500

# A builder stops at 127 layers; generated files hold some thousands of lines.
MAX_INSTRUCTIONS = 20_000


@dataclass(frozen=True, eq=False)
class Dockerfile:
    """A Dockerfile.

    Attributes:
        instructions: all, in order, unknown ones included.
        stages: what each FROM begins.
        escape: the escape character.
        directives: `syntax`, `escape` and `check` of the first lines.
        is_template: it has to be rendered before it is a Dockerfile, so what is read of it is not sure.
    """

    instructions: tuple[Instruction, ...]
    stages: Stages
    escape: str
    directives: dict[str, str]
    is_template: bool

    @property
    def confidence(self) -> Confidence:
        """The most that a finding in this file can claim."""
        return Confidence.MEDIUM if self.is_template else Confidence.HIGH

    def stage_of(self, instruction: Instruction) -> Stage | None:
        """The stage that an instruction belongs to, a FROM to the one it begins; None in front of the first FROM."""
        return self.stages.of(instruction)


def parse_dockerfile(file: File) -> Dockerfile:
    """Read a Dockerfile.

    Raises:
        ParseProblem: there is no instruction of a Dockerfile in it, or more than anybody writes.
    """
    source = file.source
    reader = LineReader(source)
    lines = [line for line in reader.lines() if line.code.text.strip(BLANKS)]
    if len(lines) > MAX_INSTRUCTIONS:
        raise ParseProblem(f"not read: more than {MAX_INSTRUCTIONS} instructions")
    keywords = _keywords(source, reader, lines)
    if not any(keyword in KEYWORDS for keyword in keywords):
        raise ParseProblem("no Dockerfile instruction in it")
    instructions = tuple(_instructions(source, reader, lines, keywords))
    is_template = bool(_TEMPLATE_NAME.search(file.path)) or bool(_TEMPLATE_LINE.search(source.text))
    return Dockerfile(
        instructions=instructions,
        stages=Stages(instructions, reader.escape),
        escape=reader.escape,
        directives=reader.directives,
        is_template=is_template,
    )


def library_structure(masked: str) -> list[tuple[str, int]]:
    """What dockerfile-parse makes of a text: keyword and 0-based first line of each instruction."""
    from dockerfile_parse import DockerfileParser  # type: ignore[import-not-found,unused-ignore]

    structure = DockerfileParser(fileobj=BytesIO(masked.encode("utf-8", "surrogatepass")), env_replace=False).structure
    return [(entry["instruction"], entry["startline"]) for entry in structure if entry["instruction"] != "COMMENT"]


def masked_text(source: Source, reader: LineReader, lines: list[LogicalLine]) -> tuple[str, list[int]]:
    """The instructions without what dockerfile-parse misreads, and the 0-based line on which each begins there."""
    masked = [] if reader.escape == "\\" else [f"# escape={reader.escape}"]
    starts = []
    for line in lines:
        starts.append(len(masked))
        if line.last - line.first > _LONG_INSTRUCTION:
            masked.append(line.code.text)
            continue
        masked += [text if text.strip(BLANKS) else reader.escape for text in source.lines[line.first : line.last + 1]]
        masked[-1] = masked[-1].rstrip(BLANKS).rstrip(reader.escape)
    text = "\n".join(masked) + "\n"
    return text.replace("\r", " "), starts


def _keywords(source: Source, reader: LineReader, lines: list[LogicalLine]) -> list[str]:
    """The keyword of each logical line, from dockerfile-parse; it takes no line without arguments for an instruction."""
    text, starts = masked_text(source, reader, lines)
    found = {line: keyword for keyword, line in library_structure(text)}
    return [
        found.get(start) or (line.code.text.split(None, 1) or [line.code.text])[0].upper()
        for start, line in zip(starts, lines, strict=True)
    ]


def _instructions(source: Source, reader: LineReader, lines: list[LogicalLine], keywords: list[str]) -> Iterator[Instruction]:
    interpreter: tuple[str, ...] = ()
    for line, keyword in zip(lines, keywords, strict=True):
        if keyword == "FROM":
            interpreter = ()
        instruction = read_instruction(source, reader.escape, line.heredocs, line.code, interpreter)
        if keyword == "SHELL":
            interpreter = tuple(word.text for word in instruction.words)
        yield instruction
