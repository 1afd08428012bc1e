"""What a run would like to know: the images that the files name, and the Python packages they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from armready.builds.facts import ImageBuild
from armready.core.classify import (
    BUILD_KINDS,
    HEAD,
    KUBERNETES_KINDS,
    MANIFEST_KINDS,
    PIPELINE_KINDS,
    SHELL_KINDS,
    Kind,
    kind_by_name,
    kind_of,
    needs_content,
)
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.finding import Confidence
from armready.core.known import canonical
from armready.core.reference import Reference
from armready.core.results import Failure
from armready.core.source import Source
from armready.core.startup import regex
from armready.knowledge.images import arch_in_name, verdict
from armready.knowledge.verdicts import Basis, Has
from armready.online.checksums import Wanted
from armready.run.check_file import Notes, guarded
from armready.run.discovery import matches

if TYPE_CHECKING:
    from armready.core.config import Settings
    from armready.core.tree import Tree

_MANIFEST_IMAGES = KUBERNETES_KINDS | {Kind.HELM_VALUES, Kind.HELM_TEMPLATE, Kind.KUSTOMIZATION}
_PIPELINE_IMAGES = PIPELINE_KINDS | {Kind.COMPOSE}
Item = TypeVar("Item")

_CANONICAL = regex(r"[\w.-]+(?::\d+)?(?:/[\w.-]+)+(?::[\w.-]+|@sha256:[0-9a-f]{64})")
_SHA256 = regex(r"[0-9a-fA-F]{64}")
_PLAIN_REQUIREMENT = regex(r"[A-Za-z0-9][\w.-]*\s*+(?:\[[\w\s,.-]*\]\s*+)?(?:[<>=!~(;]|$)")
_BUILDERS = PIPELINE_KINDS | BUILD_KINDS
_KINDS = _MANIFEST_IMAGES | _PIPELINE_IMAGES | _BUILDERS | MANIFEST_KINDS | SHELL_KINDS | {Kind.DOCKERFILE}


@dataclass
class Questions:
    """What to ask, each once.

    Attributes:
        images: canonical name -> reference.
        packages: normalised names.
        assets: addresses of files for arm64.
        checksums: address of a file for amd64 -> what to compare.
        inputs: path of a manifest -> its requirements, for a resolver.
        options: options of requirements files that name indexes: (`--index-url`, address).
        failures: where armready itself failed.
    """

    images: dict[str, Reference] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    assets: set[str] = field(default_factory=set)
    checksums: dict[str, Wanted] = field(default_factory=dict)
    inputs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    options: list[tuple[str, str]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def add_image(self, reference: Reference) -> None:
        """Ask for what a reference names, if it names something without variables."""
        key = canonical(reference)
        if key is not None and _CANONICAL.fullmatch(key):
            self.images.setdefault(key, reference)


def questions(tree: Tree, paths: Iterable[str], settings: Settings) -> Questions:
    """Read the files of a run for what they name. What cannot be read asks for nothing; the first pass says why."""
    found = Questions()
    for path in paths:
        file = open_named(tree, path, settings)
        if file is None:
            continue
        for text in (*_read(named_images, file, found.failures), *_read(pushed_images, file, found.failures)):
            for reference in worth_asking(text.strip("\"'"), settings):
                found.add_image(reference)
        found.packages.update(_read(named_packages, file, found.failures))
        found.options += _read(named_indexes, file, found.failures)
        found.assets.update(_read(wanted_assets, file, found.failures))
        found.checksums.update({each.amd64_url: each for each in _read(wanted_checksums, file, found.failures)})
        requirements = _read(resolvable, file, found.failures) if settings.resolve else []
        if requirements:
            found.inputs[path] = tuple(requirements)
    return found


def _read(reader: Callable[[File], Iterable[Item]], file: File, failures: list[Failure]) -> list[Item]:
    notes = Notes(file.source.path)
    items = guarded(lambda: reader(file), reader.__name__, notes)
    failures += notes.failures
    return items


def open_named(tree: Tree, path: str, settings: Settings) -> File | None:
    """A file that may name an image or a package, or None."""
    kind = next((Kind(kind) for glob, kind in settings.kinds.items() if matches(path, glob)), None) or kind_by_name(path)
    if kind is None and not needs_content(path):
        return None
    if kind is not None and kind not in _KINDS:
        return None
    try:
        data = tree.read(path, settings.max_file_size + 1)
        source = Source.decode(path, data)
    except ParseProblem:
        return None
    if len(data) > settings.max_file_size or b"\0" in data[:HEAD]:
        return None
    kind = kind or kind_of(path, source.text)
    return File(source, kind, settings) if kind in _KINDS and kind is not None else None


def named_images(file: File) -> Iterator[str]:
    """The image references in a file, variables replaced as far as they are known."""
    if file.kind is Kind.DOCKERFILE:
        from armready.languages.dockerfile.images import image_uses

        yield from (use.text for use in file.parse(image_uses) if not use.varies)
    elif file.kind in _MANIFEST_IMAGES:
        from armready.kubernetes.pods import pods

        yield from (image.text for pod in file.parse(pods) for image in pod.images)
    elif file.kind in _PIPELINE_IMAGES and b"image" in file.source.text.encode("utf-8", "replace"):
        yield from _image_keys(file)


def pushed_images(file: File) -> Iterator[str]:
    """The images that a pipeline or a build description pushes: what is published today is worth knowing too."""
    if file.kind not in _BUILDERS:
        return
    from armready.multiplatform.collect import image_facts

    for fact in image_facts(file):
        if isinstance(fact, ImageBuild):
            yield from (push.shown or push.text for push in fact.pushes)


def _image_keys(file: File) -> Iterator[str]:
    """The values of `image:` and `image: {name: }` anywhere in a YAML file."""
    from armready.languages.yaml.nodes import MappingNode, SequenceNode, get, pairs, parse_yaml, text_of

    todo = list(file.parse(parse_yaml))
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, SequenceNode):
            todo.extend(node.value)
        if not isinstance(node, MappingNode):
            continue
        for key, value in pairs(node):
            todo.append(value)
            if text_of(key) == "image":
                text = text_of(value) or text_of(get(value, "name"))
                if text and not any(character.isspace() for character in text):
                    yield text


def worth_asking(text: str, settings: Settings) -> Iterator[Reference]:
    """The references to look up for one that a file names: itself where a fact is missing or bad, and what might take its place."""
    reference = Reference.parse(text, settings.mirrors)
    found = verdict(reference, settings)
    if found.basis in (Basis.USER, Basis.WINDOWS, Basis.BUILDS) or reference.familiar == "scratch":
        return
    sure = found.arm64 is Has.YES and found.confidence is Confidence.HIGH and found.basis is not Basis.NAME
    if sure and not reference.digest:
        return
    yield reference
    if reference.digest and reference.tag:
        yield reference.with_tag(reference.tag)
    name = arch_in_name(reference)
    if name is not None and name.stripped is not None:
        yield Reference.parse(name.stripped.text, settings.mirrors)
    for alternative in found.alternatives[:1]:
        yield Reference.parse(alternative, settings.mirrors)


def named_packages(file: File) -> Iterator[str]:
    """The packages that a manifest asks for, normalised."""
    if file.kind not in MANIFEST_KINDS:
        return
    from armready.python.manifests import read_manifest

    manifest = file.parse(read_manifest)
    for dependency in manifest.dependencies if manifest else ():
        if dependency.name and not dependency.url:
            yield dependency.name


def resolvable(file: File) -> tuple[str, ...]:
    """The requirements that are always installed, as a resolver wants them."""
    if file.kind not in MANIFEST_KINDS:
        return ()
    from armready.python.dependencies import Form, Scope
    from armready.python.manifests import read_manifest

    manifest = file.parse(read_manifest)
    found = []
    for each in manifest.dependencies if manifest else ():
        if not each.name or each.url or each.constraint or each.scope is not Scope.RUNTIME:
            continue
        written = file.source.slice(each.location.span) if each.form in (Form.REQUIREMENT, Form.STRING) else ""
        plain = f"{each.name}{each.specifier}" + (f" ; {each.marker}" if each.marker else "")
        found.append(written if written.isprintable() and _PLAIN_REQUIREMENT.match(written) else plain)
    return tuple(found)


def named_indexes(file: File) -> Iterator[tuple[str, str]]:
    """The options of a requirements file that say where packages come from."""
    if file.kind is not Kind.REQUIREMENTS:
        return
    from armready.languages.requirements import parse_requirements

    for option in file.parse(parse_requirements).options:
        if option.name in ("--index-url", "--extra-index-url", "--find-links", "--no-index"):
            yield option.name, option.value


def wanted_assets(file: File) -> Iterator[str]:
    """The files for arm64 that fixes would fetch instead of those for amd64."""
    if file.kind not in SHELL_KINDS:
        return
    from armready.downloads import downloads
    from armready.downloads.names import arm64_url

    for download in file.parse(downloads):
        url = arm64_url(download)
        if url is not None:
            yield url


def wanted_checksums(file: File) -> Iterator[Wanted]:
    """The downloads of a Dockerfile whose SHA-256 is written out."""
    if file.kind is not Kind.DOCKERFILE:
        return
    from armready.downloads import downloads
    from armready.downloads.names import arm64_url

    for download in file.parse(downloads):
        literal = file.source.slice(download.checksum) if download.checksum is not None else ""
        url = arm64_url(download)
        if url is not None and _SHA256.fullmatch(literal):
            yield Wanted(download.url, url, literal.lower())


def images_of(tree: Tree, paths: Iterable[str], settings: Settings, failures: list[Failure]) -> list[str]:
    """The references that the files of a run name, as they are written, sorted; `failures` grows by what armready fails on."""
    files = (open_named(tree, path, settings) for path in paths)
    return sorted({text for file in files if file is not None for text in _read(named_images, file, failures)})
