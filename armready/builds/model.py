"""What every CI system and build description is read into: jobs on hosts, with steps in order.

A reader (`systems/<system>.py`) does nothing but fill these records; events, history and gates are written once, above them. The records
are data: what changes the text of a file is the `Editor` of its system, which finds the places again from the spans and numbers in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from armready.core.fix import Applicability
from armready.core.source import Span
from armready.core.startup import dataclass
from armready.knowledge.runners import Buildx

if TYPE_CHECKING:
    from armready.core.embedded import Embedded


class HostKind(StrEnum):
    """The machine a job runs on, as far as its file says."""

    GITHUB_LINUX = "a GitHub-hosted Linux runner"
    GITHUB_ARM = "a GitHub-hosted arm runner"
    GITLAB_DIND = "a GitLab runner with docker:dind"
    CIRCLE_MACHINE = "a CircleCI machine"
    CIRCLE_REMOTE = "CircleCI's remote Docker"
    AZURE_LINUX = "an Azure-hosted Linux agent"
    TRAVIS = "a Travis machine"
    BITBUCKET = "Bitbucket Pipelines"
    CLOUDBUILD = "Cloud Build"
    CODEBUILD = "CodeBuild"
    CODEBUILD_ARM = "CodeBuild on arm"
    PERSISTENT = "a machine that is kept between builds"
    WINDOWS = "Windows"
    MACOS = "macOS"
    UNKNOWN = "an unknown machine"


@dataclass(frozen=True, slots=True)
class Host:
    """Where a job runs.

    Attributes:
        kind: the sort of machine.
        architecture: `amd64` or `arm64` when it is known, else empty.
        tls: the Docker daemon is reached by TLS that the environment configures: a builder needs a context first.
        buildx: of the job's CLI.
        trusted: a fix for it may be safe; else `doubt` says why not.
        doubt: the reason, as a sentence without a final period.
    """

    kind: HostKind = HostKind.UNKNOWN
    architecture: str = ""
    tls: bool = False
    buildx: Buildx = Buildx.UNKNOWN
    trusted: bool = False
    doubt: str = "the machine that runs it is not known"

    @property
    def is_linux(self) -> bool:
        """Whether Linux images are built there."""
        return self.kind not in (HostKind.WINDOWS, HostKind.MACOS)


class Verb(StrEnum):
    """What a declarative step does."""

    BUILD = "build"
    BAKE = "bake"
    PUSH = "push"
    LOGIN = "login"
    EMULATOR = "emulator"
    BUILDER = "builder"
    MERGE = "merge"
    USE = "use"
    CALL = "call"
    ACTION = "action"
    OTHER = "other"


@dataclass(frozen=True, eq=False)
class Declared:
    """What a step that is no script declares: an action, a task, a plugin, a key of a build description.

    Attributes:
        verb: what it does.
        span: where to point.
        tool: the name of the action, task or plugin.
        tags: the references it builds or pushes, as written.
        platforms: the values it gives for platforms, as written; None when it names none.
        platforms_span: where they stand.
        pushes: a build that pushes its result.
        push_span: where that is said.
        loads: the result is loaded into the daemon.
        keeps: the result is given to some output (a file, the daemon, a registry), so that it is not only in the cache.
        files: for `BAKE`, the files that describe the builds; for `CALL`, those of which one is run; for `ACTION`, its folder.
        targets: for `BAKE`, what is built of them.
        dockerfile: as written, relative to `context` if `in_context`; empty: the default.
        context: as written; empty: the default.
        folder: what both are relative to; None when it is not known.
        target: the stage that is built, as written; empty: the last one.
        arguments: the build arguments, `NAME=value` as written.
        by_digest: the push is one part of an image that is merged later.
        brings_builder: it builds without buildx, and needs no builder of it.
        native: the builder has arm machines of its own and needs no emulation.
        takes_platforms: its platforms can be set.
        applicability: how far that fix can be trusted at best.
        reasons: why not further.
        detail: for `EMULATOR` the platforms it installs, for `BUILDER` the driver.
        removable: a push that can be taken out.
    """

    verb: Verb
    span: Span
    tool: str = ""
    tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] | None = None
    platforms_span: Span | None = None
    pushes: bool = False
    push_span: Span | None = None
    loads: bool = False
    keeps: bool = True
    files: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    dockerfile: str = ""
    in_context: bool = False
    context: str = ""
    folder: str | None = ""
    target: str = ""
    arguments: tuple[str, ...] = ()
    by_digest: bool = False
    brings_builder: bool = False
    native: bool = False
    takes_platforms: bool = False
    applicability: Applicability = Applicability.UNSAFE
    reasons: tuple[str, ...] = ()
    detail: str = ""
    removable: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What a multi-platform build needs that its job does not have yet."""

    emulator: bool
    builder: bool

    def __bool__(self) -> bool:
        """Whether anything is missing."""
        return self.emulator or self.builder


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a job.

    Attributes:
        span: where it stands.
        script: its shell, when it is one.
        opaque: parts of the script that the host replaces before a shell sees them.
        declared: what it does when it is no script.
        name: its name or id.
        shell: steps with the same number share variables and the working folder.
        environment: the variables that this step alone has.
        folder: the working folder at its begin, relative to the root; None when it is not known.
        condition: the source of its condition, empty when it always runs.
        place: two numbers by which the editor of the system finds it again: in YAML where its list begins and its index there, in a
            Jenkinsfile its first token and its last. None: nothing can be put before it, and it cannot be removed.
        id: what expressions elsewhere call it.
        restarts: offsets in the script at which a new shell begins, without the variables and the folder of what went before.
        late: it runs after the job's own script and its failure does not count (GitLab's after_script).
        detect_only: it is read for detection alone: no fix may touch it.
    """

    span: Span
    script: Embedded | None = None
    opaque: tuple[Span, ...] = ()
    declared: tuple[Declared, ...] = ()
    name: str = ""
    shell: int = 0
    environment: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    folder: str | None = ""
    condition: str = ""
    place: tuple[int, int] | None = None
    late: bool = False
    restarts: tuple[int, ...] = ()
    detect_only: str = ""
    id: str = ""


@dataclass(frozen=True, eq=False)
class Job:
    """Steps that share a machine.

    Attributes:
        name: as the file has it.
        span: where it stands.
        host: its machine.
        steps: in order.
        environment: variables of the job and the file, with all values that a matrix gives them.
        users: the jobs that share this text, when there is more than one.
        hidden: it never runs by itself.
        disabled: it never runs at all.
        one_of_several: why the job builds one architecture of several (a sibling, a matrix), empty otherwise.
        insecure: the daemon or the builder talks to a registry without TLS.
        own_setup: emulator and builder are steps of the system, or more than shell lines at `Step.place` or in the script.
        divisible: a build of it can be divided into one on a machine of each architecture.
        local_setup: what one step sets up is set up again right before the next one that needs it.
        takes_targets: a target of its own can be put behind it.
        recipe: it is a target of a build description that people also call by hand.
    """

    name: str
    span: Span
    host: Host
    steps: tuple[Step, ...]
    environment: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    users: tuple[str, ...] = ()
    hidden: bool = False
    disabled: bool = False
    one_of_several: str = ""
    insecure: bool = False
    recipe: bool = False
    takes_targets: bool = False
    divisible: bool = False
    local_setup: bool = False
    own_setup: bool = False
    needs: tuple[str, ...] = ()
    matrix: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """One file.

    Attributes:
        system: the name of the CI system or build description.
        jobs: in the order of the file.
        shares_images: an image built by one job is still there in the next: one machine runs all (Make, Jenkins, Cloud Build).
        includes: files of the repository that it takes in, and names of what lies elsewhere.
        extends: hidden jobs of other files that its jobs take their text from.
        elsewhere: what it takes in that lies in another repository, and where it says so.
        generated: the file says that a program writes it.
    """

    system: str
    jobs: tuple[Job, ...]
    shares_images: bool = False
    includes: tuple[str, ...] = ()
    extends: tuple[str, ...] = ()
    elsewhere: tuple[tuple[str, Span], ...] = ()
    generated: bool = False

    @cached_property
    def dependants(self) -> dict[str, list[Job]]:
        """The jobs that need the one of a name."""
        found: dict[str, list[Job]] = {}
        for job in self.jobs:
            for name in job.needs:
                found.setdefault(name, []).append(job)
        return found

    @cached_property
    def _named(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for index, job in enumerate(self.jobs):
            for name in job.name.split():
                found.setdefault(name, []).append(index)
        return found

    def named(self, names: Iterable[str]) -> list[Job]:
        """The jobs that have one of some names, in order. A target of Make can have several."""
        return [self.jobs[index] for index in sorted({index for name in names for index in self._named.get(name, ())})]
