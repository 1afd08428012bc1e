"""`armready schema`: the JSON schemas of what armready reads and writes."""

from __future__ import annotations

from typing import Any

from armready.core.errors import UsageError
from armready.core.startup import imported

SCHEMAS = {"config": "armready.core.config", "plan": "armready.plan.json"}


def schema(name: str) -> dict[str, Any]:
    """The schema of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in SCHEMAS:
        raise UsageError(f"no schema {name!r}; there are {', '.join(SCHEMAS)}")
    return imported(SCHEMAS[name], "schema")()  # type: ignore[no-any-return]
