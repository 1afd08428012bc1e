"""Bitbucket Pipelines: every step is a job in a container of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from armready.builds.architectures import siblings
from armready.builds.model import Declared, Host, HostKind, Job, Needs, Pipeline, Step, Verb
from armready.builds.setup import lines
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.startup import regex
from armready.knowledge.runners import Buildx, architecture_of_label, buildx_of_image, docker_image_tag
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    get,
    in_flow_style,
    key_of,
    merged_pairs,
    pair_at,
    pair_of,
    parse_yaml,
    span,
    strings,
    text_of,
)
from armready.systems.keyed_steps import Budget, Context, declared_step, script_step
from armready.systems.yaml_steps import ListEditor, line_of, mapping_texts, place_in

GLOBS = {
    "bitbucket": ("bitbucket-pipelines.yml", "bitbucket-pipelines.yaml"),
}
IS_CI = True
SCHEMA = "bitbucket-pipelines"

_MAX_DEPTH = 20
_CLI_IMAGE = "docker:27"
_SIMPLE = regex(r"\s*(?:(?:docker|echo|printf|export|set|cd)\s|[A-Za-z_]\w*=|#)")
_PUSH_PIPE = regex(r"(?:^|/)[\w-]{0,80}push[\w-]{0,80}image(?::|$)")


def read(file: File) -> Pipeline:
    """The steps of all pipelines, each once."""
    roots = file.parse(parse_yaml)
    root = roots[0] if roots else None
    found: dict[int, _Found] = {}
    budget = Budget()
    for kind, pipelines in merged_pairs(get(root, "pipelines")):
        for name, step in _steps(pipelines, key_of(kind) or "", budget):
            found.setdefault(id(step), _Found(step, [])).users.append(name)
    definitions = get(root, "definitions", "steps")
    for definition in definitions.value if isinstance(definitions, SequenceNode) else ():
        defined = get(definition, "step")
        if isinstance(defined, MappingNode):
            found.setdefault(id(defined), _Found(defined, []))
    names = siblings(_name(each.step) for each in found.values())
    return Pipeline("bitbucket", tuple(_job(file, root, each, names) for each in found.values()))


@dataclass
class _Found:
    step: MappingNode
    users: list[str]


def _name(step: MappingNode) -> str:
    return text_of(get(step, "name")) or "step"


def _steps(node: Node | None, name: str, budget: Budget, depth: int = 0) -> Iterator[tuple[str, MappingNode]]:
    """The steps of a pipeline, in parallels, stages and branches, with the name of the pipeline."""
    if depth > _MAX_DEPTH or not budget.spend():
        return
    for each in node.value if isinstance(node, SequenceNode) else ():
        yield from _steps(each, name, budget, depth + 1)
    for key, value in merged_pairs(node):
        word = key_of(key) or ""
        if word == "step" and isinstance(value, MappingNode):
            yield name, value
        elif word != "step":
            yield from _steps(value, name if word in ("parallel", "stage", "steps") else f"{name} {word}".strip(), budget, depth + 1)


def _job(file: File, root: Node | None, found: _Found, names: dict[str, str]) -> Job:
    step = found.step
    name = _name(step)
    host = _host(file, root, step)
    sibling = names.get(name, "")
    users = tuple(dict.fromkeys(found.users))
    return Job(
        name,
        span(step.value[0][0]),
        host,
        tuple(_commands(file, step)),
        users=users if len(users) > 1 else (),
        hidden=not users,
        one_of_several=f"there is a step for each architecture ({sibling})" if sibling else "",
        own_setup=host.kind is HostKind.BITBUCKET and not _runtime(root, step),
    )


def _runtime(root: Node | None, step: MappingNode) -> bool:
    """Whether a step runs on version 3 of the runtime, which allows privileged containers."""
    versions = (get(step, "runtime", "cloud", "version"), get(root, "options", "runtime", "cloud", "version"))
    return any(text_of(each) == "3" for each in versions)


class BitbucketEditor(ListEditor):
    """Edit the steps of Bitbucket."""

    def prepare(self, job: Job, step: Step, missing: Needs) -> list[Edit] | None:
        """Move a step to version 3 of the runtime, with a Docker CLI of its own, which that version does not bring."""
        standing = pair_at(self.file, job.span.start)
        if standing is None or in_flow_style(standing[0]):
            return None
        node, script = standing[0], pair_of(standing[0], "script")
        edits = self.insert_scripts(step, lines(job.host, missing, self.file.settings))
        if edits is None or script is None:
            return None
        image = _image(get(node, "image")) or _image(get(self.file.parse(parse_yaml)[0], "image"))
        if job.host.buildx is not Buildx.CURRENT or docker_image_tag(image) is None:
            with_cli = self._with_cli(node)
            if with_cli is None:
                return None
            edits.append(with_cli)
        runtime = yaml_edit.insert_pair(self.file, node, "runtime", {"cloud": {"version": "3"}}, before=script[0])
        return None if runtime is None else [*edits, runtime]

    def _with_cli(self, step: MappingNode) -> Edit | None:
        """The image with the Docker CLI; None when the step's image is needed for more than Docker."""
        own = pair_of(step, "image")
        if not _only_docker(step):
            return None
        if own is None:
            return yaml_edit.insert_pair(self.file, step, "image", _CLI_IMAGE, before=step.value[0][0])
        return yaml_edit.set_scalar(self.file, own[1], _CLI_IMAGE) if isinstance(own[1], ScalarNode) else None


EDITOR = BitbucketEditor


def _only_docker(step: MappingNode) -> bool:
    """Whether the script of a step needs nothing but a shell and the Docker CLI."""
    script = get(step, "script")
    entries = script.value if isinstance(script, SequenceNode) else []
    return all(
        isinstance(each, ScalarNode) and all(_SIMPLE.match(line) for line in each.value.splitlines() if line.strip()) for each in entries
    )


def _commands(file: File, step: MappingNode) -> Iterator[Step]:
    for key, shell in (("script", 0), ("after-script", 1)):
        script = get(step, key)
        for index, entry in enumerate(script.value if isinstance(script, SequenceNode) else ()):
            place = place_in(script, index) if isinstance(script, SequenceNode) else None
            found = script_step(file, entry, place, shell, Context({})) if isinstance(entry, ScalarNode) else _pipe(file, entry, place)
            if found is not None:
                yield found if key == "script" else _late(found)


def _late(step: Step) -> Step:
    return Step(step.span, step.script, declared=step.declared, shell=step.shell, place=step.place, late=True)


def _pipe(file: File, entry: Node, place: tuple[int, int] | None) -> Step:
    """A pipe; one of Atlassian's pushes an image of the local daemon."""
    pipe = text_of(get(entry, "pipe")) or ""
    if not _PUSH_PIPE.search(pipe):
        return Step(span(entry), name=pipe, shell=2)
    given = mapping_texts(get(entry, "variables"))
    image = given.get("IMAGE_NAME", "")
    names = tuple(f"{image}:{tag}" for tag in given.get("TAGS", "").split()) or ((image,) if image else ())
    declared = Declared(Verb.PUSH, line_of(file, entry), pipe.partition(":")[0], names)
    return declared_step(declared, place, 2, Context({}), pipe)


def _host(file: File, root: Node | None, step: MappingNode) -> Host:
    labels = strings(get(step, "runs-on"))
    if any("windows" in each for each in labels):
        return Host(HostKind.WINDOWS, "amd64")
    if any("macos" in each for each in labels):
        return Host(HostKind.MACOS)
    image = _image(get(step, "image")) or _image(get(root, "image"))
    buildx = buildx_of_image(image) if docker_image_tag(image) is not None else Buildx.UNKNOWN
    if not labels:
        if buildx is Buildx.UNKNOWN and docker_image_tag(image) is None and _only_docker(step):
            buildx = Buildx.CURRENT
        doubt = "Bitbucket allows emulation and builders of one's own only with version 3 of its runtime"
        return Host(HostKind.BITBUCKET, "amd64", buildx=buildx, doubt=doubt)
    told = next((file.settings.runners[each] for each in labels if each in file.settings.runners), None)
    architecture = told.arch if told else next((found for each in labels if (found := architecture_of_label(each))), "")
    known = told is not None and told.ephemeral and told.privileged
    doubt = "" if known else f"the runner {' '.join(labels)} is not known (`runners` in the configuration can say what it is)"
    kind = HostKind.UNKNOWN if known else HostKind.PERSISTENT
    return Host(kind, architecture, buildx=buildx, trusted=bool(known), doubt=doubt)


def _image(node: Node | None) -> str:
    return text_of(node) or text_of(get(node, "name")) or ""
