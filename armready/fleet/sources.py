"""Which repositories are meant: folders, bare repositories, lists of paths and addresses, exports of forges."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from armready.core.bounded import MAX_JSON, load_json, read_bounded
from armready.core.errors import ParseProblem, UsageError
from armready.run.git import bare_folder, folder_of

# How deep below a folder of repositories they are looked for.
_DEPTH = 3
_ADDRESS = re.compile(r"(?:https|ssh|file)://[^\s]+|[\w.-]+@[\w.-]+:[^\s]+")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")


class Source(NamedTuple):
    """A repository to scan.

    Attributes:
        kind: `folder`, `bare` or `url`.
        location: its path or address; what it is known by.
        name: for people.
    """

    kind: str
    location: str
    name: str

    @property
    def shown(self) -> str:
        """The location without credentials."""
        return _CREDENTIALS.sub("", self.location)


class Sources(NamedTuple):
    """The repositories, each once, and what was left out."""

    found: tuple[Source, ...]
    archived: int


def sources(named: Iterable[str], standard_input: str = "") -> Sources:
    """The repositories that the user names.

    Args:
        named: folders, files with lists or exports, addresses; `-`: standard input.
        standard_input: what comes there.

    Raises:
        UsageError: one of them is none of these.
    """
    found: dict[str, Source] = {}
    archived = 0
    for each in named:
        text = standard_input if each == "-" else _text_of(each)
        for line in [each] if text is None else _lines(text, each):
            if line is None:
                archived += 1
                continue
            found.update({source.location: source for source in _of(line, each)})
    return Sources(tuple(found[key] for key in sorted(found)), archived)


def _text_of(name: str) -> str | None:
    """The text of a file with a list; None for what is a repository itself."""
    if _ADDRESS.fullmatch(name) or not Path(name).is_file():
        return None
    try:
        return read_bounded(Path(name), MAX_JSON).decode("utf-8", "replace")
    except ParseProblem as problem:
        raise UsageError(f"{name}: {problem}") from problem


def _lines(text: str, place: str) -> Iterator[str | None]:
    """The paths and addresses of a list or an export; None for a repository that is archived."""
    if text.lstrip()[:1] not in ("[", "{"):
        yield from (line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
        return
    try:
        document = load_json(text)
    except (ParseProblem, ValueError, RecursionError) as problem:
        raise UsageError(f"{place}: neither a list nor JSON ({problem})") from problem
    for each in document if isinstance(document, list) else [document]:
        yield _exported(each, place)


def _exported(record: Any, place: str) -> str | None:
    """The address in one record of `gh repo list --json` or of GitLab's API."""
    if not isinstance(record, dict):
        raise UsageError(f"{place}: not an export of a list of repositories")
    if record.get("isArchived") or record.get("archived"):
        return None
    address = record.get("http_url_to_repo") or record.get("ssh_url_to_repo") or record.get("url") or record.get("sshUrl")
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        wanted = "url (gh repo list --json url,isArchived) or http_url_to_repo (GitLab's API)"
        raise UsageError(f"{place}: a record without {wanted}: {json.dumps(record)[:80]}")
    return address


def _of(line: str, place: str) -> Iterator[Source]:
    if _ADDRESS.fullmatch(line):
        yield Source("url", line, _name(line))
        return
    path = Path(os.path.abspath(line))
    if not path.is_dir():
        raise UsageError(f"{line}: no such folder, and no address over https or ssh" + (f" (in {place})" if place != line else ""))
    repositories = list(_below(path, _DEPTH))
    yield from repositories or [Source("folder", str(path), _name(str(path)))]


def _below(path: Path, depth: int) -> Iterator[Source]:
    """The repositories that a folder is or holds."""
    if folder_of(path) is not None:
        yield Source("folder", str(path), _name(str(path)))
    elif bare_folder(path) is not None:
        yield Source("bare", str(path), _name(str(path)))
    elif depth:
        try:
            with os.scandir(path) as entries:
                folders = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError:
            return
        for each in folders:
            yield from _below(Path(each), depth - 1)


def _name(location: str) -> str:
    """The last two parts of a path or address: `owner/name`."""
    path = re.sub(r"^\w+://[^/]*/|^[\w.-]+@[\w.-]+:", "", location)
    parts = [part for part in path.removesuffix("/").removesuffix(".git").split("/") if part]
    return "/".join(parts[-2:]) or location
