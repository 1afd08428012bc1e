"""The platforms that a bake file names, wherever in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.facts import BakePlatforms
from armready.core.file import File
from armready.core.startup import regex

_PLATFORMS = regex(r"""["']?platforms["']?\s*[:=]\s*\[([^\[\]]*)\]""")


def bake_facts(file: File) -> Iterator[BakePlatforms]:
    """The collector of bake files, HCL and JSON."""
    values = tuple(value for match in _PLATFORMS.finditer(file.text) for value in re.findall(r"""["']([^"'$]+)["']""", match[1]))
    if values:
        yield BakePlatforms(values)
