"""INI files with positions, as configparser reads them: sections, keys, and values that go on over indented lines."""

from __future__ import annotations

from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import dataclass, regex

_SECTION = regex(r"\[([^\]]+)\]")
_PAIR = regex(r"([^\s=:#;\[][^=:]*)[=:][ \t]*(.*)")


@dataclass(frozen=True, slots=True)
class IniLine:
    """One line of a value, without the white space around it."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class IniValue:
    """A key with the lines of its value."""

    section: str
    key: str
    lines: tuple[IniLine, ...]

    @property
    def text(self) -> str:
        """The value, its lines joined."""
        return "\n".join(line.text for line in self.lines)


def parse_ini(file: File) -> tuple[IniValue, ...]:
    """Every key of the file, in order. A line that is neither a section, a key, a comment nor a continuation is skipped."""
    found: list[IniValue] = []
    section, key, lines = "", "", list[IniLine]()

    def close() -> None:
        if key:
            found.append(IniValue(section, key, tuple(lines)))

    start = 0
    for raw in file.text.split("\n"):
        text = raw.rstrip("\r")
        stripped = text.strip()
        if stripped and stripped[0] not in "#;":
            match = _SECTION.match(text)
            pair = _PAIR.match(text)
            if text[0].isspace() and key:
                at = start + len(text) - len(text.lstrip())
                lines.append(IniLine(stripped, Span(at, at + len(stripped))))
            elif match:
                close()
                section, key, lines = match[1].strip(), "", []
            elif pair:
                close()
                key, value = pair[1].strip().lower(), pair[2].strip()
                at = start + pair.start(2)
                lines = [IniLine(value, Span(at, at + len(value)))] if value else []
        start += len(raw) + 1
    close()
    return tuple(found)
