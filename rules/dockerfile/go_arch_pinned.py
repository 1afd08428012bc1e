"""Go is told to compile for amd64.

## What it finds

`GOARCH=amd64` (or a default of amd64, `${GOARCH:-amd64}`, that nothing replaces) in ENV, ARG, in front of a command, in `export`, `env`, `go env -w`, or as a variable for make; and a
target of make that names amd64, or whose recipe in the repository's Makefile compiles for amd64, as a warning. An argument that a build of
the repository passes is advice. Left alone are builds for other systems (`GOOS=darwin`), instructions
that build for arm64 too, branches of an `if` or `case` (DF163 judges those), and stages and files for one
architecture.

## Why it stops arm64

The program is amd64 whatever the image is built for; an arm64 image built from it holds an amd64 program.

## What to do

Compile for the target: declare `ARG TARGETARCH` and use `GOARCH=$TARGETARCH`, or say nothing where the stage runs on
the target platform.

## Fix safety

Safe: for amd64 TARGETARCH is `amd64`. In a stage on the build machine's platform it is unsafe unless CGO_ENABLED=0
stands there, because a cross build switches cgo off.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.facts import BuildArgumentFact, GoArchFact
from armready.core.finding import Confidence, Finding, Related, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.dockerfiles.go_targets import MakeCallFact, MakeRuleFact, makefile_paths, reached

_MAKEFILE = "FROM golang:1.22 AS b\nCOPY . .\nRUN {}\nFROM alpine:3.20\nCOPY --from=b /app /app\n"


class GoArchPinned(ProjectRule):
    code = "DF130"
    name = "go-arch-pinned"
    summary = "Go is told to compile for amd64"
    severity = Severity.ERROR
    kinds = frozenset({Kind.DOCKERFILE})
    reads = (GoArchFact, MakeCallFact)
    examples = (
        Example(
            "ENV",
            path="Dockerfile",
            bad="FROM golang:1.22 AS build\nENV CGO_ENABLED=0 GOOS=linux «GOARCH=amd64»\nRUN go build\n",
            fixed="FROM golang:1.22 AS build\nARG TARGETARCH\nENV CGO_ENABLED=0 GOOS=linux GOARCH=$TARGETARCH\nRUN go build\n",
            severity=Severity.ERROR,
        ),
        Example(
            "the old form of ENV",
            path="Dockerfile",
            bad="FROM golang:1.22\nENV «GOARCH amd64»\nRUN go build\n",
            fixed="FROM golang:1.22\nARG TARGETARCH\nENV GOARCH $TARGETARCH\nRUN go build\n",
        ),
        Example(
            "in front of the command",
            path="Dockerfile",
            bad="""
            FROM golang:1.22
            # build
            RUN go mod download && \\
                GOOS=linux «GOARCH=amd64» go build -o /app
            """,
            fixed="""
            FROM golang:1.22
            ARG TARGETARCH
            # build
            RUN go mod download && \\
                GOOS=linux GOARCH=$TARGETARCH go build -o /app
            """,
        ),
        Example(
            "export, env and make",
            path="Dockerfile",
            bad="""
            FROM golang:1.22
            ARG TARGETARCH
            RUN export «GOARCH=amd64»; go build
            RUN env «GOARCH=amd64» go test
            RUN make «GOARCH=amd64»
            """,
            fixed="""
            FROM golang:1.22
            ARG TARGETARCH
            RUN export GOARCH=$TARGETARCH; go build
            RUN env GOARCH=$TARGETARCH go test
            RUN make GOARCH=$TARGETARCH
            """,
        ),
        Example(
            "in a later build",
            path="Dockerfile",
            bad="FROM golang:1.22\nONBUILD RUN «GOARCH=amd64» go build\n",
            fixed="FROM golang:1.22\nONBUILD ARG TARGETARCH\nONBUILD RUN GOARCH=$TARGETARCH go build\n",
        ),
        Example(
            "targets of make",
            path="Dockerfile",
            bad="FROM golang:1.22\nRUN make «dist/app-linux-amd64» «build-x86_64» test\n",
            severity=Severity.WARNING,
        ),
        Example(
            "on the build machine with cgo",
            path="Dockerfile",
            bad="FROM --platform=$BUILDPLATFORM a AS b\nARG TARGETARCH\nRUN «GOARCH=amd64» go build\nFROM a\nCOPY --from=b /a /a\n",
            fixed="FROM --platform=$BUILDPLATFORM a AS b\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build\nFROM a\nCOPY --from=b /a /a\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a default that nothing sets",
            path="Dockerfile",
            bad="FROM golang:1.22\nARG GOARCH\nENV «GOARCH=${GOARCH:-amd64}»\nRUN go build\n",
            severity=Severity.WARNING,
        ),
        Example(
            "a default in front of the command",
            path="Dockerfile",
            bad="FROM golang:1.22\nARG ARCH\nRUN GOOS=linux «GOARCH=${ARCH:-amd64}» go build\n",
            severity=Severity.WARNING,
        ),
        Example(
            "builds pass it",
            path="Dockerfile",
            bad="FROM golang:1.22\nARG «GOARCH=amd64»\nRUN GOARCH=$GOARCH go build\n",
            files={"build.sh": "for a in amd64 arm64; do docker build --build-arg GOARCH=$a -t app:$a .; done\n"},
            severity=Severity.INFO,
        ),
        Example(
            "builds pass another",
            path="Dockerfile",
            bad="FROM golang:1.22\nARG «GOARCH=amd64»\nRUN GOARCH=$GOARCH go build\n",
            files={"build.sh": "docker build --build-arg GOARCH=amd64 --build-arg V=$v -t app .\n"},
            severity=Severity.WARNING,
        ),
        Example(
            "the default of what BuildKit sets",
            path="Dockerfile",
            good="FROM golang:1.22\nARG TARGETARCH\nENV GOARCH=${TARGETARCH:-amd64}\nRUN GOARCH=${TARGETARCH:-amd64} go build\n",
            breaks=("ARG TARGETARCH\n", ""),
        ),
        Example(
            "in the Makefile",
            path="Dockerfile",
            bad=_MAKEFILE.format("«make build»"),
            files={"Makefile": "build: bin/app\n\nbin/%:\n\tGOOS=linux GOARCH=amd64 go build -o $@ ./cmd/app\n"},
            severity=Severity.WARNING,
        ),
        Example(
            "the default target, by a variable",
            path="Dockerfile",
            bad=_MAKEFILE.format("«make -C tools»"),
            files={"tools/Makefile": "ARCH = amd64\nall:\n\tGOARCH=$(ARCH) go build\n"},
        ),
        Example(
            "make is told",
            path="Dockerfile",
            good=_MAKEFILE.format("make build ARCH=$(go env GOARCH)"),
            files={"Makefile": "ARCH = amd64\nbuild:\n\tGOARCH=$(ARCH) go build\n"},
            breaks=(" ARCH=$(go env GOARCH)", ""),
        ),
        Example(
            "another target of the Makefile",
            path="Dockerfile",
            good=_MAKEFILE.format("make native"),
            files={"Makefile": "native:\n\tgo build\nrelease:\n\tGOARCH=amd64 go build\n"},
            breaks=("make native", "make release"),
        ),
        Example(
            "both in the Makefile",
            path="Dockerfile",
            good=_MAKEFILE.format("make all"),
            files={"Makefile": "all:\n\tGOARCH=amd64 go build -o a\n\tGOARCH=arm64 go build -o b\n"},
            breaks=("GOARCH=arm64", "GOARCH=amd64"),
        ),
        Example(
            "for the target",
            path="Dockerfile",
            good="FROM golang:1.22\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build && echo GOARCH\n",
            breaks=("$TARGETARCH", "amd64"),
        ),
        Example(
            "another system",
            path="Dockerfile",
            good="FROM golang:1.22\nRUN GOOS=darwin GOARCH=amd64 go build\n",
            breaks=("darwin", "linux"),
        ),
        Example(
            "both",
            path="Dockerfile",
            good="FROM golang:1.22\nRUN GOARCH=amd64 go build -o a && GOARCH=arm64 go build -o b\n",
            breaks=("arm64", "amd64"),
        ),
        Example(
            "a branch",
            path="Dockerfile",
            good='FROM golang:1.22\nRUN if [ "$(uname -m)" = x86_64 ]; then export GOARCH=amd64; fi; go build\n',
        ),
        Example(
            "a stage for each",
            path="Dockerfile",
            good="FROM a AS b-amd64\nENV GOARCH=amd64\nFROM a AS b-arm64\nENV GOARCH=arm64\nFROM b-$TARGETARCH\n",
            breaks=("-arm64", "-amd64"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        passed = frozenset[str]().union(*(fact.names for _, fact in project.facts(BuildArgumentFact)))
        for _, fact in project.facts(GoArchFact):
            yield self._pinned(fact, fact.argument in passed)
        for path, call in project.facts(MakeCallFact):
            makefile = next((each for each in makefile_paths(path, call.folder) if project.exists(each)), None)
            rules = project.facts_in(makefile, MakeRuleFact) if makefile is not None else []
            for rule in reached(rules, call.targets):
                if rule.pinned is not None and not (rule.variables | {"GOARCH"}) & call.variables:
                    yield self.finding(
                        call.location,
                        "The program is made by make for amd64 whatever the image is built for.",
                        severity=Severity.WARNING,
                        confidence=Confidence.MEDIUM,
                        related=(Related(rule.pinned, "the recipe compiles for amd64"),),
                    )
                    break

    def _pinned(self, fact: GoArchFact, by_builds: bool) -> Finding:
        if fact.made:
            message = f"{fact.made} is made for amd64 whatever the image is built for."
            return self.finding(fact.location, message, confidence=fact.confidence)
        message = "The program is amd64 whatever the image is built for: an arm64 image of it contains an amd64 program."
        if by_builds:
            message = f"The program is amd64 unless a build passes {fact.argument}, as this repository does."
        return self.finding(
            fact.location,
            message,
            severity=Severity.INFO if by_builds else Severity.WARNING if fact.argument else Severity.ERROR,
            confidence=fact.confidence,
            fix=None if by_builds else fact.fix,
        )
