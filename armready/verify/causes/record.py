"""The record of a cause."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple


class Proof(StrEnum):
    """What a line proves.

    `NATURE`: the architecture is the reason, wherever it stands. `ARM64`: it is a usual reason on arm64, and others elsewhere.
    `CONTEXT`: it is the reason only where the line, its step or the address in it names arm64.
    """

    NATURE = "nature"
    ARM64 = "arm64"
    CONTEXT = "context"


class About(StrEnum):
    """Where the subject stands when the line itself does not name it."""

    NOTHING = ""
    IMAGE = "image"
    ADDRESS = "address"
    PACKAGE = "package"


class Cause(NamedTuple):
    """A cause of failing builds.

    Attributes:
        name: in words with dashes.
        needles: one of these, in lower case, is in the line.
        pattern: looked for in the line; its groups fill the sentences: `subject` what it is about, `platform`, others as named.
        why: one sentence; `{subject}` is "the image", or whatever `thing` says, where the line does not name it.
        advice: what to do.
        rules: the codes of the rules that find the same in the files.
        proof: what the line proves.
        about: where else the subject may stand.
        thing: what stands for a subject without a name.
        consequence: a line that others explain better: it counts where no other cause is in the step.
    """

    name: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    why: str
    advice: str
    rules: tuple[str, ...] = ()
    proof: Proof = Proof.NATURE
    about: About = About.NOTHING
    thing: str = ""
    consequence: bool = False
