"""What the second pass gets to know of the images that a file builds."""

from __future__ import annotations

from armready.builds.events import Output
from armready.builds.model import HostKind, Needs
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildJob:
    """The job, recipe or target that builds an image.

    Attributes:
        system: the CI system or build description.
        host: the sort of machine.
        architecture: of the machine, empty when it is not known.
        known_machine: what the machine is and has is told by its CI system.
        jobs: the jobs that build or push the image when they are run.
        hidden: its name, when it is a hidden job that the file itself does not use.
        generated: a program writes the file.
        local_actions: the folders of the repository's own actions that it runs before the build.
    """

    system: str
    host: HostKind
    architecture: str
    known_machine: bool
    jobs: tuple[str, ...] = ()
    hidden: str = ""
    generated: bool = False
    local_actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTool:
    """What builds an image.

    Attributes:
        name: docker, podman, kaniko, the name of an action.
        output: where the result goes.
        is_docker: it is docker, its buildx, or an action around them.
        native: it has arm machines of its own.
        described_in: the files that describe the builds of a bake.
    """

    name: str
    output: Output
    is_docker: bool = True
    native: bool = False
    described_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInputs:
    """What an image is built from.

    Attributes:
        dockerfile: its path relative to the root, None when it cannot be told.
        context: likewise.
        target: the stage that is built, empty for the last one.
        arguments: the build arguments whose values are known, `NAME=value`.
        host_built: files that the job compiles for its own architecture before the build.
    """

    dockerfile: str | None = None
    context: str | None = None
    target: str = ""
    arguments: tuple[str, ...] = ()
    host_built: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformsFrom:
    """What names the platforms of a build.

    Attributes:
        location: its place, when that is not part of the build's own text.
        environment: it is DOCKER_DEFAULT_PLATFORM.
        overridable: it is a variable that whoever runs the build can set.
    """

    location: Location | None = None
    environment: bool = False
    overridable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFixes:
    """What can be done about a build.

    Attributes:
        build: makes it a multi-platform build.
        why_not: why there is no such fix.
        prepared: the same fix, when the repository's own actions set up emulator and builder.
        setup: gives the job emulator and builder.
    """

    build: Fix | None = None
    why_not: str = ""
    prepared: Fix | None = None
    setup: Fix | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """An image that a file builds.

    Attributes:
        location: of the build.
        job: what runs it.
        tool: what builds.
        platforms: what the build names.
        platforms_from: what names them.
        inputs: what it is built from.
        missing: what the job lacks for several platforms.
        fixes: what can be done.
        pushes: what is pushed.
        names: every name the image has, normalised.
        certain: the push is a command of the same file for exactly this image.
        exempt: why one platform is right here, empty otherwise.
    """

    location: Location
    job: BuildJob
    tool: BuildTool
    platforms: Platforms
    platforms_from: PlatformsFrom = PlatformsFrom()
    inputs: BuildInputs = BuildInputs()
    missing: Needs
    fixes: BuildFixes
    pushes: tuple[Pushed, ...] = ()
    names: tuple[str, ...] = ()
    certain: bool = True
    exempt: str = ""


@dataclass(frozen=True, slots=True)
class Prepares:
    """What an action, a script or a Makefile of the repository sets up anywhere for the job that runs it."""

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
    """An image that a service runs which takes no index, or which has x86-64 machines alone.

    Attributes:
        location: where it is given to the service.
        service: its name.
        spellings: of the reference, normalised.
        takes_index: it is one of the latter.
    """

    location: Location
    service: str
    spellings: tuple[str, ...]
    takes_index: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMade:
    """A script or a target that a job runs.

    Attributes:
        location: of the call.
        runner: make, script, npm, just, task, bake, compose and others.
        path: of the file that holds it, None when it cannot be told.
        target: its name.
        missing: what the job lacks for several platforms.
        setup: gives the job emulator and builder, where its machine is known and lacks them.
        in_ci: a job of a CI system runs it on Linux, not on arm64, and has not set up what arm64 needs.
        pushes: it is told to push what the file describes (Bake, Compose).
        by_daemon: what it builds or pushes is in the daemon, which holds one platform.
        host: the sort of machine.
        architecture: of the machine, empty when it is not known.
        known_machine: what the machine is and has is told by its CI system.
        sets_platforms: it gives what is called a variable that is named for platforms or architectures.
        local_actions: the folders of the repository's own actions that the job runs before it.
    """

    location: Location
    runner: str
    path: str | None
    target: str
    missing: Needs
    setup: Fix | None = None
    in_ci: bool = False
    pushes: bool = False
    by_daemon: bool = False
    host: HostKind = HostKind.UNKNOWN
    architecture: str = ""
    known_machine: bool = False
    sets_platforms: bool = False
    local_actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BakePlatforms:
    """The platforms that a bake file names anywhere."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkaffoldArtifacts:
    """What a configuration of skaffold builds.

    Attributes:
        location: of its artifacts.
        images: those that skaffold builds from a Dockerfile or by buildpacks without platforms of their own.
        jib: the folders of what Jib builds for it.
        requires: the configurations that belong to it.
        fix: names both platforms.
        arm64: it names arm64 somewhere.
    """

    location: Location
    images: tuple[str, ...] = ()
    jib: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    fix: Fix | None = None
    arm64: bool = False


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
