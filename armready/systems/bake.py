"""Bake files in HCL and JSON: targets with what they inherit, groups, and the defaults of variables."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from armready.builds.editor import Editor
from armready.builds.events import Build
from armready.builds.model import Declared, Job, Pipeline, Verb
from armready.core.classify import Kind
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import dataclass
from armready.languages.hcl import Attribute, Block, elements, literal, parse_hcl
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import MappingNode, get, items, key_of, pairs, parse_yaml, span, strings, text_of
from armready.systems.descriptions import HOST, described_job

GLOBS = {
    "bake-hcl": ("docker-bake*.hcl", "*bake.hcl", "bake*.hcl"),
    "bake-json": ("docker-bake*.json",),
}

_UNKNOWN = "${UNKNOWN}"
_LOCAL = re.compile(r"^type=(?:docker|local|tar|oci|cacheonly)\b|^[^=]*$")
_PUSHES = re.compile(r"\btype=registry\b|\bpush=true\b")
_NEEDS = "Targets of several platforms need a builder of the driver docker-container, and QEMU for what the Dockerfile runs"
_MOST_PARENTS = 50


@dataclass(frozen=True, eq=False)
class Target:
    """A target as it stands in the file. An attribute is None where the target has none; `_UNKNOWN` in it is what only a run can tell.

    Attributes:
        name: of the target.
        span: where to point.
        platforms_span: where the platforms stand.
        values: the lists and texts of its attributes.
        node: what it is read from.
    """

    name: str
    span: Span
    platforms_span: Span | None
    values: Mapping[str, tuple[str, ...]]
    node: Block | MappingNode


@dataclass(frozen=True, eq=False)
class Description:
    """A bake file: its targets by name, its groups, the defaults of its variables."""

    targets: Mapping[str, Target]
    groups: Mapping[str, tuple[str, ...]]
    variables: Mapping[str, tuple[str, ...]]

    def lineage(self, target: Target) -> list[Target]:
        """A target and all that it inherits from, the nearest first: a later parent wins over an earlier one."""
        found, todo = [target], list(target.values.get("inherits", ()))
        while todo and len(found) < _MOST_PARENTS:
            parent = self.targets.get(todo.pop())
            if parent is not None and parent not in found:
                found.append(parent)
                todo += parent.values.get("inherits", ())
        return found

    @cached_property
    def arm64_heirs(self) -> Mapping[str, list[str]]:
        """Target -> those that inherit from it and name arm64 among their own platforms, itself included."""
        found: dict[str, list[str]] = {}
        for heir in self.targets.values():
            if any("arm64" in each for each in heir.values.get("platforms", ())):
                for each in self.lineage(heir):
                    found.setdefault(each.name, []).append(heir.name)
        return found

    def value(self, target: Target, key: str) -> tuple[str, ...] | None:
        """An attribute of a target, or what it inherits."""
        return next((each.values[key] for each in self.lineage(target) if key in each.values), None)


def read(file: File) -> Pipeline:
    """A job for each target, and one without steps for each group."""
    description = file.parse(_describe)
    jobs = [_job(file, description, target) for target in description.targets.values()]
    jobs += [Job(name, Span(0, 0), HOST, (), needs=members) for name, members in description.groups.items()]
    return Pipeline("bake", tuple(jobs))


def _describe(file: File) -> Description:
    return _from_json(file) if file.kind is Kind.BAKE_JSON else _from_hcl(file)


class BakeEditor(Editor):
    """Edit the targets of a bake file."""

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Set the platforms of a target, in the place that all its heirs take them from."""
        description = self.file.parse(_describe)
        node = _place(description, description.targets[build.job.name]).node
        edit = _set_json(self.file, node, platforms) if isinstance(node, MappingNode) else _set_platforms(self.file, node, platforms)
        return None if edit is None else [edit]


EDITOR = BakeEditor


def _job(file: File, description: Description, target: Target) -> Job:
    outputs = description.value(target, "output") or ()
    platforms = description.value(target, "platforms")
    local = bool(outputs) and all(_LOCAL.search(each) for each in outputs)

    pushes = any(_PUSHES.search(each) for each in outputs)
    inline = description.value(target, "dockerfile-inline") is not None
    declared = Declared(
        verb=Verb.BUILD,
        span=target.span,
        tool="bake",
        tags=tuple(each for each in description.value(target, "tags") or () if _UNKNOWN not in each),
        platforms=platforms,
        platforms_span=next((each.platforms_span for each in description.lineage(target) if "platforms" in each.values), None),
        pushes=pushes,
        keeps=True,
        dockerfile=next(iter(description.value(target, "dockerfile") or ()), ""),
        in_context=True,
        context=next(iter(description.value(target, "context") or ()), "."),
        folder=None if inline or posixpath.dirname(file.path) else "",
        target=next(iter(description.value(target, "target") or ()), ""),
        native=True,
        takes_platforms=True,
        reasons=(_NEEDS,),
    )
    exempt = "its output stays on the machine" if local else _wider(description, target)
    return described_job(target.name, target.span, declared, dict(description.variables), exempt)


def _wider(description: Description, target: Target) -> str:
    """Whether another target builds the same for arm64 as well."""
    if "platforms" in target.values:
        return ""
    heir = next((name for name in description.arm64_heirs.get(target.name, ()) if name != target.name), "")
    return f"the target {heir} builds it for arm64 as well" if heir else ""


def _place(description: Description, target: Target) -> Target:
    """Where the platforms go: the target that has them, else a parent that all its heirs can take them from, else the target."""
    lineage = description.lineage(target)
    named = next((each for each in lineage if "platforms" in each.values), None)
    if named is not None:
        return named
    for parent in reversed(lineage[1:]):
        heirs = [each for each in description.targets.values() if parent in description.lineage(each)[1:]]
        outputs = [output for each in (parent, *heirs) for output in description.value(each, "output") or ()]
        plain = all(description.value(each, "platforms") is None for each in heirs)
        if len(heirs) > 1 and plain and parent.values and not any(_LOCAL.search(each) for each in outputs):
            return parent
    return target


def _from_hcl(file: File) -> Description:
    targets: dict[str, Target] = {}
    groups: dict[str, tuple[str, ...]] = {}
    variables: dict[str, tuple[str, ...]] = {}
    for block in file.parse(parse_hcl):
        name = block.labels[0] if block.labels else ""
        if block.kind == "target" and name:
            platforms = block.attributes.get("platforms")
            targets[name] = Target(
                name=name,
                span=Span(block.span.start, _head_end(file.text, block)),
                platforms_span=platforms.value if platforms is not None else None,
                values={key: tuple(_texts(file, attribute)) for key, attribute in block.attributes.items()},
                node=block,
            )
        elif block.kind == "group" and "targets" in block.attributes:
            groups[name] = tuple(_texts(file, block.attributes["targets"]))
        elif block.kind == "variable" and "default" in block.attributes:
            default = literal(file.text, block.attributes["default"].value)
            if default:
                variables[name] = (default,)
    return Description(targets, groups, variables)


def _head_end(text: str, block: Block) -> int:
    """The end of a block's labels."""
    return block.span.start + len(text[block.span.start : block.opening - 1].rstrip())


def _texts(file: File, attribute: Attribute) -> Iterator[str]:
    """The texts of a list or a string; what is computed is unknown."""
    listed = elements(file.text, attribute.value)
    for place in (attribute.value,) if listed is None else listed:
        text = literal(file.text, place)
        yield text if text is not None else _UNKNOWN


def _set_platforms(file: File, block: Block, wanted: Sequence[str]) -> Edit | None:
    """The platforms in a target: behind those that it names, or as a line of their own."""
    text, platforms = file.text, block.attributes.get("platforms")
    if platforms is not None:
        listed = elements(text, platforms.value)
        if not listed or any(literal(text, each) is None for each in listed):
            return None
        last = listed[-1]
        gap = text[listed[-2].end : last.start] if len(listed) > 1 else ", "
        if len(listed) == 1 and "\n" in text[platforms.value.start : last.start]:
            gap = "," + text[platforms.value.start + 1 : last.start]
        if "#" in gap or "/" in gap:
            return None
        return file.insert(last.end, f'{gap}"{wanted[-1]}"')
    line = "platforms = [" + ", ".join(f'"{each}"' for each in wanted) + "]"
    if not block.attributes:
        if text[block.opening : block.span.end - 1].strip():
            return None
        return file.replace(Span(block.opening, block.span.end - 1), f"{file.source.newline}  {line}{file.source.newline}")
    last_attribute = max(block.attributes.values(), key=lambda each: each.span.start)
    start = last_attribute.span.start
    line_start = file.source.line_starts[file.source.line_index(start)]
    indent = text[line_start:start]
    if indent.strip():
        return None
    end = file.source.line_span(file.source.line_index(last_attribute.span.end)).end
    if text[last_attribute.span.end : end].lstrip().startswith("}"):
        return None
    return file.insert(end, f"{file.source.newline}{indent}{line}")


def _from_json(file: File) -> Description:
    roots = file.parse(parse_yaml)
    root = roots[0] if roots else None
    targets = {}
    for key, node in pairs(get(root, "target")):
        name = key_of(key) or ""
        if isinstance(node, MappingNode):
            platforms = get(node, "platforms")
            targets[name] = Target(
                name=name,
                span=span(key),
                platforms_span=span(platforms) if platforms is not None else None,
                values={key_of(own) or "": tuple(each.replace("$${", "${") for each in strings(value)) for own, value in pairs(node)},
                node=node,
            )
    groups = {key_of(key) or "": strings(get(node, "targets")) for key, node in pairs(get(root, "group"))}
    variables = {
        key_of(key) or "": (default,) for key, node in pairs(get(root, "variable")) if (default := text_of(get(node, "default")) or "")
    }
    return Description(targets, groups, variables)


def _set_json(file: File, node: MappingNode, wanted: Sequence[str]) -> Edit | None:
    listed = get(node, "platforms")
    if listed is None:
        return yaml_edit.insert_pair(file, node, "platforms", list(wanted))
    return yaml_edit.append_item(file, listed, wanted[-1]) if items(listed) else None
