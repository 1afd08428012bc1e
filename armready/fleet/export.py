"""What the fleet builds, as a facts file for the repositories' own gates."""

from __future__ import annotations

import json

from armready.core.known import BuiltImage, Known
from armready.fleet.store import Store


def facts_of(store: Store, run: int) -> str:
    """The images that the repositories of a run build and push, with all platforms of all builds of one name."""
    built: dict[str, BuiltImage] = {}
    query = """SELECT image, platforms, r.name FROM facts JOIN run_scans s USING (scan) JOIN repositories r USING (location)
        WHERE run = ? ORDER BY ALL"""
    for image, platforms, name in store.rows(query, [run]):
        before = built.get(image)
        together = {*platforms, *(before.platforms if before else ())}
        built[image] = BuiltImage(image, tuple(sorted(together)), before.source if before else name)
    return json.dumps(Known(built=built).to_json(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
