"""What the rest of the repository says about a fix of a build: may it be applied, or only shown, and why (the Dockerfile decides first)."""

from __future__ import annotations

from armready.builds import references
from armready.builds.facts import ImageBuild
from armready.core.facts import BlockingFact, DockerfileFact, ImageFact, StageFact
from armready.core.finding import Related, Severity
from armready.core.fix import Applicability, Fix
from armready.core.project import Project
from armready.core.startup import dataclass
from armready.knowledge.images import verdict
from armready.knowledge.verdicts import Has


@dataclass(frozen=True)
class Gated:
    """A fix after the gates, and what to show beside it."""

    fix: Fix | None
    related: tuple[Related, ...] = ()


def pass_gates(project: Project, build: ImageBuild, fix: Fix | None) -> Gated:
    """Pass a fix through the gates. They only ever lower it."""
    related: list[Related] = []
    blocking = blocking_in(project, build.inputs.dockerfile)
    if blocking is not None:
        related.append(
            Related(blocking.location, f"{blocking.code} here comes first: until it is mended, the arm64 image fails or holds amd64 files")
        )
    if fix is None:
        return Gated(None, tuple(related))
    if build.job.generated:
        fix = fix.demoted(Applicability.DISPLAY, "A program writes this file: change what it is made from")
    if blocking is not None:
        where = f"{blocking.location.path}:{blocking.location.region.line}"
        fix = fix.demoted(Applicability.DISPLAY, f"Mend {blocking.code} at {where} first: {blocking.message}")
    elif build.inputs.dockerfile is None:
        fix = fix.demoted(Applicability.UNSAFE, "Which Dockerfile is built cannot be told, so nothing is known of its base images")
    else:
        fix = _of_dockerfile(project, build, fix)
    return Gated(_of_inputs(project, build, fix), tuple(related))


def dockerfile_of(project: Project, build: ImageBuild) -> DockerfileFact | None:
    """The facts of the build's Dockerfile, when it is known and read."""
    if build.inputs.dockerfile is None:
        return None
    return next(iter(project.facts_in(build.inputs.dockerfile, DockerfileFact)), None)


def blocking_in(project: Project, path: str | None) -> BlockingFact | None:
    """The worst of what an arm64 build of a Dockerfile would run into, before ignore comments."""
    if path is None:
        return None
    found = [each for each in project.findings_in(path) if each.code.startswith("DF") and each.severity is not Severity.INFO]
    if found:
        worst = min(found, key=lambda each: (each.severity.rank, each.location.span))
        return BlockingFact(worst.code, worst.location, worst.message)
    return next(iter(project.facts_in(path, BlockingFact)), None)


def emulated(project: Project, build: ImageBuild) -> bool:
    """Whether an arm64 build runs commands on the target platform; true when the Dockerfile is not known."""
    dockerfile = dockerfile_of(project, build)
    if dockerfile is None or dockerfile.is_template:
        return True
    stages = dockerfile.needed(build.inputs.target)
    return not stages or any(stage.runs for stage in stages)


def _of_dockerfile(project: Project, build: ImageBuild, fix: Fix) -> Fix:
    path, dockerfile = build.inputs.dockerfile, dockerfile_of(project, build)
    if dockerfile is None:
        return fix.demoted(Applicability.UNSAFE, f"{path} is not in the repository, so nothing is known of its base images")
    if dockerfile.is_template:
        return fix.demoted(Applicability.UNSAFE, f"{path} is a template, so nothing of it is sure")
    stages = dockerfile.needed(build.inputs.target) or dockerfile.stages
    for stage in stages:
        fix = _of_stage(project, build, stage, fix)
    heavy = [place for stage in stages for place in stage.heavy]
    if heavy and not build.tool.native:
        why = (
            f"{heavy[0].path}:{heavy[0].region.line} compiles under emulation, which takes 5 to 20 times as long: "
            "a FROM --platform=$BUILDPLATFORM stage or a native runner avoids it"
        )
        fix = fix.demoted(Applicability.UNSAFE, why)
    return fix


def _of_stage(project: Project, build: ImageBuild, stage: StageFact, fix: Fix) -> Fix:
    for image in (stage.base, *stage.images):
        if image is None:
            continue
        local = _built_here(project, build, image)
        if local is not None:
            return fix.demoted(
                Applicability.DISPLAY,
                f"{image.text} is built in {local.location.path}:{local.location.region.line}: build and push it for arm64 first",
            )
        if stage.platform in ("build", "constant"):
            continue
        known = verdict(image.text, project.settings)
        if known.arm64 is Has.NO:
            fix = fix.demoted(Applicability.DISPLAY, f"{image.text} has no arm64: {known.reason}")
        elif not known.multi_arch:
            fix = fix.demoted(Applicability.UNSAFE, f"Whether the base image {image.text} exists for arm64 is not known")
    return fix


def _built_here(project: Project, build: ImageBuild, image: ImageFact) -> ImageBuild | None:
    """The build of this repository that makes a base image for amd64 only."""
    wanted = references.normalise(image.text)
    for _, other in project.facts(ImageBuild):
        if other.location == build.location or wanted not in other.names:
            continue
        if not (other.platforms.arm64 and other.pushes):
            return other
    return None


def _of_inputs(project: Project, build: ImageBuild, fix: Fix) -> Fix:
    """Files that the job compiles for its own machine or for amd64, and that the Dockerfile copies."""
    dockerfile = dockerfile_of(project, build)
    if dockerfile is None or not build.inputs.host_built:
        return fix
    stages = dockerfile.needed(build.inputs.target) or dockerfile.stages
    copies = {copy.removeprefix("./").rstrip("/") for stage in stages for copy in stage.copies}
    for made in build.inputs.host_built:
        path = made.removeprefix("./").rstrip("/")
        for copy in copies:
            if (
                copy
                and copy != "."
                and (copy == path or path.startswith(f"{copy}/") or copy.startswith(f"{path}/") or path.endswith(f"/{copy}"))
            ):
                why = (
                    f"{copy}, which {build.inputs.dockerfile} copies, is compiled by the job for one architecture: "
                    "compile it in the Dockerfile, or once for each platform"
                )
                return fix.demoted(Applicability.DISPLAY, why)
    return fix
