"""Where a project says its packages come from: the indexes and sources of uv, Poetry and Pipenv."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.utils import canonicalize_name

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Location, Span
from armready.core.startup import dataclass, regex
from armready.knowledge.targets import AARCH64, LINUX_ARM64, PYTHONS, X86_64, Target, marker_holds
from armready.languages.toml import Node, parse_toml

X86_ONLY = regex(r"^https?://download\.pytorch\.org/whl/(?:nightly/|test/)?(?:cu118|rocm[\d.]*|xpu)/?$")


@dataclass(frozen=True, slots=True)
class PinnedIndex:
    """A package that is taken from one index and no other, on Linux: a fact.

    Attributes:
        name: the package, normalised.
        url: the index.
        on_arm64: Linux arm64 takes it from there; else only x86-64 does.
        chosen: an extra, a group or another choice has to be made first.
        location: the entry that says so.
    """

    name: str
    url: str
    on_arm64: bool
    chosen: bool
    location: Location


@dataclass(frozen=True, slots=True)
class RequiredEnvironments:
    """What a project tells uv of the environments for which a wheel must exist: a fact.

    Attributes:
        location: the list, else the header of uv's table, else the head of the file.
        arm64: the list names Linux arm64.
        edit: adds Linux arm64 to it; None where it cannot be written.
    """

    location: Location
    arm64: bool
    edit: Edit | None


def is_x86_only(url: str) -> bool:
    """Whether an index is known to have no file for Linux arm64 in what is taken from it."""
    return bool(X86_ONLY.match(url))


def index_facts(file: File) -> Iterator[PinnedIndex]:
    """The collector.

    Raises:
        ParseProblem: the file cannot be read as what it is.
    """
    root = parse_toml(file).root
    if file.kind is Kind.PIPFILE:
        yield from _named(file, root.get("packages"), "index", _urls(root.get("source")))
        return
    tool = root.get("tool") or Node(Span(0, 0))
    uv, poetry = tool.get("uv"), tool.get("poetry")
    if uv is not None:
        yield from _named(file, uv.get("sources"), "index", _urls(uv.get("index")))
    if poetry is not None:
        urls = _urls(poetry.get("source"))
        yield from _named(file, poetry.get("dependencies"), "source", urls)
        for _, group in (poetry.get("group") or Node(Span(0, 0))).pairs():
            yield from _named(file, group.get("dependencies"), "source", urls, chosen=True)


def _urls(listed: Node | None) -> dict[str, str]:
    """The indexes by name."""
    found = {}
    for each in listed.elements() if listed is not None else ():
        name, url = each.get("name"), each.get("url")
        if name is not None and url is not None:
            found[name.value or ""] = url.value or ""
    return found


def _named(file: File, packages: Node | None, key: str, urls: dict[str, str], *, chosen: bool = False) -> Iterator[PinnedIndex]:
    for name, node in packages.pairs() if packages is not None else ():
        for entry in node.elements() if node.items is not None else [node]:
            index = entry.get(key)
            url = urls.get(index.value or "") if index is not None else None
            on = _reached(entry)
            if index is None or not url or not on:
                continue
            optional = entry.get("optional")
            choice = chosen or any(entry.get(each) is not None for each in ("extra", "group"))
            choice = choice or (optional is not None and optional.value == "true")
            yield PinnedIndex(
                name=canonicalize_name(name), url=url, on_arm64=AARCH64 in on, chosen=choice, location=file.location(index.span)
            )


def _reached(entry: Node) -> frozenset[str]:
    """The processors on which an entry counts on some Linux."""
    parts = [f"({node.value})" for key in ("marker", "markers") if (node := entry.get(key)) is not None and node.value]
    platform = entry.get("platform")
    if platform is not None:
        parts.append(f"sys_platform == '{platform.value}'")
    marker = " and ".join(parts)
    targets = [Target(python, arch) for python in PYTHONS for arch in (X86_64, AARCH64)]
    return frozenset(target.arch for target in targets if marker_holds(marker, target) is not False)


def environment_facts(file: File) -> Iterator[RequiredEnvironments]:
    """The collector of what uv is told to provide for.

    Raises:
        ParseProblem: it is not TOML.
    """
    root = parse_toml(file).root
    uv = root.get("tool", "uv")
    listed = uv.get("required-environments") if uv is not None else None
    markers = [each.value or "" for each in listed.strings()] if listed is not None else []
    arm64 = any(marker_holds(each, Target(python)) for each in markers for python in PYTHONS)
    place = listed or uv
    has_header = place is not None and file.text.startswith("[", place.span.start)
    location = file.location(place.span if place is not None and has_header else file.source.line_span(0))
    yield RequiredEnvironments(location, arm64, _environment_edit(file, listed, uv if has_header else None))


def _environment_edit(file: File, listed: Node | None, uv: Node | None) -> Edit | None:
    entry = f'"{LINUX_ARM64}"'
    if listed is not None:
        elements = listed.elements()
        return file.insert(elements[-1].span.end, f", {entry}") if elements else file.replace(listed.span, f"[{entry}]")
    if uv is None:
        return None
    line = f"required-environments = [{entry}]\n"
    below = file.source.full_line_span(file.source.line_index(uv.span.start)).end
    return file.insert(below, line if file.text[below - 1 : below] == "\n" else f"\n{line}")
