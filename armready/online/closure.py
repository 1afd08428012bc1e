"""The whole closure of a project's dependencies, as uv resolves it for x86-64 and for arm64 (`--resolve`).

uv gets the requirements alone, in a folder of its own, and may not build anything: nothing of the scanned tree is run, and no code of a
package either.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from packaging.utils import canonicalize_name

from armready.core.known import ClosurePackage
from armready.core.startup import regex
from armready.online.errors import UnansweredError
from armready.online.indexes import Index, Indexes
from armready.run.programs import environment, program

_PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")
_SECONDS = 60
_PIN = regex(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==(\S+)")
_INPUT = "requirements.in"


def closure(requirements: Sequence[str], python: str, places: Indexes, root: Path | None) -> tuple[ClosurePackage, ...]:
    """What is installed beside the requirements themselves, on either processor.

    Args:
        requirements: PEP 508 strings.
        python: `3.12`.
        places: the indexes; only those of the user's own configuration are handed to uv.
        root: the scanned tree.

    Raises:
        UnansweredError: there is no uv, or it finds no solution without building something.
    """
    uv = program("uv", root)
    if uv is None:
        raise UnansweredError("--resolve needs uv, which is not there")
    variables = _variables(places.places, root)
    found: dict[tuple[str, str], ClosurePackage] = {}
    for platform in _PLATFORMS:
        for package in parse_pins(_run(uv, requirements, python, platform, variables)):
            found.setdefault((package.name, package.version), package)
    return tuple(found[key] for key in sorted(found))


def _run(uv: str, requirements: Sequence[str], python: str, platform: str, variables: Mapping[str, str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / _INPUT).write_text("\n".join(requirements) + "\n", encoding="utf-8")
        command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-build", "--python-version", python]
        command += ["--python-platform", platform, _INPUT]
        try:
            done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnansweredError("uv does not come to an end") from error
    if done.returncode:
        arch = platform.partition("-")[0]
        raise UnansweredError(f"uv finds no solution for {arch} without building something")
    return done.stdout.decode("utf-8", "replace")


def _variables(places: Iterable[Index], root: Path | None) -> Mapping[str, str]:
    """Uv's own variables, or the indexes of pip's configuration in their place; uv does not read that."""
    variables = environment(root)
    variables.pop("VIRTUAL_ENV", None)
    if any(name in variables for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX")):
        return variables
    own = [each for each in places if each.of_user]
    simple = [_with_user(each) for each in own if not each.flat]
    if simple:
        variables["UV_DEFAULT_INDEX"] = simple[0]
    if simple[1:]:
        variables["UV_INDEX"] = " ".join(simple[1:])
        variables["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    flat = [each.url for each in own if each.flat]
    if flat:
        variables["UV_FIND_LINKS"] = " ".join(flat)
    return variables


def _with_user(index: Index) -> str:
    if not index.user:
        return index.url
    parts = urlsplit(index.url)
    user = f"{quote(index.user, safe='')}:{quote(index.secret, safe='')}@"
    return urlunsplit((parts.scheme, user + parts.netloc, parts.path, parts.query, ""))


def parse_pins(text: str) -> tuple[ClosurePackage, ...]:
    """The packages in the output of `uv pip compile` that no requirement names, each with the requirement that brings it."""
    versions: dict[str, str] = {}
    parents: dict[str, list[str]] = {}
    direct: set[str] = set()
    current = ""
    for line in text.splitlines():
        match = _PIN.match(line)
        if match is not None:
            current = canonicalize_name(match[1])
            versions[current] = match[2]
            continue
        named = line.strip().lstrip("#").strip().removeprefix("via").strip()
        if not current or not named or not line.startswith(" "):
            continue
        if named.startswith("-r "):
            direct.add(current)
        else:
            parents.setdefault(current, []).append(canonicalize_name(named))
    return tuple(
        ClosurePackage(name, version, root)
        for name, version in versions.items()
        if name not in direct and (root := _root(name, parents, direct))
    )


def _root(name: str, parents: Mapping[str, Sequence[str]], direct: set[str]) -> str:
    """The requirement that brings a package in, by the shortest way."""
    todo, seen = [name], {name}
    for each in todo:
        if each in direct:
            return each
        for parent in parents.get(each, ()):
            if parent not in seen:
                seen.add(parent)
                todo.append(parent)
    return ""
