"""The official images: every tag that they ever listed, and what has arm64 in the place of one that has not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from armready.core.finding import Confidence
from armready.core.reference import Reference
from armready.core.startup import dataclass
from armready.knowledge.tables import filled, front_decoded, table
from armready.knowledge.verdicts import Basis, Has, Verdict, has

_SUCCESSORS: Mapping[str, tuple[str, ...]] = {
    "openjdk": ("eclipse-temurin", "amazoncorretto"),
    "java": ("eclipse-temurin",),
    "adoptopenjdk": ("eclipse-temurin", "ibm-semeru-runtimes"),
    "eclipse-temurin": ("amazoncorretto",),
    "ibmjava": ("ibm-semeru-runtimes",),
    "centos": ("quay.io/centos/centos:stream9", "almalinux", "rockylinux"),
    "jenkins": ("jenkins/jenkins",),
    "sentry": ("getsentry/sentry",),
    "iojs": ("node",),
}


_CODENAMES = (
    ("squeeze", "wheezy", "jessie", "stretch", "buster", "bullseye", "bookworm", "trixie"),
    ("precise", "trusty", "xenial", "bionic", "focal", "jammy", "noble", "resolute"),
)


_MOST_ALTERNATIVES = 3


def shape_of(tag: str) -> str:
    """A tag with every run of digits replaced by `#`: tags of one shape are one series."""
    return re.sub(r"\d+", "#", tag)


def numbers_of(tag: str) -> tuple[int, ...]:
    """The numbers in a tag, for comparing tags of one shape."""
    return tuple(int(number[:18]) for number in re.findall(r"\d+", tag))


@dataclass(frozen=True, slots=True)
class OfficialImage:
    """One official image: what the table says of each of its tags, and the tags it knows to have arm64."""

    status: str
    last_listed: str
    no_arm64: frozenset[str]
    shapes: frozenset[str]
    listed: frozenset[str]
    unlisted: frozenset[str]
    highest_no: Mapping[str, tuple[int, ...]]
    highest_listed: Mapping[str, tuple[int, ...]]

    def judge(self, tag: str | None) -> tuple[Has, Confidence]:
        """Whether a tag has arm64; HIGH for what was listed, MEDIUM for what follows the pattern of its series."""
        if self.status != "some":
            return has(self.status == "all"), Confidence.HIGH
        if tag is None:
            return Has.UNKNOWN, Confidence.LOW
        if tag in self.no_arm64:
            return Has.NO, Confidence.HIGH
        if tag in self.listed or tag in self.unlisted:
            return Has.YES, Confidence.HIGH
        shape = shape_of(tag)
        if shape not in self.shapes:
            return (Has.NO, Confidence.MEDIUM) if shape in self.highest_no else (Has.UNKNOWN, Confidence.LOW)
        if shape not in self.highest_no:
            return Has.YES, Confidence.HIGH
        if numbers_of(tag) <= self.highest_no[shape]:
            return Has.UNKNOWN, Confidence.LOW
        return Has.YES, Confidence.HIGH if numbers_of(tag) <= self.highest_listed.get(shape, ()) else Confidence.MEDIUM


@lru_cache(256)
def official_image(name: str) -> OfficialImage | None:
    """Read what the table says of an image."""
    row = table("official_images").find(name)
    if row is None:
        return None
    no_arm64 = front_decoded(row["no_arm64"])
    listed = front_decoded(row["arm64_listed"])
    return OfficialImage(
        status=row["status"],
        last_listed=filled(row["last_listed"]),
        no_arm64=frozenset(no_arm64),
        shapes=frozenset(front_decoded(row["arm64_shapes"])),
        listed=frozenset(listed),
        unlisted=frozenset(front_decoded(row["arm64_unlisted"])),
        highest_no=_highest(no_arm64),
        highest_listed=_highest(listed),
    )


def _highest(tags: list[str]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for tag in tags:
        shape = shape_of(tag)
        found[shape] = max(found.get(shape, ()), numbers_of(tag))
    return found


def of_official(reference: Reference) -> Verdict | None:
    """Judge an official image by its tag; None for other images."""
    name = reference.official
    image = official_image(name) if name else None
    if name is None or image is None:
        return None
    as_of = table("official_images").as_of
    arm64, confidence = image.judge(reference.known_tag)
    alternatives = tuple(_alternatives(image, name, reference)) if arm64 is Has.NO else ()
    reason = f"{_official_reason(image, reference, arm64, confidence)} (official images as of {as_of})"
    advice = " or ".join(_SUCCESSORS.get(name, ())) if arm64 is Has.NO else ""
    return Verdict(
        arm64=arm64,
        amd64=Has.YES,
        confidence=confidence,
        as_of=as_of,
        reason=reason,
        alternatives=alternatives,
        basis=Basis.OFFICIAL,
        advice=advice,
    )


def _official_reason(image: OfficialImage, reference: Reference, arm64: Has, confidence: Confidence) -> str:
    last = f", last listed {image.last_listed}" if image.last_listed else ""
    if image.status == "none":
        return f"{reference.name} was never built for arm64{last}"
    if arm64 is Has.YES:
        return f"{reference.short} exists for arm64" if confidence is Confidence.HIGH else f"tags like {reference.short} exist for arm64"
    if arm64 is Has.UNKNOWN and reference.known_tag is None:
        return f"not every tag of {reference.name} exists for arm64"
    if arm64 is Has.UNKNOWN:
        return f"not every tag of {reference.name} exists for arm64, and {reference.short} is not listed"
    if confidence is Confidence.MEDIUM:
        return f"tags like {reference.short} were never built for arm64"
    other = next(_other_variants(image, reference.known_tag or ""), None)
    if other:
        return f"this variant of {reference.name}:{other} was never built for arm64"
    return f"{reference.short} was never built for arm64{last}"


def _alternatives(image: OfficialImage, name: str, reference: Reference) -> Iterator[str]:
    """Another variant of the same version, the next version of the same variant, a successor image: all known to have arm64."""
    tag = reference.known_tag or "latest"
    successors = _SUCCESSORS.get(name, ())
    found = dict.fromkeys(reference.with_tag(each).text for each in _other_variants(image, tag))
    if not (image.last_listed and successors):
        found |= dict.fromkeys(reference.with_tag(each).text for each in _next_versions(image, tag))
    found |= dict.fromkeys(each for successor in successors for each in _in_successor(successor, tag))
    yield from list(found)[:_MOST_ALTERNATIVES]


def _other_variants(image: OfficialImage, tag: str) -> Iterator[str]:
    version, *words = tag.split("-")
    if not version[:1].isdigit():
        return
    for dropped in range(len(words)):
        for start in reversed(range(len(words) - dropped)):
            kept = words[:start] + words[start + 1 + dropped :]
            candidate = "-".join([version, *kept])
            if image.status == "some" and image.judge(candidate) == (Has.YES, Confidence.HIGH):
                yield candidate


def _next_versions(image: OfficialImage, tag: str) -> Iterator[str]:
    known = image.listed | image.unlisted
    shape, numbers = shape_of(tag), numbers_of(tag)
    yield from sorted((each for each in known if shape_of(each) == shape and numbers_of(each) > numbers), key=numbers_of)[:1]
    for names in _CODENAMES:
        for index, codename in enumerate(names):
            if re.search(rf"\b{codename}\b", tag):
                newer = (re.sub(rf"\b{codename}\b", each, tag) for each in names[index + 1 :])
                yield from [each for each in newer if image.judge(each) == (Has.YES, Confidence.HIGH)][:1]


def _in_successor(successor: str, tag: str) -> Iterator[str]:
    image = official_image(successor)
    if image is None:
        yield successor
        return
    version = tag.split("-")[0]
    with_version = next((f"{successor}:{each}" for each in (tag, version) if each in image.listed), None)
    if with_version or version == "latest" or "latest" in image.listed:
        yield with_version or successor
