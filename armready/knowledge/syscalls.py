"""System call numbers of Linux on both processors."""

from __future__ import annotations

from functools import cache

from armready.knowledge.tables import table

# From this number on the architectures share their numbers.
SHARED_FROM = 424


@cache
def by_x86_number() -> dict[int, tuple[str, int | None]]:
    """Number on x86-64 -> name, and the number on arm64 if the call exists there."""
    return {
        int(row["x86_64"]): (row["name"], int(row["aarch64"]) if row["aarch64"] else None)
        for row in table("python_syscalls").rows()
        if row["x86_64"]
    }
