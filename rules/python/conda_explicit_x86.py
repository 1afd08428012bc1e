"""An explicit conda file lists packages of linux-64.

## What it finds

`@EXPLICIT` files with URLs of `linux-64`, without a sibling for `linux-aarch64`. `noarch` packages are fine.

## Why it stops arm64

The file names the archives of one platform; conda installs them as they are, and nothing runs.

## What to do

Make one file for each platform: `conda-lock -p linux-64 -p linux-aarch64`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname

from armready.core.classify import Kind
from armready.core.finding import Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.python.platforms import ExplicitFile

_URL = "https://conda.anaconda.org/conda-forge"


class CondaExplicitX86(ProjectRule):
    code = "PY152"
    name = "conda-explicit-x86"
    summary = "An explicit conda file lists packages of linux-64"
    severity = Severity.ERROR
    reads = (ExplicitFile,)
    kinds = frozenset({Kind.CONDA_EXPLICIT})
    examples = (
        Example(
            "alone",
            path="conda-linux-64.lock",
            bad=f"@EXPLICIT\n«{_URL}/linux-64/bzip2-1.0.8-h_0.conda»\n{_URL}/noarch/six-1.16.0-py_0.conda\n",
        ),
        Example(
            "with its sibling",
            path="conda-linux-64.lock",
            good=f"@EXPLICIT\n{_URL}/linux-64/bzip2-1.0.8-h_0.conda\n",
            files={"conda-linux-aarch64.lock": f"@EXPLICIT\n{_URL}/linux-aarch64/bzip2-1.0.8-h_0.conda\n"},
            breaks=("conda-linux-aarch64.lock", ""),
        ),
        Example(
            "noarch",
            path="explicit.txt",
            good=f"@EXPLICIT\n{_URL}/noarch/six-1.16.0-py_0.conda\n",
            breaks=(
                "//conda.anaconda.org/conda-forge/noarch/six-1.16.0-py_0.conda",
                "//conda.anaconda.org/conda-forge/linux-64/bzip2-1.0.8-h_0.conda",
            ),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        files = dict(project.facts(ExplicitFile))
        for path, explicit in files.items():
            sibling = re.sub("linux-64", "linux-aarch64", path)
            has_sibling = (sibling != path and project.exists(sibling)) or any(
                other.arm64 and dirname(other_path) == dirname(path) for other_path, other in files.items()
            )
            if explicit.first_x86 is not None and not has_sibling:
                message = "The file lists archives for linux-64, which conda installs as they are, so nothing of it runs on arm64."
                yield self.finding(explicit.first_x86, message)
