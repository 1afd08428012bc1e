"""A wheel for arm64 needs a newer glibc than the base image has.

## What it finds

Releases whose wheels for Linux arm64 need a newer glibc than those for x86-64, in an image whose glibc lies between the two: the wheel
for x86-64 is installed there and the one for arm64 is not. The base image tells its glibc by its name and tag (Debian, Ubuntu, Amazon Linux, UBI,
the Python images of AWS Lambda); what is not known is left alone. The releases are those of the lock, or those of an index that was asked with
`--online`.

## Why it stops arm64

pip, uv and Poetry pass over a wheel that needs a newer glibc. They compile the package instead, or fail where there is no source
distribution.

## What to do

Take a newer base image: Debian 12 has glibc 2.36, Amazon Linux 2023 has 2.34, Ubuntu 24.04 has 2.39. Or take an earlier
release of the package.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import LOCK_KINDS, MANIFEST_KINDS, Kind
from armready.core.finding import Finding, Related, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.wheels import Outcome
from armready.python.glibc import TooOld, too_old
from armready.python.images import PythonImage
from armready.python.locks import Lock
from armready.python.manifest import Manifest
from armready.python.project import on_pythons, python_project
from armready.python.reporting import concerned_pythons, fact

_PROJECT = '[project]\nname = "app"\nrequires-python = ">=3.11"\ndependencies = ["«engine>=2»"]\n'
_LOCK = """
version = 1
requires-python = ">=3.11"

[[package]]
name = "app"
version = "1"
source = { editable = "." }
dependencies = [{ name = "engine" }]

[[package]]
name = "engine"
version = "2.4"
source = { registry = "x" }
sdist = { url = "https://f/engine-2.4.tar.gz" }
wheels = [
  { url = "https://f/engine-2.4-cp311-cp311-manylinux2014_x86_64.whl" },
  { url = "https://f/engine-2.4-cp311-cp311-manylinux_2_28_aarch64.whl" },
]
"""
_LAMBDA = "FROM public.ecr.aws/lambda/python:3.11\nCOPY . .\nRUN uv sync\n"
_FACTS = """
{"version": 1, "packages": [{"name": "engine", "indexes": ["https://index.example/simple"], "as_of": "2026-11-24", "files": [
  {"name": "engine-2.4-cp311-cp311-manylinux2014_x86_64.whl"},
  {"name": "engine-2.4-cp311-cp311-manylinux_2_34_aarch64.whl"}]}]}
"""


class DepGlibcFloor(ProjectRule):
    code = "PY107"
    name = "dep-glibc-floor"
    summary = "A wheel for arm64 needs a newer glibc than the base image has"
    severity = Severity.ERROR
    reads = (Lock, Manifest)
    kinds = LOCK_KINDS | MANIFEST_KINDS | {Kind.DOCKERFILE}
    examples = (
        Example(
            "AWS Lambda",
            path="pyproject.toml",
            bad=_PROJECT,
            files={"uv.lock": _LOCK, "Dockerfile": _LAMBDA},
            severity=Severity.WARNING,
        ),
        Example(
            "nothing to compile",
            path="pyproject.toml",
            bad=_PROJECT,
            files={"uv.lock": _LOCK.replace('sdist = { url = "https://f/engine-2.4.tar.gz" }\n', ""), "Dockerfile": _LAMBDA},
            severity=Severity.ERROR,
        ),
        Example(
            "in an index",
            path="requirements.txt",
            bad="«engine»\n",
            files={"Dockerfile": "FROM python:3.11-slim-bullseye\nRUN pip install -r requirements.txt\n", "facts.json": _FACTS},
            settings={"facts": ["facts.json"]},
        ),
        Example(
            "a newer image",
            path="pyproject.toml",
            good=_PROJECT.replace("«", "").replace("»", ""),
            files={"uv.lock": _LOCK, "Dockerfile": "FROM python:3.11-bookworm\nCOPY . .\nRUN uv sync\n"},
            breaks=("python:3.11-bookworm", "public.ecr.aws/lambda/python:3.11"),
        ),
        Example(
            "an image of unknown age",
            path="pyproject.toml",
            good=_PROJECT.replace("«", "").replace("»", ""),
            files={"uv.lock": _LOCK, "Dockerfile": "FROM python:3.11\nCOPY . .\nRUN uv sync\n"},
            breaks=("python:3.11", "public.ecr.aws/lambda/python:3.11"),
        ),
        Example(
            "x86-64 needs it too",
            path="pyproject.toml",
            good=_PROJECT.replace("«", "").replace("»", ""),
            files={"uv.lock": _LOCK.replace("manylinux2014_x86_64", "manylinux_2_28_x86_64"), "Dockerfile": _LAMBDA},
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for found in too_old(python_project(project)):
            yield self._locked(found) if found.locked is not None else self._declared(found)

    def _locked(self, found: TooOld) -> Finding:
        locked = found.locked
        assert locked is not None
        message = (
            f"`{locked.what}`{locked.path_in_words} needs glibc {found.needed} on arm64 and an older one on x86-64{concerned_pythons(locked)}; "
            f"{_image(found.image)}, so {_effect(locked.outcome)} there."
        )
        weak = locked.scope.weakens or locked.outcome is Outcome.SDIST
        related = [Related(found.image.location, "the image"), Related(locked.locked.location, "locked here")]
        return self.finding(locked.location, message, severity=Severity.WARNING if weak else self.severity, related=related)

    def _declared(self, found: TooOld) -> Finding:
        judged = found.judged
        assert judged is not None
        effect = f"arm64 gets {judged.gets[1]} instead of {judged.gets[0]}" if judged.gets else f"{_effect(judged.outcome)} there"
        message = (
            f"`{judged.what}` needs a newer glibc on arm64 than on x86-64{on_pythons(judged.pythons)}; {_image(found.image)}, "
            f"so {effect}{fact(judged)}."
        )
        weak = judged.dependency.scope.weakens or judged.outcome is not Outcome.NONE
        related = [Related(found.image.location, "the image")]
        return self.finding(judged.dependency.location, message, severity=Severity.WARNING if weak else self.severity, related=related)


def _image(image: PythonImage) -> str:
    assert image.glibc is not None
    return f"the image of {image.location.path} has {image.glibc[0]}.{image.glibc[1]}"


def _effect(outcome: Outcome | None) -> str:
    return "it is compiled" if outcome is Outcome.SDIST else "it cannot be installed"
