"""The files of a commit of a bare repository, written into a folder without letting git check anything out.

git's own checkout would heed filters, hooks and links that the repository chooses. Here only regular files are written, under names that
are checked; links and submodules are left out, as a scan leaves them out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from armready.core.classify import kind_by_name, needs_content
from armready.core.errors import UsageError
from armready.run.discovery import ALWAYS_EXCLUDED
from armready.run.git import Repository

# Contents are asked for in portions of about so many bytes.
_PORTION = 64 << 20
_SMALL = 64 << 10
_MOST_FILES = 500_000
_EXCLUDED = frozenset(ALWAYS_EXCLUDED)


class Blob(NamedTuple):
    """A regular file of a commit.

    Attributes:
        path: relative to the root.
        name: of its object.
        size: in bytes.
        program: it can be run.
    """

    path: str
    name: str
    size: int
    program: bool


def blobs(repository: Repository, commit: str) -> list[Blob]:
    """The regular files of a commit.

    Raises:
        UsageError: git fails, or there are more than anybody has use for.
    """
    found = []
    for line in repository.ask("ls-tree", "-r", "-l", "-z", commit).split(b"\0"):
        head, tab, path = line.partition(b"\t")
        words = head.split()
        if not tab or len(words) != 4 or not words[0].startswith(b"100") or not _plain(path):
            continue
        size = int(words[3]) if words[3].isdigit() else 0
        found.append(Blob(os.fsdecode(path), words[2].decode("ascii"), size, words[0] == b"100755"))
    if len(found) > _MOST_FILES:
        raise UsageError(f"it has more than {_MOST_FILES:,} files")
    return found


def _plain(path: bytes) -> bool:
    """Whether a path leads to a place below the folder that it is written to, and into no `.git`."""
    parts = path.split(b"/")
    return not any(part in (b"", b".", b"..") or part.lower() == b".git" or b"\\" in part for part in parts)


def write_files(repository: Repository, files: Sequence[Blob], target: Path, limit: int) -> dict[str, str]:
    """Write what a scan reads of a commit, and all that is small, and empty files for the rest, so that they exist.

    Args:
        repository: that holds the objects.
        files: of the commit.
        target: an empty folder.
        limit: bytes of a file that a scan reads; a larger one is written so far that the scan says so.

    Returns:
        The names of the objects of the files whose contents were written whole, by path.
    """
    made: set[str] = set()
    wanted = []
    for blob in files:
        if not _EXCLUDED.isdisjoint(blob.path.split("/")[:-1]) and kind_by_name(blob.path) is None:
            continue
        folder = blob.path.rpartition("/")[0]
        if folder not in made:
            (target / folder).mkdir(parents=True, exist_ok=True)
            made.add(folder)
        if 0 < blob.size <= _SMALL or (blob.size and (blob.program or kind_by_name(blob.path) is not None or needs_content(blob.path))):
            wanted.append(blob)
        else:
            (target / blob.path).touch()
    whole = {}
    for blob, data in contents(repository, wanted):
        (target / blob.path).write_bytes(data[: limit + 1])
        if len(data) <= limit:
            whole[blob.path] = blob.name
    return whole


def contents(repository: Repository, files: Sequence[Blob]) -> Iterator[tuple[Blob, bytes]]:
    """The contents of files, portion by portion; what is larger than a portion is left out."""
    portion: list[Blob] = []
    size = 0
    for blob in [blob for blob in files if blob.size <= _PORTION]:
        if portion and size + blob.size > _PORTION:
            yield from _portion(repository, portion)
            portion, size = [], 0
        portion.append(blob)
        size += blob.size
    if portion:
        yield from _portion(repository, portion)


def _portion(repository: Repository, files: Sequence[Blob]) -> Iterator[tuple[Blob, bytes]]:
    names = "".join(f"{blob.name}\n" for blob in files).encode("ascii")
    answer = memoryview(repository.ask("cat-file", "--batch", stdin=names))
    at = 0
    for blob in files:
        end = bytes(answer[at : at + 200]).find(b"\n")
        words = bytes(answer[at : at + end]).split()
        at += end + 1
        if len(words) == 3 and words[1] == b"blob":
            size = int(words[2])
            yield blob, bytes(answer[at : at + size])
            at += size + 1
