"""What a file comes to on arm64, as a set of plain lines, so that two ways to the same end compare as equal.

Variables and questions for the architecture are replaced by what they hold there, and only the branch that is taken counts:
`linux-$(dpkg --print-architecture)`, `linux-${TARGETARCH}` and a `case` that sets the name are one and the same. Versions are left out,
for people often change them in the same commit, and so are other architectures, and the stages that they moved to the build machine.
"""

import re
from collections.abc import Iterable, Iterator

from armready.builds.arch_switches import arch_switches
from armready.builds.facts import ImageBuild
from armready.builds.scripts import HostedScript, scripts
from armready.core.classify import KUBERNETES_KINDS, MANIFEST_KINDS, Kind
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.knowledge.arch import probe, tokens
from armready.kubernetes.facts import workloads
from armready.languages.dockerfile.parser import parse_dockerfile
from armready.languages.dockerfile.platforms import ARM64, PlatformKind
from armready.languages.shell.script import Script

NAMING_KINDS = (MANIFEST_KINDS | {Kind.COMPOSE, Kind.GORELEASER, Kind.MAKEFILE}) - {Kind.PYTHON}
_EXPANSION = re.compile(r"\$\{(\w+)(?::?-[^{}]*)?\}|\$\([^()]*\)|`[^`]*`|\$(\w+)")
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_SEPARATORS = re.compile(r"""[\s,;'"\[\](){}=]+""")
_SYSTEM = re.compile(r"\$\(uname(?: -s)?(?: *\|[^()]*(?:\([^()]*\))?[^()]*)?\)|\$\{TARGETOS\}")
_SILENT = frozenset({"echo", "printf", "[", "[[", "test"})
_COMMENT = re.compile(r"(?m)(?:^|\s)#.*$")


def state(file: File, facts: Iterable[object]) -> frozenset[str]:
    """All that a file says of architectures, as it is on arm64."""
    found: set[str] = set()
    for reader in (_of_dockerfile, _of_scripts, _of_workloads, _of_names):
        try:
            found |= set(reader(file))
        except ParseProblem:
            continue
    return frozenset(found | set(_of_builds(facts)))


def _of_builds(facts: Iterable[object]) -> Iterator[str]:
    for fact in facts:
        if isinstance(fact, ImageBuild) and fact.platforms.resolved:
            what = fact.inputs.dockerfile or fact.inputs.context or "an image"
            yield f"{what} is {'built' if fact.platforms.arm64 else 'not built'} for arm64"


def _of_workloads(file: File) -> Iterator[str]:
    if file.kind in KUBERNETES_KINDS | {Kind.HELM_VALUES, Kind.HELM_TEMPLATE}:
        for each in workloads(file):
            yield f"{each.title} runs on {', '.join(sorted(each.allowed)) or 'every node'}"
            yield from (f"{each.title} runs {_VERSION.sub('N', image.text)}" for image in each.images)


def _of_dockerfile(file: File) -> Iterator[str]:
    if file.kind is not Kind.DOCKERFILE:
        return
    for stage in file.parse(parse_dockerfile).stages:
        if stage.platform.kind is PlatformKind.CONSTANT:
            yield f"stage {stage.name or stage.index} is built for {stage.platform.arch}"
        if stage.base is not None and stage.parent is None:
            yield f"from {_VERSION.sub('N', stage.graph.resolve_global(stage.base.text, stage.position, ARM64))}"
        for instruction in stage.instructions:
            texts = [pair.value for pair in instruction.pairs if pair.value] or [word.text for word in instruction.words]
            if instruction.keyword not in ("RUN", "CMD", "ENTRYPOINT"):
                yield from _about_architecture(stage.resolve(text, instruction, ARM64) for text in texts)


def _of_scripts(file: File) -> Iterator[str]:
    for hosted in scripts(file):
        yield from _about_architecture(_texts(hosted))


def _of_names(file: File) -> Iterator[str]:
    """The words that name an architecture, in files that list them."""
    if file.kind in NAMING_KINDS:
        yield from _about_architecture(word for word in _SEPARATORS.split(_COMMENT.sub("", file.text)) if "$" not in word)


def _about_architecture(texts: Iterable[str]) -> Iterator[str]:
    yield from (_VERSION.sub("N", text) for text in texts if tokens(text))


def _texts(hosted: HostedScript) -> Iterator[str]:
    """The words of the commands that run on arm64, with the values that variables have there."""
    values: dict[str, str] = {}
    skipped = _not_taken(hosted.script)
    for command in hosted.script.commands:
        if id(command) in skipped or command.name in _SILENT:
            continue
        given = {each.name: _expanded(each.value.template, values, hosted) for each in command.assignments if each.value is not None}
        values |= given
        if command.name:
            yield from given.values()
            yield from (_expanded(word.template, values, hosted) for word in command.words)


def _not_taken(script: Script) -> set[int]:
    switches = [each for each in arch_switches(script) if each.conditional is not None]
    others = (branch for each in switches for branch in each.conditional.branches if branch is not (each.arm64 or each.default))  # type: ignore[union-attr]
    return {id(command) for branch in others for command in script.commands_in(branch.body)}


def _expanded(text: str, values: dict[str, str], hosted: HostedScript) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name in values:
            return values[name]
        spelling = probe(found[0])
        if spelling is not None:
            return spelling.arm64
        return hosted.stage.resolve(found[0], hosted.instruction, ARM64) if name and hosted.stage is not None else found[0]

    return _EXPANSION.sub(value, _SYSTEM.sub("linux", hosted.expand(text)))
