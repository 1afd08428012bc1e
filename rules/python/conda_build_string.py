"""A conda environment pins builds of x86-64.

## What it finds

Entries of the form `name=version=build` in `environment.yml`, as `conda env export` writes them without `--no-builds`: three or more of
them. It is reported once, at the first.

## Why it stops arm64

The build string differs between platforms: "ResolvePackageNotFound" on arm64.

## What to do

Export with `--no-builds`, or `--from-history`; or lock for several platforms with conda-lock.

## Fix safety

The third part is removed from every entry: unsafe, because x86-64 may get other builds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.core.source import Span
from armready.languages.yaml.nodes import get, parse_yaml, places, text_of

_ENTRY = re.compile(r"[\w.\-:/]+=[\w.!+*]+(?P<build>=(?:[\w.*]*\*)?[A-Za-z_.]*\d[\w.]*)$")
_ENOUGH = 3


class CondaBuildString(FileRule):
    code = "PY151"
    name = "conda-build-string"
    summary = "A conda environment pins builds of x86-64"
    severity = Severity.WARNING
    kinds = frozenset({Kind.CONDA_ENV})
    needles = (b"=",)
    examples = (
        Example(
            "export",
            path="environment.yml",
            bad="dependencies:\n  - «bzip2=1.0.8=h7b6447c_0»\n  - ca-certificates=2023.01=h06a4308_0\n  - zlib=1.2.13=h5eee18b_0\n",
            fixed="dependencies:\n  - bzip2=1.0.8\n  - ca-certificates=2023.01\n  - zlib=1.2.13\n",
            applicability=Applicability.UNSAFE,
        ),
        Example("versions", path="environment.yml", good="dependencies:\n  - python=3.11\n  - numpy=1.26\n  - blas=*=openblas\n"),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for root in parse_yaml(file):
            pinned: list[tuple[Span, Span]] = []
            for place in places(get(root, "dependencies")):
                text = text_of(place.value) or ""
                match = _ENTRY.fullmatch(text)
                if match and file.source.slice(place.span) == text:
                    build = Span(*match.span("build")).shift(place.span.start)
                    pinned.append((place.span, build))
            if len(pinned) < _ENOUGH:
                continue
            fix = Fix(
                "Drop the builds", tuple(file.delete(build) for _, build in pinned), Applicability.UNSAFE, ("x86-64 may get other builds",)
            )
            message = f"{len(pinned)} packages are pinned to a build of one platform, which arm64 does not find."
            yield self.finding(file.location(pinned[0][0]), message, fix=fix)
