"""A switch on the architecture has no branch for arm64, or one that can never match.

## What it finds

`case` and `if` on `uname -m`, `arch`, `dpkg --print-architecture`, `TARGETARCH`, `TARGETPLATFORM` and their like, directly or through a
variable, when

* arm64 ends in the branch for all others, and that one fails or is for amd64;
* the branch for amd64 sets a variable that is used later and that nothing sets for arm64;
* the name of arm64 is one that the source never prints: `aarch64` for TARGETARCH, `arm64` for `uname -m` on Linux;
* `[ "$(uname -m)" = x86_64 ] || exit 1`.

A switch that only adds something on amd64 is left alone, as is one whose other branch handles every architecture.

## Why it stops arm64

The script stops with "unsupported architecture", or goes on with the files for amd64: the switch looks ready, and is not.

## What to do

Add a branch for arm64. `uname -m`, `arch` and `apk --print-arch` print `x86_64` and `aarch64`; dpkg, Go and BuildKit say `amd64` and
`arm64`; Node says `x64` and `arm64`.

## Fix safety

A misspelt name is mended: the right one is put beside it, or in its place in a test. Where the branch for all others only fetches files
of known tools, it is repeated for arm64 with the names of their files. Both are safe: amd64 takes the branch it took before. Any other
missing branch needs to know what arm64 is to do.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.arch_switches import ArchSwitch, arch_switches, problem
from armready.builds.scripts import Host, HostedScript
from armready.core.classify import SHELL_KINDS, Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.core.startup import regex
from armready.downloads.branches import with_branch
from armready.downloads.places import confidence_limit, relevant_scripts, severity_at
from armready.knowledge.arch import names_arm64
from armready.languages.shell.script import Word

_NEEDLES = (b"uname", b"arch", b"targetplatform", b"buildplatform", b"hosttype", b"platform.machine")


_MACOS = regex(r"(?i)darwin|macos")


class ArchSwitchWithoutArm64(FileRule):
    code = "DF163"
    name = "arch-switch-without-arm64"
    summary = "A switch on the architecture has no branch that arm64 takes"
    severity = Severity.ERROR
    kinds = SHELL_KINDS - {Kind.KUBERNETES}
    needles = _NEEDLES
    examples = (
        Example(
            "all others fail",
            path="Dockerfile",
            bad="""
                FROM debian:12
                RUN case «"$(uname -m)"» in x86_64) A=amd64 ;; ppc64le) A=ppc64le ;; *) exit 1 ;; esac; curl -LO "https://x/$A"
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "all others get amd64",
            path="Dockerfile",
            bad="""
                FROM debian:12
                RUN if «[ "$(uname -m)" = "ppc64le" ]»; then \\
                      wget https://example.com/probe-linux-ppc64le; \\
                    else \\
                      wget https://example.com/probe-linux-amd64; \\
                    fi
            """,
        ),
        Example(
            "all others get amd64, and the file for arm64 is known",
            path="Dockerfile",
            bad="""
                FROM alpine:3.20
                RUN if «[ "$(uname -m)" = "ppc64le" ]»; then \\
                      wget -O /yq https://github.com/mikefarah/yq/releases/download/v4.44.1/yq_linux_ppc64le; \\
                    else \\
                      wget -O /yq https://github.com/mikefarah/yq/releases/download/v4.44.1/yq_linux_amd64; \\
                    fi
            """,
            fixed="""
                FROM alpine:3.20
                RUN if [ "$(uname -m)" = "ppc64le" ]; then \\
                      wget -O /yq https://github.com/mikefarah/yq/releases/download/v4.44.1/yq_linux_ppc64le; \\
                    elif [ "$(uname -m)" = "aarch64" ]; then \\
                      wget -O /yq https://github.com/mikefarah/yq/releases/download/v4.44.1/yq_linux_arm64; \\
                    else \\
                      wget -O /yq https://github.com/mikefarah/yq/releases/download/v4.44.1/yq_linux_amd64; \\
                    fi
            """,
        ),
        Example(
            "a variable stays empty",
            path="Dockerfile",
            bad="""
                FROM debian:12
                ARG TARGETARCH
                RUN case «$TARGETARCH» in amd64) NAME=x86_64 ;; arm) NAME=armhf ;; esac; curl -LO "https://example.com/tool-$NAME"
            """,
        ),
        Example(
            "a name that TARGETARCH never has",
            path="Dockerfile",
            bad="""
                FROM debian:12
                ARG TARGETARCH
                RUN if [ "$TARGETARCH" = «"aarch64"» ]; then echo arm; fi
            """,
            fixed="""
                FROM debian:12
                ARG TARGETARCH
                RUN if [ "$TARGETARCH" = "arm64" ]; then echo arm; fi
            """,
        ),
        Example(
            "a pattern that uname never prints on Linux",
            path="Dockerfile",
            bad="""
                FROM debian:12
                RUN arch="$(uname -m)"; case "$arch" in x86_64) a=1 ;; «arm64») a=2 ;; esac; echo "$a"
            """,
            fixed="""
                FROM debian:12
                RUN arch="$(uname -m)"; case "$arch" in x86_64) a=1 ;; arm64|aarch64) a=2 ;; esac; echo "$a"
            """,
        ),
        Example(
            "a typing error",
            path="Dockerfile",
            bad='FROM debian:12\nRUN arch=$(uname -m) && if [ "$arch" = «"aarm64"» ]; then arch=arm64; fi && echo "$arch"\n',
            fixed='FROM debian:12\nRUN arch=$(uname -m) && if [ "$arch" = "aarch64" ]; then arch=arm64; fi && echo "$arch"\n',
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "only amd64 may go on",
            path="install.sh",
            bad='«[ "$(uname -m)" = x86_64 ]» || exit 1\n',
            severity=Severity.WARNING,
        ),
        Example(
            "branches for both, or for all others",
            path="install.sh",
            good="""
                case "$(uname -m)" in
                  x86_64) a=amd64 ;;
                  aarch64 | arm64) a=arm64 ;;
                  *) exit 1 ;;
                esac
                case "$(dpkg --print-architecture)" in
                  amd64) a=x64 ;;
                  *) a="$(dpkg --print-architecture)" ;;
                esac
                if [ "$(uname -m)" = "aarch64" ]; then b; else c; fi
            """,
            breaks=("\n  aarch64", ""),
        ),
        Example(
            "something more on amd64",
            path="Dockerfile",
            good='FROM debian:12\nARG TARGETARCH\nRUN if [ "$TARGETARCH" = amd64 ]; then apt-get install -y intel-microcode; fi\n',
        ),
        Example(
            "the name of macOS becomes that of Linux",
            path="build.sh",
            good='ARCH=$(uname -m)\nif [ "$ARCH" = arm64 ]; then ARCH=aarch64; elif [ "$ARCH" = x86_64 ]; then ARCH=amd64; fi\necho "$ARCH"\n',
            breaks=("aarch64", "x86_64"),
        ),
        Example(
            "files for macOS",
            path="install.sh",
            bad="""
                A=$(uname -m)
                if [ "$A" = «arm64» ]; then G=darwin-arm64; elif [ "$A" = x86_64 ]; then G=darwin-amd64; fi
                curl -LO "https://example.com/tool-$G"
            """,
            severity=Severity.INFO,
        ),
        Example(
            "macOS",
            path="install.sh",
            good='if [ "$(uname -s)" = Darwin ]; then case "$(uname -m)" in x86_64) a=1 ;; arm64) a=2 ;; esac; fi\necho "$a"\n',
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for hosted in relevant_scripts(file, self.needles):
            for found in arch_switches(hosted.script):
                yield from self._misspelt(file, hosted, found)
                what = problem(hosted.script, found)
                if what:
                    yield self.finding(
                        file.location(hosted.span(found.span)),
                        f"{what}.",
                        severity=severity_at(file, hosted),
                        confidence=confidence_limit(file),
                        fix=with_branch(file, hosted, found),
                    )

    def _misspelt(self, file: File, hosted: HostedScript, found: ArchSwitch) -> Iterator[Finding]:
        spelling = found.question.spelling
        if spelling is None:
            return
        for word in found.misspelt:
            on_linux = " on Linux" if word.value in spelling.also else ""
            yield self.finding(
                file.location(hosted.span(word.span)),
                f"{spelling.source} never says {word.value}{on_linux}, it says {found.question.arm64}: arm64 never takes this branch.",
                severity=severity_at(file, hosted).at_most(Severity.INFO if _is_for_macos(hosted, found, word) else Severity.ERROR),
                confidence=confidence_limit(file) if not on_linux or hosted.host is Host.IMAGE else Confidence.MEDIUM,
                fix=_fix(file, hosted, found, word),
            )


def _is_for_macos(hosted: HostedScript, found: ArchSwitch, word: Word) -> bool:
    """Whether a name that only macOS prints may be meant so: on a machine of people, where no branch is for amd64 or they fetch for macOS."""
    spelling = found.question.spelling
    if hosted.host is not Host.MACHINE or spelling is None or word.value not in spelling.also:
        return False
    return found.amd64 is None or (found.conditional is not None and bool(_MACOS.search(hosted.script.text, *found.conditional.span)))


def _fix(file: File, hosted: HostedScript, found: ArchSwitch, word: Word) -> Fix | None:
    """The right name beside the wrong one, or in its place in a test."""
    script, right = hosted.script, found.question.arm64
    spelling = found.question.spelling
    if hosted.script.errors or spelling is None:
        return None
    if found.conditional is not None and found.conditional.is_case:
        edit = script.edit(file, Span(word.span.start, word.span.end), f"{word.text}|{right}")
    elif hosted.host is Host.IMAGE or word.value not in spelling.also:
        quote = word.text[0] if word.text[:1] in ("'", '"') else ""
        edit = script.edit(file, word.span, f"{quote}{right}{quote}")
    else:
        edit = None
    if edit is None:
        return None
    fix = Fix(f"Use the name that {spelling.source} gives", (edit,))
    if not names_arm64(word.value or ""):
        return fix.demoted(Applicability.UNSAFE, "What this branch does was never tried on arm64.")
    return fix
