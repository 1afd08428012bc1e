"""Which package indexes count, with the credentials that the user's own configuration holds for them.

The tool in use decides: uv, Poetry, PDM and Pipenv read the project, pip reads its own files and `PIP_*`. An address that stands in the
scanned tree is asked without credentials, unless the user's configuration holds some for exactly that host; variables in it are not
expanded, and folders on this machine are looked at only where the user's own configuration names them.
"""

from __future__ import annotations

import configparser
import netrc
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from armready.core.bounded import MAX_CONFIG, load_toml
from armready.core.config import lies_in
from armready.core.errors import ParseProblem
from armready.core.startup import dataclass
from armready.online.web import without_credentials

if TYPE_CHECKING:
    from armready.core.tree import Tree

PUBLIC = "https://pypi.org/simple"


@dataclass(frozen=True, slots=True)
class Index:
    """A simple index, or a place with files in it.

    Attributes:
        url: without credentials.
        user: for it; empty without.
        secret: the password.
        of_user: the user's own configuration names it.
        flat: it lists the files of all packages together (find-links).
    """

    url: str
    user: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    of_user: bool = False
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Indexes:
    """All places that an installer looks at.

    Attributes:
        places: in order.
        first_only: only the first index that knows a package counts (uv); else all count together (pip).
    """

    places: tuple[Index, ...]
    first_only: bool = False


def indexes(
    tree: Tree, named: Iterable[tuple[str, str]] = (), environment: Mapping[str, str] | None = None, root: Path | None = None
) -> Indexes:
    """The indexes of a project.

    Args:
        tree: the project.
        named: options of its requirements files: (`--index-url`, address).
        environment: the environment variables; None: those of this process.
        root: the scanned tree; a configuration file that lies in it is not the user's.
    """
    variables = os.environ if environment is None else environment
    project = _toml(tree, "pyproject.toml").get("tool", {})
    tool = project if isinstance(project, dict) else {}
    own = _uv_toml(tree)
    if own or tree.exists("uv.lock") or "uv" in tool:
        found = Indexes(tuple(_of_uv(own or tool.get("uv", {}), variables, root)), first_only=True)
    elif tree.exists("poetry.lock") or "poetry" in tool:
        found = Indexes(tuple(_of_sources(tool.get("poetry", {}).get("source"), exclusive="priority")))
    elif tree.exists("pdm.lock") or "pdm" in tool:
        found = Indexes(tuple(_of_sources(tool.get("pdm", {}).get("source"))))
    elif tree.exists("Pipfile"):
        found = Indexes(tuple(_of_sources(_toml(tree, "Pipfile").get("source"))))
    else:
        found = Indexes(tuple(_of_pip(variables, named, root)))
    return Indexes(tuple(_with_credentials(found.places, variables, root)), found.first_only)


def _toml(tree: Tree, path: str) -> Mapping[str, Any]:
    try:
        return load_toml(tree.read(path, MAX_CONFIG).decode("utf-8-sig"))
    except (ParseProblem, UnicodeDecodeError):
        return {}


def _uv_toml(tree: Tree) -> Mapping[str, Any]:
    return _toml(tree, "uv.toml") if tree.exists("uv.toml") else {}


# pip


def _pip_files(variables: Mapping[str, str]) -> Iterator[Path]:
    """The configuration files of pip, the weakest first."""
    chosen = variables.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return
    home = Path(variables.get("HOME") or Path.home())
    for folder in reversed((variables.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")):
        yield Path(folder) / "pip/pip.conf"
    yield Path("/etc/pip.conf")
    yield home / ".pip/pip.conf"
    yield Path(variables.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf"
    if variables.get("VIRTUAL_ENV"):
        yield Path(variables["VIRTUAL_ENV"]) / "pip.conf"
    if chosen:
        yield Path(chosen)


def _of_pip(variables: Mapping[str, str], named: Iterable[tuple[str, str]], root: Path | None) -> Iterator[Index]:
    values: dict[str, str] = {}
    for path in _pip_files(variables):
        if lies_in(path, root):
            continue
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, configparser.Error):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                values |= {key.replace("_", "-"): value for key, value in parser.items(section)}
    for key in ("index-url", "extra-index-url", "find-links", "no-index"):
        values[key] = variables.get("PIP_" + key.upper().replace("-", "_")) or values.get(key, "")
    options: dict[str, list[str]] = {}
    for name, value in named:
        options.setdefault(name.lstrip("-"), []).append(value)
    if not (_true(values["no-index"]) or "no-index" in options):
        if "index-url" in options:
            yield _of_tree(options["index-url"][-1])
        else:
            yield _of_user(values["index-url"] or PUBLIC)
        yield from map(_of_user, values["extra-index-url"].split())
        yield from map(_of_tree, options.get("extra-index-url", ()))
    for each in values["find-links"].split():
        yield _of_user(each, flat=True)
    for each in options.get("find-links", ()):
        yield Index(_of_tree(each).url, flat=True)


def _true(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on")


# uv and the tools that read the project alone


def _of_uv(own: Mapping[str, Any], variables: Mapping[str, str], root: Path | None) -> Iterator[Index]:
    """In the order of uv: named indexes first, the default one last."""
    configs: list[tuple[Mapping[str, Any], bool]] = [(own, False)]
    home = Path(variables.get("HOME") or Path.home())
    for path in (Path(variables.get("XDG_CONFIG_HOME") or home / ".config") / "uv/uv.toml", Path("/etc/uv/uv.toml")):
        if lies_in(path, root):
            continue
        try:
            configs.append((tomllib.loads(path.read_text(encoding="utf-8")), True))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            continue
    for each in (variables.get("UV_INDEX") or variables.get("UV_EXTRA_INDEX_URL") or "").split():
        yield _of_user(each.partition("=")[2] if re.match(r"[\w-]+=", each) else each)
    default: Index | None = None
    given = variables.get("UV_DEFAULT_INDEX") or variables.get("UV_INDEX_URL")
    if given:
        default = _of_user(given)
    for config, of_user in configs:
        make = _of_user if of_user else _of_tree
        listed = config.get("index")
        for entry in listed if isinstance(listed, list) else ():
            if not isinstance(entry, dict) or not isinstance(entry.get("url"), str) or entry.get("explicit"):
                continue
            if entry.get("default"):
                default = default or make(entry["url"])
            else:
                yield make(entry["url"])
        for each in config.get("extra-index-url") or ():
            yield make(str(each))
        if isinstance(config.get("index-url"), str):
            default = default or make(config["index-url"])
    if not _true(variables.get("UV_NO_INDEX", "")):
        yield default or _of_user(PUBLIC)


def _of_sources(sources: Any, exclusive: str = "") -> Iterator[Index]:
    listed = [each for each in sources if isinstance(each, dict) and isinstance(each.get("url"), str)] if isinstance(sources, list) else []
    primary = False
    for each in listed:
        priority = str(each.get(exclusive, "primary")) if exclusive else "primary"
        if priority == "explicit":
            continue
        primary = primary or priority in ("primary", "default")
        yield _of_tree(each["url"])
    if not primary:
        yield _of_user(PUBLIC)


# Addresses and credentials


def _of_user(url: str, *, flat: bool = False) -> Index:
    parts = urlsplit(url)
    if not parts.scheme:
        return Index(Path(os.path.expanduser(url)).absolute().as_uri(), of_user=True, flat=flat)
    return Index(url=_plain(url), user=unquote(parts.username or ""), secret=unquote(parts.password or ""), of_user=True, flat=flat)


def _of_tree(url: str) -> Index:
    """An address from the scanned tree, without the credentials that may stand in it: they are not ours to use."""
    return Index(_plain(url))


def _plain(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "unreadable:"
    if not parts.scheme:
        return url
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def _with_credentials(places: Iterable[Index], variables: Mapping[str, str], root: Path | None) -> Iterator[Index]:
    """With the credentials that the user holds for a host: in another address of the user's own, or in netrc. TLS alone gets them."""
    listed = tuple(places)
    held = {urlsplit(each.url).netloc: (each.user, each.secret) for each in listed if each.of_user and each.user}
    for each in listed:
        parts = urlsplit(each.url)
        user, secret = (each.user, each.secret) if each.user else held.get(parts.netloc, ("", ""))
        if not user and parts.hostname:
            user, secret = _from_netrc(parts.hostname, variables, root)
        here = parts.hostname in ("localhost", "127.0.0.1", "::1") and each.of_user
        if parts.scheme != "https" and not here:
            user, secret = "", ""
        yield Index(url=each.url, user=user, secret=secret, of_user=each.of_user, flat=each.flat)


def _from_netrc(host: str, variables: Mapping[str, str], root: Path | None) -> tuple[str, str]:
    path = variables.get("NETRC") or str(Path(variables.get("HOME") or Path.home()) / ".netrc")
    if lies_in(Path(path), root):
        return "", ""
    try:
        found = netrc.netrc(path).hosts.get(host)
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return "", ""
    return (found[0] or "", found[2] or "") if found else ("", "")


def shown(index: Index) -> str:
    """The address for messages."""
    return without_credentials(index.url)
