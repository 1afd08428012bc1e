"""Maven: the Jib plugin, which pushes what it builds for the platforms of its `from`."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from armready.builds.editor import Editor
from armready.builds.events import Build
from armready.builds.model import Declared, Pipeline, Verb
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.systems.descriptions import described_job

GLOBS = {
    "pom": ("pom.xml",),
}

_JIB = "jib-maven-plugin"
_NEEDS = "Jib copies files and needs no emulator; the base image must be an index, and the program must hold no binaries for amd64"
_MAX_DEPTH = 200


@dataclass(eq=False)
class Element:
    """An element of XML.

    Attributes:
        name: of its tag.
        start: where its tag starts.
        inner: where its content is.
        text: its own text.
        children: the elements in it.
    """

    name: str
    start: int
    inner: Span = field(default_factory=lambda: Span(0, 0))
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, *names: str) -> Element | None:
        """The element under a path of names."""
        found: Element | None = self
        for name in names:
            found = next((each for each in found.children if each.name == name), None) if found is not None else None
        return found

    def every(self, name: str) -> list[Element]:
        """All elements of a name at any depth."""
        found = [each for each in self.children if each.name == name]
        return found + [deeper for each in self.children for deeper in each.every(name)]


def parse_xml(file: File) -> Element:
    """The root element, with offsets into the text.

    Raises:
        ParseProblem: it is not XML.
    """
    data = file.text.encode(errors="replace")
    plain = len(data) == len(file.text)
    root = Element("", 0)
    stack = [root]
    parser = expat.ParserCreate("utf-8")

    def offset() -> int:
        index = parser.CurrentByteIndex
        return index if plain else len(data[:index].decode(errors="ignore"))

    def opened(name: str, _attributes: dict[str, str]) -> None:
        if len(stack) > _MAX_DEPTH:
            raise ParseProblem("elements stand too deep in each other")
        start = offset()
        element = Element(name, start, Span(file.text.find(">", start) + 1, 0))
        stack[-1].children.append(element)
        stack.append(element)

    def closed(_name: str) -> None:
        element = stack.pop()
        element.inner = Span(element.inner.start, max(element.inner.start, offset()))

    def text(characters: str) -> None:
        stack[-1].text += characters

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise ParseProblem(f"it is not XML: {error}") from error
    return root


def read(file: File) -> Pipeline:
    """A job for each Jib plugin that is configured."""
    if _JIB not in file.text:
        return Pipeline("jib", ())
    root = file.parse(parse_xml)
    environment = {each.name: (each.text.strip(),) for each in _properties(root) if each.text.strip()}
    jobs = []
    for plugin in root.every("plugin"):
        artifact = plugin.child("artifactId")
        if artifact is None or artifact.text.strip() != _JIB or plugin.child("configuration") is None:
            continue
        jobs.append(described_job(_JIB, Span(plugin.start, plugin.start + len("<plugin>")), _build(plugin), environment))
    return Pipeline("jib", tuple(jobs))


def _properties(root: Element) -> list[Element]:
    properties = root.child("project", "properties")
    return properties.children if properties is not None else []


def _build(plugin: Element) -> Declared:
    configuration = plugin.child("configuration")
    assert configuration is not None
    image, platforms = configuration.child("to", "image"), configuration.child("from", "platforms")
    named = None
    if platforms is not None:
        systems = [(each.child("os"), each.child("architecture")) for each in platforms.every("platform")]
        named = tuple(f"{os.text.strip() if os else 'linux'}/{arch.text.strip()}" for os, arch in systems if arch is not None)
    goals = [goal.text.strip() for goal in plugin.every("goal")]

    return Declared(
        verb=Verb.BUILD,
        span=Span(plugin.start, plugin.start + len("<plugin>")),
        tool="jib",
        tags=(image.text.strip(),) if image is not None and image.text.strip() else (),
        platforms=named,
        pushes="build" in goals,
        folder=None,
        native=True,
        takes_platforms=True,
        reasons=(_NEEDS,),
    )


def _widen(file: File, configuration: Element) -> Edit | None:
    """The platforms in `from`, which is made where there is none."""
    base = configuration.child("from")
    platforms = base.child("platforms") if base is not None else None
    step = _step(file, configuration)
    if step is None:
        return None
    if base is None:
        inner = _platforms(step, ("amd64", "arm64"))
        lines = ["<platforms>", *(step + line for line in inner), "</platforms>"]
        return _insert(file, configuration, step, ["<from>", *(step + line for line in lines), "</from>"])
    if platforms is None:
        inner = _platforms(step, ("amd64", "arm64"))
        return _insert(file, base, step, ["<platforms>", *(step + line for line in inner), "</platforms>"], at_end=True)
    return _insert(file, platforms, step, _platforms(step, ("arm64",)), at_end=True)


def _platforms(step: str, architectures: tuple[str, ...]) -> list[str]:
    return [
        line
        for architecture in architectures
        for line in ("<platform>", f"{step}<architecture>{architecture}</architecture>", f"{step}<os>linux</os>", "</platform>")
    ]


def _indent(file: File, offset: int) -> str | None:
    """The blanks in front of a tag; None when something else stands there."""
    start = file.source.line_starts[file.source.line_index(offset)]
    blanks = file.text[start:offset]
    return blanks if not blanks.strip() else None


def _step(file: File, configuration: Element) -> str | None:
    """One level of indentation, as between the configuration and what is in it."""
    outer = _indent(file, configuration.start)
    inner = _indent(file, configuration.children[0].start) if configuration.children else None
    if outer is None or inner is None or not inner.startswith(outer) or inner == outer:
        return None
    return inner[len(outer) :]


def _insert(file: File, parent: Element, step: str, lines: list[str], *, at_end: bool = False) -> Edit | None:
    """Lines as the first, or the last, content of an element that is written over several lines."""
    outer, newline = _indent(file, parent.start), file.source.newline
    if outer is None or "\n" not in file.text[parent.inner.start : parent.inner.end]:
        return None
    text = "".join(f"{newline}{outer}{step}{line}" for line in lines)
    if not at_end:
        return file.insert(parent.inner.start, text)
    last = parent.children[-1] if parent.children else None
    if last is None:
        return None
    end = file.text.find(">", last.inner.end) + 1
    return file.insert(end, text)


class PomEditor(Editor):
    """Edit the configuration of Jib."""

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Put the platforms in `from`."""
        plugins = self.file.parse(parse_xml).every("plugin")
        configuration = next((each.child("configuration") for each in plugins if each.start == build.span.start), None)
        if configuration is None or build.declared is None or "$" in "".join(build.declared.platforms or ()):
            return None
        edit = _widen(self.file, configuration)
        return None if edit is None else [edit]


EDITOR = PomEditor
