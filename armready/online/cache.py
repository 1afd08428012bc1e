"""Answers kept between runs: one small JSON file each, in the user's cache folder, safe to delete at any time."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from armready.core.startup import dataclass

FRESH_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept answer.

    Attributes:
        value: what was kept.
        age: seconds since it was last known to be true.
    """

    value: Mapping[str, Any]
    age: float

    @property
    def fresh(self) -> bool:
        """Young enough to be used without asking again."""
        return self.age < FRESH_SECONDS


def cache_folder() -> Path:
    """Where armready keeps what it may lose: `$XDG_CACHE_HOME/armready`, by default `~/.cache/armready`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "armready"


class AnswerCache:
    """Answers by kind and key. A cache that cannot be written is no cache; nothing else changes."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or cache_folder() / "online-v1"

    def read(self, kind: str, key: str) -> Entry | None:
        """A kept answer, or None; what cannot be read does not exist."""
        try:
            data = json.loads(self._path(kind, key).read_text(encoding="utf-8"))
            return Entry(data["value"], max(0.0, time.time() - float(data["at"]))) if data["key"] == key else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, kind: str, key: str, value: Mapping[str, Any]) -> None:
        """Keep an answer, whole or not at all. Keys must not hold credentials."""
        path = self._path(kind, key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, suffix=".tmp", delete=False) as file:
                json.dump({"key": key, "at": time.time(), "value": value}, file)
            os.replace(file.name, path)
        except OSError:
            return

    def _path(self, kind: str, key: str) -> Path:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / kind / digest[:2] / f"{digest[2:]}.json"
