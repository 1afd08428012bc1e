"""Shell in manifests: commands of containers, hooks and probes, scripts of workflow steps, and scripts in ConfigMaps."""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.embedded import Embedded
from armready.core.file import File
from armready.core.shells import ANY_SHELL, SHEBANG
from armready.core.startup import dataclass, regex
from armready.kubernetes.documents import decoded, resources
from armready.kubernetes.model import Pod
from armready.kubernetes.pods import pods
from armready.languages.yaml.nodes import MappingNode, Node, ScalarNode, get, items, key_of, pairs, text_of

_SHELL = regex(rf"(?:.*/)?(?:{ANY_SHELL}|busybox sh)")
_COMMAND_OPTION = regex(r"-[abd-z]*c[a-z]*")
_HOOKS = (
    ("lifecycle", "postStart", "exec", "command"),
    ("lifecycle", "preStop", "exec", "command"),
    ("livenessProbe", "exec", "command"),
    ("readinessProbe", "exec", "command"),
    ("startupProbe", "exec", "command"),
)


@dataclass(frozen=True, eq=False)
class ContainerScript:
    """A shell script in a manifest.

    Attributes:
        embedded: its text, mapped to the file.
        name: of the container, or of the ConfigMap's key.
        image: that it runs in; empty when it is not known.
        pod: that it runs in; None for a ConfigMap.
    """

    embedded: Embedded
    name: str
    image: str = ""
    pod: Pod | None = None


def container_scripts(file: File) -> Iterator[ContainerScript]:
    """The scripts of a file, in the order of its objects."""
    for pod in file.parse(pods):
        if pod.is_windows:
            continue
        for _, container in pod.containers:
            name, image = text_of(get(container, "name")) or "", text_of(get(container, "image")) or ""
            for node in _script_nodes(container):
                found = decoded(file, node)
                if found is not None:
                    yield ContainerScript(found, name, image, pod)
    for resource in file.parse(resources):
        if resource.kind == "ConfigMap":
            yield from _of_config_map(file, resource.node)


def _script_nodes(container: MappingNode) -> Iterator[Node]:
    own = [*items(get(container, "command")), *items(get(container, "args"))]
    for words in (own, *(list(items(get(container, *path))) for path in _HOOKS)):
        script = _after_option(words)
        if script is not None:
            yield script
    for key in ("script", "source"):
        script = get(container, key)
        if isinstance(script, ScalarNode) and _is_shell(container, script.value):
            yield script


def _after_option(words: list[Node]) -> Node | None:
    """The script in `sh -c SCRIPT`."""
    texts = [text_of(word) or "" for word in words]
    if not texts or not _SHELL.fullmatch(texts[0]):
        return None
    for index, text in enumerate(texts[1:-1], start=1):
        if _COMMAND_OPTION.fullmatch(text):
            return words[index + 1]
        if not text.startswith(("-", "+")):
            return None
    return None


def _is_shell(container: MappingNode, script: str) -> bool:
    if script.startswith("#!"):
        return SHEBANG.match(script) is not None
    command = [text_of(word) or "" for word in items(get(container, "command"))]
    return not command or _SHELL.fullmatch(command[0]) is not None


def _of_config_map(file: File, node: MappingNode) -> Iterator[ContainerScript]:
    for key, value in pairs(get(node, "data")):
        name = key_of(key) or ""
        if isinstance(value, ScalarNode) and (SHEBANG.match(value.value) or (name.endswith(".sh") and not value.value.startswith("#!"))):
            found = decoded(file, value)
            if found is not None:
                yield ContainerScript(found, name)
