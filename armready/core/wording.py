"""Words that messages share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armready.core.results import Failure


def plural(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def unjudged(number: int, noun: str) -> str:
    """That files hold images of which nothing is known, and how to know it; empty for no file."""
    if not number:
        return ""
    files = f"{plural(number, noun)} {'has' if number == 1 else 'have'}"
    return f"{files} images that cannot be judged offline: name them under `images` in the configuration, or use --online."


def first_of(failures: Sequence[Failure]) -> str:
    """The first of some failures with its file, and how many more there are."""
    first = failures[0]
    more = f" (and {len(failures) - 1:,} more)" if len(failures) > 1 else ""
    return f"{first.path}: {first.message}{more}" if first.path else f"{first.message}{more}"
