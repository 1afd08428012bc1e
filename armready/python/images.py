"""What a Dockerfile's stages say about Python: its version, the libc, whether a compiler is there, and which files are installed."""

from __future__ import annotations

import re
from typing import NamedTuple

from armready.core.source import Location
from armready.core.startup import dataclass, regex
from armready.knowledge.targets import GLIBC, MUSL


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
        glibc: the version of its glibc, when the base image tells.
    """

    location: Location
    python: tuple[int, int] | None
    libc: str = GLIBC
    compiler: bool | None = None
    installs: tuple[str, ...] = ()
    installs_something: bool = False
    ships: bool = True
    glibc: tuple[int, int] | None = None


class Base(NamedTuple):
    """What the reference of a base image tells. `compiler` is None when it is not known."""

    python: tuple[int, int] | None
    libc: str
    glibc: tuple[int, int] | None
    compiler: bool | None


_VERSION = regex(r"3\.(\d+)")
_LAMBDA = regex(r"(?:lambda/python|aws-lambda-python):3\.(\d+)")
# Debian and Ubuntu release -> its python3 and its glibc.
_DISTRIBUTIONS = {
    "buster": ((3, 7), (2, 28)), "bullseye": ((3, 9), (2, 31)), "bookworm": ((3, 11), (2, 36)), "trixie": ((3, 13), (2, 41)),
    "10": ((3, 7), (2, 28)), "11": ((3, 9), (2, 31)), "12": ((3, 11), (2, 36)), "13": ((3, 13), (2, 41)),
    "bionic": ((3, 6), (2, 27)), "focal": ((3, 8), (2, 31)), "jammy": ((3, 10), (2, 35)), "noble": ((3, 12), (2, 39)),
    "18.04": ((3, 6), (2, 27)), "20.04": ((3, 8), (2, 31)), "22.04": ((3, 10), (2, 35)), "24.04": ((3, 12), (2, 39)),
}  # fmt: skip
# Image and the beginning of its tag -> glibc.
_GLIBC = {
    ("amazonlinux", "2023"): (2, 34), ("amazonlinux", "2"): (2, 26), ("centos", "7"): (2, 17), ("centos", "centos7"): (2, 17),
    **{(name, release): glibc for name in ("rockylinux", "almalinux", "oraclelinux", "centos")
       for release, glibc in (("8", (2, 28)), ("stream8", (2, 28)), ("9", (2, 34)), ("stream9", (2, 34)))},
    **{(f"ubi{release}{suffix}", ""): glibc for release, glibc in (("8", (2, 28)), ("9", (2, 34)), ("10", (2, 39)))
       for suffix in ("", "-minimal", "-init")},
}  # fmt: skip


def base_of(image: str) -> Base:
    """Python, libc and compiler of a base image, as far as its reference tells."""
    name, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    match = _VERSION.search(tag) if "python" in image else None
    python = (3, int(match[1][:9])) if match else None
    release = next((each for each in _DISTRIBUTIONS if name in ("debian", "ubuntu") and tag.startswith(each)), "")
    if python is None and release:
        python = _DISTRIBUTIONS[release][0]
    musl = "alpine" in tag or name == "alpine"
    glibc = None if musl else _glibc(image, name, tag, release)
    libc = MUSL if musl else GLIBC
    if name != "python":
        return Base(python, libc, glibc, False if name in ("debian", "ubuntu", "alpine") or "slim" in tag else None)
    return Base(python, libc, glibc, not ("slim" in tag or "alpine" in tag))


def _glibc(image: str, name: str, tag: str, release: str) -> tuple[int, int] | None:
    on_lambda = _LAMBDA.search(image)
    if on_lambda:
        return (2, 34) if int(on_lambda[1][:9]) >= 12 else (2, 26)
    codename = release or next((each for each in _DISTRIBUTIONS if each.isalpha() and each in tag.split("-")), "")
    if codename:
        return _DISTRIBUTIONS[codename][1]
    starts = ((start, glibc) for (each, start), glibc in _GLIBC.items() if each == name)
    return next((glibc for start, glibc in starts if not start or re.match(rf"{start}(?!\d)", tag)), None)
