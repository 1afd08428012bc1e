"""Plugins of Drone and Woodpecker that build, push or merge images."""

from __future__ import annotations

from armready.builds.events import Build
from armready.builds.model import Declared, Verb
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.startup import regex
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import MappingNode, Node, get, in_flow_style, is_alias, key_of, pair_at, pair_of, span, strings, text_of
from armready.systems.yaml_steps import ListEditor, line_of, listed

_ONE_PLATFORM = regex(
    r"^(?:docker\.io/)?(?:plugins/(?:docker|ecr|gcr|gar|acr|heroku)|banzaicloud/drone-docker|woodpeckerci/plugin-docker)(?::|@|$)"
)
_BUILDX = regex(
    r"^(?:\S*/)?(?:plugin-docker-buildx|drone-docker-buildx|docker-buildx|buildx|drone-buildx(?:-\w+)?|plugins/buildx(?:-\w+)?)(?::|@|$)"
)
_KANIKO = regex(r"^(?=\S+$)\S*?kaniko")
_DOCKER = regex(r"^(?:docker\.io/)?plugins/docker(?::|@|$)")
_REPLACEMENT = "thegeeklab/drone-docker-buildx"
_SAME = frozenset(
    [
        "repo",
        "tags",
        "tag",
        "auto_tag",
        "auto_tag_suffix",
        "dockerfile",
        "context",
        "build_args",
        "username",
        "password",
        "registry",
        "cache_from",
        "target",
        "dry_run",
        "pull_image",
        "no_cache",
    ]
)
_MANIFEST = regex(r"^\S*(?:plugins/manifest|drone-manifest|plugin-manifest)(?::|@|$)")


def plugin(file: File, step: MappingNode, image: str, settings: Node | None) -> Declared | None:
    """What a step with a plugin's image does; None for another image."""
    if _MANIFEST.match(image):
        target = text_of(get(settings, "target")) or ""
        return Declared(Verb.MERGE, line_of(file, step), image.partition(":")[0], (target,) if target else ())
    one, buildx, kaniko = _ONE_PLATFORM.match(image), _BUILDX.match(image), _KANIKO.match(image) and get(settings, "repo")
    if not (one or buildx or kaniko):
        return None
    key = pair_of(step, "image")
    place = line_of(file, key[0] if key else step)
    given = get(settings, "platforms") or get(settings, "platform")
    dry = text_of(get(settings, "dry_run")) == "true" or text_of(get(settings, "no_push")) == "true"
    values = listed(given) if given is not None else None
    return Declared(
        Verb.BUILD,
        place,
        image.partition("@")[0].partition(":")[0],
        _references(settings),
        platforms=values,
        platforms_span=span(given) if given is not None else None,
        pushes=not dry,
        push_span=place,
        keeps=True,
        loads=dry,
        dockerfile=text_of(get(settings, "dockerfile")) or "",
        context=text_of(get(settings, "context")) or "",
        takes_platforms=bool(buildx or (one and _replaceable(image, settings))),
        native=True,
        reasons=_reasons(image, bool(one) and not _replaceable(image, settings), bool(kaniko), replaced=bool(one)),
    )


class PluginEditor(ListEditor):
    """Edit steps that are commands or plugins.

    Attributes:
        settings_beside_image: a plugin may have its settings in the step itself.
    """

    settings_beside_image = False

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Set the platforms of a plugin with Buildx, or put one in the place of a plugin that builds one platform."""
        pair = pair_at(self.file, build.span.start)
        if pair is None:
            return None
        step = pair[0]
        settings = get(step, "settings")
        if settings is None and self.settings_beside_image:
            settings = step
        if _BUILDX.match(text_of(get(step, "image")) or ""):
            return _widen(self.file, settings, platforms)
        return _replace(self.file, step, settings, platforms)


def _replaceable(image: str, settings: Node | None) -> bool:
    """Whether all settings of `plugins/docker` mean the same to the plugin that builds with buildx."""
    return bool(_DOCKER.match(image)) and isinstance(settings, MappingNode) and all(key_of(key) in _SAME for key, _ in settings.value)


def _replace(file: File, step: MappingNode, settings: Node | None, platforms: tuple[str, ...]) -> list[Edit] | None:
    """The plugin that builds with buildx in the place of the one that builds one platform."""
    image = pair_of(step, "image")
    if image is None or get(step, "settings") is not settings or in_flow_style(step):
        return None
    edits = [yaml_edit.set_scalar(file, image[1], _REPLACEMENT)]
    if get(step, "privileged") is None:
        keys = [key for key, _ in step.value]
        after = keys.index(image[0]) + 1
        edits.append(yaml_edit.insert_lines(file, step, ("privileged: true",), before=keys[after] if after < len(keys) else None))
    platform = pair_of(settings, "platform")
    if platform is not None:
        return None
    edits.append(yaml_edit.insert_pair(file, settings, "platforms", list(platforms)) if settings is not None else None)
    found = [edit for edit in edits if edit is not None]
    return found if len(found) == len(edits) else None


def _reasons(image: str, one: bool, kaniko: bool, *, replaced: bool) -> tuple[str, ...]:
    name = image.partition(":")[0]
    if kaniko:
        return (
            f"{name} builds one platform per run: build in two pipelines, one per architecture, and join the tags with plugins/manifest",
        )
    if one:
        return (
            f"{name} builds one platform: build with thegeeklab/drone-docker-buildx, privileged in a trusted repository, "
            "or in two pipelines, one per architecture, and join the tags with plugins/manifest",
        )
    trusted = (
        (f"The step must be privileged, which needs a trusted repository, as {_REPLACEMENT} is not on Drone's own list",)
        if replaced
        else ()
    )
    return (
        *trusted,
        "QEMU must be registered once on the machine of the agent: docker run --privileged --rm tonistiigi/binfmt --install arm64",
    )


def _widen(file: File, settings: Node | None, platforms: tuple[str, ...]) -> list[Edit] | None:
    pair = pair_of(settings, "platforms") or pair_of(settings, "platform")
    text = ",".join(platforms)
    if not isinstance(settings, MappingNode):
        return None
    if pair is not None:
        if is_alias(settings, pair[1], pair[0].end_mark.index):
            return None
        several = isinstance(pair[1].value, list)
        edit = yaml_edit.set_value(file, settings, pair[0], list(platforms) if several else text)
    else:
        edit = yaml_edit.insert_pair(file, settings, "platforms", text, before=_after_repo(settings))
    return None if edit is None else [edit]


def _after_repo(settings: MappingNode) -> Node | None:
    """The key above which the platforms go: the one behind `repo` and `tags`."""
    keys = [key for key, _ in settings.value]
    last = max((index for index, key in enumerate(keys) if getattr(key, "value", "") in ("repo", "registry")), default=-1)
    return keys[last + 1] if 0 <= last < len(keys) - 1 else None


def _references(settings: Node | None) -> tuple[str, ...]:
    registry = text_of(get(settings, "registry")) or ""
    tags = listed(get(settings, "tags")) or strings(get(settings, "tag"))
    suffix = text_of(get(settings, "auto_tag_suffix")) or ""
    named = tags or ((f"latest-{suffix}",) if suffix else ("latest",))
    return tuple(f"{_in_registry(each, registry)}:{tag}" for each in listed(get(settings, "repo")) for tag in named)


def _in_registry(repository: str, registry: str) -> str:
    """The repository with the registry that the settings name beside it, unless it names one."""
    first = repository.partition("/")[0]
    if not registry or repository.startswith(registry) or "/" in first.replace(".", "") or "." in first:
        return repository
    return f"{registry.removeprefix('https://')}/{repository}"
