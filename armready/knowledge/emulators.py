"""What registers emulators of other processors: images that are run for it, and packages.

Source: the projects' own READMEs, and the package lists of Debian 12, Ubuntu 24.04, Alpine 3.20 and Fedora 40.
"""

from __future__ import annotations

import re

from armready.core.needles import needles_of
from armready.core.startup import regex

_IMAGES = (
    "tonistiigi/binfmt",
    "multiarch/qemu-user-static",
    "linuxkit/binfmt",
    "docker/binfmt",
    "dbhi/qus",
    "aptman/qus",
    "stilliard/qus",
)
_PACKAGES = ("qemu-user-static", "binfmt-support", "qemu-user-binfmt", "qemu-aarch64-static", "qemu-user")
# Commands that register what is installed.
REGISTRARS = frozenset({"update-binfmts", "qemu-binfmt-conf.sh"})

_IMAGE = regex(rf"(?:^|/)(?:{'|'.join(map(re.escape, _IMAGES))})\b")
_PACKAGE = regex(rf"^(?:{'|'.join(map(re.escape, _PACKAGES))})(?:=.*)?$")


def registers_emulators(image: str) -> bool:
    """Whether an image is run to register emulators."""
    return bool(_IMAGE.search(image))


def brings_emulators(package: str) -> bool:
    """Whether a package registers emulators when it is installed; it may have a version."""
    return bool(_PACKAGE.match(package))


def emulator_needles() -> tuple[bytes, ...]:
    """Needles of everything that registers emulators."""
    return needles_of((*_IMAGES, *_PACKAGES, *REGISTRARS))
