"""What builds of this repository showed: `.armready-learned.json` at its root, written by `verify` and read by every scan."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from armready.core.bounded import load_json, read_bounded
from armready.core.errors import ConfigError, ParseProblem
from armready.core.known import VERSION, Known, Learned, from_json

NAME = ".armready-learned.json"
_MOST_BYTES = 5_000_000


def read_learned(root: Path) -> Known:
    """What is known from builds; nothing without the file.

    Raises:
        ConfigError: the file holds something else.
    """
    path = root / NAME
    if not os.path.lexists(path):
        return Known()
    try:
        document = load_json(read_bounded(path, _MOST_BYTES, root=root))
        if not isinstance(document, dict):
            raise ValueError("not a facts file")
        return Known(learned=from_json({"version": document.get("version"), "learned": document.get("learned", ())}).learned)
    except (ParseProblem, ValueError) as error:
        raise ConfigError(f"{NAME}: {error}") from error


def updated(before: Known, found: Iterable[Learned], built: Collection[str]) -> Known:
    """What is known after builds: what other Dockerfiles showed before, and what these show now."""
    kept = {key: each for key, each in before.learned.items() if each.path not in built}
    return Known(learned={**kept, **{(each.kind, each.name): each for each in found}})


def rendered(known: Known) -> bytes:
    """The text of the file."""
    document = {"version": VERSION, "learned": known.to_json().get("learned", [])}
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
