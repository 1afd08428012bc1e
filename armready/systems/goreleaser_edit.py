"""GoReleaser: a counterpart for arm64 beside every image of amd64, and the manifests that join them under the old names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from armready.core.file import File
from armready.core.fix import Edit, apply_edits
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.languages.yaml import edit as yaml_edit
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    Place,
    ScalarNode,
    SequenceNode,
    get,
    in_flow_style,
    items,
    pair_of,
    places,
    span,
    strings,
    text_of,
)

_TEMPLATE = regex(r"\{\{(?:[^{}\n]|\{(?!\{)|\}(?!\}))*\}\}")
_PLATFORM = "--platform=linux/"
# docker manifest takes no image that carries an attestation.
_NO_PROVENANCE = "--provenance=false"
_X86 = regex(r"x86[_-]64|(?<![a-z0-9])x64(?![a-z0-9])", re.IGNORECASE)


def build_for_arm64(file: File, root: Node, entries: Sequence[MappingNode]) -> list[Edit] | None:
    """The edits that build each entry for arm64 too and join both.

    Args:
        file: the configuration.
        root: its document.
        entries: those of `dockers` that build amd64 and have no counterpart.

    Returns:
        None where the text cannot be edited exactly, or no program is built for arm64.
    """
    listed = get(root, "dockers")
    if not isinstance(listed, SequenceNode) or in_flow_style(listed) or not all(_has_program(root, entry) for entry in entries):
        return None
    edits: list[Edit] = []
    manifests: list[str] = []
    standing = {id(place.value): place for place in reversed(places(listed))}
    for entry in entries:
        found = _with_arm64(file, standing[id(entry)], entry)
        names = _manifests(file, entry)
        if found is None or names is None:
            return None
        edits += found
        manifests += names
    joined = _insert_manifests(file, root, listed, manifests)
    if joined is None or len(set(manifests)) != len(manifests):
        return None
    at_end = next((edit for edit in edits if edit.span == joined.span), None)
    if at_end is not None:
        edits.remove(at_end)
        joined = file.insert(joined.span.start, at_end.text + joined.text)
    return [*edits, joined]


def _has_program(root: Node, entry: MappingNode) -> bool:
    """Whether the builds that an entry takes make a Linux program for arm64."""
    wanted = strings(get(entry, "ids"))
    builds = [each for each in items(get(root, "builds")) if isinstance(each, MappingNode)]
    chosen = [each for each in builds if not wanted or text_of(get(each, "id")) in wanted] or builds
    return all(_builds_arm64(each) for each in chosen)


def _builds_arm64(build: MappingNode) -> bool:
    targets = strings(get(build, "targets"))
    if targets:
        return any(target.startswith("linux_arm64") for target in targets)
    systems, architectures = strings(get(build, "goos")), strings(get(build, "goarch"))
    if (systems and "linux" not in systems) or (architectures and "arm64" not in architectures):
        return text_of(get(build, "builder")) == "prebuilt" or text_of(get(build, "skip")) == "true"
    ignored = [each for each in items(get(build, "ignore")) if text_of(get(each, "goarch")) == "arm64"]
    return not any(text_of(get(each, "goos")) in (None, "linux") for each in ignored)


@dataclass(frozen=True)
class _Version:
    """One of the two entries that come from one."""

    file: File
    entry: MappingNode
    architecture: str

    def edits(self) -> list[Edit] | None:
        """The edits that make the entry one of this architecture."""
        found: list[Edit | None] = []
        for image in items(get(self.entry, "image_templates")):
            text = text_of(image)
            found.append(yaml_edit.set_scalar(self.file, image, f"{tagged(text)}-{self.architecture}") if text else None)
        if text_of(get(self.entry, "use")) != "buildx" and text_of(get(self.entry, "use_buildx")) != "true":
            found.append(self._set("use", "buildx"))
        if self.architecture == "arm64":
            found.append(self._set("goarch", "arm64"))
        found += self._flags()
        if self.architecture == "arm64":
            name = get(self.entry, "id")
            if name is not None:
                found.append(yaml_edit.set_scalar(self.file, name, f"{text_of(name)}-arm64"))
        done = [each for each in found if each is not None]
        return _together(self.file, done) if len(done) == len(found) else None

    def _set(self, key: str, value: str) -> Edit | None:
        pair = pair_of(self.entry, key)
        if pair is not None:
            return yaml_edit.set_value(self.file, self.entry, pair[0], value)
        flags = pair_of(self.entry, "build_flag_templates")
        behind_first = flags is not None and flags[0] is not self.entry.value[0][0]
        return yaml_edit.insert_pair(self.file, self.entry, key, value, before=flags[0] if flags is not None and behind_first else None)

    def _flags(self) -> Iterator[Edit | None]:
        listed = get(self.entry, "build_flag_templates")
        present = strings(listed)
        wanted = [f"{_PLATFORM}{self.architecture}"]
        if not any("--provenance" in each for each in present):
            wanted.append(_NO_PROVENANCE)
        if listed is None:
            yield self._new_flags(wanted)
            return
        named = False
        for item in items(listed):
            text = text_of(item) or ""
            if text.startswith(("--platform", "--build-arg")) and "amd64" in text:
                named = named or text.startswith("--platform")
                if self.architecture != "amd64":
                    yield yaml_edit.set_scalar(self.file, item, text.replace("amd64", self.architecture))
        yield self._more_flags(listed, wanted[1:] if named else wanted)

    def _new_flags(self, flags: Sequence[str]) -> Edit | None:
        if in_flow_style(self.entry):
            return None
        step = " " * self.file.parse(yaml_edit.style_of).offset
        lines = ["build_flag_templates:", *(f'{step}- "{flag}"' for flag in flags)]
        return yaml_edit.insert_lines(self.file, self.entry, lines)

    def _more_flags(self, listed: Node, flags: Sequence[str]) -> Edit | None:
        first = yaml_edit.append_item(self.file, listed, flags[0]) if flags else self.file.insert(span(listed).start, "")
        if first is None or len(flags) < 2:
            return first
        return self.file.insert(first.span.start, first.text + first.text.replace(flags[0], flags[1]))


def _together(file: File, edits: Sequence[Edit]) -> list[Edit]:
    """Insertions at one place become one, in order; empty ones go."""
    found: dict[Span, str] = {}
    for edit in edits:
        if edit.text or edit.span.start != edit.span.end:
            found[edit.span] = found.get(edit.span, "") + edit.text
    return [file.replace(place, text) for place, text in found.items()]


def tagged(image: str) -> str:
    """An image with the tag that it has without one."""
    bare = _TEMPLATE.sub(lambda match: "x" * len(match[0]), image)
    return image if ":" in bare.rpartition("/")[2] else f"{image}:latest"


def _with_arm64(file: File, place: Place, entry: MappingNode) -> list[Edit] | None:
    """The edits of an entry, with its counterpart behind it."""
    source = file.source
    own, other = _Version(file, entry, "amd64").edits(), _Version(file, entry, "arm64").edits()
    lines = _lines_of(file, place, entry)
    if own is None or other is None or lines is None or in_flow_style(entry) or get(entry, "goamd64") is not None:
        return None
    text = file.text[lines.start : lines.end]
    if _X86.search(text) or "&" in re.sub(r"&&", "", text):
        return None
    copy = apply_edits(file.text, other, lines)
    at_end = next((edit for edit in own if edit.span == Span(lines.end, lines.end)), None)
    before = at_end.text if at_end is not None else ""
    own = [edit for edit in own if edit is not at_end]
    return [*own, file.insert(lines.end, f"{before}{source.newline}{copy}")]


def _lines_of(file: File, place: Place, entry: MappingNode) -> Span | None:
    """The lines of an entry, from its dash to the end of the last one."""
    source = file.source
    if not entry.value:
        return None
    dash = file.text.rfind("-", 0, entry.value[0][0].start_mark.index)
    start = source.line_starts[source.line_index(dash)]
    if file.text[start:dash].strip(" ") or file.text[dash + 1 : entry.value[0][0].start_mark.index].strip(" "):
        return None
    return Span(start, source.line_span(source.line_index(max(place.span.end - 1, dash))).end)


def _manifests(file: File, entry: MappingNode) -> list[str] | None:
    """The manifests of an entry's images, each as the text of an item without indentation."""
    skip = get(entry, "skip_push")
    quote = next((item.style for item in items(get(entry, "image_templates")) if isinstance(item, ScalarNode)), "") or '"'
    if quote not in ("'", '"'):
        return None
    step = " " * file.parse(yaml_edit.style_of).offset
    found = []
    for image in strings(get(entry, "image_templates")):
        name = tagged(image)
        lines = [f"- name_template: {yaml_edit.scalar(name, quote)}"]
        if skip is not None:
            lines.append(f"  skip_push: {file.source.slice(span(skip))}")
        lines.append("  image_templates:")
        lines += [f"  {step}- {yaml_edit.scalar(f'{name}-{architecture}', quote)}" for architecture in ("amd64", "arm64")]
        found.append("\n".join(lines))
    return found


def _insert_manifests(file: File, root: Node, dockers: SequenceNode, manifests: Sequence[str]) -> Edit | None:
    """The list of manifests, behind `dockers` or behind those that exist."""
    source, present = file.source, pair_of(root, "docker_manifests")
    lines = [line for manifest in manifests for line in manifest.split("\n")]
    if present is not None and items(present[1]):
        listed = present[1]
        names = {text_of(get(each, "name_template")) for each in items(listed)}
        if not isinstance(listed, SequenceNode) or in_flow_style(listed) or any(f'"{name}"' in line for line in lines for name in names):
            return None
        last = places(listed)[-1]
        indent = " " * (yaml_edit.column(file, last.value.start_mark.index) - 2)
    else:
        if present is not None:
            return None
        last = places(dockers)[-1]
        indent = " " * file.parse(yaml_edit.style_of).offset
        lines = ["", "docker_manifests:", *(indent + line for line in lines)]
        indent = ""
    end = source.line_span(source.line_index(last.span.end - 1)).end
    return file.insert(end, "".join(f"{source.newline}{indent}{line}" for line in lines))
