"""`armready image` and `armready package`: what a registry or an index holds, as a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from armready.config import Settings
from armready.errors import UsageError
from armready.first_pass import check_file
from armready.knowledge.images import Has, Verdict, verdict
from armready.knowledge.learned import ImageAnswer, Learned, image_to_json
from armready.knowledge.reference import Reference
from armready.online.gather import Questions, worth_asking
from armready.online.lookup import Tally
from armready.online.stage import look_up
from armready.registry import Registry
from armready.reporters.base import escape
from armready.session import open_session

_DOCKERFILE = "FROM {}\n"
_MANIFEST = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: example\nspec:\n  containers:\n    - name: example\n      image: {}\n"
_CLEAN, _MISSING = 0, 1


def images(references: Sequence[str], *, config: Path | None, compare: bool, output_format: str, offline: bool) -> tuple[str, int]:
    """The text that `armready image` prints and its exit code: 1 when an image does not exist for arm64, or two compared ones differ.

    Raises:
        UsageError: not two references to compare, or no such format.
    """
    if compare and len(references) != 2:
        raise UsageError("--compare needs two references")
    _check_format(output_format)
    settings = open_session([], {}, config=config).settings
    parsed = [Reference.parse(text, settings.mirrors) for text in references]
    tally = Tally()
    if not offline:
        learned, tally = _ask(parsed, settings)
        settings = replace(settings, known=settings.known.merged(learned))
    judged = [(reference, settings.known.image(reference), verdict(reference, settings)) for reference in parsed]
    differs = compare and _platforms(judged[0][1]) != _platforms(judged[1][1])
    code = _MISSING if differs or any(found.arm64 is Has.NO for _, _, found in judged) else _CLEAN
    if output_format == "json":
        return json.dumps({"version": 1, "images": [_image_json(*each, settings) for each in judged]}, indent=2), code
    blocks = [_image_text(*each, settings, tally) for each in judged]
    if compare:
        blocks.append(_comparison(*(answer for _, answer, _ in judged)))
    return "\n\n".join(blocks), code


def _check_format(output_format: str) -> None:
    if output_format not in ("table", "json"):
        raise UsageError(f"unknown format {output_format!r}; there are table, json")


def _ask(parsed: Sequence[Reference], settings: Settings) -> tuple[Learned, Tally]:
    asked = Questions()
    for reference in parsed:
        asked.add_image(reference)
        for other in worth_asking(reference.text, settings):
            asked.add_image(other)
    return look_up(asked, settings, sizes=True)


def _platforms(answer: ImageAnswer | None) -> dict[str, str]:
    return {each.platform: each.digest for each in answer.platforms} if answer else {}


def _findings(reference: Reference, settings: Settings) -> dict[str, list[str]]:
    """What a scan would say of the reference, by the file it would stand in."""
    registry = Registry(replace(settings, online=False))
    found = {}
    for name, path, template in (("dockerfile", "Dockerfile", _DOCKERFILE), ("manifest", "pod.yaml", _MANIFEST)):
        result = check_file(path, template.format(reference.text).encode(), registry)
        found[name] = [f"{each.severity}: {each.code} {each.message}" for each in result.findings]
    return found


def _image_json(reference: Reference, answer: ImageAnswer | None, found: Verdict, settings: Settings) -> dict[str, Any]:
    return {
        "reference": reference.text,
        "registry": image_to_json(answer) if answer else None,
        "verdict": asdict(found),
        "findings": _findings(reference, settings),
    }


def _image_text(reference: Reference, answer: ImageAnswer | None, found: Verdict, settings: Settings, tally: Tally) -> str:
    lines = [escape(reference.text)]
    if answer is not None:
        kind = "index" if answer.index else "single manifest"
        lines.append(f"  {kind} {answer.digest} ({answer.media_type})")
        rows = [("platform", "size", "digest", "media type")]
        rows += [(each.platform, _size(each.size), each.digest, each.media_type) for each in answer.platforms]
        lines += [f"    {line}" for line in _table(rows)]
    for problem in dict.fromkeys(tally.open.values()):
        lines.append(f"  no answer: {escape(problem)}")
    lines.append(f"  arm64: {found.arm64}, amd64: {found.amd64} ({found.confidence} confidence, from {found.basis})")
    lines.append(f"  {escape(found.reason)}")
    if found.alternatives:
        lines.append(f"  with arm64: {', '.join(map(escape, found.alternatives))}")
    for name, said in _findings(reference, settings).items():
        lines += [f"  in a {name}: {escape(each)}" for each in said] or [f"  in a {name}: nothing to report"]
    return "\n".join(lines)


def _comparison(one: ImageAnswer | None, other: ImageAnswer | None) -> str:
    first, second = _platforms(one), _platforms(other)
    rows = [("platform", "first", "second", "")]
    for platform in sorted({*first, *second}):
        a, b = first.get(platform), second.get(platform)
        rows.append((platform, a or "-", b or "-", "same" if a == b else "only in one" if None in (a, b) else "differs"))
    return "\n".join(_table(rows))


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[escape(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _size(count: int) -> str:
    if not count:
        return "-"
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count //= 1000
    return f"{count} GB"
