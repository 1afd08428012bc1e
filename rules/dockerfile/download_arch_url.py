"""A file is downloaded that was built for amd64, although the same tool can be had for arm64.

## What it finds

The URL of a Linux file for amd64 (`amd64`, `x86_64`, `x64`, `linux64`, `64bit` …) that `curl`, `wget` or another command fetches, that
ADD names, or that a variable holds; variables are put in, so that `curl "$URL"` is judged by the value of `URL`. Files that are for
amd64 without saying so, such as `ninja-linux.zip`, are known by name. A URL that follows the architecture by names that the tool's
files do not have is found too. It reads shell wherever it stands: RUN, scripts, Makefiles, CI jobs.

It leaves alone what stands in a branch of a switch on the architecture, what is fetched for arm64 as well, files of other systems, and
text that is only printed. Packages are DF150, a literal checksum beside the download DF141, a tool that has no file for arm64 DF142.

## Why it stops arm64

The program does not start on arm64: "exec format error", or "no such file or directory" for its missing loader. In a build the image is
built and fails when it runs.

## What to do

Let the architecture follow the build: `TARGETARCH` in a Dockerfile, `uname -m` or `dpkg --print-architecture` in scripts. Projects
spell it in their own way (`aarch64`, `arm64`, `aarch_64`, `ARM64`); where neither source prints that name, a `case` block maps it.

## Fix safety

Safe in a Dockerfile for a known tool and version, in a stage of the target platform, when every mention of the file can be changed
together. Unsafe where the existence of the file for arm64 is not known offline, in stages of the build machine, and in scripts.
Shown only where the tool is not known and its `x86_64` may be followed by `arm64` or by `aarch64`, or only amd64 machines of CI run it.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability
from armready.core.rule import Example, FileRule
from armready.downloads import downloads, misnamed
from armready.downloads.places import confidence_limit, severity_at
from armready.downloads.reporting import KINDS, NEEDLES, arm64_files, confidence_of, fetched, release_of, severity_of, what, where
from armready.downloads.rewrite import parametrised
from armready.knowledge.tools import as_of, hidden_needles

_FACTS = '{"version": 1, "assets": [{"url": "https://example.com/tool/v1/tool-linux-arm64", "exists": true, "as_of": "2026-11-24"}]}'


class DownloadArchUrl(FileRule):
    code = "DF140"
    name = "download-arch-url"
    summary = "A download is for amd64 only"
    severity = Severity.ERROR
    kinds = KINDS
    needles = (*NEEDLES, *hidden_needles(), b"/snyk", b"targetarch", b"buildarch", b"uname -m", b"print-architecture", b"goarch")
    examples = (
        Example(
            "TARGETARCH where the names are the same",
            path="Dockerfile",
            bad="""
                FROM alpine:3.20
                RUN wget -qO- https://get.helm.sh/helm-v3.14.0-linux-«amd64».tar.gz | tar xz && mv linux-amd64/helm /bin/
            """,
            fixed="""
                FROM alpine:3.20
                ARG TARGETARCH
                RUN wget -qO- "https://get.helm.sh/helm-v3.14.0-linux-${TARGETARCH}.tar.gz" | tar xz && mv "linux-${TARGETARCH}/helm" /bin/
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "uname where its names are the file's",
            path="Dockerfile",
            bad="""
                FROM debian:12
                RUN curl -fsSL "https://download.docker.com/linux/static/stable/«x86_64»/docker-25.0.3.tgz" | tar xz -C /usr/local
            """,
            fixed="""
                FROM debian:12
                RUN curl -fsSL "https://download.docker.com/linux/static/stable/$(uname -m)/docker-25.0.3.tgz" | tar xz -C /usr/local
            """,
        ),
        Example(
            "a case block for other names",
            path="Dockerfile",
            bad="""
                FROM debian:12
                RUN set -eux; \\
                    wget https://github.com/protocolbuffers/protobuf/releases/download/v25.1/protoc-25.1-linux-«x86_64».zip; \\
                    unzip protoc-25.1-linux-x86_64.zip
            """,
            fixed="""
                FROM debian:12
                ARG TARGETARCH
                RUN set -eux; \\
                    case "${TARGETARCH}" in \\
                      amd64) PROTOC_ARCH=x86_64 ;; \\
                      arm64) PROTOC_ARCH=aarch_64 ;; \\
                      *) echo "unsupported architecture: ${TARGETARCH}" >&2; exit 1 ;; \\
                    esac; \\
                    wget "https://github.com/protocolbuffers/protobuf/releases/download/v25.1/protoc-25.1-linux-${PROTOC_ARCH}.zip"; \\
                    unzip "protoc-25.1-linux-${PROTOC_ARCH}.zip"
            """,
        ),
        Example(
            "ADD",
            path="Dockerfile",
            bad="FROM alpine:3.20\nADD https://github.com/krallin/tini/releases/download/v0.19.0/tini-static-«amd64» /tini\n",
            fixed=(
                "FROM alpine:3.20\nARG TARGETARCH\n"
                "ADD https://github.com/krallin/tini/releases/download/v0.19.0/tini-static-${TARGETARCH} /tini\n"
            ),
        ),
        Example(
            "a file for amd64 whose name does not say so",
            path="Dockerfile",
            bad="FROM debian:12\nARG V=v0.19.0\nADD https://github.com/krallin/tini/releases/download/${V}/«tini» /tini\n",
        ),
        Example(
            "looked at, not used",
            path="release.sh",
            good="verify_artifact https://example.com/app/latest/app-x86_64-linux.tar.gz dist/app-x86_64-linux.tar.gz\n",
            breaks=("verify_artifact", "curl -O"),
        ),
        Example(
            "a variable of a Makefile that is handed on",
            path="Makefile",
            bad="""
                V = 0.50.0
                URL = https://github.com/aquasecurity/trivy/releases/download/v$(V)/trivy_$(V)_Linux-«64bit».tar.gz
                image:
                \tdocker build --build-arg TRIVY_URL=$(URL) .
            """,
            severity=Severity.WARNING,
        ),
        Example(
            "a variable of a Makefile for one architecture",
            path="Makefile",
            good="""
                ifeq ($(shell uname -m),x86_64)
                URL = https://github.com/aquasecurity/trivy/releases/download/v0.50.0/trivy_0.50.0_Linux-64bit.tar.gz
                endif
                image:
                \tdocker build --build-arg TRIVY_URL=$(URL) .
            """,
            breaks=("ifeq ($(shell uname -m),x86_64)\n", ""),
        ),
        Example(
            "the rest of the name is a variable",
            path="Dockerfile",
            good="FROM debian:12\nARG SUFFIX\nADD https://github.com/krallin/tini/releases/download/v0.19.0/tini${SUFFIX} /tini\n",
            breaks=("tini${SUFFIX}", "tini"),
        ),
        Example(
            "a variable",
            path="Dockerfile",
            bad="""
                FROM alpine:3.20
                ENV KUBECTL_URL=https://dl.k8s.io/release/v1.29.0/bin/linux/«amd64»/kubectl
                RUN wget -O /usr/local/bin/kubectl "$KUBECTL_URL"
            """,
            fixed="""
                FROM alpine:3.20
                ARG TARGETARCH
                ENV KUBECTL_URL=https://dl.k8s.io/release/v1.29.0/bin/linux/${TARGETARCH}/kubectl
                RUN wget -O /usr/local/bin/kubectl "$KUBECTL_URL"
            """,
        ),
        Example(
            "a tool that is not known",
            path="Dockerfile",
            bad="FROM alpine:3.20\nRUN wget https://example.com/tool/v1/tool-linux-«amd64»\n",
            fixed='FROM alpine:3.20\nARG TARGETARCH\nRUN wget "https://example.com/tool/v1/tool-linux-${TARGETARCH}"\n',
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a tool that is not known, by a name that projects pair in two ways",
            path="Dockerfile",
            bad="FROM alpine:3.20\nRUN wget https://example.com/tool/v1/tool_Linux_«x86_64».tar.gz\n",
            fixed='FROM alpine:3.20\nRUN wget "https://example.com/tool/v1/tool_Linux_$(uname -m).tar.gz"\n',
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "a tool that is not known, by its triple",
            path="Dockerfile",
            bad="FROM debian:12\nRUN wget https://example.com/tool/v1/tool-«x86_64»-unknown-linux-musl.tar.gz\n",
            fixed='FROM debian:12\nRUN wget "https://example.com/tool/v1/tool-$(uname -m)-unknown-linux-musl.tar.gz"\n',
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a file for arm64 that was looked up",
            path="Dockerfile",
            bad="FROM alpine:3.20\nRUN wget https://example.com/tool/v1/tool-linux-«amd64»\n",
            fixed='FROM alpine:3.20\nARG TARGETARCH\nRUN wget "https://example.com/tool/v1/tool-linux-${TARGETARCH}"\n',
            files={"facts.json": _FACTS},
            settings={"facts": ["facts.json"]},
        ),
        Example(
            "a script that people run",
            path="hack/tools.sh",
            bad="""
                #!/bin/sh
                set -e
                install() {
                  curl -Lo kind https://kind.sigs.k8s.io/dl/v0.22.0/kind-linux-«amd64»
                }
            """,
            fixed="""
                #!/bin/sh
                set -e
                install() {
                  case "$(uname -m)" in
                    x86_64) KIND_ARCH=amd64 ;;
                    aarch64 | arm64) KIND_ARCH=arm64 ;;
                    *) echo "unsupported architecture: $(uname -m)" >&2; exit 1 ;;
                  esac
                  curl -Lo kind "https://kind.sigs.k8s.io/dl/v0.22.0/kind-linux-${KIND_ARCH}"
                }
            """,
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "a recipe",
            path="Makefile",
            bad="a:\n\twget https://github.com/koalaman/shellcheck/releases/download/v0.9.0/shellcheck-v0.9.0.linux.«x86_64».tar.xz\n",
            fixed=(
                'a:\n\twget "https://github.com/koalaman/shellcheck/releases/download/v0.9.0/shellcheck-v0.9.0.linux.$$(uname -m).tar.xz"\n'
            ),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "an Earthfile",
            path="Earthfile",
            bad=(
                "VERSION 0.8\nFROM debian:12\ntools:\n"
                "  RUN wget https://download.docker.com/linux/static/stable/«x86_64»/docker-25.0.3.tgz\n"
            ),
            fixed=(
                "VERSION 0.8\nFROM debian:12\ntools:\n"
                '  RUN wget "https://download.docker.com/linux/static/stable/$(uname -m)/docker-25.0.3.tgz"\n'
            ),
        ),
        Example(
            "a file that does not say so",
            path="Dockerfile",
            bad="FROM debian:12\nRUN curl -LO https://github.com/ninja-build/ninja/releases/download/v1.12.1/«ninja-linux».zip\n",
        ),
        Example(
            "the wrong name for arm64",
            path="Dockerfile",
            bad="""
                FROM debian:12
                ARG TARGETARCH
                RUN curl -LO «https://github.com/just-containers/s6-overlay/releases/download/v2.2.0.3/s6-overlay-${TARGETARCH}.tar.gz»
            """,
            severity=Severity.WARNING,
        ),
        Example(
            "a switch on the architecture",
            path="Dockerfile",
            good="""
                FROM debian:12
                RUN case "$(uname -m)" in \\
                      x86_64) curl -LO https://example.com/a-linux-amd64 ;; \\
                      aarch64) curl -LO https://example.com/a-linux-arm64 ;; \\
                    esac
            """,
            breaks=(
                'case "$(uname -m)" in \\\n      x86_64) curl -LO https://example.com/a-linux-amd64 ;; \\\n      aarch64) curl -LO https://example.com/a-linux-arm64 ;; \\\n    esac',
                "curl -LO https://example.com/a-linux-amd64",
            ),
        ),
        Example(
            "a variable that only a switch on the architecture uses",
            path="Dockerfile",
            good="""
                FROM debian:12
                ARG TARGETPLATFORM
                ARG driver_url=https://example.com/driver-Debian-64bit.zip
                RUN <<EOF
                  if [ "$TARGETPLATFORM" = "linux/amd64" ]; then
                    curl "$driver_url" --location --output /tmp/driver.zip
                  fi
                EOF
            """,
            breaks=(
                'if [ "$TARGETPLATFORM" = "linux/amd64" ]; then\n    curl "$driver_url" --location --output /tmp/driver.zip\n  fi',
                'curl "$driver_url" --location --output /tmp/driver.zip',
            ),
        ),
        Example(
            "a signature that only the folder tells apart",
            path="Dockerfile",
            bad="""
                FROM debian:12
                RUN curl -LO https://download.docker.com/linux/static/stable/«x86_64»/docker-25.0.3.tgz && \\
                    curl -LO https://download.docker.com/linux/static/stable/x86_64/docker-25.0.3.tgz.asc
            """,
            fixed="""
                FROM debian:12
                RUN curl -LO "https://download.docker.com/linux/static/stable/$(uname -m)/docker-25.0.3.tgz" && \\
                    curl -LO "https://download.docker.com/linux/static/stable/$(uname -m)/docker-25.0.3.tgz.asc"
            """,
        ),
        Example(
            "language packs",
            path="get.sh",
            good='BASE="https://ftp.mozilla.org/pub/firefox/releases/$1/linux-x86_64/xpi/"\nwget "$BASE/de.xpi"\n',
            breaks=("/xpi/", "/tool.tar.gz"),
        ),
        Example(
            "computed already",
            path="Dockerfile",
            good="FROM debian:12\nRUN curl -LO https://dl.k8s.io/v1.29.0/bin/linux/$(dpkg --print-architecture)/kubectl # not amd64\n",
            breaks=("$(dpkg --print-architecture)", "amd64"),
        ),
        Example(
            "for both, or for another system",
            path="get.sh",
            good="""
                curl -LO https://example.com/a-linux-amd64
                curl -LO https://example.com/a-linux-arm64
                curl -LO https://example.com/a-darwin-amd64
                curl -LO https://example.com/windows/amd64/a.exe
                echo "see https://example.com/b-linux-amd64"
                for arch in amd64 arm64; do curl -LO "https://example.com/c-$arch"; done
            """,
            breaks=("-arm64", "-amd64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for download in fetched(file, never=False):
            yield self.finding(
                file.location(download.span),
                f"{what(download)}, {where(download)}{arm64_files(download)}.",
                severity=severity_of(download),
                confidence=confidence_of(file, download),
                fix=parametrised(file, download, file.parse(downloads)),
                cause=release_of(file, download),
            )
        for each in file.parse(misnamed):
            tool, spelling = each.match.tool, each.spelling
            known = Confidence.HIGH if tool.read else Confidence.MEDIUM
            yield self.finding(
                file.location(each.span),
                f"{spelling.source} says {spelling.arm64}, and {tool.name} calls its file for arm64 {' or '.join(each.expected)}"
                f" ({as_of()}): the URL names no file there.",
                severity=severity_at(file, each.hosted) if each.hosted is not None else Severity.ERROR,
                confidence=known.at_most(confidence_limit(file)),
            )
