"""A requirements file has one hash for each package, which can only be that of one file.

## What it finds

Requirements files in which every package carries exactly one `--hash`, with pins of native packages of which arm64 takes another wheel than
x86-64. It is reported once for a file, at the first such package. Which file a hash belongs to cannot be told from the
text, so it is advice only.

## Why it stops arm64

If the hash is that of the wheel for x86-64, pip refuses the wheel for arm64: "THESE PACKAGES DO NOT MATCH THE HASHES".

## What to do

Write the hashes of all files of a release: `uv pip compile --universal --generate-hashes` or `pip-compile --generate-hashes` do.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import Kind
from armready.core.finding import Confidence, Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.packages import good, package
from armready.python.dependencies import Dependency
from armready.python.manifest import Manifest
from armready.python.project import PythonProject, installed_on, python_project

_ONE = " \\\n    --hash=sha256:aaaa\n"
_TWO = " \\\n    --hash=sha256:aaaa \\\n    --hash=sha256:bbbb\n"


class HashesX86Only(ProjectRule):
    code = "PY114"
    name = "hashes-x86-only"
    summary = "A requirements file has the hash of one file for each package"
    severity = Severity.INFO
    reads = (Manifest,)
    kinds = frozenset({Kind.REQUIREMENTS})
    examples = (
        Example("one hash each", path="requirements.txt", bad=f"six==1.16.0{_ONE}«psutil==6.1.0»{_ONE}pyyaml==6.0.2{_ONE}"),
        Example("all hashes", path="requirements.txt", good=f"six==1.16.0{_ONE}psutil==6.1.0{_TWO}pyyaml==6.0.2{_TWO}"),
        Example("pure Python alone", path="requirements.txt", good=f"six==1.16.0{_ONE}attrs==23.2.0{_ONE}", breaks=("attrs", "psutil")),
        Example(
            "kept to x86-64",
            path="requirements.txt",
            good=f"psutil==6.1.0 ; platform_machine == 'x86_64'{_ONE}",
            breaks=(" ; platform_machine == 'x86_64'", ""),
        ),
        Example("compiled on both", path="requirements.txt", good=f"--no-binary :all:\npsutil==6.1.0{_ONE}"),
        Example("no hashes", path="requirements.txt", good="psutil==6.1.0\n"),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        python = python_project(project)
        for manifest in python.manifests.values():
            counts = {each.hashes for each in manifest.dependencies if each.hashes}
            native = [each for each in manifest.dependencies if _differs(python, manifest, each)] if counts == {1} else []
            if not native:
                continue
            others = f" and {len(native) - 1} more native packages" if len(native) > 1 else ""
            message = (
                f"`{native[0].name}`{others} have one hash each, which is that of one file: "
                "if it is the wheel for x86-64, the one for arm64 is refused."
            )
            yield self.finding(native[0].location, message, confidence=Confidence.MEDIUM)


def _differs(python: PythonProject, manifest: Manifest, dependency: Dependency) -> bool:
    """Whether arm64 takes a wheel of its own, which differs from that of x86-64."""
    row = package(dependency.name) if dependency.hashes and dependency.pin else None
    if row is None or row.kind != "native" or not manifest.policy.may_use_wheel(dependency.name):
        return False
    targets = python.targets(manifest.path, manifest.requires_python)
    return any(installed_on(dependency, each) and good(row, dependency.pin, each) for each in targets)
