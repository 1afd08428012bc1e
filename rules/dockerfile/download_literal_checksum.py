"""A download for amd64 is checked against a checksum that is written out.

## What it finds

A download as DF140 finds it, with a literal checksum that belongs to it: in the same RUN, in a variable that it uses, in `ADD
--checksum`, or a few lines away in a script. Checksums that are fetched from the publisher (`SHA256SUMS`, `tool.sha256`) are not
literal.

## Why it stops arm64

The file is the amd64 build, and the checksum names that very file: once the URL follows the architecture the checksum no longer fits,
and the build for arm64 fails.

## What to do

Fetch the publisher's list of checksums and check the file by its name, or give each architecture its own checksum in a `case` block.
The checksum of the file for arm64 must come from the publisher; it cannot be computed here.

## Fix safety

Only with `--online`, or a facts file, and only for a checksum in the RUN that fetches the file: both checksums are written when the
publisher's list has the one that stands there for amd64 and names one for arm64. Safe under the conditions of DF140.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from armready.core.file import File
from armready.core.finding import Finding, Related, Severity
from armready.core.rule import Example, FileRule
from armready.downloads import downloads
from armready.downloads.reporting import KINDS, NEEDLES, arm64_files, confidence_of, fetched, severity_of, what
from armready.downloads.rewrite import parametrised_with_checksum
from armready.knowledge.tools import hidden_needles

_SUM = "93f04ec58fa3e01b2d2a5d6a3ac0d3bca2c3a52b4b6e2cbc0e6a52c0a0f4c4ef"

_ARM64_SUM = "1c0ffee51c0ffee51c0ffee51c0ffee51c0ffee51c0ffee51c0ffee51c0ffee5"
_TINI = "https://github.com/krallin/tini/releases/download/v0.19.0/tini-static-"
_FACTS = json.dumps(
    {
        "version": 1,
        "checksums": [
            {
                "url": f"{_TINI}amd64",
                "arm64_url": f"{_TINI}arm64",
                "amd64": _SUM,
                "arm64": _ARM64_SUM,
                "source": f"{_TINI}amd64.sha256sum",
                "as_of": "2026-11-24",
            }
        ],
    }
)


class DownloadLiteralChecksum(FileRule):
    code = "DF141"
    name = "download-literal-checksum"
    summary = "A download for amd64 has a literal checksum"
    severity = Severity.ERROR
    kinds = KINDS
    needles = (*NEEDLES, *hidden_needles())
    examples = (
        Example(
            "in the same RUN",
            path="Dockerfile",
            bad=f"""
                FROM alpine:3.20
                RUN wget -O tini https://github.com/krallin/tini/releases/download/v0.19.0/tini-static-«amd64» \\
                 && echo "{_SUM}  tini" | sha256sum -c -
            """,
            severity=Severity.ERROR,
        ),
        Example(
            "the publisher's list was read",
            path="Dockerfile",
            bad=f"""
                FROM alpine:3.20
                RUN wget -O tini https://github.com/krallin/tini/releases/download/v0.19.0/tini-static-«amd64» \\
                 && echo "{_SUM}  tini" | sha256sum -c -
            """,
            fixed=f"""
                FROM alpine:3.20
                ARG TARGETARCH
                RUN case "${{TARGETARCH}}" in \\
                   amd64) TINI_SHA256={_SUM} ;; \\
                   arm64) TINI_SHA256={_ARM64_SUM} ;; \\
                   *) echo "unsupported architecture: ${{TARGETARCH}}" >&2; exit 1 ;; \\
                 esac && \\
                 wget -O tini "https://github.com/krallin/tini/releases/download/v0.19.0/tini-static-${{TARGETARCH}}" \\
                 && echo "${{TINI_SHA256}}  tini" | sha256sum -c -
            """,
            files={"facts.json": _FACTS},
            settings={"facts": ["facts.json"]},
        ),
        Example(
            "in a variable",
            path="Dockerfile",
            bad=f"""
                FROM alpine:3.20
                ARG HELM_SHA256={_SUM}
                RUN wget -O helm.tgz https://get.helm.sh/helm-v3.14.0-linux-«amd64».tar.gz && echo "$HELM_SHA256  helm.tgz" | sha256sum -c
            """,
        ),
        Example(
            "ADD",
            path="Dockerfile",
            bad=f"FROM alpine:3.20\nADD --checksum=sha256:{_SUM} https://example.com/tool-linux-«amd64» /tool\n",
        ),
        Example(
            "the publisher's list",
            path="Dockerfile",
            good="""
                FROM alpine:3.20
                RUN wget https://get.helm.sh/helm-v3.14.0-linux-amd64.tar.gz \\
                 && wget https://get.helm.sh/helm-v3.14.0-linux-amd64.tar.gz.sha256sum \\
                 && sha256sum -c helm-v3.14.0-linux-amd64.tar.gz.sha256sum
            """,
            breaks=(
                "sha256sum -c helm-v3.14.0-linux-amd64.tar.gz.sha256sum",
                'echo "93f04ec58fa3e01b2d2a5d6a3ac0d3bca2c3a52b4b6e2cbc0e6a52c0a0f4c4ef  helm.tgz" | sha256sum -c',
            ),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for download in (*fetched(file, never=False, checksum=True), *fetched(file, never=False, package=True, checksum=True)):
            assert download.checksum is not None
            yield self.finding(
                file.location(download.span),
                f"{what(download)} and is checked against a literal checksum, so an arm64 build needs another file and its own"
                f" checksum{arm64_files(download)}.",
                severity=severity_of(download),
                confidence=confidence_of(file, download),
                related=[Related(file.location(download.checksum), "the checksum of the file for amd64")],
                fix=parametrised_with_checksum(file, download, file.parse(downloads)),
            )
