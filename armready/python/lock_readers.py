"""One reader per lock format: uv, Poetry (all versions), PDM, PEP 751 and pex. They give `Lock` records; nothing is resolved."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from packaging.utils import canonicalize_name

from armready.core.classify import Kind
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Location, Span
from armready.core.startup import regex
from armready.knowledge.wheels import file_name, is_native, is_sdist, wheel_tag
from armready.languages.requirements import parse_requirement
from armready.languages.toml import toml_data
from armready.python.dependencies import Scope, from_poetry
from armready.python.locks import Edge, Lock, Locked, LockKind, differences, floors

_TEST_GROUP = regex(r"(?:^|[-_])(?:dev|tests?|testing|docs?|lint|typing|ci|bench|benchmarks?|examples?)(?:[-_]|$)")


def lock_facts(file: File) -> Iterator[Lock]:
    """The collector: the lock that a file is.

    Raises:
        ParseProblem: it is not what its name says.
    """
    try:
        yield _READERS[file.kind](file)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ParseProblem(f"a lock of an unknown shape: {type(error).__name__}: {error}") from error


def group_scope(group: str) -> Scope:
    """What the name of a dependency group says of its use."""
    return Scope.TEST if _TEST_GROUP.search(group.lower()) else Scope.GROUP


def _made_of(files: list[str]) -> dict[str, Any]:
    """What the files of a release tell, as arguments of `Locked`."""
    return {
        "native": is_native(files),
        "differences": differences(files),
        "sdist": any(map(is_sdist, files)),
        "floors": floors(files),
    }


def _headers(file: File, header: str) -> list[Location]:
    """The places of the entries: the line below each header, which holds the name."""
    found = []
    for match in re.finditer(rf"(?m)^{re.escape(header)}[ \t]*\r?\n", file.text):
        index = file.source.line_index(match.end())
        found.append(file.location(file.source.line_span(index)))
    return found


def _head(file: File) -> Location:
    return file.location(file.source.line_span(0) if file.text else Span(0, 0))


def _entries(file: File, data: dict[str, Any], key: str) -> Iterator[tuple[dict[str, Any], Location]]:
    locations = _headers(file, f"[[{key}]]")
    head = _head(file)
    for entry, location in zip_longest(data.get(key, []), locations):
        if entry is not None:
            yield entry, location or head


# --- uv -----------------------------------------------------------------------------------------------------------------------


def _uv_edges(listed: list[dict[str, Any]], scope: Scope = Scope.RUNTIME) -> tuple[Edge, ...]:
    return tuple(
        Edge(
            name=canonicalize_name(each["name"]),
            marker=each.get("marker", ""),
            extras=tuple(canonicalize_name(extra) for extra in each.get("extra", ())),
            version=each.get("version", ""),
            scope=scope,
        )
        for each in listed
    )


def _uv_files(entry: dict[str, Any]) -> list[str]:
    artifacts = [*entry.get("wheels", ()), *([entry["sdist"]] if "sdist" in entry else ())]
    return [file_name(each.get("filename") or each.get("url") or each.get("path") or "") for each in artifacts]


def _read_uv(file: File) -> Lock:
    data = file.parse(toml_data)
    packages, roots = [], list[Edge]()
    members = set(map(canonicalize_name, data.get("manifest", {}).get("members", ())))
    for entry, location in _entries(file, data, "package"):
        name = canonicalize_name(entry["name"])
        source = entry.get("source", {})
        local = source.get("editable") or source.get("virtual")
        if local is not None and (name in members or (not members and local in (".", "./"))):
            roots += _uv_edges(entry.get("dependencies", []))
            for listed in entry.get("optional-dependencies", {}).values():
                roots += _uv_edges(listed, Scope.EXTRA)
            for group, listed in entry.get("dev-dependencies", {}).items():
                roots += _uv_edges(listed, group_scope(group))
        is_registry = "registry" in source or "url" in source
        files = _uv_files(entry) if is_registry else []
        packages.append(
            Locked(
                name=name,
                version=entry.get("version", ""),
                location=location,
                edges=_uv_edges(entry.get("dependencies", [])),
                extras=tuple(
                    (canonicalize_name(extra), _uv_edges(listed)) for extra, listed in entry.get("optional-dependencies", {}).items()
                ),
                markers=tuple(entry.get("resolution-markers", ())),
                recorded=bool(files) or not is_registry,
                **_made_of(files),
            )
        )
    scripts = data.get("manifest", {})
    for group, listed in scripts.get("dependency-groups", {}).items():
        roots += _uv_edges(listed, group_scope(group))
    if not roots:
        roots += _uv_edges(scripts.get("requirements", []))
    environments = tuple(data.get("supported-markers", ()))
    return Lock(
        path=file.path,
        kind=LockKind.UV,
        packages=tuple(packages),
        head=_head(file),
        roots=tuple(roots),
        flat=False,
        requires_python=data.get("requires-python", ""),
        environments=environments,
    )


# --- Poetry -------------------------------------------------------------------------------------------------------------------


def _poetry_edges(table: dict[str, Any]) -> Iterator[Edge]:
    for name, value in table.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                yield Edge(canonicalize_name(name), "", (), from_poetry(each))
            elif isinstance(each, dict):
                marker = each.get("markers", "")
                if each.get("optional") and "extra" not in marker:
                    continue
                yield Edge(
                    canonicalize_name(name),
                    marker,
                    tuple(map(canonicalize_name, each.get("extras", ()))),
                    from_poetry(str(each.get("version", ""))),
                )


def _poetry_scope(entry: dict[str, Any]) -> Scope:
    groups = entry.get("groups", ["main"])
    category = entry.get("category", "main")
    if "main" in groups and category == "main":
        return Scope.EXTRA if entry.get("optional") else Scope.RUNTIME
    return Scope.TEST if category == "dev" else group_scope(groups[0])


def _read_poetry(file: File) -> Lock:
    data = file.parse(toml_data)
    old_files = {canonicalize_name(name): listed for name, listed in data.get("metadata", {}).get("files", {}).items()}
    versions = Counter(canonicalize_name(each["name"]) for each in data.get("package", []))
    packages = []
    has_groups = False
    for entry, location in _entries(file, data, "package"):
        name = canonicalize_name(entry["name"])
        listed = entry.get("files")
        listed = old_files.get(name, []) if listed is None else listed
        version = entry.get("version", "")
        files = [each["file"] for each in listed]
        if not entry.get("files") and versions[name] > 1:
            files = [each for each in files if f"-{version}-" in each or f"-{version}." in each]
        source = entry.get("source", {}).get("type", "")
        if source in ("git", "directory", "file", "url"):
            files = []
        markers = entry.get("markers", "")
        has_groups = has_groups or "groups" in entry
        packages.append(
            Locked(
                name=name,
                version=version,
                location=location,
                edges=tuple(_poetry_edges(entry.get("dependencies", {}))),
                extras=(),
                markers=tuple(markers.values()) if isinstance(markers, dict) else (markers,) if markers else (),
                scope=_poetry_scope(entry),
                python=from_poetry(str(entry.get("python-versions", ""))),
                recorded=bool(files) or bool(source),
                **_made_of(files),
            )
        )
    python = from_poetry(str(data.get("metadata", {}).get("python-versions", "")))
    return Lock(
        path=file.path, kind=LockKind.POETRY, packages=tuple(packages), head=_head(file), roots=(), flat=has_groups, requires_python=python
    )


# --- PDM ----------------------------------------------------------------------------------------------------------------------


def _requirement_edges(listed: list[str]) -> Iterator[Edge]:
    for text in listed:
        requirement = parse_requirement(text)
        if requirement is not None and requirement.name:
            yield Edge(requirement.name, requirement.marker, requirement.extras, requirement.specifier)


def _read_pdm(file: File) -> Lock:
    data = file.parse(toml_data)
    metadata = data.get("metadata", {})
    packages = []
    for entry, location in _entries(file, data, "package"):
        name = canonicalize_name(entry["name"])
        listed = entry.get("files") or metadata.get("files", {}).get(f"{entry['name']} {entry.get('version', '')}", [])
        files = [file_name(each.get("file") or each.get("url") or "") for each in listed]
        local = any(key in entry for key in ("git", "path", "editable", "url"))
        groups = entry.get("groups", ["default"])
        scope = Scope.RUNTIME if "default" in groups else group_scope(groups[0])
        marker = entry.get("marker", "")
        packages.append(
            Locked(
                name=name,
                version=entry.get("version", ""),
                location=location,
                edges=tuple(_requirement_edges(entry.get("dependencies", []))),
                extras=(),
                markers=(marker,) if marker else (),
                scope=scope,
                python=entry.get("requires_python", ""),
                recorded=bool(files) or local or bool(entry.get("extras")),
                **_made_of([] if local else files),
            )
        )
    strategy = metadata.get("strategy", [])
    targets = metadata.get("targets", [])
    platforms = {each.get("platform", "") for each in targets}
    single = ""
    if platforms and "" not in platforms and not any("aarch64" in each or "arm64" in each for each in platforms):
        single = f"it was locked for {', '.join(sorted(platforms))}"
    requires = targets[0].get("requires_python", "") if targets else ""
    return Lock(
        path=file.path,
        kind=LockKind.PDM,
        packages=tuple(packages),
        head=_head(file),
        roots=(),
        flat="inherit_metadata" in strategy,
        requires_python=requires,
        environments=(),
        single=single,
    )


# --- PEP 751 ------------------------------------------------------------------------------------------------------------------


def _read_pylock(file: File) -> Lock:
    data = file.parse(toml_data)
    packages = []
    wheels_seen, crowded = 0, False
    for entry, location in _entries(file, data, "packages"):
        wheels = [file_name(each.get("name") or each.get("url") or each.get("path") or "") for each in entry.get("wheels", [])]
        sdist = entry.get("sdist")
        files = [*wheels, *([file_name(sdist.get("name") or sdist.get("url") or sdist.get("path") or "")] if sdist else [])]
        local = any(key in entry for key in ("vcs", "directory", "archive"))
        marker = entry.get("marker", "")
        crowded = crowded or len(wheels) > 1
        wheels_seen += any((tag := wheel_tag(each)) is not None and "linux" in tag and tag.endswith("x86_64") for each in wheels)
        packages.append(
            Locked(
                canonicalize_name(entry["name"]),
                entry.get("version", ""),
                location,
                markers=(marker,) if marker else (),
                recorded=bool(files) or local,
                **_made_of([] if local else files),
            )
        )
    environments = tuple(data.get("environments", ()))
    single = "it holds one x86-64 wheel for each native package" if wheels_seen and not crowded and not environments else ""
    return Lock(
        path=file.path,
        kind=LockKind.PYLOCK,
        packages=tuple(packages),
        head=_head(file),
        roots=(),
        flat=True,
        requires_python=data.get("requires-python", ""),
        environments=environments,
        single=single,
    )


# --- pex ----------------------------------------------------------------------------------------------------------------------


def _read_pex(file: File) -> Lock:
    text = "\n".join(line for line in file.text.splitlines() if not line.startswith("//"))
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseProblem(f"not JSON: {error}") from error
    head = _head(file)
    places: dict[str, Span] = {}
    for match in re.finditer(r'"project_name":\s*"([^"]*)"', file.text):
        places.setdefault(match[1], Span(*match.span()))
    packages = []
    for resolve in data.get("locked_resolves", []):
        for entry in resolve.get("locked_requirements", []):
            files = [file_name(each.get("url", "")) for each in entry.get("artifacts", [])]
            name = canonicalize_name(entry["project_name"])
            place = places.get(entry["project_name"])
            location = head if place is None else file.location(place)
            edges = tuple(_requirement_edges(entry.get("requires_dists", [])))
            packages.append(
                Locked(
                    name,
                    entry.get("version", ""),
                    location,
                    edges,
                    recorded=bool(files),
                    **_made_of(files),
                )
            )
    roots = tuple(_requirement_edges(data.get("requirements", [])))
    single = (
        "its style is strict: it holds the files of one platform"
        if data.get("style") == "strict" and any(each.native for each in packages)
        else ""
    )
    requires = ",".join(data.get("requires_python", []) or [])
    return Lock(
        path=file.path,
        kind=LockKind.PEX,
        packages=tuple(packages),
        head=head,
        roots=roots,
        flat=False,
        requires_python=requires,
        environments=(),
        single=single,
    )


_READERS = {
    Kind.UV_LOCK: _read_uv,
    Kind.POETRY_LOCK: _read_poetry,
    Kind.PDM_LOCK: _read_pdm,
    Kind.PYLOCK: _read_pylock,
    Kind.PEX_LOCK: _read_pex,
}
