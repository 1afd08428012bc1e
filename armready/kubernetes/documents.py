"""Files -> documents -> objects.

A file may be a manifest, a Helm template (read with its actions masked at equal length, so that every place is exact) or a kustomization.
Lists and OpenShift templates are opened; custom resource definitions, nodes and `status` are not workloads.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from armready.core.classify import Kind
from armready.core.embedded import Embedded
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    embedded,
    find,
    get,
    items,
    pair_of,
    parse_yaml,
    parse_yaml_text,
    span,
    text_of,
    text_under,
    walk,
)

PLACEHOLDER = "\ue000"

# The inside of an action: strings, raw strings and other characters, up to what can only be its end or the beginning of another.
_INSIDE = regex(r"(?:\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|[^\"`{}]|\}(?!\})|\{(?!\{))*")
_VARIABLE = regex(rf"{PLACEHOLDER}|\{{\{{|\$[{{(\w]|<<|<[A-Za-z_]|@\w+@|\(\(|__\w+__|%\w+%")
_INDENTED = regex(r"\b(?:nindent|indent|toYaml)\b")
_LAST_LINE = regex(r"(?m)^   (?= *\r?\n\Z)")
_PROBLEM_LINE = regex(r"line (\d+)")
_MAX_BLANKED_LINES = 20
_NOT_A_WORKLOAD = frozenset({"CustomResourceDefinition", "Node", "Event", "APIService", "NodeMetrics"})


class Documents(NamedTuple):
    """What a file holds.

    Attributes:
        roots: of its documents, the empty ones left out.
        text: what was parsed: the file's text, or that text with its template actions masked.
        templated: it is a template, so that what is between the lines may be otherwise.
    """

    roots: tuple[Node, ...]
    text: str
    templated: bool


@dataclass(frozen=True, eq=False)
class Resource:
    """One Kubernetes object.

    Attributes:
        kind: `Deployment`.
        api_version: `apps/v1`.
        name: of its metadata; empty when it has none.
        node: its mapping.
        document: counted from 1, among the documents of the file.
        documents: how many there are.
    """

    kind: str
    api_version: str
    name: str
    node: MappingNode
    document: int
    documents: int

    @property
    def title(self) -> str:
        """`Deployment/web`."""
        return f"{self.kind}/{self.name}" if self.name and not is_open(self.name) else self.kind

    @property
    def group(self) -> str:
        """The API group: `apps`; empty for the core group."""
        return self.api_version.rpartition("/")[0]


def documents(file: File) -> Documents:
    """The documents of a file of any kind that holds Kubernetes YAML.

    Raises:
        ParseProblem: it is no template, and no document of it can be read.
    """
    if file.kind is not Kind.HELM_TEMPLATE and not _has_actions(file):
        return Documents(parse_yaml(file), file.text, False)
    return _of_template(file, mask(file.text))


def _has_actions(file: File) -> bool:
    """Whether template actions stand in the structure of a file, where YAML breaks at them or takes them for mappings of mappings."""
    if "{{" not in file.text:
        return False
    stream = parse_yaml_text(file.text)
    if stream.problems:
        return True
    return any(
        isinstance(node, MappingNode) and node.flow_style and file.text.startswith("{{", span(node).start)
        for root in stream.documents
        for node in walk(root)
    )


def _of_template(file: File, masked: str) -> Documents:
    """What can be read of a template: lines that stand in the way are blanked one after the other; what is lost all the same is noted."""
    stream = parse_yaml_text(masked)
    for _ in range(_MAX_BLANKED_LINES):
        found = _PROBLEM_LINE.search(stream.problems[0]) if stream.problems else None
        if found is None:
            break
        lines = masked.split("\n")
        index = min(int(found[1][:9]), len(lines)) - 1
        while index >= 0 and not lines[index].strip():
            index -= 1
        if index < 0:
            break
        lines[index] = re.sub(r"[^\r]", " ", lines[index])
        masked = "\n".join(lines)
        stream = parse_yaml_text(masked)
    for problem in stream.problems:
        file.note(problem)
    return Documents(tuple(root for root in stream.documents if root is not None), masked, True)


def mask(text: str) -> str:
    """A template as YAML of the same length.

    Lines that hold nothing but actions are blank, and so are actions that put in lines of their own; others are a run of `PLACEHOLDER`.
    """
    if "{{" not in text:
        return text
    pieces: list[str] = []
    position = 0
    for start, end in _actions(text):
        action = text[start:end]
        pieces.append(text[position:start])
        pieces.append(re.sub(r"[^\r\n]", " " if _INDENTED.search(action) else PLACEHOLDER, action))
        position = end
    pieces.append(text[position:])
    lines = "".join(pieces).split("\n")
    return "\n".join(
        re.sub(r"[^\r]", " ", line) if PLACEHOLDER in line and not line.strip(f" \t\r{PLACEHOLDER}") else line for line in lines
    )


def _actions(text: str) -> Iterator[tuple[int, int]]:
    """Where the actions of a template stand; each character is looked at a constant number of times."""
    start = text.find("{{")
    while start >= 0:
        if text.startswith("/*", _without_dash(text, start + 2)):
            end = text.find("*/", start)
            close = text.find("}}", end) if end >= 0 else -1
            if close < 0:
                return
        else:
            inside = _INSIDE.match(text, start + 2)
            end = inside.end() if inside else start + 2
            close = end if text.startswith("}}", end) else -1
        if close >= 0:
            yield start, close + 2
        start = text.find("{{", close + 2 if close >= 0 else end)


def _without_dash(text: str, position: int) -> int:
    """Past `-` and white space, as in `{{- /* comment */ -}}`."""
    position += text.startswith("-", position)
    while position < len(text) and text[position] in " \t":
        position += 1
    return position


def is_open(value: str | None) -> bool:
    """Whether a variable or a template decides the value, so that nothing can be said of it."""
    return value is not None and _VARIABLE.search(value) is not None


def source_text(file: File, node: Node | None) -> str | None:
    """The value of a scalar with the template actions in it as they are written."""
    value = text_of(node)
    if node is None or value is None or PLACEHOLDER not in value:
        return value
    inner = decoded(file, node)
    return inner.text if inner is not None else value


def decoded(file: File, node: Node) -> Embedded | None:
    """`yaml.embedded` that also reads the scalars of a template, with the actions as they are written."""
    found = file.parse(documents)
    if not found.templated:
        return embedded(file, node)
    masked = embedded(file, node, found.text)
    if masked is None:
        return None
    text = list(masked.text)
    for inner, host, length in masked.segments:
        text[inner : inner + length] = file.text[host : host + length]
    return Embedded("".join(text), masked.segments, masked.encode)


def roots_inside(node: Node) -> tuple[Node, ...]:
    """The documents in a literal block scalar that holds YAML itself, read in place, so that their nodes have places in the file."""
    lines = _lines_inside(node)
    return _roots_at(text_under(node), [lines]) if lines is not None else ()


def mappings_inside(nodes: Iterable[Node]) -> dict[int, Node]:
    """The YAML in those of some nodes that are literal block scalars: where the scalar starts -> its one document, read in place."""
    blocks = {lines: node for node in nodes for lines in (_lines_inside(node),) if lines is not None}
    found: dict[int, list[Node]] = {}
    if blocks:
        places = sorted(blocks, key=lambda lines: lines.start)
        for root in _roots_at(text_under(next(iter(blocks.values()))), places):
            around = places[bisect_right(places, span(root).start, key=lambda lines: lines.start) - 1]
            found.setdefault(span(blocks[around]).start, []).append(root)
    return {start: roots[0] for start, roots in found.items() if len(roots) == 1}


def _lines_inside(node: Node) -> Span | None:
    """The lines of a literal block scalar below its header."""
    if not isinstance(node, ScalarNode) or node.style != "|":
        return None
    place = span(node)
    start = text_under(node).find("\n", place.start, place.end) + 1
    return Span(start, place.end) if start else None


def _roots_at(text: str, places: Sequence[Span]) -> tuple[Node, ...]:
    """The documents at some places of a text, all else blanked out, at one go: the line in front of a place becomes a border."""
    pieces: list[str] = []
    at = 0
    for place in places:
        pieces += [_LAST_LINE.sub("---", _blank(text[at : place.start])), text[place.start : place.end]]
        at = place.end
    pieces.append(_blank(text[at:]))
    return tuple(root for root in parse_yaml_text("".join(pieces)).documents if root is not None)


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def set_text(file: File, node: Node, new: str) -> Edit | None:
    """Give a scalar another text by changing the characters that differ and no others."""
    inner = decoded(file, node)
    if inner is None or inner.text == new:
        return None
    old = inner.text
    before = _common(old, new)
    after = min(_common(old[::-1], new[::-1]), len(old) - before, len(new) - before)
    edit = inner.edit(Span(before, len(old) - after), new[before : len(new) - after])
    return file.replace(*edit) if edit is not None else None


def _common(one: str, other: str) -> int:
    """How many characters two strings begin alike with."""
    return next((index for index, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), min(len(one), len(other)))


def resources(file: File) -> tuple[Resource, ...]:
    """The objects of a file, in order, lists opened."""
    roots = file.parse(documents).roots
    found: list[Resource] = []
    for index, root in enumerate(roots):
        found.extend(_resources(root, index + 1, len(roots), 0))
        if file.kind is Kind.KUSTOMIZATION:
            for patch in (*find(root, "patches", "*", "patch"), *find(root, "patchesStrategicMerge", "*")):
                found.extend(each for inside in patches_inside(patch) for each in _resources(inside, index + 1, len(roots), 0))
    return tuple(found)


def patches_inside(node: Node | None) -> tuple[Node, ...]:
    """The documents of an inline patch."""
    return roots_inside(node) if node is not None else ()


def _resources(root: Node, document: int, count: int, depth: int) -> Iterator[Resource]:
    kind, version = text_of(get(root, "kind")), text_of(get(root, "apiVersion"))
    if not isinstance(root, MappingNode) or kind is None or version is None or depth > 3:
        return
    inside = get(root, "items") if kind.endswith("List") else get(root, "objects") if kind == "Template" else None
    if inside is not None:
        for item in items(inside):
            yield from _resources(item, document, count, depth + 1)
    elif kind not in _NOT_A_WORKLOAD:
        name = text_of(get(root, "metadata", "name")) or text_of(get(root, "metadata", "generateName")) or ""
        yield Resource(kind=kind, api_version=version, name=name, node=root, document=document, documents=count)


def key_span(mapping: Node | None, key: str) -> Span | None:
    """Where a key of a mapping stands."""
    pair = pair_of(mapping, key)
    return span(pair[0]) if pair else None
