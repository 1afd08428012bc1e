"""Jobs that build one architecture each: told by their names, labels and variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from armready.builds.platforms import architecture_in
from armready.core.startup import regex

_WORD = regex(
    r"(?i)(?<![a-z0-9])(amd64|x86[_-]64|x64|arm64v8|arm64|aarch64|arm32v[67]|armv[678]\w?|armhf|arm|386|s390x|ppc64le|riscv64|intel|graviton)(?![a-z0-9])"
)


def siblings(names: Iterable[str]) -> dict[str, str]:
    """The names that differ from another one by the architecture they spell, with what is the same in both."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        match = _WORD.search(name)
        if match:
            groups.setdefault(_WORD.sub("*", name).lower(), []).append((name, match[1].lower()))
    return {name: stem for stem, members in groups.items() if len({each for _, each in members}) > 1 for name, _ in members}


def varied(matrix: Mapping[str, tuple[str, ...]]) -> str:
    """The name of a matrix axis that takes several architectures, arm64 among them; empty when there is none."""
    for name, values in matrix.items():
        found = {architecture_in(value.replace("arm64/v8", "arm64")) for value in values} - {None}
        if len(found) > 1 and "arm64" in found:
            return name
    return ""
