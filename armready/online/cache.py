"""Answers kept between runs: one small JSON file each, in the user's cache folder, safe to delete at any time."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from armready.core.startup import dataclass
from armready.run.private_files import PrivateFiles

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


class AnswerCache:
    """Answers by kind and key. A cache that cannot be written is no cache; nothing else changes.

    Args:
        top: the folder of all caches.
        allowed: what a run may ask that others may not; its answers are kept apart.
    """

    def __init__(self, top: Path, allowed: str = "") -> None:
        self._files = PrivateFiles(top, "online-v2")
        self._allowed = allowed

    def read(self, kind: str, key: str) -> Entry | None:
        """A kept answer, or None; what cannot be read does not exist."""
        key = self._apart(key)
        try:
            data = json.loads(self._files.read(_name(kind, key)) or b"")
            value, age = data["value"], time.time() - float(data["at"])
            return Entry(value, age) if data["key"] == key and isinstance(value, dict) and 0 <= age < math.inf else None
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None

    def write(self, kind: str, key: str, value: Mapping[str, Any]) -> None:
        """Keep an answer, whole or not at all.

        Args:
            kind: of the question.
            key: the question, and everybody who may have answered it; without credentials.
            value: the answer.
        """
        key = self._apart(key)
        with suppress(OSError):
            self._files.write(_name(kind, key), json.dumps({"key": key, "at": time.time(), "value": value}).encode())

    def _apart(self, key: str) -> str:
        return f"{key} with {self._allowed}" if self._allowed else key


def _name(kind: str, key: str) -> str:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{kind}/{digest[:2]}/{digest[2:]}.json"
