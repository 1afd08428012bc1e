"""Compiler flags that exist for x86 only, as gcc and clang were seen to take them for each processor."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from armready.core.startup import regex
from armready.knowledge.tables import table

_FAMILIES = regex(
    r"-m(?:no-)?(?:mmx|3dnow\w*|sse[\d.]*a?|ssse3|avx\w*|fma4?|f16c|bmi2?|lzcnt|popcnt|v?aes|v?pclmul\w*|sha|gfni|abm|tbm|xop|rtm|xsave\w*"
    r"|rdrnd|rdseed|rdpid|adx|cx16|movbe|clflushopt|clwb|prefetchwt1|fsgsbase|fxsr|amx-\w+)"
)
_MACHINES = regex(
    r"-m(?:arch|tune)=(?:x86-64(?:-v[2-4])?|i[3-6]86|core2|corei7\S*|core-avx2|nocona|nehalem|westmere|sandybridge|ivybridge|haswell|broadwell"
    r"|skylake\S*|cascadelake|icelake\S*|sapphirerapids|znver\d|bdver\d|btver\d|k8|opteron\S*|athlon\S*|atom|silvermont|knl|intel|penryn|prescott)"
)
_INTEL = regex(r"-x(?:Host|CORE-AVX\S*|AVX|SSE\S*|MIC-AVX512)|-ax\S+|-qopenmp|-qopt-\S+|-ipo")


class FlagKind(StrEnum):
    """What is wrong with a flag on arm64."""

    X86 = "x86"
    INTEL = "intel"
    NATIVE = "native"


@lru_cache(maxsize=1024)
def kind_of_flag(flag: str) -> FlagKind | None:
    """Why a compiler for arm64 does not take a flag; None when it does, or nothing is known."""
    if flag in ("-march=native", "-mtune=native"):
        return FlagKind.NATIVE
    if _FAMILIES.fullmatch(flag) or _MACHINES.fullmatch(flag):
        return FlagKind.X86
    if _INTEL.fullmatch(flag):
        return FlagKind.INTEL
    row = table("python_flags").find(flag)
    known = row is not None and row["gcc_aarch64"] == "error" and row["gcc_x86_64"] == "ok" and "native" not in flag
    return FlagKind.X86 if known else None
