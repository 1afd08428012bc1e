"""`armready facts`: what this repository builds, runs and was told, as JSON for the configurations of others."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from armready.builds.built_images import built_images
from armready.builds.facts import ImageBuild
from armready.core.errors import IncompleteRun
from armready.core.known import Known
from armready.knowledge.tables import dates, days_between

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


def ages(today: date) -> str:
    """How old each of the embedded tables is, the oldest first."""
    rows = sorted((as_of, name) for name, as_of in dates().items())
    return "".join(f"{as_of:<12}{days_between(as_of, today):>6} days  {name}\n" for as_of, name in rows)
