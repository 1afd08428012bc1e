"""The images that a repository builds and pushes, as other repositories may know them."""

from __future__ import annotations

from collections.abc import Iterable

from armready.builds.facts import ImageBuild
from armready.builds.references import repository
from armready.core.known import BuiltImage
from armready.core.reference import Reference


def built_images(builds: Iterable[ImageBuild]) -> dict[str, BuiltImage]:
    """The images that are pushed under a name without variables, with all platforms of all builds of them.

    An image one of whose builds does not tell its platforms is left out: of it nothing is known.
    """
    platforms: dict[str, set[str]] = {}
    places: dict[str, str] = {}
    unknown: set[str] = set()
    for build in builds:
        for name in {_name(spelling) for push in build.pushes for spelling in push.spellings} - {""}:
            made = _platforms(build)
            if made:
                platforms.setdefault(name, set()).update(made)
                places.setdefault(name, build.location.path)
            else:
                unknown.add(name)
    return {name: BuiltImage(name, tuple(sorted(made)), places[name]) for name, made in platforms.items() if name not in unknown}


def _name(spelling: str) -> str:
    name = Reference.parse(repository(spelling))
    return "" if name.unresolved or "$" in spelling or "{{" in spelling else name.familiar


def _platforms(build: ImageBuild) -> tuple[str, ...]:
    """The platforms that a build is known to make; empty when they are not, or when it is one part of an image that is merged later."""
    if build.exempt or build.job.hidden or not build.certain:
        return ()
    if build.platforms.given:
        return build.platforms.values if build.platforms.resolved else ()
    return (f"linux/{build.job.architecture}",) if build.job.architecture in ("amd64", "arm64") else ()
