"""A list of architectures or platforms has amd64 and not arm64.

## What it finds

In Makefiles and scripts: variables whose name says that they list architectures or platforms (`ALL_ARCH`, `PLATFORMS`,
`RELEASE_PLATFORMS`), loops over such a list, and prerequisites of a target that are the same file for several systems, where every
entry for Linux is amd64. Lists of Windows or macOS alone are left alone, and so is a single default such as `ARCH ?= amd64`,
which callers override.

## Why it stops arm64

What is built and released for each entry of the list does not exist for arm64.

## What to do

Add the arm64 entry (`arm64`, `linux/arm64`, `linux-arm64`), and see that what each entry does works for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.builds.platforms import architecture_in
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.knowledge.arch import amd64_tokens
from armready.languages.make import parse_makefile

# Names of lists, and names of one value that count only when it has several entries.
_LIST_NAME = re.compile(
    r"(?i)(?:^|_)(?:all_?(?:os_?)?arch(?:e?s)?|archs|arches|architectures|platforms|targets|(?:release|build|dist)_(?:archs?|platforms?|targets?)"
    r"|os_?archs|goarchs)(?:[._]linux)?$"
)
_SINGLE = re.compile(r"(?i)^(?!.*all)(?:\w+_)?(?:arch|platform|target)$")
_LOOP = re.compile(r"(?m)^[^#\n]*?\bfor[ \t]+\w+[ \t]+in[ \t]+(?P<items>[^;\n$`(]{0,1000}[^\s;$`(])[ \t\r]*(?:;|$)")
_ASSIGNED = re.compile(
    r"(?m)^[ \t]*(?:export\s+|readonly\s+|declare\s+(?:-\w+\s+)*)?(?P<name>[A-Za-z_]\w*)="
    r"(?P<value>\((?P<array>[^()\n]*)\)|\"[^\"\n$]*\"|'[^'\n]*'|[^\s#;]+)"
)


class ArchitectureListWithoutArm64(FileRule):
    code = "CI115"
    name = "architecture-list-without-arm64"
    summary = "A list of architectures or platforms has amd64 and not arm64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.MAKEFILE, Kind.SHELL})
    needles = (b"amd64", b"x86_64")
    examples = (
        Example(
            "Make variable",
            path="Makefile",
            bad="RELEASE_PLATFORMS = «linux-amd64 darwin-amd64 windows-amd64»\n\nall:\n\t@echo $(RELEASE_PLATFORMS)\n",
        ),
        Example("one entry", path="Makefile", bad="ALL_ARCH.linux = «amd64»\n"),
        Example("loop", path="release.sh", bad="for plat in «linux-amd64 darwin-amd64»; do\n  cp dist/app-$plat out/\ndone\n"),
        Example("prerequisites", path="Makefile", bad="dist: «dist/app-darwin-amd64 dist/app-linux-amd64»\n\t@true\n"),
        Example(
            "of one architecture",
            path="Makefile",
            good="linux-amd64-all: package-linux-amd64 package-deb-linux-amd64\n\t@true\n",
            breaks=("linux-amd64-all", "dist"),
        ),
        Example("has arm64", path="Makefile", good="PLATFORMS ?= linux/amd64 linux/arm64\n", breaks=("arm64", "amd64")),
        Example("a default that callers override", path="Makefile", good="ARCH ?= amd64\n", breaks=("ARCH ?=", "ALL_ARCH =")),
        Example("Windows alone", path="Makefile", good="ALL_ARCH.windows = amd64\n", breaks=("windows", "linux")),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for span in _makefile(file) if file.kind is Kind.MAKEFILE else _script(file):
            yield self.finding(
                file.location(span),
                "The list has amd64 and no arm64, so what is made for each of its entries does not exist for arm64.",
                confidence=Confidence.MEDIUM,
            )


def _makefile(file: File) -> Iterator[Span]:
    makefile = file.parse(parse_makefile)
    for variable in makefile.variables:
        if _LIST_NAME.search(variable.name) and _lacks_arm64(variable.value, several=bool(_SINGLE.match(variable.name))):
            yield variable.value_span
    for rule in makefile.rules:
        text = " ".join(rule.prerequisites)
        if any(amd64_tokens(target) for target in rule.targets):
            continue
        if not rule.is_define and len(rule.prerequisites) > 1 and _systems(rule.prerequisites) and _lacks_arm64(text, several=True):
            start = file.text.find(rule.prerequisites[0], rule.span.start)
            end = file.text.find(rule.prerequisites[-1], start) + len(rule.prerequisites[-1])
            if 0 <= start < end:
                yield Span(start, end)


def _script(file: File) -> Iterator[Span]:
    for match in _LOOP.finditer(file.text):
        if _lacks_arm64(match["items"], several=True):
            yield Span(*match.span("items"))
    for match in _ASSIGNED.finditer(file.text):
        value = match["array"] if match["array"] is not None else match["value"].strip("\"'")
        if _LIST_NAME.search(match["name"]) and _lacks_arm64(value, several=bool(_SINGLE.match(match["name"])) or match["array"] is None):
            yield Span(*match.span("value"))


def _lacks_arm64(text: str, *, several: bool) -> bool:
    """Whether every word names an architecture, Linux on amd64 among them, and none is arm64."""
    words = re.split(r"[\s,]+", text.strip())
    architectures = [architecture_in(word) for word in words]
    if not words or not words[0] or None in architectures or "arm64" in architectures or "amd64" not in architectures:
        return False
    linux = [word for word in words if not re.search(r"(?i)windows|darwin|macos|freebsd", word)]
    return bool(linux) and (len(words) > 1 or not several)


def _systems(words: tuple[str, ...]) -> bool:
    """Whether words are one file for several systems."""
    return sum(bool(re.search(r"(?i)(?<![a-z])(?:linux|darwin|windows)(?![a-z])", word)) for word in words) > 1
