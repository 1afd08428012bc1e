"""What the readers of files that describe builds for a command elsewhere have in common: each target is a job with one build."""

from __future__ import annotations

from collections.abc import Mapping

from armready.builds.model import Declared, Host, HostKind, Job, Step
from armready.core.source import Span
from armready.knowledge.runners import Buildx

HOST = Host(HostKind.UNKNOWN, buildx=Buildx.CURRENT, doubt="whatever machine builds this is not known")


def described_job(
    name: str, span: Span, build: Declared, environment: Mapping[str, tuple[str, ...]] | None = None, exempt: str = ""
) -> Job:
    """A job that builds one image.

    Args:
        name: of the target.
        span: where to point.
        build: the image.
        environment: the variables of the file.
        exempt: why one platform is right.
    """
    return Job(name, span, HOST, (Step(span, declared=(build,)),), environment=environment or {}, one_of_several=exempt)
