"""What a Dockerfile's stages say about Python: its version, the libc, whether a compiler is there, and which files are installed."""

from __future__ import annotations

from armready.python.targets import GLIBC
from armready.records import dataclass
from armready.source import Location


@dataclass(frozen=True, slots=True)
class PythonImage:
    """A stage that has Python: a fact.

    Attributes:
        location: its FROM.
        python: its version, when the base image tells.
        libc: glibc or musl.
        compiler: whether a C compiler is there before the first install; None when that is not known.
        installs: the requirement files that it installs, relative to the root.
        installs_something: it runs pip, uv, poetry or the like.
        ships: its content is part of the image that is shipped.
    """

    location: Location
    python: tuple[int, int] | None
    libc: str = GLIBC
    compiler: bool | None = None
    installs: tuple[str, ...] = ()
    installs_something: bool = False
    ships: bool = True
