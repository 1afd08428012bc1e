"""Which architectures an image has, as far as it can be said offline: names, the user's facts, and two dated tables.

The tables are `data/official_images.tsv` (every Linux tag that the official images ever listed, see `tools/refresh_images.py`) and
`data/other_images.tsv` (everything else, one source a row). Nothing is guessed from a registry's host: unknown is a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from armready.core.finding import Confidence
from armready.core.needles import needles_of
from armready.core.reference import DOCKER_HUB, ArchName, Reference, Where, spelled_arch
from armready.core.startup import regex
from armready.knowledge.arch import Arch, tokens
from armready.knowledge.tables import table

if TYPE_CHECKING:
    from armready.core.config import Settings, UserImage
    from armready.core.known import Known
from armready.knowledge.official_images import numbers_of, of_official
from armready.knowledge.tables import filled
from armready.knowledge.verdicts import Basis, Has, Verdict, has

__all__ = ["DOCKER_HUB", "ArchName", "Basis", "Has", "Reference", "Verdict", "Where", "arch_in_name", "cpu_baseline", "verdict"]


_WINDOWS_TAG = regex(r"(?:^|-)(?:nanoserver|windowsservercore|servercore|windows|ltsc20\d\d)(?:-|$)")


# A name of 255 characters and a tag of 128 are the longest that registries take.
_LONGEST = 384


def verdict(reference: Reference | str, settings: Settings) -> Verdict:
    """What is known of an image: the user's facts first, then what a registry or a repository said, then its name, then the tables.

    Args:
        reference: parsed or as written; parts that hold unresolved variables are not judged.
        settings: `images`, `mirrors` and `known` count.
    """
    parsed = Reference.parse(reference if isinstance(reference, str) else reference.text, settings.mirrors)
    return _of_user(parsed, settings) or _of_registry(parsed, settings.known) or _of_builds(parsed, settings.known) or _embedded(parsed)


@lru_cache(4096)
def _embedded(reference: Reference) -> Verdict:
    found = _of_name(reference) or _of_windows(reference) or _of_table(reference) or of_official(reference)
    if reference.familiar == "scratch":
        return Verdict(arm64=Has.YES, amd64=Has.YES, confidence=Confidence.HIGH, as_of="", reason="scratch is empty")
    if found is None:
        return Verdict(
            arm64=Has.UNKNOWN,
            amd64=Has.UNKNOWN,
            confidence=Confidence.LOW,
            as_of="",
            reason=f"the architectures of {reference.short} are not known offline",
        )
    if reference.digest and found.arm64 is Has.YES and found.basis is not Basis.NAME:
        reason = f"{found.reason}; its digest may name one architecture"
        return replace(found, confidence=found.confidence.at_most(Confidence.MEDIUM), reason=reason)
    return found


@lru_cache(4096)
def arch_in_name(reference: Reference) -> ArchName | None:
    """The architecture that a reference spells out in its namespace, tag or repository; Windows images are left alone."""
    if len(reference.text.partition("@")[0]) > _LONGEST:
        return None
    found = spelled_arch(reference)
    if found is None or _of_windows(reference) is not None or _names_both(reference):
        return None
    if found.known:
        return found
    row = _row_of(reference, ("suffix", "arch"))
    known = row is not None and row["confidence"] != "unread"
    if row is not None and row["arm64"] == "arch":
        return replace(found, stripped=None, known=known, advice=filled(row["advice"]))
    stripped = _embedded(found.stripped) if found.stripped else None
    known |= stripped is not None and stripped.arm64 is Has.YES and stripped.confidence is not Confidence.LOW
    return replace(found, known=known, advice=filled(row["advice"]) if row else "")


def _names_both(reference: Reference) -> bool:
    return {Arch.AMD64, Arch.ARM64} <= {token.arch for token in tokens(reference.tag or "")}


def cpu_baseline(reference: Reference) -> str | None:
    """What an arm64 processor needs beyond ARMv8.0 to run the image; None when nothing is known to be needed."""
    row = _row_of(reference, ("cpu",))
    return filled(row["note"]) if row else None


def cpu_baseline_needles() -> tuple[bytes, ...]:
    """Needles of the images of which `cpu_baseline` knows something: the longest literal part of each name."""
    names = [row["image"] for row in _other_rows() if row["arm64"] == "cpu"]
    return needles_of(max(re.split(r"[*/]", name), key=len) for name in names)


def _of_user(reference: Reference, settings: Settings) -> Verdict | None:
    for pattern, image in settings.images.items():
        if _expired(image) or not _named(reference, pattern):
            continue
        platforms = {each.removeprefix("linux/") for each in image.platforms}
        because = f": {image.reason}" if image.reason else ""
        reason = f"the configuration says that {reference.short} exists for {', '.join(sorted(platforms)) or 'nothing'} only{because}"
        if {"amd64", "arm64"} <= platforms:
            reason = reason.replace(" only", "", 1)
        return Verdict(
            arm64=has("arm64" in platforms),
            amd64=has("amd64" in platforms),
            confidence=Confidence.HIGH,
            as_of="",
            reason=reason,
            basis=Basis.USER,
        )
    return None


def _expired(image: UserImage) -> bool:
    return bool(image.until) and image.until < date.today().isoformat()


def _named(reference: Reference, pattern: str) -> bool:
    """Whether a pattern names the reference, as written or under its usual name, with or without the tag."""
    plain = Reference.parse(pattern)
    wanted = {pattern, plain.familiar + (f":{plain.tag}" if plain.tag else "")}
    tag = f":{reference.tag}" if reference.tag else ""
    names = {reference.name, reference.name + tag, reference.familiar, reference.familiar + tag, reference.text}
    return any(name == each or ("*" in each and fnmatchcase(name, each)) for name in names for each in wanted)


def _of_registry(reference: Reference, known: Known) -> Verdict | None:
    """What a registry holds under exactly this reference."""
    answer = known.image(reference)
    if answer is None:
        return None
    arm64, amd64 = (has(answer.of(arch) is not None) for arch in ("arm64", "amd64"))
    if Has.NO is arm64 is amd64 and any(each.platform.startswith("windows/") for each in answer.platforms):
        return Verdict(
            arm64=arm64,
            amd64=amd64,
            confidence=Confidence.HIGH,
            as_of=answer.as_of,
            reason=f"{reference.short} is a Windows image",
            basis=Basis.WINDOWS,
        )
    alone = " alone" if len(answer.platforms) == 1 else ""
    reason = f"{reference.short} is published for {answer.names}{alone} (looked up {answer.as_of})"
    named = arch_in_name(reference) if arm64 is not amd64 else None
    if named is not None:
        plain = known.image(named.stripped) if named.stripped else None
        both = named.known or (plain is not None and plain.of("arm64") is not None and plain.of("amd64") is not None)
        plain_name = (named.stripped.text,) if named.stripped and both else ()
        return Verdict(
            arm64=arm64,
            amd64=amd64,
            confidence=Confidence.HIGH,
            as_of=answer.as_of,
            reason=reason,
            alternatives=plain_name,
            basis=Basis.NAME,
            advice=named.advice,
        )
    today = known.under_tag(reference) if reference.digest and not answer.index else None
    if today is not None and today.of("arm64") is not None:
        return Verdict(
            arm64=arm64,
            amd64=amd64,
            confidence=Confidence.HIGH,
            as_of=answer.as_of,
            reason=reason,
            alternatives=(f"{reference.short}@{today.digest}",),
            basis=Basis.REGISTRY,
        )
    embedded = _embedded(reference) if arm64 is Has.NO else None
    alternatives = embedded.alternatives if embedded else ()
    return Verdict(
        arm64=arm64,
        amd64=amd64,
        confidence=Confidence.HIGH,
        as_of=answer.as_of,
        reason=reason,
        alternatives=alternatives,
        basis=Basis.REGISTRY,
        advice=embedded.advice if embedded else "",
    )


def _of_builds(reference: Reference, known: Known) -> Verdict | None:
    """What the pipeline of a repository builds under this name."""
    built = known.built.get(reference.familiar)
    if built is None or reference.digest:
        return None
    arm64, amd64 = (has(f"linux/{arch}" in built.platforms) for arch in ("arm64", "amd64"))
    reason = f"{reference.short} is built for {', '.join(built.platforms)}" + (f" ({built.source})" if built.source else "")
    return Verdict(arm64=arm64, amd64=amd64, confidence=Confidence.HIGH, as_of="", reason=reason, basis=Basis.BUILDS)


def _of_name(reference: Reference) -> Verdict | None:
    found = arch_in_name(reference)
    if found is None:
        return None
    reason = f"the name {reference.short} stands for {found.arch} alone"
    alternatives = (found.stripped.text,) if found.stripped and found.known else ()
    return Verdict(
        arm64=has(found.arch == "arm64"),
        amd64=has(found.arch == "amd64"),
        confidence=Confidence.HIGH if found.known else Confidence.MEDIUM,
        as_of="",
        reason=reason,
        alternatives=alternatives,
        basis=Basis.NAME,
        advice=found.advice,
    )


def _of_windows(reference: Reference) -> Verdict | None:
    if not (reference.tag and _WINDOWS_TAG.search(reference.tag)) and _row_of(reference, ("windows",)) is None:
        return None
    return Verdict(
        arm64=Has.NO,
        amd64=Has.NO,
        confidence=Confidence.HIGH,
        as_of="",
        reason=f"{reference.short} is a Windows image",
        basis=Basis.WINDOWS,
    )


# Other images: the first matching row.

_KNOWN = {"read": Confidence.HIGH, "second": Confidence.MEDIUM, "unread": Confidence.LOW}
_VERDICTS = ("yes", "no", "partial", "broken", "unknown")
_LEADING_VERSION = regex(r"(?:v|V|release-)?(\d+(?:\.\d+)*)")
_DAY = regex(r"(?:RELEASE\.)?((?:19|20)\d\d-\d\d(?:-\d\d)?)")
_COMMIT = regex(r"[0-9a-f]{7,}")


def _of_table(reference: Reference) -> Verdict | None:
    row = _row_of(reference, _VERDICTS)
    if row is None:
        return None
    arm64, confidence, why = _judged(row, reference)
    as_of = filled(row["as_of"])
    note = filled(row["note"])
    facts = "; ".join(filter(None, (why, note if note != why else "", f"as of {as_of}" if as_of else "unverified")))
    says = {Has.YES: "exists for arm64", Has.NO: "does not exist for arm64", Has.UNKNOWN: "may not exist for arm64"}[arm64]
    if row["arm64"] == "broken":
        says = "is broken on arm64"
    alternatives = tuple(filled(row["alternative"]).split()) if arm64 is not Has.YES else ()
    advice = filled(row["advice"]) if arm64 is not Has.YES else ""
    return Verdict(
        arm64=arm64,
        amd64=Has.YES,
        confidence=confidence,
        as_of=as_of,
        reason=f"{reference.short} {says} ({facts})",
        alternatives=alternatives,
        basis=Basis.TABLE,
        advice=advice,
    )


def _judged(row: Mapping[str, str], reference: Reference) -> tuple[Has, Confidence, str]:
    """The row's word for this tag, how sure it is, and the threshold it rests on."""
    confidence = _KNOWN[row["confidence"]]
    if row["arm64"] in ("partial", "unknown"):
        return Has.UNKNOWN, Confidence.LOW, ""
    if row["arm64"] in ("no", "broken"):
        return Has.NO, confidence, ""
    since = filled(row["since"])
    if not since:
        return Has.YES, confidence, ""
    tag = reference.known_tag
    why = f"arm64 since {since.rpartition('<')[2]}"
    if tag == "latest":
        return Has.YES, confidence, why
    version = _version(tag) if tag else None
    if version is None or _is_day(since) != _is_day(tag or ""):
        return Has.UNKNOWN, Confidence.LOW, why
    last_without, between, first = since.rpartition("<")
    start = _version(first) or ()
    if version >= start:
        return Has.YES, confidence, why
    if start[: len(version)] == version:
        return Has.YES, confidence.at_most(Confidence.MEDIUM), why
    if between and version[: len(_version(last_without) or ())] > (_version(last_without) or ()):
        return Has.UNKNOWN, Confidence.LOW, why
    return Has.NO, confidence, why


def _is_day(tag: str) -> bool:
    return _DAY.match(tag) is not None


def _version(tag: str) -> tuple[int, ...] | None:
    """The numbers that a tag begins with, of a version or of a day; None for words and for commit names."""
    match = _DAY.match(tag) or _LEADING_VERSION.match(tag)
    return None if match is None or _COMMIT.fullmatch(tag) else numbers_of(match[1])


def _row_of(reference: Reference, kinds: tuple[str, ...]) -> Mapping[str, str] | None:
    if "repository" in reference.unresolved or not reference.registry:
        return None
    name, tag = reference.familiar, reference.known_tag
    for row in _other_rows():
        if row["arm64"] in kinds and _glob(name, row["image"]) and _tag_in(tag, row["tags"]):
            return row
    return None


@cache
def _other_rows() -> tuple[Mapping[str, str], ...]:
    return table("other_images").rows()


def _glob(text: str, pattern: str) -> bool:
    literal, star, _ = pattern.partition("*")
    return text.startswith(literal) and fnmatchcase(text, pattern) if star else text == pattern


def _tag_in(tag: str | None, wanted: str) -> bool:
    """Whether a tag is one of `*`, a glob, or an interval `A..B` whose end includes what begins with it; an unknown tag is only in `*`."""
    if wanted == "*":
        return True
    if tag is None:
        return False
    first, interval, last = wanted.partition("..")
    if not interval:
        return _glob(tag, wanted)
    version = _version(tag)
    end = numbers_of(last)
    return version is not None and version >= numbers_of(first) and (not end or version[: len(end)] <= end)


# Official images: every tag ever listed.
