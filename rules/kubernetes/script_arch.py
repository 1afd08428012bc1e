"""A script in a manifest works on amd64 only.

## What it finds

In shell that containers run (`command`, `args`, hooks, probes) and in scripts of ConfigMaps: downloads of files and packages for amd64,
and switches on the architecture that arm64 falls through. It is what DF140, DF142, DF150 and DF163 find in Dockerfiles. Pods that only
amd64 nodes take are left alone.

## Why it stops arm64

The pod is put on an arm64 node, fetches a program for amd64, and fails with "exec format error"; or its script stops there.

## What to do

Ask for the architecture: `uname -m` prints `x86_64` and `aarch64`. Better still, put the tool into the image.

## Fix safety

Unsafe: what the container fetches on another machine than amd64 changes. A fix is offered where the file's names are those of `uname -m`.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.arch_switches import arch_switches, problem
from armready.builds.scripts import HostedScript, scripts
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.downloads import Download, downloads
from armready.kubernetes.placement import allowed
from armready.kubernetes.reporting import confidence_of

_POD = (
    "apiVersion: v1\nkind: Pod\nspec:\n{}  initContainers:\n  - name: x\n    image: alpine:3.20\n"
    "    command:\n    - sh\n    - -c\n    - {}\n"
)


class ScriptArch(FileRule):
    code = "KUB181"
    name = "script-arch"
    summary = "A script in a manifest works on amd64 only"
    severity = Severity.WARNING
    kinds = frozenset({Kind.KUBERNETES, Kind.HELM_TEMPLATE})
    needles = (b"amd64", b"x86_64", b"x86-64", b"x64", b"linux64", b"64bit", b"uname", b"--print-arch")
    examples = (
        Example(
            "a download",
            path="pod.yaml",
            bad=_POD.format("", "wget -O /tools/kubectl https://dl.k8s.io/release/v1.29.0/bin/linux/«amd64»/kubectl"),
            severity=Severity.WARNING,
        ),
        Example(
            "a download with the names of uname",
            path="pod.yaml",
            bad=_POD.format("", 'curl -LO "https://download.docker.com/linux/static/stable/«x86_64»/docker-25.0.3.tgz"'),
            fixed=_POD.format("", 'curl -LO "https://download.docker.com/linux/static/stable/$(uname -m)/docker-25.0.3.tgz"'),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a script of a ConfigMap",
            path="configmap.yaml",
            bad=(
                "apiVersion: v1\nkind: ConfigMap\ndata:\n  setup.sh: |\n    #!/bin/sh\n    case «$(uname -m)» in\n      x86_64) a=1 ;;\n"
                "      *) exit 1 ;;\n    esac\n"
            ),
        ),
        Example(
            "on amd64 nodes",
            path="pod.yaml",
            good=_POD.format("  nodeSelector: {kubernetes.io/arch: amd64}\n", "wget https://example.com/tool-linux-amd64"),
            breaks=("\n  nodeSelector: {kubernetes.io/arch: amd64}", ""),
        ),
        Example(
            "computed already",
            path="pod.yaml",
            good=_POD.format("", 'wget "https://example.com/tool-$(uname -m)"'),
            breaks=("$(uname -m)", "x86_64"),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for download in file.parse(downloads):
            if download.hosted is not None and _counts(download.hosted):
                yield self.finding(
                    file.location(download.span),
                    f"{download.asset} is an amd64 build, which does not run on an arm64 node.",
                    confidence=_confidence(download.hosted).at_most(download.confidence),
                    fix=_fix(file, download),
                )
        for hosted in file.parse(scripts):
            if not (_counts(hosted) and hosted.holds(self.needles)):
                continue
            for found in arch_switches(hosted.script):
                what = problem(hosted.script, found)
                if what:
                    yield self.finding(file.location(hosted.span(found.span)), f"{what}.", confidence=_confidence(hosted))


def _counts(hosted: HostedScript) -> bool:
    pod = hosted.detail.pod
    return pod is None or "arm64" in allowed(pod)


def _confidence(hosted: HostedScript) -> Confidence:
    return confidence_of(hosted.detail.pod) if hosted.detail.pod is not None else Confidence.HIGH


def _fix(file: File, download: Download) -> Fix | None:
    """`uname -m` in the place of its own name for amd64, where the tool's file for arm64 has its name for arm64."""
    hosted, match = download.hosted, download.match
    if hosted is None or match is None or match.has_arm64 is not True or download.checksum is not None or download.command is None:
        return None
    if ("x86_64", "aarch64") not in match.tool.pairs or download.names != {"x86_64"} or download.url.count("x86_64") != len(download.sites):
        return None
    if hosted.text.count("x86_64") != len(download.sites) or download.command.nested or download.command.broken:
        return None
    edits = []
    for site in download.sites:
        if site.text.word is None or "'" in site.text.raw:
            return None
        edit = hosted.script.edit(file, Span(*site.inner).shift(site.text.word.span.start), "$(uname -m)")
        if edit is None:
            return None
        edits.append(edit)
    return Fix(
        "Let the file follow the architecture of the node",
        tuple(edits),
        Applicability.UNSAFE,
        ("What the container fetches on another machine than amd64 changes.",),
    )
