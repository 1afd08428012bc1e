"""Recipes of conda-build and rattler-build: the packages that they ask for on every platform.

A recipe is YAML with Jinja in it, so it is read by its lines: what a selector, a template or a condition stands around is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.file import File
from armready.core.source import Span
from armready.core.startup import regex

_SKIP = regex(r"[ \t]*skip[ \t]*:", re.IGNORECASE)
_ARCH = regex(r"aarch64|arm64|x86|linux64")
_SECTION = regex(r"(?P<indent>[ \t]*)requirements[ \t]*:[ \t]*(?:#.*)?$")
_ITEM = regex(r"(?P<indent>[ \t]*)-[ \t]+(?P<package>[A-Za-z0-9_][^#{}:]*)$")
_CONDITION = regex(r"[ \t]*(?:-[ \t]+)?(?:if|then|else)[ \t]*:")
_BLOCK = regex(r"\{%-?[ \t]*(?P<word>if|for|endif|endfor)\b")


def recipe_packages(file: File) -> Iterator[tuple[str, Span]]:
    """The packages of the `requirements` sections of a recipe that is built for arm64 too, with their places."""
    if any(_ARCH.search(line) for line in file.text.splitlines() if _SKIP.match(line)):
        return
    section, conditional, depth, start = -1, -1, 0, 0
    for raw in file.text.split("\n"):
        line = raw.rstrip()
        stripped = line.lstrip(" \t")
        indent = len(line) - len(stripped)
        for block in _BLOCK.finditer(line):
            depth += -1 if block["word"].startswith("end") else 1
        if stripped and not stripped.startswith("#"):
            heading = _SECTION.match(line)
            conditional = -1 if indent <= conditional else conditional
            if heading:
                section = indent
            elif section >= 0 and indent <= section:
                section = -1
            if _CONDITION.match(line) and conditional < 0:
                conditional = indent
            item = _ITEM.match(line)
            if item and section >= 0 and conditional < 0 and not depth:
                yield item["package"], Span(start + item.start("package"), start + item.end("package"))
        start += len(raw) + 1
