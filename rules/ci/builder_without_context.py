"""A builder is created on a TLS daemon without a Docker context.

## What it finds

`docker buildx create` without an endpoint in jobs that reach their daemon by TLS from environment variables (GitLab's docker:dind
in its default set-up, CircleCI's remote Docker) and that build for arm64 or several platforms.

## Why it stops arm64

buildx refuses it: `could not create a builder instance with TLS data loaded from environment. Please use docker context
create`. The job fails before it builds anything.

## What to do

Create a context first and the builder on it, under another name than the context: `docker context create armready-tls`, then
`docker buildx create --use armready-tls`.

## Fix safety

Safe where the machine is known: the job fails as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.events import Build, Event, Setup
from armready.builds.file_builds import read_builds
from armready.builds.readers import editor_of
from armready.builds.setup import CONTEXT
from armready.core.file import File
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.rule import Example, FileRule
from armready.multiplatform.reporting import READABLE


class BuilderWithoutContext(FileRule):
    code = "CI114"
    name = "builder-without-context"
    summary = "A builder is created on a TLS daemon without a Docker context"
    severity = Severity.ERROR
    kinds = READABLE
    needles = (b"buildx",)
    examples = (
        Example(
            "GitLab's dind",
            path=".gitlab-ci.yml",
            bad="""
                build:
                  image: docker:27
                  services:
                    - docker:27-dind
                  script:
                    - docker run --privileged --rm tonistiigi/binfmt:qemu-v9.2.2 --install arm64
                    - «docker buildx create --use»
                    - docker buildx build --platform linux/amd64,linux/arm64 --push -t example/app .
                """,
            fixed="""
                build:
                  image: docker:27
                  services:
                    - docker:27-dind
                  script:
                    - docker run --privileged --rm tonistiigi/binfmt:qemu-v9.2.2 --install arm64
                    - docker context create armready-tls
                    - docker buildx create --use armready-tls
                    - docker buildx build --platform linux/amd64,linux/arm64 --push -t example/app .
                """,
        ),
        Example(
            "without TLS",
            path=".gitlab-ci.yml",
            good="""
                build:
                  image: docker:27
                  services:
                    - docker:27-dind
                  variables:
                    DOCKER_TLS_CERTDIR: ""
                  script:
                    - docker buildx create --use
                    - docker buildx build --platform linux/arm64 --push -t example/app .
                """,
            breaks=('DOCKER_TLS_CERTDIR: ""', 'DOCKER_TLS_CERTDIR: "/certs"'),
        ),
    )

    def check(self, file: File) -> Iterator[Finding]:
        for job, events in file.parse(read_builds).events.items():
            if not job.host.tls or not any(isinstance(event, Build) and event.platforms.arm64 for event in events):
                continue
            context = next((event.order for event in events if isinstance(event, Setup) and event.kind == "context"), None)
            for event in events:
                bare = isinstance(event, Setup) and event.kind == "builder" and not event.named and event.command is not None
                if bare and (context is None or context > event.order):
                    yield self.finding(
                        file.location(event.span),
                        "buildx refuses to create a builder where TLS data comes from the environment; create a Docker context first.",
                        fix=_fix(file, event),
                    )


def _fix(file: File, event: Event) -> Fix | None:
    if event.script is None or event.command is None:
        return None
    last = event.command.words[-1]
    edit = event.script.edit(file, last.span, f"{last.text} {CONTEXT}")
    above = file.parse(editor_of).insert_scripts(event.step, (f"docker context create {CONTEXT}",))
    if edit is None or above is None:
        return None
    applicability = Applicability.SAFE if event.job.host.trusted else Applicability.UNSAFE
    return Fix("Create the builder on a Docker context", (edit, *above), applicability)
