"""Every shell script in a file of any kind, with what its host knows of it. The rules on shell are written once, above this."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from armready.core.classify import KUBERNETES_KINDS, PIPELINE_KINDS, Kind
from armready.core.embedded import Embedded
from armready.core.file import File
from armready.core.kinds import SYSTEMS
from armready.core.source import Span
from armready.core.startup import dataclass, imported, lazy, regex

if TYPE_CHECKING:
    from armready.languages.dockerfile.instructions import Instruction
    from armready.languages.dockerfile.stages import Stage
    from armready.languages.shell.script import Script


class Host(StrEnum):
    """Where a script runs: while an image is built, in a container, on a machine of CI, or wherever people run it."""

    IMAGE = "image"
    CONTAINER = "container"
    CI = "ci"
    MACHINE = "machine"


@dataclass(frozen=True, eq=False)
class HostedScript:
    """A script and what stands around it. Its syntax is read when `script` is first asked for, so ask its text first.

    Attributes:
        embedded: the text, mapped to the file.
        host: where it runs.
        name: the recipe, target, job or container it belongs to.
        instruction: of a Dockerfile.
        stage: of a Dockerfile.
        architecture: of the CI machine, when it is known.
        expand: puts the values of the host's own variables into a text.
        detail: the host's own record (a Make rule, a CI step).
        opaque: what the host replaces before a shell sees it.
    """

    embedded: Embedded
    host: Host
    name: str = ""
    instruction: Instruction | None = None
    stage: Stage | None = None
    architecture: str = ""
    expand: Callable[[str], str] = str
    detail: Any = None
    opaque: Sequence[Span] = ()

    @lazy
    def script(self) -> Script:
        """The script as parsed."""
        from armready.languages.shell.script import parse_shell

        return parse_shell(self.embedded, opaque=self.opaque)

    @property
    def text(self) -> str:
        """The text of the script."""
        return self.embedded.text

    @lazy
    def unquoted(self) -> str:
        """The text without its quotes."""
        return self.text.replace('"', "").replace("'", "")

    def holds(self, needles: tuple[bytes, ...]) -> bool:
        """Whether one of a rule's needles, which must be plain ones, stands in the text: in a short one that is faster than a finder."""
        return any(needle in self._lowered for needle in needles)

    @lazy
    def _lowered(self) -> bytes:
        return self.text.lower().encode("utf-8", "surrogatepass")

    def span(self, inner: Span) -> Span:
        """Where to point in the file for a span of the script."""
        return self.embedded.nearest_host_span(inner)


def scripts(file: File) -> tuple[HostedScript, ...]:
    """The scripts of a file, in order; memoised by `file.parse(scripts)`.

    Raises:
        ParseProblem: the file is not what its kind says.
    """
    reader = _READERS.get(file.kind)
    if reader is None and file.kind in PIPELINE_KINDS:
        reader = _of_pipeline
    if reader is None and file.kind in KUBERNETES_KINDS | {Kind.HELM_TEMPLATE}:
        reader = _of_kubernetes
    return tuple(reader(file)) if reader else ()


def _of_dockerfile(file: File) -> Iterator[HostedScript]:
    from armready.languages.dockerfile.parser import parse_dockerfile

    dockerfile = file.parse(parse_dockerfile)
    for outer in dockerfile.instructions:
        instruction = outer.trigger or outer
        shell = instruction.shell
        stage = dockerfile.stage_of(outer)
        if shell is None or (stage is not None and stage.is_windows):
            continue
        host = Host.IMAGE if instruction.keyword == "RUN" else Host.CONTAINER
        yield HostedScript(embedded=shell, host=host, name=instruction.keyword, instruction=instruction, stage=stage)


_OTHER_SHEBANG = regex(r"#!(?!.*(?:sh|bats)\b)")


def _of_shell(file: File) -> Iterator[HostedScript]:
    if _OTHER_SHEBANG.match(file.text):
        return
    yield HostedScript(Embedded.whole(file.text), Host.MACHINE, file.path)


def _of_makefile(file: File) -> Iterator[HostedScript]:
    from armready.languages.make import parse_makefile, recipes

    makefile = file.parse(parse_makefile)
    for rule in recipes(makefile):
        assert rule.recipe is not None
        name = " ".join(rule.targets)
        yield HostedScript(rule.recipe, Host.MACHINE, name, expand=makefile.expand, detail=rule, opaque=rule.opaque)


def _of_justfile(file: File) -> Iterator[HostedScript]:
    from armready.languages.just import parse_justfile

    for recipe in file.parse(parse_justfile).recipes:
        if recipe.script is not None:
            yield HostedScript(recipe.script, Host.MACHINE, recipe.name, detail=recipe)


def _of_package_json(file: File) -> Iterator[HostedScript]:
    from armready.languages.yaml import nodes as yaml

    roots = file.parse(yaml.parse_yaml)
    for key, value in yaml.pairs(yaml.get(roots[0], "scripts") if roots else None):
        embedded = yaml.embedded(file, value) if isinstance(value, yaml.ScalarNode) else None
        if embedded is not None:
            yield HostedScript(embedded, Host.MACHINE, yaml.text_of(key) or "")


def _of_pipeline(file: File) -> Iterator[HostedScript]:
    from armready.builds.readers import read_pipeline
    from armready.builds.variables import expand

    if file.kind not in SYSTEMS:
        return
    host = Host.CI if file.kind in PIPELINE_KINDS else Host.MACHINE
    seen: set[Span] = set()
    for job in file.parse(read_pipeline).jobs:
        if not job.host.is_linux:
            continue
        for step in job.steps:
            if step.script is None or step.span in seen:
                continue
            seen.add(step.span)
            environment = {**job.environment, **step.environment}

            def resolve(text: str, environment: Mapping[str, tuple[str, ...]] = environment) -> str:
                texts = expand(text, environment)
                return texts[0] if len(texts) == 1 else text

            architecture = job.host.architecture
            yield HostedScript(
                embedded=step.script,
                host=host,
                name=job.name,
                instruction=None,
                stage=None,
                architecture=architecture,
                expand=resolve,
                detail=step,
                opaque=step.opaque,
            )


def _of_earthfile(file: File) -> Iterator[HostedScript]:
    from armready.languages.earthfile import parse_earthfile

    for run in file.parse(parse_earthfile):
        yield HostedScript(run.script, Host.IMAGE, run.target, detail=run)


def _of_notebook(file: File) -> Iterator[HostedScript]:
    from armready.languages.python.notebook import notebook_shell

    for embedded in notebook_shell(file):
        yield HostedScript(embedded, Host.MACHINE, file.path)


def _of_kubernetes(file: File) -> Iterator[HostedScript]:
    for found in imported("armready.kubernetes.scripts", "container_scripts")(file):
        yield HostedScript(found.embedded, Host.CONTAINER, found.name, detail=found)


_READERS: dict[Kind, Callable[[File], Iterator[HostedScript]]] = {
    Kind.DOCKERFILE: _of_dockerfile,
    Kind.SHELL: _of_shell,
    Kind.MAKEFILE: _of_makefile,
    Kind.JUSTFILE: _of_justfile,
    Kind.PACKAGE_JSON: _of_package_json,
    Kind.TASKFILE: _of_pipeline,
    Kind.EARTHFILE: _of_earthfile,
    Kind.NOTEBOOK: _of_notebook,
}
