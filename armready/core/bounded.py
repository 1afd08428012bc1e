"""Small inputs beside the scanned files: configurations, facts, baselines, reports. Read up to a size, decoded or refused.

A scanned repository may bring or name each of them, so none may hang, end in a traceback or come from outside of the root.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from armready.core.errors import ParseProblem
from armready.core.startup import regex
from armready.core.tree import DiskTree

MAX_CONFIG = 1_000_000
MAX_JSON = 100_000_000

# tomllib takes time with the square of the parts of a key.
_MAX_KEY_PARTS = 50
_NO_KEY = regex(r"[=,\[\]{}#]")
_DOTS = regex(r"\.[.\s]*+")


def read_bounded(path: Path, limit: int, *, root: Path | None = None) -> bytes:
    """The bytes of a file.

    Args:
        path: of a regular file; pipes and devices are not opened.
        limit: how many bytes it may have.
        root: where it must lie when a scanned repository brings or names it; None: the user names it.

    Raises:
        ParseProblem: it is not there, larger, not regular, or not inside of the root.
    """
    if not os.path.lexists(path):
        raise ParseProblem("no such file")
    data = _read_own(path, limit + 1) if root is None else DiskTree(root).read(os.path.relpath(path, root.resolve()), limit + 1)
    if len(data) > limit:
        raise ParseProblem(f"larger than {limit} bytes")
    return data


def _read_own(path: Path, limit: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as handle:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ParseProblem("not a regular file")
            return handle.read(limit)
    except OSError as error:
        raise ParseProblem(error.strerror or str(error)) from error
    except ValueError as error:
        raise ParseProblem(str(error)) from error


def load_toml(text: str) -> dict[str, Any]:
    """What a TOML text says.

    Raises:
        ParseProblem: it is not TOML, or such as nobody writes.
    """
    import tomllib

    if any(_parts_of_a_key(line) > _MAX_KEY_PARTS for line in text.split("\n") if line.count(".") > _MAX_KEY_PARTS):
        raise ParseProblem(f"a key of more than {_MAX_KEY_PARTS} parts")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ParseProblem("nested too deeply") from error
    except (ValueError, MemoryError) as error:
        raise ParseProblem(str(error) or "too large") from error


def _parts_of_a_key(line: str) -> int:
    """How many parts the longest key of a line may have; a row of dots has none."""
    return max(_DOTS.sub(".", piece).count(".") for piece in _NO_KEY.split(line))


def load_json(data: bytes | str) -> Any:
    """What a JSON text says.

    Raises:
        ParseProblem: it is not JSON, or such as nobody writes.
    """
    import json

    try:
        return json.loads(data)
    except RecursionError as error:
        raise ParseProblem("nested too deeply") from error
    except (ValueError, MemoryError) as error:
        raise ParseProblem(str(error) or "too large") from error
