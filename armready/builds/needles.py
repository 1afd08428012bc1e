"""The needles of files that say what images are built: without one of them a file need not be read as a pipeline."""

from __future__ import annotations

from functools import cache

from armready.builds.container_tools import build_words
from armready.builds.java_publishers import NEEDLES
from armready.core.needles import needles_of
from armready.knowledge.emulators import emulator_needles

# What the targets and scripts are named after that are called for it.
_SPOKEN_OF = ("image", "container")


@cache
def build_needles() -> tuple[bytes, ...]:
    """Derive the needles of every command that builds, pushes or joins images, or that readies a machine for it."""
    return needles_of((*_SPOKEN_OF, *build_words(), *NEEDLES, *(each.decode() for each in emulator_needles())))
