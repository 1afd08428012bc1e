"""Files that a script, a Dockerfile or a Makefile fetches for amd64 although it could run anywhere.

A download is found by its URL: as a word of a command, in ADD, or as the value of a variable. Values are put in as far as the file tells
them, so that `curl "$URL"` is judged by what `URL` holds, and the finding stands where the architecture is written. A branch of a switch
on the architecture is left alone, and so is what is fetched for arm64 as well.
"""

from __future__ import annotations

import re

from armready.builds.scripts import HostedScript
from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex
from armready.downloads.model import DATA, Download, Misnamed, Text
from armready.downloads.names import shape
from armready.downloads.places import is_ci_path
from armready.downloads.search import finder

__all__ = ["Download", "Misnamed", "Text", "downloads", "downloads_in", "is_ci_path", "misnamed"]

_WHEEL = regex(r"\.whl(?:[?#](?s:.*))?$", re.IGNORECASE)


def misnamed(file: File) -> tuple[Misnamed, ...]:
    """The URLs of a file that name no file on arm64 although they follow the architecture."""
    search = finder(file)
    return tuple(each for each in search.misnamed() if each is not None) if search else ()


def downloads_in(file: File, hosted: HostedScript, branch: Span) -> tuple[Download, ...]:
    """The downloads in a branch of a switch on the architecture, which `downloads` leaves alone."""
    search = finder(file)
    return tuple(search.in_script(hosted, branch)) if search is not None else ()


def downloads(file: File) -> tuple[Download, ...]:
    """The downloads of a file, in order, one for each place where an architecture is written.

    A file whose path names an architecture is for that one, and has none.
    """
    search = finder(file)
    if search is None:
        return ()
    found: list[Download] = []
    taken: set[Span] = set()
    for download in search.find():
        if download.sites[0].span not in taken:
            taken.update(site.span for site in download.sites)
            found.append(download)
    arm64 = search.arm64_shapes
    kept = [each for each in found if shape(each.url) not in arm64 and not each.is_key and not _WHEEL.search(each.url)]
    fetched = {shape(DATA.sub("", each.url)) for each in kept if not each.is_data}
    kept = [each for each in kept if not each.is_data or shape(DATA.sub("", each.url)) not in fetched]
    return tuple(sorted(kept, key=lambda each: each.sites[0].span))
