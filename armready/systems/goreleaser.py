"""GoReleaser: the images of `dockers` and `kos`. Each entry of `dockers` builds one architecture, amd64 unless `goarch` says otherwise."""

from __future__ import annotations

from armready.builds.editor import Editor
from armready.builds.events import Build
from armready.builds.model import Declared, Host, HostKind, Job, Pipeline, Step, Verb
from armready.builds.platforms import normalise
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.runners import Buildx
from armready.languages.yaml.nodes import MappingNode, Node, get, items, parse_yaml, span, strings, text_of
from armready.systems.goreleaser_twins import twins
from armready.systems.yaml_steps import line_of

_PLATFORM_FLAG = regex(r"--platform[= ](?P<value>\S+)")
_TWIN = "goreleaser builds one architecture an entry: an entry for arm64 and docker_manifests join them, or dockers_v2 builds both"
_NEEDS = "The job that runs goreleaser needs QEMU for what the Dockerfile runs, and Buildx"
_DOUBT = "the machine that runs goreleaser is not known"


def read(file: File) -> Pipeline:
    """One job with a step for each image of the file."""
    jobs = []
    for root in file.parse(parse_yaml):
        entries = [entry for entry in items(get(root, "dockers")) if isinstance(entry, MappingNode)]
        architectures = {_architecture(entry) for entry in entries}
        joined = "arm64" in architectures or bool(items(get(root, "dockers_v2")))
        alone = set() if joined else {id(entry) for entry in _alone(entries)}
        jobs += [_docker(file, root, entry, joined=joined, alone=id(entry) in alone) for entry in entries]
        jobs += [_ko(file, root, entry) for entry in items(get(root, "kos")) if isinstance(entry, MappingNode)]
    return Pipeline("goreleaser", tuple(jobs))


def _architecture(entry: MappingNode) -> str:
    """The architecture of an entry: that of its `--platform` flag, else its `goarch`."""
    for flag in strings(get(entry, "build_flag_templates")):
        match = _PLATFORM_FLAG.search(flag)
        if match:
            return normalise(match["value"]).rpartition("/")[2]
    return text_of(get(entry, "goarch")) or "amd64"


def _alone(entries: list[MappingNode]) -> list[MappingNode]:
    """The entries that need a twin for arm64."""
    return [entry for entry in entries if _architecture(entry) == "amd64" and _pushes(entry)]


def _pushes(entry: MappingNode) -> bool:
    return text_of(get(entry, "skip_push")) not in ("true", "yes")


def _docker(file: File, root: Node, entry: MappingNode, *, joined: bool, alone: bool) -> Job:
    """The job of an entry; where it stands `alone` its fix gives all such entries their twins together."""
    tags = strings(get(entry, "image_templates"))
    architecture = _architecture(entry)
    target = text_of(get(entry, "goos")) or "linux"
    declared = Declared(
        Verb.BUILD,
        line_of(file, entry),
        "goreleaser",
        tags,
        None if architecture == "amd64" else (f"{target}/{architecture}",),
        pushes=_pushes(entry),
        push_span=line_of(file, get(entry, "image_templates") or entry),
        dockerfile=text_of(get(entry, "dockerfile")) or "",
        folder=None,
        native=True,
        takes_platforms=alone,
        reasons=(_NEEDS,) if alone else (_TWIN,),
    )
    return _job(file, root, entry, declared, "an entry for arm64 stands beside it" if joined else "", architecture)


def _ko(file: File, root: Node, entry: MappingNode) -> Job:
    platforms = strings(get(entry, "platforms"))
    declared = Declared(
        Verb.BUILD,
        line_of(file, entry),
        "ko",
        tuple(f"{repository}:latest" for repository in strings(get(entry, "repositories")) or strings(get(entry, "repository"))),
        platforms or None,
        pushes=True,
        push_span=line_of(file, entry),
        native=True,
        folder=None,
        reasons=("name both platforms under platforms; ko cross-compiles and needs no emulator",),
    )
    return _job(file, root, entry, declared, "", "amd64")


def _job(file: File, root: Node, entry: MappingNode, declared: Declared, one_of_several: str, architecture: str) -> Job:
    step = Step(span(entry), declared=(declared,), detect_only=_TWIN)
    host = Host(HostKind.UNKNOWN, architecture, buildx=Buildx.UNKNOWN, doubt=_DOUBT)
    name = text_of(get(entry, "id")) or text_of(get(root, "project_name")) or "docker"
    return Job(name, line_of(file, entry), host, (step,), one_of_several=one_of_several)


def _twins(file: File) -> dict[Span, list[Edit] | None]:
    """The edits that give an entry its twin, and with it all others of its document, by the place of the entry."""
    found: dict[Span, list[Edit] | None] = {}
    for root in file.parse(parse_yaml):
        alone = _alone([entry for entry in items(get(root, "dockers")) if isinstance(entry, MappingNode)])
        found |= dict.fromkeys((span(entry) for entry in alone), twins(file, root, alone))
    return found


class GoreleaserEditor(Editor):
    """Edit the images of GoReleaser."""

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Give the entries of `dockers` their twins, and join both in manifests."""
        return self.file.parse(_twins).get(build.step.span) if set(platforms) == {"linux/amd64", "linux/arm64"} else None


EDITOR = GoreleaserEditor
