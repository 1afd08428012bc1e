"""An image goes to a service that takes no multi-platform index.

## What it finds

Images that are built for amd64 and pushed, and that AWS Lambda (`aws lambda update-function-code --image-uri`), SageMaker or Heroku
(`registry.heroku.com`) runs. The other rules on platforms leave these builds alone.

## Why it stops arm64

These services refuse an index, so the image can be for amd64 or for arm64, never for both under one tag: making the build a
multi-platform one would break the deployment.

## What to do

For AWS Lambda on Graviton build `--platform linux/arm64 --provenance=false` alone and set the function's architecture to arm64.
Heroku runs amd64 only: keep it.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.facts import ImageBuild
from armready.core.finding import Finding, Related, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.multiplatform.reporting import image_builds, image_of, rejected_by

from . import KINDS


class IndexRejected(ProjectRule):
    code = "CI113"
    name = "index-rejected"
    summary = "An image goes to a service that takes no multi-platform index"
    severity = Severity.INFO
    reads = (ImageBuild,)
    kinds = KINDS
    examples = (
        Example(
            "AWS Lambda",
            path="deploy.sh",
            bad="""
                IMAGE=123456789012.dkr.ecr.eu-west-1.amazonaws.com/fn
                «docker build -t $IMAGE:1 .»
                docker push $IMAGE:1
                aws lambda update-function-code --function-name fn --image-uri $IMAGE:1
                """,
        ),
        Example(
            "Heroku", path="deploy.sh", bad="«docker build -t registry.heroku.com/app/web .»\ndocker push registry.heroku.com/app/web\n"
        ),
        Example(
            "another image",
            path="deploy.sh",
            good="docker build -t a/b:1 .\ndocker push a/b:1\naws lambda update-function-code --function-name fn --zip-file fileb://fn.zip\n",
            breaks=("--zip-file fileb://fn.zip", "--image-uri a/b:1"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for build in image_builds(project):
            if not build.pushes or build.exempt or build.platforms.arm64 or not build.platforms.resolved:
                continue
            service, place = rejected_by(project, build)
            if service and place is not None:
                yield self.finding(
                    build.location,
                    f"{image_of(build)} is for {service}, which takes no index of several platforms: build it for one platform alone.",
                    related=[Related(place, f"goes to {service} here")],
                )
