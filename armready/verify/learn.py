"""What failing builds tell of the world, for later scans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from armready.core.finding import Confidence
from armready.core.known import Learned, canonical
from armready.core.reference import Reference
from armready.core.startup import regex
from armready.verify.model import Explanation
from armready.verify.run import Tried

_ARM64 = regex(r"(?i)aarch[_-]?64|arm64|armv8")


def learned(tried: Iterable[Tried], today: date) -> Iterator[Learned]:
    """The images without arm64 and the files that are not there, of builds for arm64 that failed over them."""
    for each in tried:
        if each.platform != "linux/arm64":
            continue
        for why in each.explanations:
            yield from _of(why, each.image.dockerfile, today.isoformat())


def _of(why: Explanation, path: str, as_of: str) -> Iterator[Learned]:
    if why.cause == "no-platform-in-manifest" and why.confidence is Confidence.HIGH:
        name = canonical(Reference.parse(why.subject))
        if name:
            yield Learned("image", name, path, as_of)
    if why.cause == "download-not-found" and why.confidence is not Confidence.LOW and _ARM64.search(why.subject):
        yield Learned("asset", why.subject, path, as_of)
