"""Names for findings that outlive edits elsewhere: what a baseline, GitHub and GitLab recognise a finding by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import accumulate
from typing import NamedTuple

from armready.core.finding import Finding
from armready.core.source import Source

VERSION = "armready/v1"

_WINDOW = 100
_FACTOR = 37
_MASK = (1 << 64) - 1
_WEIGHT = pow(_FACTOR, _WINDOW, 1 << 64)
_END_OF_TEXT = 0xFFFF
_LINE_FEED = 0x0A

Reader = Callable[[str], Source | None]


class Fingerprint(NamedTuple):
    """Two names of one finding.

    Attributes:
        content: rule, the text it points at, and which of several equal ones in its file it is. Survives a renamed file.
        value: the same with the path: unique in a report.
    """

    content: str
    value: str


def fingerprints(findings: Iterable[Finding], read: Reader) -> tuple[Fingerprint, ...]:
    """The fingerprints of findings, in their order; line numbers and white space have no part in them.

    Args:
        findings: in the order of a report, so that equal ones are told apart in the order they stand in.
        read: gives the text of a file; without it the position takes the place of the text.
    """
    seen: Counter[tuple[str, str]] = Counter()
    result = []
    for finding in findings:
        text = _content(finding, read(finding.path))
        seen[finding.path, text] += 1
        occurrence = str(seen[finding.path, text])
        result.append(Fingerprint(_digest(text, occurrence), _digest(finding.path, text, occurrence)))
    return tuple(result)


def _content(finding: Finding, source: Source | None) -> str:
    if source is None or finding.location.span.end > len(source.text):
        return f"{finding.code}\0{finding.location.region}"
    span = finding.location.span
    line = source.slice(source.line_span(source.line_index(span.start)))
    pointed = source.text[span.start : span.end].partition("\n")[0]
    return "\0".join((finding.code, " ".join(line.split()), " ".join(pointed.split())))


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def line_hashes(text: str) -> list[str]:
    """One hash per line of `text`, as GitHub's uploader computes `primaryLocationLineHash`.

    For each line the next 100 UTF-16 units without spaces and tabs are folded (`hash * 37 + unit`, modulo 2^64), past the end one
    0xFFFF and then zeros; after a colon stands how often this hash has occurred so far.
    """
    squeezed = re.sub(r"\r\n?", "\n", text).replace(" ", "").replace("\t", "")
    raw = squeezed.encode("utf-16-le", "surrogatepass")
    units = [low | high << 8 for low, high in zip(raw[::2], raw[1::2], strict=True)]
    starts = [0, *(index + 1 for index, unit in enumerate(units) if unit == _LINE_FEED)]
    folded = list(accumulate([*units, _END_OF_TEXT, *[0] * _WINDOW], lambda value, unit: (value * _FACTOR + unit) & _MASK, initial=0))
    seen: Counter[str] = Counter()
    hashes = []
    for start in starts:
        name = format((folded[start + _WINDOW] - folded[start] * _WEIGHT) & _MASK, "x")
        seen[name] += 1
        hashes.append(f"{name}:{seen[name]}")
    return hashes
