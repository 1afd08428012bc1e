"""GoReleaser builds no Linux program for arm64.

## What it finds

An entry of `builds` whose `goarch` names amd64 and not arm64, or whose `targets` have Linux for amd64 and not for arm64. Without either
list GoReleaser builds arm64 by itself. Entries without Linux are left alone, and so is an entry that has a counterpart for arm64.

## Why it stops arm64

No archive, package or image of the release has a program for arm64.

## What to do

Add `arm64`. A program with cgo needs a C compiler for arm64 as well.

## Fix safety

Unsafe: the release gets more files, and with cgo the build may need a cross compiler.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.languages.yaml.edit import append_item
from armready.languages.yaml.nodes import MappingNode, Node, get, items, parse_yaml, span, strings, text_of


class GoreleaserWithoutArm64(FileRule):
    code = "CI119"
    name = "goreleaser-without-arm64"
    summary = "GoReleaser builds no Linux program for arm64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.GORELEASER})
    needles = (b"amd64",)
    examples = (
        Example(
            "list of architectures",
            path=".goreleaser.yaml",
            bad="builds:\n  - id: app\n    goos: [linux, darwin]\n    goarch:\n      - «amd64»\n      - 386\n",
            fixed="builds:\n  - id: app\n    goos: [linux, darwin]\n    goarch:\n      - amd64\n      - 386\n      - arm64\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "targets",
            path=".goreleaser.yml",
            bad="builds:\n  - targets: [«linux_amd64», darwin_arm64]\n",
            fixed="builds:\n  - targets: [linux_amd64, darwin_arm64, linux_arm64]\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "with cgo",
            path=".goreleaser.yml",
            bad="builds:\n  - env: [CGO_ENABLED=1]\n    goarch: [«amd64»]\n",
            fixed="builds:\n  - env: [CGO_ENABLED=1]\n    goarch: [amd64, arm64]\n",
            applicability=Applicability.DISPLAY,
        ),
        Example("has arm64", path=".goreleaser.yaml", good="builds:\n  - goarch: [amd64, arm64]\n", breaks=("arm64", "amd64")),
        Example(
            "Windows alone",
            path=".goreleaser.yaml",
            good="builds:\n  - goos: [windows]\n    goarch: [amd64]\n",
            breaks=("windows", "linux"),
        ),
        Example(
            "a counterpart for arm64",
            path=".goreleaser.yaml",
            good="builds:\n  - id: x86\n    goarch: [amd64]\n  - id: arm\n    goarch: [arm64]\n    env: [CC=aarch64-linux-gnu-gcc]\n",
            breaks=("arm64", "amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for root in file.parse(parse_yaml):
            entries = [entry for entry in items(get(root, "builds")) if isinstance(entry, MappingNode) and _for_linux(entry)]
            if any(text.split("_")[-1].startswith("arm64") for entry in entries for text in _architectures(entry)):
                continue
            for entry in entries:
                yield from self._entry(file, entry)

    def _entry(self, file: File, entry: MappingNode) -> Iterator[Finding]:
        for key, amd64, arm64 in (("goarch", "amd64", "arm64"), ("targets", "linux_amd64", "linux_arm64")):
            listed = get(entry, key)
            found = next((item for item in items(listed) if (text_of(item) or "").startswith(amd64)), None)
            if found is not None:
                message = f"No Linux program for arm64 is built: {key} has {amd64} and not {arm64}."
                yield self.finding(file.location(span(found)), message, fix=_fix(file, entry, listed, arm64))


def _for_linux(entry: MappingNode) -> bool:
    systems = strings(get(entry, "goos"))
    return text_of(get(entry, "skip")) != "true" and (not systems or "linux" in systems or any("{{" in each for each in systems))


def _architectures(entry: MappingNode) -> tuple[str, ...]:
    """What an entry builds for Linux; an entry without a list builds arm64 by default."""
    targets = tuple(target for target in strings(get(entry, "targets")) if not target.startswith(("darwin", "windows", "freebsd")))
    return targets or strings(get(entry, "goarch")) or ("arm64",)


def _fix(file: File, entry: MappingNode, listed: Node | None, value: str) -> Fix | None:
    edit = append_item(file, listed, value)
    if edit is None:
        return None
    fix = Fix(f"Add {value}", (edit,), Applicability.UNSAFE)
    if not any(text.replace(" ", "") == "CGO_ENABLED=1" for text in strings(get(entry, "env"))):
        return fix
    return fix.demoted(Applicability.DISPLAY, "With cgo it takes a compiler for arm64 too: name one in CC by an override or a second build")
