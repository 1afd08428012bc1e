"""What the steps of a workflow that use an action do to images."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from armready.builds.model import Declared, Verb
from armready.builds.publishers import GORELEASER_FILES
from armready.builds.variables import expand, has_expansion
from armready.core.file import File
from armready.core.fix import Applicability, Edit
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.actions import BUILD_PUSH, BUILDX, PUBLISHERS, QEMU, major_of
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    get,
    in_flow_style,
    key_of,
    pairs,
    span,
    text_of,
)
from armready.systems.yaml_steps import listed, mapping_texts

_LOGINS = frozenset(
    {
        "docker/login-action",
        "aws-actions/amazon-ecr-login",
        "azure/docker-login",
        "azure/login",
        "google-github-actions/auth",
        "google-github-actions/setup-gcloud",
        "redhat-actions/podman-login",
        "docker-practice/actions-setup-docker",
    }
)
_MERGES = frozenset({"noelware/docker-manifest-action", "int128/docker-manifest-create-action", "int128/create-ecr-manifest-action"})
_BOTH = frozenset({"crazy-max/ghaction-docker-buildx", "useblacksmith/setup-docker-builder"})
# An input of a workflow or an action: its default is not what every caller gives.
_GIVEN_BY_CALLER = regex(r"\binputs\.")


def action_of(node: Node | None) -> tuple[str, str]:
    """The name of a step's action in lower case and its version; empty for a step without one."""
    uses = text_of(get(node, "uses")) or ""
    name, _, version = uses.partition("@")
    return name.lower(), version


def metadata_names(steps: Node | None, environment: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What the outputs of docker/metadata-action stand for, by the expressions that name them."""
    found: dict[str, tuple[str, ...]] = {}
    for node in steps.value if isinstance(steps, SequenceNode) else ():
        if "metadata" not in action_of(node)[0]:
            continue
        identity = text_of(get(node, "id"))
        images = [image for image in listed(get(node, "with", "images")) if image and not image.startswith("#")]
        if not identity or not images:
            continue
        version = f"${{{{ steps.{identity}.outputs.version }}}}"
        names = tuple(f"{_bare(text)}:{version}" for image in images for text in expand(image, environment))
        found[f"steps.{identity}.outputs.tags"] = names
    return found


def _bare(image: str) -> str:
    return re.sub(r"^name=|(?s:,enable=.*)", "", image.strip())


def declared_by(steps: SequenceNode, index: int, environment: Mapping[str, tuple[str, ...]]) -> Iterator[Declared]:
    """What one step declares."""
    node = steps.value[index]
    uses = get(node, "uses")
    name, version = action_of(node)
    if uses is None or not name:
        return
    where = span(uses)
    inputs = _inputs(node)
    if name in BUILD_PUSH:
        yield _build_push(steps, node, name, version, inputs, environment)
    elif name == "docker/bake-action":
        yield _bake(where, name, inputs)
    elif name == "redhat-actions/buildah-build":
        yield _buildah(steps, index, node, inputs)
    elif name in PUBLISHERS or _looks_like_publisher(name):
        yield _publisher(node, name, inputs)
    elif name == "goreleaser/goreleaser-action" and "release" in inputs.get("args", "") and "--snapshot" not in inputs.get("args", ""):
        own = re.findall(r"(?:--config|-f)[= ]\s*(\S+)", inputs.get("args", ""))
        folder = inputs.get("workdir", "")
        yield Declared(Verb.CALL, where, "goreleaser", files=tuple(own) or GORELEASER_FILES, folder=folder)
    elif name in _LOGINS:
        yield Declared(Verb.LOGIN, where, name)
    elif name in _MERGES:
        tags = _lines(inputs.get("inputs", "")) + _lines(inputs.get("tags", "")) + _lines(inputs.get("images", ""))
        yield Declared(Verb.MERGE, where, name, tags=tags)
    elif name == QEMU:
        platforms = get(node, "with", "platforms")
        yield Declared(
            Verb.EMULATOR, where, name, platforms_span=span(platforms) if platforms else None, detail=inputs.get("platforms", "")
        )
    elif name == BUILDX:
        yield Declared(Verb.BUILDER, where, name, detail=inputs.get("driver", "docker-container"))
    elif name == "docker/setup-docker-action" and "containerd-snapshotter" in inputs.get("daemon-config", ""):
        yield Declared(Verb.BUILDER, where, name, detail="docker-container")
    elif name in _BOTH:
        yield Declared(Verb.EMULATOR, where, name)
        yield Declared(Verb.BUILDER, where, name, detail="docker-container")
    elif _CLUSTER.search(name):
        yield Declared(Verb.OTHER, where, name)
    elif name.startswith("./"):
        yield Declared(Verb.ACTION, where, name, files=(posixpath.normpath(text_of(uses) or ""),))


def _inputs(step: Node | None) -> dict[str, str]:
    """The inputs of a step by their names in lower case."""
    return {key.lower(): value for key, value in mapping_texts(get(step, "with")).items()}


def _push_text(inputs: Mapping[str, str], environment: Mapping[str, tuple[str, ...]], old: bool = False) -> str:
    """Whether docker/build-push-action pushes: its input, or the one value that this has here."""
    text = inputs.get("push", "true" if old else inputs.get("save", ""))
    if len(expand(text, environment)) == 1 and not _GIVEN_BY_CALLER.search(text):
        return expand(text, environment)[0]
    return text


def set_platforms(file: File, node: Node, wanted: tuple[str, ...], environment: Mapping[str, tuple[str, ...]]) -> list[Edit] | None:
    """Edits that give the action of a step its platforms; None where it has no input for them or cannot be edited."""
    name, inputs = action_of(node)[0], _inputs(node)
    if not isinstance(node, MappingNode) or (name == "redhat-actions/buildah-build" and "archs" in inputs):
        return None
    push = _push_text(inputs, environment) if name in BUILD_PUSH and _truth(inputs.get("load", "")) else ""
    key = PUBLISHERS.get(name, ("", "platforms"))[1]
    return _set_platforms(file, node, key, wanted, push)


# Actions that start a Kubernetes cluster on the runner.
_CLUSTER = regex(r"/(?:kind-action|setup-kind|setup-minikube|setup-k3d\w*|action-kind)$")


def _looks_like_publisher(name: str) -> bool:
    return (
        False
        if name.startswith(("actions/", "docker/"))
        else bool(re.search(r"/(?:publish-docker|docker-build-(?:and-)?push|build-push-ecr|docker-publish)(?:-action)?$", name))
    )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[\n,]", text) if part.strip() and not part.strip().startswith("#"))


def _truth(text: str) -> bool:
    """Whether an input is true, or an expression that can be."""
    bare = re.sub(r"^\$\{\{|\}\}$", "", text.strip()).strip().strip("\"'").lower()
    return bare not in ("", "false", "no", "0")


def _build_push(
    steps: SequenceNode,
    node: MappingNode,
    name: str,
    version: str,
    inputs: Mapping[str, str],
    environment: Mapping[str, tuple[str, ...]],
) -> Declared:
    where = span(node_of(node, "uses"))
    old = major_of(version) == 1 and name == "docker/build-push-action"
    push_text = _push_text(inputs, environment, old)
    outputs = inputs.get("outputs", "")
    registry = "type=registry" in outputs or bool(re.search(r"push=(?!false\b)", outputs))
    pushes = (_truth(push_text) or registry) and not (push_text.strip() == "" and not registry)
    load = inputs.get("load", "")
    context = inputs.get("context", inputs.get("path", "") if old else "")
    context, folder = _context(context)
    tags = _tags_of_v1(inputs) if old else _lines(inputs.get("tags", "")) + _named_outputs(outputs)
    applicability, reasons = _applicability(steps, node, push_text, load, outputs)
    platforms = get(node, "with", "platforms")
    old_reason = ("docker/build-push-action@v1 has no input for platforms: move to a current major, whose inputs have other names",)
    return Declared(
        Verb.BUILD,
        where,
        name,
        tags=tags,
        platforms=(inputs["platforms"],) if inputs.get("platforms", "").strip() else None,
        platforms_span=span(platforms) if platforms is not None else None,
        pushes=pushes,
        push_span=span(node_of(get(node, "with"), "push")) if get(node, "with", "push") is not None else None,
        loads=_truth(load),
        keeps=bool(outputs) or _truth(load) or pushes,
        dockerfile=inputs.get("file", inputs.get("dockerfile", "") if old else ""),
        context=context,
        folder=folder,
        target=inputs.get("target", ""),
        arguments=tuple(line.strip() for line in inputs.get("build-args", "").splitlines() if "=" in line),
        by_digest="push-by-digest=true" in outputs,
        native=BUILD_PUSH[name],
        takes_platforms=not old,
        applicability=applicability,
        reasons=old_reason if old else reasons,
    )


def node_of(mapping: Node | None, key: str) -> Node:
    """The value of a key that is known to be there."""
    found = get(mapping, key)
    assert found is not None
    return found


def _named_outputs(outputs: str) -> tuple[str, ...]:
    match = re.search(r'name="?([^",\n]+)', outputs)
    return (match[1].strip(),) if match else ()


def _tags_of_v1(inputs: Mapping[str, str]) -> tuple[str, ...]:
    repository = inputs.get("repository", "")
    prefix = f"{inputs['registry']}/" if inputs.get("registry") else ""
    tags = _lines(inputs.get("tags", ""))
    return tuple(f"{prefix}{repository}:{tag}" for tag in tags) or ((f"{prefix}{repository}",) if repository else ())


def _context(text: str) -> tuple[str, str | None]:
    """A build context and the folder it is relative to; a Git context has none unless it is the default with a folder."""
    match = re.fullmatch(r"\{\{\s*defaultContext\s*\}\}(?::(.*))?", text.strip())
    if match:
        return match[1] or "", ""
    if "://" in text or text.startswith("git@"):
        return text, None
    return text.strip(), ""


def _applicability(steps: SequenceNode, node: MappingNode, push: str, load: str, outputs: str) -> tuple[Applicability, tuple[str, ...]]:
    """How far the fix of a build-push step can be trusted, as its own job shows."""
    if _truth(load):
        if has_expansion(load) or has_expansion(push):
            return Applicability.UNSAFE, ("The step loads or pushes by an expression, and several platforms cannot be loaded",)
        return Applicability.DISPLAY, ("Several platforms cannot be loaded into the local daemon: `load: true` must go first",)
    if re.search(r"type=(?:docker|tar|oci|local)", outputs):
        return Applicability.UNSAFE, ("The step has an output of its own beside the push",)
    identity = text_of(get(node, "id"))
    if identity:
        used = f"steps.{identity}.outputs.imageid"
        if any(used in text for each in steps.value for text in _texts(each)):
            return Applicability.UNSAFE, ("A later step uses the image's id, which differs for an index",)
    return Applicability.SAFE, ()


def _texts(node: Node | None) -> Iterator[str]:
    stack = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, ScalarNode):
            yield each.value
        elif isinstance(each, MappingNode):
            stack.extend(value for _, value in each.value)
        elif isinstance(each, SequenceNode):
            stack.extend(each.value)


def _set_platforms(file: File, node: MappingNode, key: str, wanted: tuple[str, ...], push: str = "") -> list[Edit] | None:
    """Edits that give a step's `with` its platforms, in the style in which it is written."""
    value = ",".join(wanted)
    if push and has_expansion(push):
        inner = re.sub(r"^\s*\$\{\{\s*|(?<!\s)\s*\}\}\s*$", "", push)
        value = f"${{{{ ({inner}) && '{value}' || '{wanted[0]}' }}}}"
    inputs = get(node, "with")
    if inputs is None:
        uses = next((each for each, _ in pairs(node) if key_of(each) == "uses"), None)
        if uses is None or in_flow_style(node):
            return None
        following = _following(node, uses)
        lines = ["with:", f"  {key}: {value}"]
        edit = yaml_edit.insert_lines(file, node, lines, before=following)
        return None if edit is None else [edit]
    if not isinstance(inputs, MappingNode) or not inputs.value:
        return None
    present = get(inputs, key)
    if present is not None:
        return _widened(file, present, wanted, value)
    if in_flow_style(inputs):
        edit = yaml_edit.insert_pair(file, inputs, key, value, before=inputs.value[0][0])
        return None if edit is None else [edit]
    anchors = [each for each, _ in pairs(inputs) if key_of(each) in ("context", "file")]
    before = _following(inputs, anchors[-1]) if anchors else inputs.value[0][0]
    edit = yaml_edit.insert_lines(file, inputs, [f"{key}: {value}"], before=before)
    return None if edit is None else [edit]


def _following(mapping: MappingNode, key: Node) -> Node | None:
    keys = [each for each, _ in pairs(mapping)]
    index = keys.index(key)
    return keys[index + 1] if index + 1 < len(keys) else None


def _widened(file: File, node: Node, wanted: tuple[str, ...], value: str) -> list[Edit] | None:
    """An existing value with the missing platforms, its separators kept."""
    text = text_of(node)
    if text is None or has_expansion(text):
        return None
    present = {part.strip().strip("\"'") for part in re.split(r"[\n,]", text) if part.strip()} - {"linux"}
    missing = [each for each in wanted if each not in present and not (each == "linux/amd64" and present & {"amd64", "linux/x86_64"})]
    if getattr(node, "style", "") in ("|", ">"):
        where = span(node)
        indent = file.source.indent_at(where.end - 1)
        return [file.insert(where.end, "".join(f"{file.source.newline}{indent}{each}" for each in missing))] if present else None
    separator = ", " if ", " in text else ","
    new = f"{text.rstrip().rstrip(',')}{separator}{separator.join(missing)}" if present else value
    edit = yaml_edit.set_scalar(file, node, new)
    return None if edit is None else [edit]


def _bake(where: Span, name: str, inputs: Mapping[str, str]) -> Declared:
    sets = inputs.get("set", "")
    platforms = tuple(re.findall(r"\.platform=([^\n]+)", sets))
    pushes = _truth(inputs.get("push", "")) or "type=registry" in sets or "push=true" in sets
    return Declared(
        Verb.BAKE,
        where,
        name,
        platforms=platforms or None,
        pushes=pushes,
        loads=_truth(inputs.get("load", "")),
        files=_lines(inputs.get("files", "")),
        targets=_lines(inputs.get("targets", "")),
        folder=inputs.get("workdir", ""),
    )


def _buildah(steps: SequenceNode, index: int, node: MappingNode, inputs: Mapping[str, str]) -> Declared:
    image = inputs.get("image", "")
    tags = tuple(f"{image}:{tag}" for tag in re.split(r"[\s,]+", inputs.get("tags", "latest")) if tag)
    later = [each for each in steps.value[index + 1 :] if action_of(each)[0] == "redhat-actions/push-to-registry"]
    registry = text_of(get(later[0], "with", "registry")) if later else None
    given = [inputs[key] for key in ("platforms", "archs", "arch", "platform") if inputs.get(key, "").strip()]

    return Declared(
        Verb.BUILD,
        span(node_of(node, "uses")),
        "redhat-actions/buildah-build",
        tags=tuple(f"{registry}/{each}" for each in tags) if registry else tags,
        platforms=tuple(given) or None,
        pushes=bool(later),
        push_span=span(node_of(later[0], "uses")) if later else None,
        dockerfile=_lines(inputs.get("containerfiles", inputs.get("dockerfiles", "")))[0]
        if inputs.get("containerfiles", inputs.get("dockerfiles"))
        else "",
        context=inputs.get("context", ""),
        brings_builder=True,
        takes_platforms=True,
        applicability=Applicability.UNSAFE,
        reasons=("buildah emulates arm64 by the QEMU that the job registers",),
    )


def _publisher(node: MappingNode, name: str, inputs: Mapping[str, str]) -> Declared:
    image, key = PUBLISHERS.get(name, ("name", ""))
    text = inputs.get(image, "") or inputs.get("name", "") or inputs.get("repository", "") or inputs.get("image", "")
    given = inputs.get(key) if key else None
    off = any(inputs.get(each, "").lower() == "true" for each in ("no_push", "nopush")) or inputs.get("push", "true").lower() == "false"

    return Declared(
        Verb.BUILD,
        span(node_of(node, "uses")),
        name,
        tags=_lines(text)[:1],
        platforms=(given,) if given else None,
        pushes=not off,
        dockerfile=inputs.get("dockerfile", inputs.get("file", "")),
        context=inputs.get("context", inputs.get("build_context", "")),
        takes_platforms=bool(key),
        applicability=Applicability.UNSAFE,
        reasons=("The action is not docker's own; that its input takes several platforms was not checked",)
        if key
        else (f"{name} builds one platform: use docker/build-push-action with platforms",),
    )
