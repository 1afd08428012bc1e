"""Facts that travel: what one repository builds, runs and was told, as a JSON file that another repository's configuration names."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from armready.core.errors import ConfigError
from armready.core.known import Known, from_json

if TYPE_CHECKING:
    pass


def read_facts(names: Iterable[str], root: Path) -> Known:
    """The facts of all files together; of two answers to one question the later file's counts.

    Args:
        names: paths, relative to the root.
        root: the repository.

    Raises:
        ConfigError: a file cannot be read or holds no facts.
    """
    known = Known()
    for name in names:
        try:
            known = known.merged(parse_facts((root / name).read_text(encoding="utf-8")))
        except (OSError, ValueError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise ConfigError(f"{name}: {reason}") from error
    return known


def parse_facts(text: str) -> Known:
    """The facts in the text of a facts file.

    Raises:
        ValueError: it holds none.
    """
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("not a facts file")
    return from_json(document)
