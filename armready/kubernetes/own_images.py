"""The images that the repository builds itself, for the workloads that run them."""

from __future__ import annotations

from armready.builds.facts import ImageBuild
from armready.builds.references import repository
from armready.core.project import Project
from armready.core.source import Location
from armready.core.startup import dataclass


@dataclass(frozen=True, slots=True)
class OwnBuild:
    """All builds of one image.

    Attributes:
        name: the repository of the image, normalised.
        arm64: one of the builds makes it for arm64, or may.
        certain: its platforms are written down.
        location: of the first build.
    """

    name: str
    arm64: bool
    certain: bool
    location: Location

    @property
    def place(self) -> str:
        """`.gitlab-ci.yml:13`."""
        return f"{self.location.path}:{self.location.region.line}"


def own_builds(project: Project) -> dict[str, OwnBuild]:
    """The images that the repository builds and pushes, by their normalised repository."""
    found: dict[str, OwnBuild] = {}
    for _, build in project.facts(ImageBuild):
        for pushed in build.pushes:
            for spelling in pushed.spellings or (pushed.text,):
                name = repository(spelling)
                if "$" in name or "{{" in name:
                    continue
                before = found.get(name)
                arm64 = may_make_arm64(build) or (before is not None and before.arm64)
                certain = build.certain and build.platforms.given and (before is None or before.certain)
                found[name] = OwnBuild(name, arm64, certain, before.location if before else build.location)
    return found


def build_of(builds: dict[str, OwnBuild], image: str) -> OwnBuild | None:
    """The build that makes a workload's image, whatever the tag."""
    return builds.get(repository(image)) if builds else None


def may_make_arm64(build: ImageBuild) -> bool:
    """Only a build whose platforms are known, or that follows a machine known to be amd64, says that there is no arm64."""
    if build.platforms.given:
        return build.platforms.arm64 or not build.platforms.resolved
    return build.job.architecture != "amd64"
