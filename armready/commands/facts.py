"""`armready facts`: what this repository builds, runs and was told, as JSON for the configurations of others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from armready.builds.facts import ImageBuild
from armready.builds.references import repository
from armready.core.errors import IncompleteRun
from armready.core.known import BuiltImage, Known
from armready.core.reference import Reference

if TYPE_CHECKING:
    from armready.core.results import Failure
    from armready.run.session import Session


def facts_of(session: Session) -> str:
    """What a session knows beyond the embedded tables, what the repository builds and which images its files name, as sorted JSON.

    Raises:
        IncompleteRun: a reader failed: what is only unknown would pass for absent.
    """
    from armready.core.wording import first_of
    from armready.online.gather import images_of

    analysis = session.analyse()
    if analysis.all_failures:
        raise IncompleteRun(f"{first_of(analysis.all_failures)}; no facts are written")
    results = analysis.results
    builds = [fact for result in results.values() for fact in result.facts.of(ImageBuild)]
    known = Known(built=built_images(builds)).merged(session.settings.known)
    document = known.to_json()
    failures: list[Failure] = []
    document["runs"] = images_of(session.tree, session.paths, session.settings, failures)
    if failures:
        raise IncompleteRun(f"{first_of(failures)}; no facts are written")
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


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
