"""Requirement lines, as pip reads them: one requirement (PEP 508) with its parts in place, and files of them with their options."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import dataclass, regex

_SEPARATORS = regex(r"[-_.]+")
_CONTINUATION = regex(r"\\\r?\n")
_COMMENT = regex(r"(?:^|\s)#.*")
_PARTS = regex(
    r"\s*+(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*+"
    r"(?:\[(?P<extras>[^\]]*)\])?\s*+"
    r"(?:@\s*+(?P<url>\S+)|\(?(?P<specifier>(?>(?:[<>=!~]=?=?\s*+[^\s;,()#]++\s*+,?\s*+)*))\)?)\s*+"
    r"(?:;(?P<marker>(?s:.*)))?$"
)
_TRAILING_OPTION = regex(r"(?<!\s)\s+(?=-)")
_OPTION = regex(r"""(?<!\S)(?P<name>--[A-Za-z][\w-]*|-[A-Za-z])(?:\s*=\s*|(?!\S)\s*|)(?P<value>(?!-)(?:"[^"]*"|'[^']*'|[^\s"'])+|)""")
_OF_ONE = frozenset({"--hash", "--config-setting", "--config-settings", "--global-option", "--install-option"})
_SHORT = {"-r": "--requirement", "-c": "--constraint", "-e": "--editable", "-i": "--index-url", "-f": "--find-links"}
_URL = regex(r"(?:[a-z][a-z0-9+.-]*:|\.{0,2}/|[A-Za-z]:\\)|\S+\.(?:whl|tar\.gz|zip)(?:$|[\s;#])", re.IGNORECASE)
_WHEEL_NAME = regex(r"(?:^|/)([A-Za-z0-9](?:[\w.]*[A-Za-z0-9])?)-[^-/]+(?:-\d[^-/]*)?-[^-/]+-[^-/]+-[^-/]+\.whl", re.IGNORECASE)
_EGG = regex(r"#(?:[^#]*&)?egg=([A-Za-z0-9._-]+)")


def canonical_name(name: str) -> str:
    """A distribution's name as PEP 503 compares names."""
    return _SEPARATORS.sub("-", name).lower()


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement. Spans are offsets into the text it was read from.

    Attributes:
        name: normalised; empty for a URL or path that does not tell it.
        extras: as written, normalised.
        specifier: the version specifiers without white space.
        url: of a direct reference.
        marker: the text behind the semicolon.
        span: from the name to the end of the marker.
        name_span: the name as written.
        specifier_span: where the specifiers stand; empty at the place where they could stand.
        marker_span: where the marker stands, or None.
    """

    name: str
    extras: tuple[str, ...]
    specifier: str
    url: str
    marker: str
    span: Span
    name_span: Span
    specifier_span: Span
    marker_span: Span | None


def parse_requirement(text: str, start: int = 0) -> Requirement | None:
    """One requirement without comment or options, or None when it is none.

    Args:
        text: the requirement.
        start: the offset of its first character, added to all spans.
    """
    match = _PARTS.match(text)
    if match is None:
        return _direct(text, start)
    if match["url"] is None and _URL.match(match["name"] + text[match.end("name") :]) and not match["specifier"]:
        return _direct(text, start)
    extras = tuple(canonical_name(each.strip()) for each in (match["extras"] or "").split(",") if each.strip())
    marker = (match["marker"] or "").strip()
    marker_span = None
    if marker:
        at = text.index(marker, match.start("marker"))
        marker_span = Span(at, at + len(marker)).shift(start)
    if match["url"] is not None:
        spec_end = match.end("url")
        spec = Span(spec_end, spec_end)
    else:
        raw = match["specifier"].rstrip().rstrip(",").rstrip()
        spec = Span(match.start("specifier"), match.start("specifier") + len(raw))
        if not raw:
            spec_end = match.end("extras") + 1 if match["extras"] is not None else match.end("name")
            spec = Span(spec_end, spec_end)
    end = marker_span.end - start if marker_span else spec.end + (text[spec.end : spec.end + 1] == ")")
    return Requirement(
        name=canonical_name(match["name"]),
        extras=extras,
        specifier=re.sub(r"\s", "", text[spec.start : spec.end]),
        url=match["url"] or "",
        marker=marker,
        span=Span(match.start("name"), end).shift(start),
        name_span=Span(match.start("name"), match.end("name")).shift(start),
        specifier_span=spec.shift(start),
        marker_span=marker_span,
    )


def _direct(text: str, start: int) -> Requirement | None:
    """A URL or a path without a name before it."""
    stripped = text.strip()
    if not _URL.match(stripped):
        return None
    url, _, marker = stripped.partition(" ;")
    url, marker = url.strip(), marker.strip()
    if re.search(r"\s", url):
        return None
    at = text.index(url)
    wheel, egg = _WHEEL_NAME.search(url), _EGG.search(url)
    name = canonical_name(wheel[1].rpartition("/")[2]) if wheel else canonical_name(egg[1]) if egg else ""
    marker_span = None
    end = at + len(url)
    if marker:
        marker_at = text.index(marker, end)
        marker_span = Span(marker_at, marker_at + len(marker)).shift(start)
        end = marker_at + len(marker)
    spot = Span(at + len(url), at + len(url)).shift(start)
    return Requirement(
        name=name,
        extras=(),
        specifier="",
        url=url,
        marker=marker,
        span=Span(at, end).shift(start),
        name_span=Span(at, at).shift(start),
        specifier_span=spot,
        marker_span=marker_span,
    )


@dataclass(frozen=True, slots=True)
class Option:
    """An option, on a line of its own or behind a requirement, with its long name; its value without the quotes."""

    name: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Line:
    """A requirement with the options that stand behind it.

    Attributes:
        requirement: what is asked for.
        hashes: how many `--hash` options it has.
        editable: it stands behind `-e`.
    """

    requirement: Requirement
    hashes: int = 0
    editable: bool = False


@dataclass(frozen=True, slots=True)
class RequirementsFile:
    """A requirements or constraints file.

    Attributes:
        lines: the requirements in order.
        options: the options, but for those that say something of one requirement.
        header: the text of the comment lines at the top, with their place.
    """

    lines: tuple[Line, ...]
    options: tuple[Option, ...]
    header: str

    @property
    def frozen(self) -> bool:
        """Whether it looks like the output of a tool: at least ten requirements, all pinned."""
        return len(self.lines) >= 10 and all(line.requirement.specifier.startswith("==") or line.requirement.url for line in self.lines)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The logical lines with their offsets, comments removed; continuations become spaces of the same length."""
    masked = _CONTINUATION.sub(lambda match: " " * len(match.group()), text)
    start = 0
    for raw in masked.split("\n"):
        line = _COMMENT.sub("", raw).rstrip()
        if line.strip():
            yield start, line
        start += len(raw) + 1


def parse_requirements(file: File) -> RequirementsFile:
    """The requirement lines and options of a file; lines that are neither are skipped."""
    lines: list[Line] = []
    options: list[Option] = []
    for start, text in logical_lines(file.text):
        stripped = text.lstrip()
        offset = start + len(text) - len(stripped)
        body, given = _split(stripped, offset)
        hashes = sum(option.name == "--hash" for option in given)
        editable = next((option for option in given if option.name == "--editable"), None)
        options.extend(option for option in given if option.name not in _OF_ONE)
        if editable is not None and not body:
            at = max(text.find(editable.value, editable.span.start - start), 0)
            requirement = parse_requirement(text[at:].strip("\"'"), start + at)
        else:
            requirement = parse_requirement(body, offset)
        if requirement is not None:
            lines.append(Line(requirement, hashes, editable is not None and not body))
    return RequirementsFile(tuple(lines), tuple(options), _header(file.text))


def _split(text: str, offset: int) -> tuple[str, list[Option]]:
    """A logical line as pip takes it apart: the requirement in front, then options."""
    trailing = None if text.startswith("-") else _TRAILING_OPTION.search(text)
    at = 0 if text.startswith("-") else trailing.end() if trailing else len(text)
    given = [
        Option(_SHORT.get(each["name"], each["name"]), each["value"].replace('"', "").replace("'", ""), Span(*each.span()).shift(offset))
        for each in _OPTION.finditer(text, at)
    ]
    return text[:at].rstrip(), given


def _header(text: str) -> str:
    found = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            break
        found.append(line)
    return "\n".join(found)
