"""The declared platforms of a project leave Linux arm64 out.

## What it finds

Lists of platforms that hold Linux x86-64 and not Linux arm64: `environments` of uv, `platforms` of pixi and conda-lock, and
locks that were made from them. Lists that name no Linux are left alone.

## Why it stops arm64

The tools refuse to work there: "The current Python platform is not compatible with the lockfile's supported environments".

## What to do

Add Linux arm64 to the list and lock again.

## Fix safety

The entry is added; it is unsafe, because the lock must be made anew, which may change versions on x86-64 too.
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname

from armready.core.classify import LOCK_KINDS, MANIFEST_KINDS
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.python.locked import excluded, manifest_of
from armready.python.locks import Lock
from armready.python.platforms import PlatformList
from armready.python.project import python_project


class TargetsExcludeArm64(ProjectRule):
    code = "PY130"
    name = "targets-exclude-arm64"
    summary = "The declared platforms of a project leave Linux arm64 out"
    severity = Severity.ERROR
    reads = (PlatformList, Lock)
    kinds = LOCK_KINDS | MANIFEST_KINDS
    examples = (
        Example(
            "uv",
            path="pyproject.toml",
            bad="[tool.uv]\nenvironments = «[\"sys_platform == 'linux' and platform_machine == 'x86_64'\"]»\n",
            fixed=(
                "[tool.uv]\nenvironments = [\"sys_platform == 'linux' and platform_machine == 'x86_64'\", "
                "\"sys_platform == 'linux' and platform_machine == 'aarch64'\"]\n"
            ),
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "pixi",
            path="pixi.toml",
            bad='[workspace]\nchannels = ["conda-forge"]\nplatforms = «["linux-64", "osx-arm64"]»\n',
            fixed='[workspace]\nchannels = ["conda-forge"]\nplatforms = ["linux-64", "osx-arm64", "linux-aarch64"]\n',
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "source of conda-lock",
            path="environment.yml",
            bad="channels:\n  - conda-forge\ndependencies:\n  - python\nplatforms:\n  - «linux-64»\n  - osx-64\n",
            fixed="channels:\n  - conda-forge\ndependencies:\n  - python\nplatforms:\n  - linux-64\n  - linux-aarch64\n  - osx-64\n",
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a lock without its project", path="uv.lock", bad="«version = 1»\nsupported-markers = [\"platform_machine == 'x86_64'\"]\n"
        ),
        Example(
            "a lock of conda",
            path="conda-lock.yml",
            bad="metadata:\n  platforms:\n  - «linux-64»\n  - osx-64\npackage:\n- name: python\n  platform: linux-64\n",
        ),
        Example(
            "a lock of pixi for both",
            path="pixi.lock",
            good="environments:\n  default:\n    packages:\n      linux-64:\n      - conda: u\n      linux-aarch64:\n      - conda: u\n",
            breaks=("aarch64", "x86_64"),
        ),
        Example("both", path="pixi.toml", good='[workspace]\nplatforms = ["linux-64", "linux-aarch64"]\n', breaks=("aarch64", "x86_64")),
        Example("no Linux", path="pixi.toml", good='[workspace]\nplatforms = ["osx-arm64", "win-64"]\n', breaks=("osx-arm64", "linux-64")),
        Example(
            "all of Linux",
            path="pyproject.toml",
            good="[tool.uv]\nenvironments = [\"sys_platform == 'linux'\"]\n",
            breaks=("== 'linux'\"", "== 'linux' and platform_machine == 'x86_64'\""),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        found = list(project.facts(PlatformList))
        named = {path for path, _ in found}
        declared = {dirname(path) for path, platforms in found if not platforms.is_lock}
        for path, platforms in found:
            if platforms.is_lock and dirname(path) in declared:
                continue
            message = f"`{platforms.key}` names Linux x86-64 and not Linux arm64, so {platforms.tool} refuses to work there."
            yield self.finding(platforms.location, message, fix=platforms.fix)
        sources = python_project(project)
        for lock in sources.locks.values():
            manifest = manifest_of(sources, lock)
            if excluded(sources, lock) and (manifest is None or manifest.path not in named):
                yield self.finding(
                    lock.head, "The lock was made for environments that leave Linux arm64 out, so nothing can be installed there."
                )
