"""Machine types of the clouds and their architecture, by the naming rules in `data/instances.tsv`."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from armready.core.finding import Confidence
from armready.core.startup import dataclass
from armready.knowledge.tables import table


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine type's name says.

    Attributes:
        arch: `amd64` or `arm64`.
        confidence: HIGH where the provider's naming was read, LOW for general knowledge.
        arm64_counterpart: the arm64 family that takes its place; empty when there is none (GPUs, accelerators).
    """

    arch: str
    confidence: Confidence
    arm64_counterpart: str = ""


@cache
def _rules(provider: str) -> tuple[tuple[re.Pattern[str], str, str, Confidence], ...]:
    confidence = {"read": Confidence.HIGH, "unread": Confidence.LOW}
    return tuple(
        (re.compile(row["pattern"]), row["arch"], row["arm64_counterpart"].strip("-"), confidence[row["confidence"]])
        for row in table("instances").rows()
        if row["provider"] == provider
    )


@lru_cache(1024)
def machine(name: str, provider: str = "aws") -> Machine | None:
    """The architecture of a machine type or family; None when its name is not understood.

    Args:
        name: `m5.large`, `c4a`, `t2a-standard-4`, `Standard_D4ps_v5`, `VM.Standard.A1.Flex`, `ecs.g8y.large`.
        provider: `aws`, `gcp`, `azure`, `oci` or `alibaba`.
    """
    family = _family(name.strip().lower(), provider)
    for pattern, arch, counterpart, confidence in _rules(provider):
        if pattern.fullmatch(family):
            return None if arch == "-" else Machine(arch, confidence, counterpart)
    return None


def _family(name: str, provider: str) -> str:
    if provider == "aws":
        return name.partition(".")[0]
    if provider == "gcp":
        return name.partition("-")[0]
    if provider == "alibaba":
        return name.removeprefix("ecs.").partition(".")[0]
    return name
