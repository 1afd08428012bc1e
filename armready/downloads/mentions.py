"""Where a download's architecture is named in its file: in its URL, and wherever what it fetched is used by that name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex
from armready.downloads.model import Download, Text, file_names
from armready.downloads.names import Renaming
from armready.knowledge.arch import amd64_tokens, tokens
from armready.languages.shell.script import Command, Word

_ARCHIVE = regex(r"(?:\.(?:tar|tgz|txz|tbz2?|zip|gz|xz|bz2|zst|deb|rpm|apk|sh|bin|exe|asc|sig|sha\d+)){1,6}$", re.IGNORECASE)
# What may be a file's name or a path: no sentence, such as the browser that a header names.
_PATH = regex(r"(?=[^\s]*[/_.-])[^\s]+")
# Commands whose arguments are programs: what they name is no file.
_EDITORS = frozenset({"sed", "awk", "gawk", "perl", "grep", "egrep"})
_TESTS = frozenset({"[", "[[", "test", "echo", "printf", "for", "select"})


class Place(NamedTuple):
    """An occurrence of a name: in which text, where in its source, and in the file."""

    text: Text
    inner: Span
    span: Span
    name: str


def places_of(file: File, download: Download, renamings: tuple[Renaming, ...], others: tuple[Download, ...]) -> list[Place] | None:
    """Every place that must change with the download; None when one of them cannot."""
    stems = _stems(download)
    names = [renaming.amd64 for renaming in renamings]
    texts = {id(site.text): site.text for site in download.sites}
    if download.hosted is not None:
        for text in _mentions(download, stems, others):
            texts[id(text)] = text
    places = [
        Place(text, inner, text.locate(inner), name) for text in texts.values() for name in names for inner in _occurrences(text, name)
    ]
    if not places or _is_mentioned_elsewhere(file, download, stems, places):
        return None
    return places


def _occurrences(text: Text, name: str) -> Iterator[Span]:
    if not tokens(name):
        yield from file_names(text.raw, name)
        return
    parts = list(text.literal_spans())
    for found in re.finditer(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text.raw):
        if any(part.start <= found.start() and found.end() <= part.end for part in parts):
            yield Span(*found.span())


def _stems(download: Download) -> tuple[str, ...]:
    """The name of the file without what archives add, as it is and as it is written."""
    written = re.split(r"[?#]", download.sites[0].text.template.rstrip("/"))[0].rpartition("/")[2]
    spelt = re.split(r"[?#\"']", download.sites[0].text.raw.rstrip("/\"'"))[0].rpartition("/")[2]
    stems = {_ARCHIVE.sub("", name) for name in (download.asset, written, spelt)}
    return tuple(stem for stem in stems if tokens(stem) and len(stem) > 7)


def _mentions(download: Download, stems: tuple[str, ...], others: tuple[Download, ...]) -> Iterator[Text]:
    """Texts of the same script that name the file, or a folder of its architecture that nothing else brought."""
    hosted = download.hosted
    assert hosted is not None
    script = hosted.script
    written = f"{download.sites[0].text.template}."
    fetched = [each for each in others if each.hosted is hosted and each.command is not None]
    taken = {id(site.text.word) for each in others for site in each.sites}
    for command in script.commands:
        if command.name in _TESTS:
            continue
        words = [*command.words, *(each.value for each in command.assignments if each.value is not None)]
        words += [each.target for each in command.redirects if each.target is not None]
        for word in words:
            if id(word) in taken or not amd64_tokens(word.template):
                continue
            if (
                word.template.startswith(written)
                or any(stem in word.template for stem in stems)
                or _is_nearest(download, command, word, fetched)
            ):
                yield Text(word.text, lambda span, word=word: hosted.span(span.shift(word.span.start)), word)  # type: ignore[misc]


def _is_nearest(download: Download, command: Command, word: Word, fetched: list[Download]) -> bool:
    """Whether the last download before a word, of those that share its architecture's name, is this one."""
    if any(stem in word.template for each in fetched if each is not download for stem in _stems(each)) or "://" in word.template:
        return False
    names = {token.text for token in amd64_tokens(word.template)}
    if command.name in _EDITORS or _ARCHIVE.search(word.template) or _is_of_another(download, command, names):
        return False
    before = [each for each in fetched if each.command is not None and each.command.span.start < command.span.start and names & each.names]
    return bool(before) and before[-1] is download and bool(_PATH.fullmatch(word.template)) and not word.template.startswith("-")


def _is_of_another(download: Download, command: Command, names: set[str]) -> bool:
    """Whether another URL with one of the names stands between the download and a command, whatever is done with it."""
    assert download.hosted is not None
    assert download.command is not None
    own = {id(site.text.word) for site in download.sites}
    between = download.hosted.script.commands_in(Span(download.command.span.end, command.span.start))
    words = (word for each in between for word in each.args if id(word) not in own and "://" in word.template)
    return any(token.text in names for word in words for token in amd64_tokens(word.template))


def _is_mentioned_elsewhere(file: File, download: Download, stems: tuple[str, ...], places: list[Place]) -> bool:
    """Whether the file's name stands in a place that these do not cover: another instruction, a here-document, `sh -c`."""
    covered = [place.span for place in places]
    spans = [Span(*found.span()) for stem in stems for found in re.finditer(re.escape(stem), file.text)]
    return any(
        not any(span.start <= each.start and each.end <= span.end for each in covered)
        and not file.source.is_comment(file.source.line_index(span.start))
        for span in spans
    )
