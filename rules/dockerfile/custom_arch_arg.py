"""An ARG or ENV holds amd64 as the architecture of everything that uses it.

## What it finds

An ARG with a default, or an ENV, whose whole value is a name of amd64 (`ARCH=amd64`, `S6_ARCH=x86_64`,
`PLEX_BUILD=linux-x86_64`, `RUST_TARGET=x86_64-unknown-linux-musl`) and which the Dockerfile uses. Left alone are
BuildKit's own arguments (DF120), GOARCH (DF130), arguments that only choose an image or a platform (DF102, DF110 to
DF112), what a script of the file sets again, and stages and files for one architecture.

## Why it stops arm64

An arm64 build downloads, compiles or copies for amd64, unless someone remembers to pass the argument. An ENV cannot
even be passed, and reaches the running container.

## What to do

Derive it from TARGETARCH: `ARG ARCH=${TARGETARCH}`. Where the names differ (`x86_64`, `aarch64`), set it in the RUN
that uses it.

## Fix safety

Where the value is `amd64`, which is what TARGETARCH is for amd64, the default becomes `${TARGETARCH}`; builds that
pass the argument go on as before. Safe, unless a URL or an image is made of it: then the file for arm64 has to exist,
and the fix is unsafe.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.facts import ArchArgumentFact, BuildArgumentFact
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.dockerfiles.stages import has_sibling, path_arch


class CustomArchArg(ProjectRule):
    code = "DF124"
    name = "custom-arch-arg"
    summary = "An ARG or ENV holds amd64 for everything that uses it"
    severity = Severity.WARNING
    reads = (ArchArgumentFact,)
    kinds = frozenset({Kind.DOCKERFILE})
    examples = (
        Example(
            "in a stage",
            path="Dockerfile",
            bad="FROM golang:1.22\nARG «ARCH=amd64»\nRUN make ARCH=$ARCH\n",
            fixed="FROM golang:1.22\nARG TARGETARCH\nARG ARCH=${TARGETARCH}\nRUN make ARCH=$ARCH\n",
            severity=Severity.WARNING,
        ),
        Example(
            "in front of the first FROM",
            path="Dockerfile",
            bad='ARG «ARCH="amd64"»\nFROM debian:12\nARG ARCH\nRUN make $ARCH\n',
            fixed='ARG ARCH="${TARGETARCH}"\nFROM debian:12\nARG ARCH\nRUN make $ARCH\n',
        ),
        Example(
            "in a URL",
            path="Dockerfile",
            bad="FROM debian:12\nENV «TOOL_ARCH=amd64»\nRUN curl -O https://example.com/tool-${TOOL_ARCH}\n",
            fixed="FROM debian:12\nARG TARGETARCH\nENV TOOL_ARCH=${TARGETARCH}\nRUN curl -O https://example.com/tool-${TOOL_ARCH}\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.ERROR,
        ),
        Example(
            "another name of amd64", path="Dockerfile", bad="FROM debian:12\nARG «miniforge_arch=x86_64»\nRUN echo ${miniforge_arch}\n"
        ),
        Example(
            "unused",
            path="Dockerfile",
            good="FROM debian:12\nARG ARCH=amd64\n",
            breaks=("ARG ARCH=amd64\n", "ARG ARCH=amd64\nRUN make $ARCH\n"),
        ),
        Example(
            "derived",
            path="Dockerfile",
            good="FROM debian:12\nARG TARGETARCH\nARG ARCH=${TARGETARCH:-amd64}\nRUN echo $ARCH\n",
            breaks=("${TARGETARCH:-amd64}", "amd64"),
        ),
        Example(
            "unless a build passes it",
            path="Dockerfile",
            bad="FROM debian:12\nARG ARCH\nENV «TOOL_ARCH=${ARCH:-amd64}»\nRUN make $TOOL_ARCH\n",
            severity=Severity.WARNING,
        ),
        Example(
            "an argument of the target with a default",
            path="Dockerfile",
            good="FROM debian:12\nARG TARGETARCH\nARG ARCH=${TARGETARCH}\nENV TOOL_ARCH=${ARCH:-amd64}\nRUN make $TOOL_ARCH\n",
            breaks=("=${TARGETARCH}", ""),
        ),
        Example(
            "set again by the script",
            path="Dockerfile",
            good="FROM debian:12\nARG ARCH=amd64\nRUN ARCH=$(uname -m); echo $ARCH\n",
            breaks=("ARCH=$(uname -m); ", ""),
        ),
        Example(
            "it chooses an image",
            path="Dockerfile",
            bad="ARG «ARCH=amd64»\nFROM registry.example.com/base-${ARCH}:1\n",
            fixed="ARG ARCH=${TARGETARCH}\nFROM registry.example.com/base-${ARCH}:1\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "builds pass it",
            path="Dockerfile",
            bad="FROM golang:1.22\nARG «ARCH=amd64»\nRUN make ARCH=$ARCH\n",
            files={"build.sh": "for arch in amd64 arm64; do docker build --build-arg ARCH=$arch -t app:$arch .; done\n"},
            severity=Severity.INFO,
        ),
        Example("it chooses a namespace", path="Dockerfile", good="ARG ARCH=amd64\nFROM ${ARCH}/alpine:3.20\n"),
        Example(
            "a file for each",
            path="Dockerfile",
            good="FROM debian:12\nENV ARCH=amd64\nRUN make $ARCH\n",
            files={"Dockerfile.aarch64": "FROM debian:12\nENV ARCH=arm64\nRUN make $ARCH\n"},
            breaks=("Dockerfile.aarch64", ""),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        passed = frozenset[str]().union(*(fact.names for _, fact in project.facts(BuildArgumentFact)))
        for path, fact in project.facts(ArchArgumentFact):
            if path_arch(path) or has_sibling(project, path):
                continue
            by_builds = fact.name in passed and not fact.is_env
            how = "cannot be changed by a build" if fact.is_env else "holds unless a build passes another"
            how += ", as this repository does" if by_builds else ""
            yield self.finding(
                fact.location,
                f"Everything that uses {fact.name} is for amd64, in arm64 builds too: the value {how}.",
                severity=Severity.INFO if by_builds else Severity.ERROR if fact.is_env else Severity.WARNING,
                confidence=Confidence.HIGH if fact.sure else Confidence.MEDIUM,
                fix=None if by_builds else fact.fix,
            )
