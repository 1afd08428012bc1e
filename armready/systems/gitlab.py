"""GitLab CI: jobs as GitLab puts them together from defaults, `extends`, anchors and `!reference`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from armready.builds.architectures import siblings, varied
from armready.builds.model import Host, HostKind, Job, Pipeline, Step
from armready.builds.options import words
from armready.builds.variables import expand
from armready.core.config import Runner
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import imported
from armready.knowledge.runners import Buildx, architecture_of_label, buildx_of_image, docker_image_tag
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    embedded,
    get,
    key_of,
    merged_pairs,
    pair_at,
    parse_yaml,
    span,
    strings,
    text_of,
    walk,
)
from armready.systems.yaml_steps import ListEditor, environment_of, flattened, place_in

if TYPE_CHECKING:
    from armready.builds.history import Chain

GLOBS = {
    "gitlab": (
        ".gitlab-ci.yml",
        ".gitlab-ci.yaml",
        "*.gitlab-ci.yml",
        "*.gitlab-ci.yaml",
        "*.gitlab/**.yml",
        "*.gitlab/**.yaml",
        "*gitlab-ci/**.yml",
    ),
}
IS_CI = True
SCHEMA = "gitlab-ci"

_RESERVED = words("default include stages types variables workflow image services cache before_script after_script spec")
_INHERITED = (
    "image",
    "services",
    "before_script",
    "after_script",
    "tags",
    "cache",
    "retry",
    "timeout",
    "artifacts",
    "interruptible",
    "id_tokens",
)
_MAX_EXTENDS = 11
# Lines that `!reference` brings into the scripts of a file: references to references can make a short file endless.
_MAX_SPLICED = 50_000


def read(file: File) -> Pipeline:
    """The jobs of a GitLab file."""
    reader = _Reader(file)
    jobs = tuple(reader.jobs())
    includes, elsewhere = reader.includes()
    return Pipeline("gitlab", jobs, includes=includes, extends=reader.foreign(), elsewhere=elsewhere)


@dataclass
class _Reader:
    file: File
    definitions: dict[str, MappingNode] = field(default_factory=dict)
    keys: dict[str, Node] = field(default_factory=dict)
    root: Node | None = None

    def __post_init__(self) -> None:
        roots = [root for root in self.file.parse(parse_yaml) if isinstance(root, MappingNode)]
        if len(roots) > 1 and get(roots[0], "spec") is not None and len(roots[0].value) == 1:
            roots = roots[1:]
        self.root = roots[0] if roots else None
        self.globals: dict[str, Node] = {}
        self.spliced = 0
        for key, value in merged_pairs(self.root):
            name = key_of(key)
            if name:
                self.globals[name] = value
            if name and isinstance(value, MappingNode) and name not in _RESERVED:
                self.definitions[name] = value
                self.keys[name] = key

    def jobs(self) -> Iterator[Job]:
        extended = {name for node in self.definitions.values() for name in strings(get(node, "extends"))}
        spelled = siblings(name for name in self.definitions if not name.startswith("."))
        used = self._users()
        for name, node in self.definitions.items():
            hidden = name.startswith(".")
            if hidden and (name in extended or used.get(name)):
                continue
            yield self._job(name, node, spelled.get(name, ""), hidden)

    def _users(self) -> dict[str, list[str]]:
        """Hidden definition -> the jobs that take its script by an anchor."""
        found: dict[str, list[str]] = {}
        scripts: dict[int, str] = {}
        for name, node in self.definitions.items():
            if name.startswith("."):
                scripts |= {id(get(node, key)): name for key in ("script", "before_script") if get(node, key) is not None}
        for name, node in self.definitions.items():
            if name.startswith("."):
                continue
            for key in ("script", "before_script"):
                owner = scripts.get(id(get(node, key)))
                if owner is not None:
                    found.setdefault(owner, []).append(name)
        return found

    def includes(self) -> tuple[tuple[str, ...], tuple[tuple[str, Span], ...]]:
        """Local files that are taken in, and what lies elsewhere with its place."""
        node = get(self.root, "include")
        entries = node.value if isinstance(node, SequenceNode) else [node] if node is not None else []
        local: list[str] = []
        elsewhere: list[tuple[str, Span]] = []
        for entry in entries:
            text = text_of(entry)
            if text is not None:
                (elsewhere.append((text, span(entry))) if "://" in text else local.append(text.lstrip("/")))
                continue
            local.extend(each.lstrip("/") for each in strings(get(entry, "local")))
            for kind in ("template", "remote", "component", "file"):
                value = get(entry, kind)
                if value is not None:
                    elsewhere.extend((each, span(value)) for each in strings(value))
        return tuple(local), tuple(elsewhere)

    def foreign(self) -> tuple[str, ...]:
        """The definitions of other files that the jobs of this one extend or refer to."""
        named = {name for node in self.definitions.values() for name in strings(get(node, "extends"))}
        for node in walk(self.root):
            if isinstance(node, SequenceNode) and str(node.ctag) == "!reference" and node.value:
                named.update(strings(node)[:1])
        return tuple(sorted(named - self.definitions.keys()))

    # One job.

    def _parents(self, node: MappingNode) -> Iterator[MappingNode]:
        """The job and what it extends, the nearest first: a later parent goes before an earlier one."""
        stack: list[tuple[MappingNode, int]] = [(node, 0)]
        seen: set[int] = set()
        while stack:
            each, depth = stack.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            yield each
            if depth < _MAX_EXTENDS:
                stack.extend((self.definitions[name], depth + 1) for name in strings(get(each, "extends")) if name in self.definitions)

    def _key(self, node: MappingNode, key: str) -> Node | None:
        """The value of a key of a job, wherever it comes from."""
        for each in self._parents(node):
            found = get(each, key)
            if found is not None:
                return self._resolved(found)
        if key in _INHERITED and self._inherits(node, key):
            return self._resolved(get(self.globals.get("default"), key) or self.globals.get(key))
        return None

    def _inherits(self, node: MappingNode, key: str) -> bool:
        rule = get(node, "inherit", "default")
        if rule is None:
            return True
        return key in strings(rule) if isinstance(rule, SequenceNode) else text_of(rule) != "false"

    def _resolved(self, node: Node | None, depth: int = 0) -> Node | None:
        """The node behind `!reference [job, key, …]`."""
        if isinstance(node, SequenceNode) and str(node.ctag) == "!reference" and depth < _MAX_EXTENDS:
            path = strings(node)
            target = self.globals.get(path[0]) if path else self.root
            if isinstance(target, MappingNode) and len(path) > 1:
                found = next((value for each in self._parents(target) if (value := get(each, path[1])) is not None), None)
                target = get(found, *path[2:]) if found is not None and len(path) > 2 else found
            return self._resolved(target, depth + 1)
        return node

    def _lines(self, node: Node | None, depth: int = 0) -> Iterator[tuple[ScalarNode, SequenceNode | None, int]]:
        """The items of a script; references in it are spliced in."""
        node = self._resolved(node)
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                if isinstance(item, ScalarNode):
                    self.spliced += depth > 0
                    if self.spliced > _MAX_SPLICED:
                        raise ParseProblem(f"not read: more than {_MAX_SPLICED} lines of scripts by reference")
                    yield item, node, index
                elif depth < _MAX_EXTENDS:
                    yield from self._lines(item, depth + 1)
        else:
            yield from flattened(node)

    def _variables(self, node: MappingNode) -> dict[str, tuple[str, ...]]:
        own = [get(each, "variables") for each in reversed(list(self._parents(node)))]
        shared = self.globals.get("variables") if text_of(get(node, "inherit", "variables")) != "false" else None
        return environment_of(shared, *own)

    def _matrix(self, node: MappingNode) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        matrix = self._key(node, "parallel")
        for entry in getattr(get(matrix, "matrix"), "value", ()):
            for key, value in merged_pairs(entry):
                name = key_of(key)
                if name:
                    found[name] = tuple(dict.fromkeys((*found.get(name, ()), *strings(value))))
        return found

    def _job(self, name: str, node: MappingNode, sibling: str, hidden: bool) -> Job:
        matrix = self._matrix(node)
        environment = self._variables(node) | matrix
        tags = tuple(each for tag in strings(self._key(node, "tags")) for each in expand(tag, environment))
        host = self._host(node, environment, tags)
        axis = varied(matrix)
        several = (
            f"there is a job for each architecture ({sibling})"
            if sibling
            else f"its matrix has several architectures ({axis})"
            if axis
            else ""
        )
        return Job(
            name,
            span(self.keys[name]),
            host,
            tuple(self._steps(node)),
            environment=environment,
            hidden=hidden,
            disabled=self._never(node),
            one_of_several=several,
            insecure=self._insecure(node),
            needs=tuple(strings(get(node, "needs"))),
            matrix=matrix,
            divisible=True,
        )

    def _steps(self, node: MappingNode) -> Iterator[Step]:
        for key, shell in (("before_script", 0), ("script", 0), ("after_script", 1)):
            for scalar, sequence, index in self._lines(self._key(node, key)):
                script = embedded(self.file, scalar)
                place = place_in(sequence, index)
                yield Step(span(scalar), script, shell=shell, place=place, late=key == "after_script")

    def _never(self, node: MappingNode) -> bool:
        if text_of(get(node, "when")) == "never":
            return True
        rules = self._key(node, "rules")
        if not isinstance(rules, SequenceNode) or not rules.value:
            return False
        return all(text_of(get(rule, "when")) == "never" and len(merged_pairs(rule)) == 1 for rule in rules.value)

    def _services(self, node: MappingNode) -> list[tuple[str, Node]]:
        services = self._key(node, "services")
        found = []
        for service in services.value if isinstance(services, SequenceNode) else ():
            name = text_of(service) or text_of(get(service, "name"))
            if name:
                found.append((name, service))
        return found

    def _insecure(self, node: MappingNode) -> bool:
        return any("insecure-registry" in " ".join(strings(get(service, "command"))) for _, service in self._services(node))

    def _host(self, node: MappingNode, environment: Mapping[str, tuple[str, ...]], tags: tuple[str, ...]) -> Host:
        image_node = self._key(node, "image")
        written = text_of(image_node) or text_of(get(image_node, "name")) or ""
        image = expand(written, environment)[0]
        services = [expand(name, environment)[0] for name, _ in self._services(node)]
        if any("windows" in tag.lower() for tag in tags):
            return Host(HostKind.WINDOWS, "amd64")
        told = [self.file.settings.runners[tag] for tag in tags if tag in self.file.settings.runners]
        architecture = told[0].arch if told else next((found for tag in tags if (found := architecture_of_label(tag))), "")
        if not tags:
            architecture = "amd64"
        dind = any("dind" in name and re.search(r"(?:^|/)docker", name) for name in services)
        daemon = environment.get("DOCKER_HOST", ("",))[-1]
        plain = environment.get("DOCKER_TLS_CERTDIR", ("/certs",))[-1] == "" or daemon.endswith(":2375")
        buildx = buildx_of_image(image) if image else Buildx.UNKNOWN
        if not dind:
            return self._without_dind(image, daemon, architecture, buildx, told)
        doubt = _doubt(image, tags, told, buildx)
        return Host(HostKind.GITLAB_DIND, architecture, tls=not plain, buildx=buildx, trusted=not doubt, doubt=doubt)

    def _without_dind(self, image: str, daemon: str, architecture: str, buildx: Buildx, told: list[Runner]) -> Host:
        if docker_image_tag(image) is None and not daemon:
            if not image:
                doubt = "the job has no image, so its runner's shell or defaults decide"
                return Host(HostKind.PERSISTENT, architecture, buildx=Buildx.UNKNOWN, doubt=doubt)
            return Host(
                HostKind.UNKNOWN,
                architecture,
                buildx=Buildx.UNKNOWN,
                doubt="the job has no docker:dind service, so its runner decides where images are built",
            )
        if told and told[0].ephemeral and told[0].privileged:
            return Host(HostKind.UNKNOWN, architecture, buildx=buildx, trusted=True, doubt="")
        return Host(
            HostKind.PERSISTENT,
            architecture,
            buildx=buildx,
            doubt="the job has no docker:dind service, so it uses the daemon of its runner",
        )


def _doubt(image: str, tags: tuple[str, ...], told: list[Runner], buildx: Buildx) -> str:
    """Why a job with dind may not be what it seems; empty when nothing speaks against it."""
    if docker_image_tag(image) is None:
        return f"the job's image {image or '(none)'} is not the official docker image, so its buildx is not known"
    if buildx is Buildx.UNKNOWN:
        return f"which buildx the image {image} has is not known"
    if tags and not (told and told[0].privileged and told[0].ephemeral):
        return f"the job runs on runners with the tag {tags[0]}, which are not known (`runners` in the configuration can say what they are)"
    return ""


class GitlabEditor(ListEditor):
    """Edit the jobs of GitLab."""

    def divide(self, chain: Chain, builds: int) -> list[Edit] | str:
        """Run the job once on a runner of each architecture, and join the images in a job of its own."""
        job = chain.build.job
        standing = pair_at(self.file, job.span.start)
        if standing is None or not isinstance(standing[2], MappingNode):
            return "the job is written in a way that cannot be edited exactly"
        native = imported("armready.systems.gitlab_native", "native")
        edits: list[Edit] | str = native(self.file, standing[0], job.name, standing[2], chain, builds)
        return edits


EDITOR = GitlabEditor
