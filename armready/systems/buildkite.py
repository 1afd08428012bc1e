"""Buildkite: the commands of a step are one script on an agent that is kept between builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from armready.builds.architectures import siblings, varied
from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.core.file import File
from armready.knowledge.runners import Buildx, architecture_of_label
from armready.languages.yaml.nodes import MappingNode, Node, SequenceNode, get, key_of, merged_pairs, parse_yaml, span, strings, text_of
from armready.systems.keyed_steps import Budget, Context, declared_step, script_step
from armready.systems.yaml_steps import ListEditor, environment_of, flattened, line_of, mapping_texts, named_environment, place_in

GLOBS = {
    "buildkite": ("*.buildkite/**.yml", "*.buildkite/**.yaml", "buildkite.yml", "buildkite.yaml"),
}
IS_CI = True
SCHEMA = "buildkite"

_MAX_DEPTH = 5


def read(file: File) -> Pipeline:
    """The command steps, those of groups too."""
    roots = file.parse(parse_yaml)
    root = roots[0] if roots else None
    steps = root if isinstance(root, SequenceNode) else get(root, "steps")
    nodes = list(_command_steps(steps, Budget()))
    spelled = siblings(_name(node) for node in nodes)
    return Pipeline("buildkite", tuple(_job(file, root, node, spelled.get(_name(node), "")) for node in nodes))


def _command_steps(node: Node | None, budget: Budget, depth: int = 0) -> Iterator[MappingNode]:
    for step in node.value if isinstance(node, SequenceNode) and depth < _MAX_DEPTH else ():
        if not budget.spend():
            return
        if get(step, "group") is not None or get(step, "steps") is not None:
            yield from _command_steps(get(step, "steps"), budget, depth + 1)
        elif isinstance(step, MappingNode) and step.value:
            yield step


def _name(node: MappingNode) -> str:
    texts = (text_of(get(node, key)) for key in ("key", "id", "identifier", "label", "name"))
    return next((text for text in texts if text), "step")


@dataclass
class _Plugins:
    """The plugins of a step: name -> settings."""

    found: list[tuple[str, Node, Node]] = field(default_factory=list)

    @classmethod
    def of(cls, node: Node | None) -> _Plugins:
        entries = node.value if isinstance(node, SequenceNode) else [node]
        return cls([(key_of(key) or "", key, value) for entry in entries for key, value in merged_pairs(entry)])


def _job(file: File, root: Node | None, node: MappingNode, sibling: str) -> Job:
    environment = environment_of(get(root, "env"), get(node, "env"))
    matrix = _matrix(get(node, "matrix"))
    axis = varied(matrix)
    several = (
        f"there is a step for each architecture ({sibling})"
        if sibling
        else f"its matrix has several architectures ({axis})"
        if axis
        else ""
    )
    agents = _labels(get(node, "agents")) or _labels(get(root, "agents"))
    return Job(
        _name(node),
        span(node.value[0][0]),
        _host(file, agents),
        tuple(_steps(file, node)),
        environment=environment | matrix,
        disabled=text_of(get(node, "skip")) not in (None, "false", "") or text_of(get(node, "if")) == "false",
        one_of_several=several,
        needs=strings(get(node, "depends_on")),
        matrix=matrix,
    )


def _matrix(node: Node | None) -> dict[str, tuple[str, ...]]:
    setup = get(node, "setup")
    if isinstance(node, SequenceNode) or isinstance(setup, SequenceNode):
        return {"matrix": strings(node if isinstance(node, SequenceNode) else setup)}
    return {f"matrix.{key_of(key)}": strings(value) for key, value in merged_pairs(setup)}


def _labels(node: Node | None) -> dict[str, str]:
    if isinstance(node, SequenceNode):
        return {name: values[0] for name, values in named_environment(node).items()}
    return mapping_texts(node)


def _host(file: File, agents: Mapping[str, str]) -> Host:
    labels = [*agents.values(), *(f"{name}={value}" for name, value in agents.items())]
    if any("windows" in each.lower() for each in labels):
        return Host(HostKind.WINDOWS, "amd64")
    if any("macos" in each.lower() or each.lower().startswith("mac-") for each in labels):
        return Host(HostKind.MACOS)
    told = next((file.settings.runners[each] for each in labels if each in file.settings.runners), None)
    architecture = told.arch if told else next((found for each in labels if (found := architecture_of_label(each))), "")
    where = f"the queue {agents['queue']}" if "queue" in agents else "the default queue"
    if told is not None and told.privileged and told.ephemeral:
        return Host(HostKind.UNKNOWN, architecture, buildx=Buildx.UNKNOWN, trusted=True, doubt="")
    return Host(
        HostKind.PERSISTENT,
        architecture,
        buildx=Buildx.UNKNOWN,
        doubt=f"agents of {where} are not known (`runners` in the configuration can say what they are)",
    )


def _steps(file: File, node: MappingNode) -> Iterator[Step]:
    plugins = _Plugins.of(get(node, "plugins"))
    for key in ("command", "commands"):
        for scalar, sequence, index in flattened(get(node, key)):
            place = place_in(sequence, index)
            step = script_step(file, scalar, place, 0, Context({}))
            if step is not None:
                yield step
    for number, (name, key_node, settings) in enumerate(plugins.found, 1):
        declared = _compose(file, name, key_node, settings)
        if declared is not None:
            yield declared_step(declared, None, number, Context({}), name)


def _compose(file: File, name: str, key: Node, settings: Node) -> Declared | None:
    """The docker-compose plugin, where it pushes what it builds."""
    push = get(settings, "push")
    ours = "docker-compose" in name or (get(settings, "build") is not None and get(settings, "config") is not None)
    if push is None or not ours or get(settings, "builder") is not None:
        return None
    names = tuple(each.partition(":")[2] or each for each in strings(push))
    return Declared(
        Verb.BUILD,
        line_of(file, get(settings, "build") or push),
        "the docker-compose plugin",
        names,
        pushes=True,
        push_span=span(push),
        folder=None,
        reasons=(
            "platforms belong into build.platforms of the compose file, and the plugin needs a builder: with driver docker-container",
        ),
    )


EDITOR = ListEditor
