"""`armready image` and `armready package`: what a registry or an index holds, as a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from armready.commands.output import name_failures
from armready.core.config import Settings
from armready.core.errors import UsageError
from armready.core.known import ImageAnswer, Known, PackageAnswer, image_to_json
from armready.core.reference import Reference
from armready.knowledge.images import verdict
from armready.knowledge.targets import GLIBC, MUSL, PYTHONS, Target
from armready.knowledge.verdicts import Has, Verdict
from armready.languages.requirements import parse_requirement
from armready.online.gather import Questions, worth_asking
from armready.online.lookup import Tally
from armready.online.stage import look_up
from armready.python.resolution import Choice, Resolution, releases, resolve
from armready.reporters.base import escape
from armready.run.check_file import check_file
from armready.run.registry import Registry
from armready.run.session import Session, open_session

_DOCKERFILE = "FROM {}\n"
_MANIFEST = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: example\nspec:\n  containers:\n    - name: example\n      image: {}\n"
_CLEAN, _MISSING, _ERROR = 0, 1, 2


def images(references: Sequence[str], *, config: Path | None, compare: bool, output_format: str, offline: bool) -> tuple[str, int]:
    """The text that `armready image` prints and its exit code: 1 when an image does not exist for arm64, or two compared ones differ.

    Raises:
        UsageError: not two references to compare, or no such format.
    """
    if compare and len(references) != 2:
        raise UsageError("--compare needs two references")
    _check_format(output_format)
    session = open_session([], {}, config=config)
    settings = session.settings
    parsed = [Reference.parse(text, settings.mirrors) for text in references]
    tally = Tally()
    if not offline:
        learned, tally = _ask(parsed, session)
        settings = replace(settings, known=settings.known.merged(learned))
        name_failures(tally.failures)
    judged = [(reference, settings.known.image(reference), verdict(reference, settings)) for reference in parsed]
    differs = compare and _platforms(judged[0][1]) != _platforms(judged[1][1])
    code = _MISSING if differs or any(found.arm64 is Has.NO for _, _, found in judged) else _CLEAN
    code = _ERROR if tally.failures else code
    if output_format == "json":
        return json.dumps({"version": 1, "images": [_image_json(*each, settings) for each in judged]}, indent=2), code
    blocks = [_image_text(*each, settings, tally) for each in judged]
    if compare:
        blocks.append(_comparison(*(answer for _, answer, _ in judged)))
    return "\n\n".join(blocks), code


def _check_format(output_format: str) -> None:
    if output_format not in ("table", "json"):
        raise UsageError(f"unknown format {output_format!r}; there are table, json")


def _ask(parsed: Sequence[Reference], session: Session) -> tuple[Known, Tally]:
    asked = Questions()
    for reference in parsed:
        asked.add_image(reference)
        for other in worth_asking(reference.text, session.settings):
            asked.add_image(other)
    typed = [reference.name.partition("/")[0] for reference in parsed if "/" in reference.name]
    return look_up(asked, session.settings, session.tree, session.root, typed=typed, sizes=True)


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


def packages(requirements: Sequence[str], *, config: Path | None, pythons: Sequence[str], output_format: str) -> tuple[str, int]:
    """The text that `armready package` prints and its exit code: 1 when arm64 gets nothing, or a build, where x86-64 gets a wheel.

    Raises:
        UsageError: something is no requirement, no Python version, or no format.
    """
    _check_format(output_format)
    wanted = []
    for text in requirements:
        parsed = parse_requirement(text)
        if parsed is None or not parsed.name or parsed.url:
            raise UsageError(f"{text}: must be NAME or NAME==VERSION")
        wanted.append((text, parsed.name, parsed.specifier))
    targets = _targets(pythons)
    session = open_session([], {}, config=config)
    learned, tally = look_up(Questions(packages={name for _, name, _ in wanted}), session.settings, session.tree, session.root)
    name_failures(tally.failures)
    known = session.settings.known.merged(learned).packages
    code, documents, blocks = _CLEAN, [], []
    for text, name, specifier in wanted:
        answer = known.get(name)
        rows = [(target, resolve(releases(answer), specifier, target)) for target in targets] if answer else []
        found = [(target, each) for target, each in rows if each is not None]
        code = _MISSING if any(each.blocks or each.compiles for _, each in found) else code
        documents.append(_package_json(text, answer, found))
        blocks.append(_package_text(text, answer, found, tally))
    code = _ERROR if tally.failures else code
    if output_format == "json":
        return json.dumps({"version": 1, "packages": documents}, indent=2), code
    return "\n\n".join(blocks), code


def _targets(pythons: Sequence[str]) -> list[Target]:
    chosen = [each for each in PYTHONS if not pythons or f"{each[0]}.{each[1]}" in pythons]
    if not chosen:
        raise UsageError(f"--python: there are {', '.join(f'{major}.{minor}' for major, minor in PYTHONS)}")
    return [Target(python, libc=libc) for python in chosen for libc in (GLIBC, MUSL)]


def _package_json(text: str, answer: PackageAnswer | None, found: Sequence[tuple[Target, Resolution]]) -> dict[str, Any]:
    rows = [
        {
            "python": target.python_name,
            "libc": target.libc,
            "x86_64": _choice_json(each.x86_64),
            "aarch64": _choice_json(each.aarch64),
            "above": each.above,
            "below": each.below,
        }
        for target, each in found
    ]
    return {
        "requirement": text,
        "indexes": list(answer.indexes) if answer else [],
        "as_of": answer.as_of if answer else None,
        "targets": rows,
    }


def _choice_json(choice: Choice) -> dict[str, str | None]:
    return {"version": str(choice.release) if choice.release else None, "form": choice.outcome.value}


def _package_text(text: str, answer: PackageAnswer | None, found: Sequence[tuple[Target, Resolution]], tally: Tally) -> str:
    if answer is None:
        reasons = dict.fromkeys(tally.open.values())
        return "\n".join([escape(text), *(f"  no answer: {escape(reason)}" for reason in reasons)])
    lines = [escape(text), f"  {', '.join(map(escape, answer.indexes))} (looked up {answer.as_of})"]
    rows = [("python", "libc", "x86-64", "arm64", "nearest wheels for arm64")]
    for target, each in found:
        near = " ".join(filter(None, (each.below and f"{each.below} below", each.above and f"{each.above} above")))
        good = each.aarch64.release == each.x86_64.release and each.aarch64.outcome == each.x86_64.outcome
        rows.append((target.python_name, target.libc, _choice(each.x86_64), _choice(each.aarch64), "" if good else near))
    return "\n".join([*lines, *(f"    {line}" for line in _table(rows))])


def _choice(choice: Choice) -> str:
    return f"{choice.release} {choice.outcome}" if choice.release else "nothing"
