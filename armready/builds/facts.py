"""What the second pass gets to know of the images that a file builds."""

from __future__ import annotations

from armready.builds.platforms import Platforms
from armready.core.fix import Fix
from armready.core.source import Location
from armready.core.startup import dataclass

# The descriptions of which a command elsewhere says whether the result is pushed.
DESCRIBED = frozenset({"bake", "compose", "jib"})


@dataclass(frozen=True, slots=True)
class Pushed:
    """A reference that is pushed.

    Attributes:
        text: as written.
        shown: with its variables filled in where they are known.
        spellings: normalised, for comparison.
        location: of the push; that of the build when the build pushes.
    """

    text: str
    shown: str
    spellings: tuple[str, ...]
    location: Location


@dataclass(frozen=True, slots=True)
class ImageBuild:
    """An image that a file builds.

    Attributes:
        location: of the build.
        system: the CI system or build description.
        job: the job, recipe or target.
        tool: docker, podman, kaniko, the name of an action.
        host: the machine, in words.
        architecture: of the machine, empty when it is not known.
        platforms: what the build names.
        output: where the result goes.
        pushes: what is pushed.
        names: every name the image has, normalised.
        overridable: its platforms come from a variable that whoever runs it can set.
        jobs: the jobs that build or push it when they are run.
        described_in: the files that describe the builds of a bake.
        platforms_location: where the platforms are named, when that is not part of the build's own text.
        dockerfile: its path relative to the root, None when it cannot be told.
        context: likewise.
        exempt: why one platform is right here, empty otherwise.
        hidden: the name of the hidden job it stands in and that the file itself does not use.
        missing_emulator: the job registers no emulator before it.
        missing_builder: the job has no builder that can make several platforms.
        native: the builder has arm machines of its own.
        fix: makes it a multi-platform build.
        why_not: why there is no such fix.
        setup: gives the job emulator and builder.
        default_platform: its platforms come from DOCKER_DEFAULT_PLATFORM.
        handed_over: build and push stand in different jobs.
        certain: the push is a command of the same file for exactly this image.
        generated: a program writes the file.
        recipe: it is a target of a build description that people also call by hand.
        target: the stage that is built, empty for the last one.
        known_machine: what the machine is and has is told by its CI system.
        is_docker: it is built by docker, its buildx, or an action around them.
        local_actions: the folders of the repository's own actions that the job runs before it.
        fix_if_prepared: `fix`, when those set up emulator and builder.
        host_built: files that the job compiles for its own architecture before the build.
    """

    location: Location
    system: str
    job: str
    tool: str
    host: str
    architecture: str
    platforms: Platforms
    output: str
    pushes: tuple[Pushed, ...] = ()
    names: tuple[str, ...] = ()
    dockerfile: str | None = None
    context: str | None = None
    exempt: str = ""
    hidden: str = ""
    missing_emulator: bool = False
    missing_builder: bool = False
    native: bool = False
    fix: Fix | None = None
    why_not: str = ""
    setup: Fix | None = None
    default_platform: bool = False
    handed_over: bool = False
    certain: bool = True
    generated: bool = False
    recipe: bool = False
    target: str = ""
    host_built: tuple[str, ...] = ()
    known_machine: bool = False
    is_docker: bool = True
    platforms_location: Location | None = None
    described_in: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    overridable: bool = False
    local_actions: tuple[str, ...] = ()
    fix_if_prepared: Fix | None = None


@dataclass(frozen=True, slots=True)
class Prepares:
    """What an action of the repository sets up for the job that runs it."""

    emulator: bool
    builder: bool


@dataclass(frozen=True, slots=True)
class FreePush:
    """A push of an image that its own file neither builds nor pulls."""

    pushed: Pushed


@dataclass(frozen=True, slots=True)
class WeakEmulator:
    """An emulator that is set up for other architectures than arm64, in a job that pushes images."""

    location: Location
    platforms: str


@dataclass(frozen=True, slots=True)
class Deployed:
    """An image that a service which takes no index runs.

    Attributes:
        location: where it is given to the service.
        service: its name.
        spellings: of the reference, normalised.
    """

    location: Location
    service: str
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallMade:
    """A script or a target that a job runs.

    Attributes:
        location: of the call.
        runner: make, script, npm, just, task, bake, compose and others.
        path: of the file that holds it, None when it cannot be told.
        target: its name.
        host: the machine, in words.
        architecture: of the machine.
        setup: gives the job emulator and builder, where its machine is known and lacks them.
        in_ci: a job of a CI system runs it on Linux, not on arm64, and has not set up what arm64 needs.
        pushes: it is told to push what the file describes (Bake, Compose).
        missing_emulator: the job registers no emulator before it.
        missing_builder: the job has no builder that can make several platforms.
    """

    location: Location
    runner: str
    path: str | None
    target: str
    host: str
    architecture: str
    setup: Fix | None = None
    in_ci: bool = False
    pushes: bool = False
    missing_emulator: bool = False
    missing_builder: bool = False


@dataclass(frozen=True, slots=True)
class BakePlatforms:
    """The platforms that a bake file names anywhere."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Something that a pipeline takes in and that lies in another repository."""

    location: Location
    name: str


@dataclass(frozen=True, slots=True)
class ExtendedJob:
    """A job of another file that a job extends or refers to."""

    name: str


BuildFact = ImageBuild | FreePush | WeakEmulator | Deployed | CallMade | Prepares | Elsewhere | ExtendedJob
