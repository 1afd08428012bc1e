"""The records of the first pass: what a file is, in small, plain pieces.

A collector reads one file and yields facts; `COLLECTORS` says which ones read which kind. Project rules join the facts of many files
and parse nothing again. Each fact carries the locations and the source words that a finding or a fix will need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Protocol

from armready.core.classify import BUILD_KINDS, INSTALL_KINDS, KUBERNETES_KINDS, MANIFEST_KINDS, PIPELINE_KINDS, Kind
from armready.core.collector_needles import BUILD_TOOLS, TEKTON_TASKS, X86_MODULES
from armready.core.finding import Confidence
from armready.core.fix import Fix
from armready.core.source import Location
from armready.core.startup import dataclass, imported

if TYPE_CHECKING:
    from armready.core.file import File


class Fact(Protocol):
    """Any frozen record whose annotations name plain values and other such records, at run time too. Facts are found by their type."""


class Collector(NamedTuple):
    """A function `(File) -> Iterator[Fact]`, imported when a file first needs it.

    Attributes:
        function: "package.module:function".
        kinds: the kinds of files that it reads.
        needles: as those of `FileRule`: without one of them in the file there is no fact.
    """

    function: str
    kinds: frozenset[Kind]
    needles: tuple[bytes, ...] = ()

    def load(self) -> Callable[[File], Iterator[Fact]]:
        """Import the function."""
        module, _, name = self.function.partition(":")
        return imported(module, name)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class ImageFact:
    """An image that a Dockerfile names.

    Attributes:
        text: the reference with the variables of known value replaced; others stand in it as they are written.
        location: the reference, or the default of the ARG that holds it.
        varies: the reference differs between architectures.
        overridable: a build argument decides at least a part of it.
    """

    text: str
    location: Location
    varies: bool
    overridable: bool


@dataclass(frozen=True, slots=True)
class StageFact:
    """A stage of a Dockerfile.

    Attributes:
        name: as written; empty without one.
        location: its FROM.
        base: its base image; None when it is built from another stage, or from `scratch`.
        parent: the number of the stage it is built from.
        sources: the numbers of the stages it copies or mounts from.
        images: the images it copies or mounts from.
        copies: the paths it takes from the build context, variables replaced as far as they are known.
        platform: `target`, `build`, `constant` or `unknown`: what its steps run on.
        arch: the architecture of a constant platform.
        is_final: it can be the target of a build: the last one, or one that no other uses.
        ships: it is in an image, or a stage that ships copies from it.
        is_windows: it is built for Windows.
        runs: the RUN instructions that run on the target platform, so that another architecture needs emulation.
        heavy: of those, the ones that compile or otherwise take long under emulation.
        files_only: it starts from `scratch`, takes text and data from the build context, and has nothing to run.
    """

    name: str
    location: Location
    base: ImageFact | None
    parent: int | None
    sources: tuple[int, ...]
    images: tuple[ImageFact, ...]
    copies: tuple[str, ...]
    platform: str
    arch: str
    is_final: bool
    ships: bool
    is_windows: bool
    runs: tuple[Location, ...]
    heavy: tuple[Location, ...]
    files_only: bool


@dataclass(frozen=True, slots=True)
class DockerfileFact:
    """A Dockerfile.

    Attributes:
        stages: in order.
        is_template: it has to be rendered first, so nothing of it is sure.
    """

    stages: tuple[StageFact, ...]
    is_template: bool

    def needed(self, target: str = "") -> tuple[StageFact, ...]:
        """The stages that a build of `target` (a name or a number; the last stage without one) runs, in order; empty for no such stage."""
        names = {stage.name.lower(): index for index, stage in enumerate(self.stages) if stage.name}
        last = len(self.stages) - 1
        start = names.get(target.lower(), int(target) if target.isdecimal() else -1) if target else last
        if not 0 <= start <= last:
            return ()
        wanted, todo = set[int](), [start]
        while todo:
            index = todo.pop()
            if index not in wanted:
                wanted.add(index)
                stage = self.stages[index]
                todo += [*stage.sources, *(() if stage.parent is None else (stage.parent,))]
        return tuple(self.stages[index] for index in sorted(wanted))

    def shipped(self, target: str = "") -> tuple[StageFact, ...]:
        """Of those, the ones whose files are in the image: the target and the stages it is built from, from the target on."""
        needed = {id(stage) for stage in self.needed(target)}
        names = [stage for stage in self.stages if id(stage) in needed]
        found: list[StageFact] = []
        stage = names[-1] if names else None
        while stage is not None:
            found.append(stage)
            stage = None if stage.parent is None else self.stages[stage.parent]
        return tuple(found)


# The locks that name files or packages with their versions.
RESOLVED_KINDS = frozenset({Kind.UV_LOCK, Kind.POETRY_LOCK, Kind.PDM_LOCK, Kind.PYLOCK, Kind.PEX_LOCK})


@dataclass(frozen=True, slots=True)
class CopiedFileFact:
    """A source of a COPY or ADD that is not a whole folder, in a stage that may matter to arm64.

    Attributes:
        path: as an arm64 build has it: variables replaced as far as they are known.
        location: the word.
        from_stage: it is copied from another stage, not from the build context.
        arm64_path: what the path would be for arm64; empty when it names no architecture.
        fix: takes the file of the architecture that is built for; None when there is nothing to edit.
        ships: its stage ships.
        sure: nothing is a template.
    """

    path: str
    location: Location
    from_stage: bool
    arm64_path: str
    fix: Fix | None
    ships: bool
    sure: bool


@dataclass(frozen=True, slots=True)
class ArchArgumentFact:
    """An ARG or ENV of a Dockerfile that holds a name of amd64 and is used.

    Attributes:
        name: the variable.
        location: its `NAME=value`.
        is_env: an ENV, which a build cannot change.
        fix: derives it from TARGETARCH; None where the names differ.
        sure: nothing is a template.
    """

    name: str
    location: Location
    is_env: bool
    fix: Fix | None
    sure: bool


@dataclass(frozen=True, slots=True)
class BuildArgumentFact:
    """The build arguments that a file passes with values of which it is not known that they are for amd64."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class BlockingFact:
    """What an arm64 build of a Dockerfile would run into, where the rule that reports it is a project rule and judges after the gates.

    Attributes:
        code: of that rule.
        location: the place.
        message: why arm64 cannot be built or run.
    """

    code: str
    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class GoArchFact:
    """A place in a Dockerfile that makes a program for amd64.

    Attributes:
        location: the place.
        made: the target of a build tool that names amd64; empty for `GOARCH=amd64`.
        argument: the build argument that would change it; empty for none.
        confidence: how it is known.
        fix: how it is mended.
    """

    location: Location
    made: str
    argument: str
    confidence: Confidence
    fix: Fix | None


# One of these stands in every Python file that declares dependencies.
_DECLARES = (b"setup(", b"# /// script", b"nox", b"python_requirement(")
_SCHEDULING_KINDS = KUBERNETES_KINDS | {Kind.HELM_VALUES, Kind.HELM_TEMPLATE, Kind.KUSTOMIZATION}

# Kinds of which a repository has many files that build nothing.
_OFTEN_IDLE = frozenset({Kind.TEKTON, Kind.ARGO, Kind.SHELL, Kind.MAKEFILE, Kind.JUSTFILE, Kind.TASKFILE, Kind.PACKAGE_JSON, Kind.POM})

COLLECTORS: tuple[Collector, ...] = (
    Collector("armready.kubernetes.nodes:node_pools", KUBERNETES_KINDS, (b"karpenter",)),
    Collector("armready.kubernetes.nodes:runtime_classes", KUBERNETES_KINDS, (b"runtimeclass",)),
    Collector("armready.kubernetes.pins:pin_facts", _SCHEDULING_KINDS, (b"kubernetes.io/arch",)),
    Collector("armready.kubernetes.pins:json_patch_facts", KUBERNETES_KINDS | {Kind.KUSTOMIZATION}, (b"nodeselector",)),
    Collector("armready.kubernetes.overlays:scheduled", KUBERNETES_KINDS, (b"kubernetes.io/arch",)),
    Collector("armready.kubernetes.overlays:overlays", frozenset({Kind.KUSTOMIZATION})),
    Collector("armready.kubernetes.facts:workloads", KUBERNETES_KINDS | {Kind.HELM_VALUES, Kind.HELM_TEMPLATE}, (b"image",)),
    Collector("armready.python.manifests:manifest_facts", MANIFEST_KINDS | {Kind.PIPFILE_LOCK}),
    Collector(
        "armready.python.manifests:manifest_facts", frozenset({Kind.PYTHON}), (b"setup(", b"# /// script", b"nox", b"python_requirement(")
    ),
    Collector(
        "armready.python.platforms:platform_facts", frozenset({Kind.PYPROJECT, Kind.PIXI, Kind.CONDA_ENV}), (b"platforms", b"environments")
    ),
    Collector("armready.python.indexes:index_facts", frozenset({Kind.PYPROJECT, Kind.PIPFILE}), (b"index", b"source")),
    Collector("armready.python.indexes:environment_facts", frozenset({Kind.PYPROJECT})),
    Collector("armready.python.commands:command_facts", INSTALL_KINDS, (b"pip", b"uv ", b"poetry", b"pdm ", b"python")),
    Collector("armready.python.wheel_builds:wheel_build_facts", PIPELINE_KINDS, (b"cibuildwheel", b"cibw_", b"maturin")),
    Collector("armready.python.wheel_builds:config_facts", frozenset({Kind.PYPROJECT}), (b"cibuildwheel",)),
    Collector("armready.python.platforms:lock_platform_facts", frozenset({Kind.CONDA_LOCK, Kind.PIXI_LOCK}), (b"linux-64",)),
    Collector("armready.python.platforms:explicit_facts", frozenset({Kind.CONDA_EXPLICIT})),
    Collector("armready.python.lock_readers:lock_facts", RESOLVED_KINDS),
    Collector("armready.python.imports:import_facts", frozenset({Kind.PYTHON}), X86_MODULES),
    Collector("armready.python.bundled:library_facts", frozenset({Kind.PYTHON}), (b'.so"', b".so'", b".so.")),
    Collector("armready.builds.compose:pinned_services", frozenset({Kind.COMPOSE}), (b"platform",)),
    Collector("armready.builds.bake:bake_facts", frozenset({Kind.BAKE_HCL, Kind.BAKE_JSON}), (b"platforms",)),
    Collector("armready.builds.publishers:described_platforms", frozenset({Kind.SKAFFOLD, Kind.KO, Kind.COMPOSE}), (b"platforms",)),
    Collector("armready.multiplatform.skaffold:artifacts", frozenset({Kind.SKAFFOLD}), (b"artifacts", b"requires")),
    Collector("armready.builds.java_publishers:jib_platforms", frozenset({Kind.POM, Kind.GRADLE}), (b"jib",)),
    Collector("armready.systems.earthfile:built_platforms", frozenset({Kind.EARTHFILE}), (b"arm64", b"aarch64")),
    Collector("armready.multiplatform.collect:image_facts", (PIPELINE_KINDS | BUILD_KINDS) - _OFTEN_IDLE),
    Collector("armready.multiplatform.collect:image_facts", _OFTEN_IDLE - {Kind.TEKTON}, BUILD_TOOLS),
    Collector("armready.multiplatform.collect:image_facts", frozenset({Kind.TEKTON}), (*BUILD_TOOLS, *TEKTON_TASKS)),
    Collector("armready.dockerfiles.collect:collect", frozenset({Kind.DOCKERFILE}), (b"from",)),
    Collector("armready.dockerfiles.collect:copied_files", frozenset({Kind.DOCKERFILE}), (b"copy", b"add")),
    Collector("armready.dockerfiles.collect:arch_arguments", frozenset({Kind.DOCKERFILE}), (b"64",)),
    Collector("armready.dockerfiles.go_targets:go_arch_facts", frozenset({Kind.DOCKERFILE}), (b"goarch", b"amd64", b"x86_64")),
    Collector("armready.dockerfiles.go_targets:make_calls", frozenset({Kind.DOCKERFILE}), (b"make",)),
    Collector("armready.dockerfiles.go_targets:make_rules", frozenset({Kind.MAKEFILE}), (b"goarch",)),
    Collector("armready.builds.build_arguments:collect", PIPELINE_KINDS | BUILD_KINDS, (b"build-arg", b"build_arg", b"buildarg", b"args")),
)
