"""The publisher's checksums: that of the file for amd64, which has to be the one in the scanned file, and that of the file for arm64."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from armready.core.known import ChecksumAnswer
from armready.core.startup import dataclass, regex
from armready.online.assets import is_public
from armready.online.errors import UnansweredError
from armready.online.lookup import Tally, in_parallel
from armready.online.web import Web

_BESIDE = (".sha256", ".sha256sum", ".sha256.txt")
_LISTS = ("SHA256SUMS", "SHA256SUMS.txt", "sha256sums.txt", "sha256sum.txt", "checksums.txt", "checksums.sha256")
_VERSIONED = regex(r"(.{1,200}?\d[\w.+]{0,100}?)[_-](?:linux|unknown)", re.IGNORECASE)
_LINE = regex(r"(?P<sum>[0-9a-fA-F]{64})(?:\s+\*?(?P<name>\S+))?\s*")
_BSD = regex(r"SHA256 \((?P<name>[^)]+)\) = (?P<sum>[0-9a-fA-F]{64})\s*")
_MAX_LIST = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A download whose checksum is written out.

    Attributes:
        amd64_url: the file for amd64.
        arm64_url: the file for arm64.
        literal: the checksum that stands in the scanned file.
    """

    amd64_url: str
    arm64_url: str
    literal: str


def look_up_checksums(wanted: Iterable[Wanted], web: Web) -> tuple[dict[str, ChecksumAnswer], Tally]:
    """Both checksums of every download, from one publisher's list; nothing where the list does not confirm the literal one."""
    return in_parallel({each.amd64_url: each for each in wanted}, lambda each: _one(each, web))


def _one(wanted: Wanted, web: Web) -> ChecksumAnswer:
    if not (is_public(wanted.amd64_url) and is_public(wanted.arm64_url)):
        raise UnansweredError("a checksum's address is not public")
    amd64, arm64 = _file(wanted.amd64_url), _file(wanted.arm64_url)
    for place in _places(wanted.amd64_url):
        sums = _read(place, amd64, web)
        if sums.get(amd64) != wanted.literal:
            continue
        found = sums.get(arm64) or _beside(wanted, place, arm64, web)
        if found is not None:
            return ChecksumAnswer(
                url=wanted.amd64_url,
                arm64_url=wanted.arm64_url,
                amd64=wanted.literal,
                arm64=found,
                source=place,
                as_of=date.today().isoformat(),
            )
    raise UnansweredError(f"no list of checksums confirms that of {amd64}")


def _beside(wanted: Wanted, place: str, arm64: str, web: Web) -> str | None:
    """The checksum in the file of its own beside the file for arm64, where amd64's stands in such a one."""
    ending = place.removeprefix(wanted.amd64_url)
    return _read(wanted.arm64_url + ending, arm64, web).get(arm64) if ending in _BESIDE else None


def _file(url: str) -> str:
    return re.split(r"[?#]", url)[0].rpartition("/")[2]


def _places(url: str) -> Iterator[str]:
    yield from (url + ending for ending in _BESIDE)
    folder = url.rpartition("/")[0] + "/"
    yield from (folder + name for name in _LISTS)
    versioned = _VERSIONED.match(_file(url))
    if versioned is not None:
        yield from (f"{folder}{versioned[1]}_{name}" for name in ("checksums.txt", "SHA256SUMS"))


def _read(place: str, lone: str, web: Web) -> Mapping[str, str]:
    """File name -> checksum; a checksum without a name is that of `lone`."""
    answer = web.get(place)
    if answer.status != 200 or len(answer.body) > _MAX_LIST:
        return {}
    return parse_sums(answer.body.decode("utf-8", "replace"), lone)


def parse_sums(text: str, lone: str) -> dict[str, str]:
    """The checksums in the output of `sha256sum`, `shasum -a 256` or `sha256 -r`, by file name; one that contradicts itself is left out."""
    found: dict[str, str] = {}
    wrong: set[str] = set()
    for line in text.splitlines():
        match = _BSD.fullmatch(line) or _LINE.fullmatch(line)
        if match is None:
            continue
        name, checksum = (match["name"] or lone).rpartition("/")[2], match["sum"].lower()
        if found.setdefault(name, checksum) != checksum:
            wrong.add(name)
    return {name: checksum for name, checksum in found.items() if name not in wrong}
