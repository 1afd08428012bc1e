"""Justfiles: recipes as the shell will read them. `{{ … }}` stays in the text; the shell reader masks it."""

from __future__ import annotations

from functools import partial

from armready.core.embedded import Embedded, Segment, with_breaks
from armready.core.file import File
from armready.core.shells import ANY_SHELL, SHEBANG
from armready.core.source import Span
from armready.core.startup import dataclass, regex

_HEAD = regex(r"^@?(?P<name>[A-Za-z_][\w-]*+)(?P<parameters>(?>(?:[^:#\"']|\"[^\"]*\"|'[^']*')*)):(?!=)")
_ASSIGNMENT = regex(r"^(?:export\s+)?(?P<name>[A-Za-z_][\w-]*)\s*:=\s*(?P<value>.*)")
_OTHER_SHELL = regex(rf"(?m)^set\s+(?:windows-)?shell\s*:=\s*\[\s*[\"'](?!(?:/\S*/)?{ANY_SHELL}[\"'])")


@dataclass(frozen=True, eq=False)
class Recipe:
    """A recipe: `script` is None when another interpreter than a shell reads it."""

    name: str
    span: Span
    script: Embedded | None


@dataclass(frozen=True, eq=False)
class Justfile:
    """A justfile as read; `variables` maps names to the source of their values."""

    recipes: tuple[Recipe, ...]
    variables: dict[str, str]


def parse_justfile(file: File) -> Justfile:
    """Read a justfile."""
    source = file.source
    foreign = bool(_OTHER_SHELL.search(source.text))
    recipes: list[Recipe] = []
    variables: dict[str, str] = {}
    index, count = 0, len(source.line_starts)
    while index < count:
        line = source.slice(source.line_span(index))
        assignment = _ASSIGNMENT.match(line)
        if assignment:
            variables[assignment["name"]] = assignment["value"].strip()
        head = None if assignment else _HEAD.match(line)
        index += 1
        if head is None:
            continue
        first = index
        while index < count and _is_body(source.slice(source.line_span(index))):
            index += 1
        script = None if foreign else _script(file, first, index)
        recipes.append(Recipe(head["name"], Span(source.line_starts[first - 1], source.line_span(index - 1).end), script))
    return Justfile(tuple(recipes), variables)


def _is_body(line: str) -> bool:
    return not line.strip() or line[0] in " \t"


def _script(file: File, first: int, last: int) -> Embedded | None:
    source = file.source
    lines = [source.line_span(index) for index in range(first, last)]
    texts = [source.slice(span) for span in lines]
    while texts and not texts[-1].strip():
        texts.pop()
    if not texts:
        return None
    indent = min(len(text) - len(text.lstrip()) for text in texts if text.strip())
    shebang = texts[0].lstrip().startswith("#!")
    if shebang and not SHEBANG.match(texts[0].lstrip()):
        return None
    parts: list[str] = []
    segments: list[Segment] = []
    length, continued = 0, False
    for span, text in zip(lines, texts, strict=False):
        skip = min(indent, len(text))
        if not shebang and not continued:
            while skip < len(text) and text[skip] in "@-":
                skip += 1
        continued = text.endswith("\\")
        if len(text) > skip:
            segments.append(Segment(length, span.start + skip, len(text) - skip))
        parts.append(text[skip:])
        length += len(text) - skip + 1
    newline = source.newline + " " * indent
    return Embedded("\n".join(parts), tuple(segments), partial(with_breaks, newline))
