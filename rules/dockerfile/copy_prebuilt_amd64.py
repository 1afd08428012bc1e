"""A file that was made for amd64 is copied into the image.

## What it finds

COPY and ADD of a path that names amd64: from the build context (`bin/app-linux-amd64`), or from another stage that
made it (`COPY --from=build /dist/app-linux-amd64`). And files of the build context, whatever they are called, whose
ELF header says x86-64. Left alone are paths of which the Dockerfile copies the arm64 counterpart too, library folders
(DF160), and stages and files for one architecture.

## Why it stops arm64

The path names the same file in every build: the arm64 image gets the amd64 program, or the build fails because no
such file was made.

## What to do

Let the build make one file for each architecture, and copy `bin/app-linux-${TARGETARCH}`. A stage that builds does
best to write to a path without an architecture.

## Fix safety

Safe where the arm64 file stands beside the other one in the repository. Otherwise unsafe: what makes the amd64 file
has to make the other one too.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.errors import ParseProblem
from armready.core.facts import CopiedFileFact
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.dockerfiles.stages import has_sibling, path_arch
from armready.knowledge.arch import Arch
from armready.knowledge.elf import HEADER, arch_of

# Folders of the system that are named after the architecture.
_SYSTEM = re.compile(r"x86_64-linux-gnu|ld-linux|ld-musl|/jvm/|/linux_amd64/|linuxkit|/usr/(?:lib|share|include)/")
_PAPER = re.compile(r"\.(?:md|txt|rst|html?|ya?ml|json|toml|list|repo|lock|sources|patch|diff|conf|cfg|key|gpg|asc)$", re.IGNORECASE)


class CopyPrebuiltAmd64(ProjectRule):
    code = "DF161"
    name = "copy-prebuilt-amd64"
    summary = "A file that was made for amd64 is copied into the image"
    severity = Severity.ERROR
    reads = (CopiedFileFact,)
    kinds = frozenset({Kind.DOCKERFILE})
    examples = (
        Example(
            "the arm64 file stands beside it",
            path="Dockerfile",
            bad="FROM debian:12\nCOPY «bin/app-linux-amd64» /app\n",
            fixed="FROM debian:12\nARG TARGETARCH\nCOPY bin/app-linux-${TARGETARCH} /app\n",
            files={"bin/app-linux-amd64": "x", "bin/app-linux-arm64": "x"},
            severity=Severity.ERROR,
        ),
        Example(
            "made by the build",
            path="Dockerfile",
            bad="FROM golang AS b\nRUN make dist\nFROM debian:12\nCOPY --from=b «/src/dist/app-linux-amd64» /app\n",
            fixed="FROM golang AS b\nRUN make dist\nFROM debian:12\nARG TARGETARCH\nCOPY --from=b /src/dist/app-linux-${TARGETARCH} /app\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "two of them",
            path="Dockerfile",
            bad="FROM debian:12\nCOPY «a-linux-amd64» /a\nRUN true\nCOPY «b-linux-amd64» /b\n",
            fixed="FROM debian:12\nARG TARGETARCH\nCOPY a-linux-${TARGETARCH} /a\nRUN true\nCOPY b-linux-${TARGETARCH} /b\n",
            applicability=Applicability.UNSAFE,
        ),
        Example("another name of amd64", path="Dockerfile", bad="FROM debian:12\nCOPY «s6-overlay-x86_64.tar.gz» /tmp/\n"),
        Example("both", path="Dockerfile", good="FROM debian:12\nCOPY bin/app-amd64 bin/app-arm64 /bin/\n", breaks=("arm64", "amd64")),
        Example(
            "chosen by the build",
            path="Dockerfile",
            good="FROM debian:12\nARG TARGETARCH\nCOPY bin/app-${TARGETARCH} /app\n",
            breaks=("${TARGETARCH}", "amd64"),
        ),
        Example(
            "chosen by the build, and the amd64 file is a program",
            path="Dockerfile",
            good="FROM debian:12\nARG TARGETARCH\nCOPY bin/app-${TARGETARCH} /app\n",
            files={"bin/app-amd64": "\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0"},
            breaks=("${TARGETARCH}", "amd64"),
        ),
        Example(
            "a library folder", path="Dockerfile", good="FROM debian:12\nCOPY --from=a /usr/lib/x86_64-linux-gnu/libz.so.1 /usr/lib/\n"
        ),
        Example(
            "text about amd64",
            path="Dockerfile",
            good="FROM debian:12\nCOPY docs/amd64.md /docs/\n",
            breaks=("docs/amd64.md", "bin/app-linux-amd64"),
        ),
        Example(
            "a file for amd64",
            path="Dockerfile.amd64",
            good="FROM debian:12\nCOPY bin/app-amd64 /app\n",
            breaks=("Dockerfile.amd64", "Dockerfile"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        facts: dict[str, list[CopiedFileFact]] = {}
        for path, fact in project.facts(CopiedFileFact):
            if not path_arch(path):
                facts.setdefault(path, []).append(fact)
        for path, found in facts.items():
            copied = {fact.path for fact in found}
            findings = [each for fact in found for each in self._findings(project, path, fact, copied)]
            if findings and not has_sibling(project, path):
                yield from findings

    def _findings(self, project: Project, path: str, fact: CopiedFileFact, copied: set[str]) -> Iterator[Finding]:
        if not fact.from_stage and _is_x86_64(project, path, fact.path) and fact.arm64_path not in copied:
            message = f"{fact.path} is an x86-64 program by its header; an arm64 image with it cannot run it."
            yield self._found(project, path, fact, message, Confidence.HIGH)
        elif fact.arm64_path and fact.arm64_path not in copied and not _SYSTEM.search(fact.path) and not _PAPER.search(fact.path):
            sure = Confidence.HIGH if fact.sure and fact.ships else Confidence.MEDIUM
            name = posixpath.basename(fact.path.rstrip("/"))
            yield self._found(project, path, fact, f"{name} is for amd64; the arm64 image gets the same file.", sure)

    def _found(self, project: Project, path: str, fact: CopiedFileFact, message: str, confidence: Confidence) -> Finding:
        fix = fact.fix
        if fix is not None and (fact.from_stage or _in_context(project, path, fact.arm64_path) is None):
            fix = fix.demoted(Applicability.UNSAFE, f"The build has to make {posixpath.basename(fact.arm64_path)} too.")
        return self.finding(fact.location, message, confidence=confidence, fix=fix)


def _in_context(project: Project, dockerfile: str, path: str) -> str | None:
    """Where a path of the build context lies in the repository; the context is the Dockerfile's folder or one above it."""
    folder = posixpath.dirname(dockerfile)
    while True:
        candidate = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
        if not candidate.startswith("..") and project.exists(candidate):
            return candidate
        if not folder:
            return None
        folder = posixpath.dirname(folder)


def _is_x86_64(project: Project, dockerfile: str, path: str) -> bool:
    """Whether a file of the build context is a Linux program for x86-64, by its ELF header."""
    if "$" in path:
        return False
    place = _in_context(project, dockerfile, path)
    if place is None:
        return False
    try:
        return arch_of(project.tree.read(place, HEADER)) is Arch.AMD64
    except ParseProblem:
        return False
