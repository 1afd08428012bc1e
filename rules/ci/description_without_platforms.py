"""A build description names no platforms, and nothing in the repository pushes what it builds.

## What it finds

The Jib plugin of Maven without `from.platforms`, and configurations of skaffold without `platforms`, where no command of the repository is
known to push the image (then CI101 speaks). Files that name arm64 anywhere are left alone.

## Why it stops arm64

Jib makes images for linux/amd64 unless it is told otherwise, on every machine; skaffold builds for the machine that runs it, or for the
nodes of the cluster that it deploys to. Whoever pushes such an image from outside, a pipeline elsewhere or a person, pushes one platform.

## What to do

Name both platforms: `<platforms>` under `<from>` of the Jib plugin, `build.platforms` in skaffold.yaml. Where the images are for one's own
machine alone, there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.facts import ImageBuild, SkaffoldArtifacts
from armready.core.classify import Kind
from armready.core.finding import Confidence, Finding, Severity
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.multiplatform.reporting import describes_platforms, image_builds, pushed_builds
from armready.multiplatform.skaffold import configurations

_JIB = """\
<project><build><plugins>
  «<plugin>»
    <artifactId>jib-maven-plugin</artifactId>
    <configuration>
      <from><image>eclipse-temurin:17-jre</image></from>
      <to><image>reg.example/app:1</image></to>
    </configuration>
  </plugin>
</plugins></build></project>
"""
_JIB_OF_BOTH = (
    _JIB.replace("«", "")
    .replace("»", "")
    .replace(
        "17-jre</image>",
        "17-jre</image><platforms>"
        "<platform><architecture>amd64</architecture><os>linux</os></platform>"
        "<platform><architecture>arm64</architecture><os>linux</os></platform></platforms>",
    )
)


class DescriptionWithoutPlatforms(ProjectRule):
    code = "CI122"
    name = "description-without-platforms"
    summary = "A build description names no platforms"
    severity = Severity.INFO
    reads = (ImageBuild, SkaffoldArtifacts)
    kinds = frozenset({Kind.POM, Kind.SKAFFOLD})
    examples = (
        Example("the plugin of Jib", path="pom.xml", bad=_JIB, severity=Severity.INFO),
        Example(
            "skaffold",
            path="skaffold.yaml",
            bad="build:\n  «artifacts»:\n    - image: front\n",
            files={"front/Dockerfile": "FROM alpine:3.20\n"},
            severity=Severity.INFO,
        ),
        Example("both platforms by Jib", path="pom.xml", good=_JIB_OF_BOTH, breaks=("<architecture>arm64", "<architecture>386")),
        Example(
            "both platforms by skaffold",
            path="skaffold.yaml",
            good="build:\n  platforms: [linux/amd64, linux/arm64]\n  artifacts: [{image: front}]\n",
            breaks=("linux/arm64", "linux/386"),
        ),
        Example(
            "a script pushes it: CI101 speaks",
            path="skaffold.yaml",
            good="build:\n  artifacts: [{image: front}]\n",
            files={"release.sh": "skaffold build --default-repo=reg.example/shop\n"},
            breaks=("--default-repo=reg.example/shop", "--push=false"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        if not project.complete:
            return
        pushed = pushed_builds(project)
        told = {build.location for build in pushed} | {each.location for build in pushed for each in configurations(project, build)}
        jib = (build for build in image_builds(project) if build.job.system == "jib" and not build.platforms.arm64)
        for build in jib:
            if build.location not in told and not describes_platforms(project, build):
                message = "Jib makes this image for linux/amd64 alone, on whatever machine it runs: from.platforms names no others."
                yield self.finding(build.location, message, confidence=Confidence.HIGH)
        for _, fact in project.facts(SkaffoldArtifacts):
            if fact.images and not fact.arm64 and fact.location not in told:
                message = (
                    "Skaffold builds these artifacts for the machine that runs it, or for the nodes of its cluster: no platforms are named."
                )
                yield self.finding(fact.location, message, confidence=Confidence.MEDIUM)
