"""What the file for arm64 is called that takes the place of a download for amd64."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from armready.core.startup import regex
from armready.downloads.model import Download
from armready.knowledge.arch import amd64_tokens, tokens

if TYPE_CHECKING:
    pass

CONVENTION = {"amd64": "arm64", "x86_64": "aarch64"}
# Compilers, RPM and Alpine have one name for each architecture; projects that name their files themselves do not.
_OF_ONE_NAME = regex(
    r"(?<![A-Za-z0-9])x86_64-(?:unknown|pc|alpine)-linux-|\.(?:x86_64|noarch)\.rpm(?:$|[?#])|/x86_64/[^?#]{0,300}\.(?:rpm|apk)(?:$|[?#])"
)


class Renaming(NamedTuple):
    """What in the text becomes what, and how far that rests on facts.

    Attributes:
        amd64: the text for amd64.
        arm64: the text for arm64.
        doubts: why it is not certain.
        guessed: whether projects spell it in more than one way, so that nobody should apply it without a look: what goreleaser calls
            `x86_64` is followed by `arm64`, what autotools calls so by `aarch64`.
    """

    amd64: str
    arm64: str
    doubts: tuple[str, ...] = ()
    guessed: bool = False


def renamings(download: Download) -> tuple[Renaming, ...] | None:
    """Which names in the URL change, all of them or None."""
    names = {token.text for token in amd64_tokens(download.url)} | {place for place in download.names if not tokens(place)}
    if download.match is None or not download.match.tool.pairs:
        known = {name: CONVENTION.get(name) for name in names}
        if len(names) != 1 or None in known.values():
            return None
        name = names.pop()
        doubt = f"It is not known offline whether the file for arm64 is called {CONVENTION[name]}."
        return (Renaming(name, CONVENTION[name], (doubt,), name == "x86_64" and not _OF_ONE_NAME.search(download.url)),)
    found: dict[str, Renaming] = {}
    for amd64, arm64 in download.match.tool.pairs:
        if amd64 not in (download.url if tokens(amd64) else download.names):
            continue
        if not arm64:
            return None
        short = _shortened(amd64, arm64)
        doubts = (
            ("The tool's files for arm64 have had more than one name.",) if short.amd64 in found and found[short.amd64] != short else ()
        )
        found[short.amd64] = short._replace(doubts=doubts)
    covered = {token.text for name in found for token in tokens(name)} | set(found)
    return tuple(found.values()) if names and names <= covered else None


def _shortened(amd64: str, arm64: str) -> Renaming:
    """The pair without what both sides share around one name of an architecture."""
    before, after = tokens(amd64), tokens(arm64)
    if len(before) == len(after) == 1:
        left, right = before[0], after[0]
        if amd64[: left.start] == arm64[: right.start] and amd64[left.end :] == arm64[right.end :]:
            return Renaming(left.text, right.text)
    return Renaming(amd64, arm64)


def arm64_url(download: Download) -> str | None:
    """The address of the file for arm64 as a fix would have it; None while a variable stands in it or nothing tells the name."""
    if "$" in download.url or "`" in download.url or not download.url.startswith("https://"):
        return None
    found = renamings(download)
    if not found:
        return None
    url = download.url
    for each in sorted(found, key=lambda renaming: -len(renaming.amd64)):
        folder, slash, name = url.rpartition("/") if not tokens(each.amd64) else ("", "", url)
        url = folder + slash + name.replace(each.amd64, each.arm64)
    return url if url != download.url else None


def shape(url: str) -> str:
    """A URL with its architectures taken out."""
    parts: list[str] = []
    at = 0
    for token in tokens(url):
        parts += url[at : token.start], "\0"
        at = token.end
    return "".join((*parts, url[at:])).lower()
