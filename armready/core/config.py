"""`[tool.armready]` or `armready.toml` -> `Settings`: every key known, every value checked, every origin remembered.

What the user wrote is trusted: the command line, the environment, a file named with `--config`, and the user's own file. What a scanned
repository brings is not, and keys that decide what runs or whom armready asks are refused there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from armready.core.bounded import MAX_CONFIG, load_toml, read_bounded
from armready.core.errors import ConfigError, ParseProblem
from armready.core.finding import Severity
from armready.core.known import Known
from armready.core.startup import dataclass

CONFIG_FILE = "armready.toml"
BASELINE_FILE = ".armready-baseline.json"
PYPROJECT = "pyproject.toml"

_MAX_EXTENDS = 20
# What a scanned repository may set `max-file-size` to.
_MOST_FILE_SIZE = 50_000_000
USER_FILE = "~/.config/armready/armready.toml"


class Origin(StrEnum):
    """Whose word a configuration is: that of the user, or that of whoever wrote the scanned repository."""

    TRUSTED = "trusted"
    SCANNED = "scanned"


class Target(StrEnum):
    """What the fleet will look like: both architectures side by side, arm64 alone, or only a report of what is tied to amd64."""

    MIXED = "mixed"
    ARM64 = "arm64"
    AUDIT = "audit"


class CiMode(StrEnum):
    """How CI fixes build arm64: under emulation in the same job, or on native arm runners with a merge job."""

    EMULATE = "emulate"
    NATIVE = "native"


class FixStyle(StrEnum):
    """How an amd64 selector is widened: removed, or replaced by an affinity that names both architectures."""

    REMOVE = "remove"
    AFFINITY = "affinity"


class Platform(StrEnum):
    """The Kubernetes service the manifests run on; they differ in tainting arm nodes."""

    EKS = "eks"
    GKE = "gke"
    AKS = "aks"
    ACK = "ack"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class UserImage:
    """What the user says of the images that a pattern matches: a fact, and a decision.

    Attributes:
        platforms: architectures such as `amd64`, `arm64`.
        reason: why, when it is a decision against multi-arch.
        until: ISO date after which the entry no longer counts; empty for no end.
    """

    platforms: tuple[str, ...]
    reason: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Runner:
    """What a self-managed runner's tag or label stands for."""

    arch: str
    privileged: bool = False
    ephemeral: bool = False


def _key(doc: str, default: Any, needs: Origin = Origin.SCANNED) -> Any:
    """A configuration key; one that needs a trusted origin is refused in a scanned repository."""
    metadata = {"doc": doc, "needs": needs}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """The effective configuration. Field names are the configuration keys with `_` for `-`.

    `known` is no key: it holds the facts that were looked up or read from `facts`.
    """

    select: tuple[str, ...] = _key("Codes, prefixes or names of the rules to run; empty: all that are on by default.", ())
    extend_select: tuple[str, ...] = _key("Rules to run in addition.", ())
    ignore: tuple[str, ...] = _key("Rules to leave out.", ())
    per_file_ignores: Mapping[str, tuple[str, ...]] = _key("Glob of paths -> rules to leave out there.", {})
    severity: Mapping[str, Severity] = _key("Rule -> the level of its findings.", {})
    min_severity: Severity = _key("The lowest level that is reported.", Severity.WARNING)
    fail_on: str = _key("The lowest level that fails the run: error, warning, info or never.", "error")
    pedantic: bool = _key("Report findings of low confidence, and rules that are off by default.", False)
    exclude: tuple[str, ...] = _key("Globs of paths to leave out, in the notation of .gitignore.", ())
    respect_gitignore: bool = _key("Leave out what .gitignore names.", True)
    max_file_size: int = _key(
        f"Files larger than this many bytes are not read; a scanned repository may raise it to {_MOST_FILE_SIZE}.", 5_000_000
    )
    kinds: Mapping[str, str] = _key("Glob of paths -> what kind of file they are.", {})
    target: Target = _key("mixed: amd64 and arm64 side by side; arm64: only arm64; audit: only report what is tied to amd64.", Target.MIXED)
    platforms: tuple[str, ...] = _key("The platforms that fixed builds get.", ("linux/amd64", "linux/arm64"))
    ci_mode: CiMode = _key("emulate: one job under QEMU; native: arm runners and a merge job.", CiMode.EMULATE)
    images: Mapping[str, UserImage] = _key("Pattern of image references -> the architectures they have.", {})
    mirrors: tuple[str, ...] = _key("Registry prefixes that mirror Docker Hub.", (), Origin.TRUSTED)
    platform: Platform = _key("The Kubernetes service: eks, gke, aks, ack or other.", Platform.OTHER)
    arm_nodes_tainted: bool | None = _key("Arm nodes carry a taint that keeps other pods away; unset: true on gke.", None)
    arm_taint: str = _key("The taint of arm nodes, key=value:effect.", "kubernetes.io/arch=arm64:NoSchedule")
    fix_style: FixStyle | None = _key("remove or affinity: how an amd64 selector is widened; unset: affinity on gke, else remove.", None)
    require_arch: bool = _key("Every workload must say which architectures it runs on.", False)
    runners: Mapping[str, Runner] = _key("Runner tag or label -> its architecture and what it may do.", {})
    facts: tuple[str, ...] = _key("Facts files written by `armready facts` in other repositories.", ())
    binfmt_image: str = _key("The image that registers QEMU in fixed pipelines.", "tonistiigi/binfmt:qemu-v9.2.2")
    buildkit_image: str = _key("The BuildKit image of builders in fixed pipelines; empty: buildx's own default.", "")
    require_reason: bool = _key("An ignore comment without a reason silences nothing.", False)
    pythons: tuple[str, ...] = _key("The Python versions that dependencies are judged for; empty: what the project declares.", ())
    rules_path: tuple[str, ...] = _key("Folders with rules of your own, from the folder of this file.", (), Origin.TRUSTED)
    online: bool = _key("Ask registries and package indexes.", False, Origin.TRUSTED)
    resolve: bool = _key("With online: have uv resolve the whole closure of the Python dependencies.", False, Origin.TRUSTED)
    insecure_registries: tuple[str, ...] = _key(
        "Registries that may be asked over plain HTTP; no credentials are sent to them.", (), Origin.TRUSTED
    )
    private_hosts: tuple[str, ...] = _key(
        "Registries and indexes that may lie at private addresses: host, host:port, host:* or *.domain.", (), Origin.TRUSTED
    )
    token_hosts: Mapping[str, tuple[str, ...]] = _key(
        "Registry -> the other hosts that give its tokens, and get its credentials for it.", {}, Origin.TRUSTED
    )
    known: Known = field(default_factory=Known)

    @property
    def widen_by_affinity(self) -> bool:
        """Whether a selector is widened by an affinity."""
        return self.fix_style is FixStyle.AFFINITY or (self.fix_style is None and self.platform is Platform.GKE)

    @property
    def tainted(self) -> bool:
        """Whether arm nodes are taken to be tainted."""
        return self.platform is Platform.GKE if self.arm_nodes_tainted is None else self.arm_nodes_tainted


KEYS = {each.name.replace("_", "-"): each for each in fields(Settings) if "doc" in each.metadata}
_EXTRA_KEYS = ("extend",)
_FAIL_ON = ("error", "warning", "info", "never")


def from_mapping(values: Mapping[str, Any], origin: str, base: Settings | None = None) -> Settings:
    """`base` with the keys of one configuration table over it.

    Raises:
        ConfigError: an unknown key (with a suggestion) or a value of the wrong type.
    """
    changes = {}
    for key, value in values.items():
        if key in _EXTRA_KEYS:
            continue
        if key not in KEYS:
            from difflib import get_close_matches

            close = get_close_matches(key, (*KEYS, *_EXTRA_KEYS), n=1)
            raise ConfigError(f"{origin}: unknown key {key!r}" + (f"; did you mean {close[0]!r}?" if close else ""))
        name = KEYS[key].name
        try:
            changes[name] = _convert(name, value)
        except (TypeError, ValueError, KeyError) as error:
            raise ConfigError(f"{origin}: {key}: {error}") from error
    return replace(base or Settings(), **changes)


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise TypeError("must be a list of strings")
    return tuple(value)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("must be a table")
    return dict(value)


# Operating systems and architectures of platforms, as Docker and OCI write them.
_SYSTEMS = ("linux", "windows")
_ARCHITECTURES = ("amd64", "arm64", "arm", "386", "ppc64le", "ppc64", "s390x", "riscv64", "mips64le", "mipsle", "loong64")


def _platforms(value: Any) -> tuple[str, ...]:
    from difflib import get_close_matches

    for platform in _strings(value):
        words = platform.split("/")
        architecture = words[1] if words[0] in _SYSTEMS and len(words) > 1 else words[0]
        if architecture not in _ARCHITECTURES:
            close = {"x86_64": ["amd64"], "aarch64": ["arm64"]}.get(architecture) or get_close_matches(architecture, _ARCHITECTURES, 1)
            raise ValueError(f"{platform!r} is no platform" + (f"; did you mean {close[0]!r}?" if close else ""))
    return _strings(value)


def _image(value: Any) -> UserImage:
    if isinstance(value, list | tuple):
        return UserImage(_platforms(value))
    table = _table(value)
    unknown = set(table) - {"platforms", "reason", "until"}
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r}")
    return UserImage(_platforms(table["platforms"]), str(table.get("reason", "")), str(table.get("until", "")))


def _runner(value: Any) -> Runner:
    return Runner(value) if isinstance(value, str) else Runner(**_table(value))


_TABLES: dict[str, Any] = {
    "per_file_ignores": _strings,
    "severity": Severity,
    "kinds": str,
    "token_hosts": _strings,
    "images": _image,
    "runners": _runner,
}
_ENUMS: dict[str, Any] = {
    "min_severity": Severity,
    "target": Target,
    "ci_mode": CiMode,
    "platform": Platform,
    "fix_style": FixStyle,
}


def _convert(name: str, value: Any) -> Any:
    if name in _TABLES:
        return {key: _TABLES[name](item) for key, item in _table(value).items()}
    if name in _ENUMS:
        return _ENUMS[name](value)
    if name == "fail_on":
        if value not in _FAIL_ON:
            raise ValueError(f"must be one of {', '.join(_FAIL_ON)}")
        return value
    default = KEYS[name.replace("_", "-")].default
    if isinstance(default, tuple):
        return _strings(value)
    expected = bool if default is None else type(default)
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise TypeError(f"must be {'true or false' if expected is bool else f'a {expected.__name__}'}")
    return value


@dataclass(frozen=True, slots=True)
class Config:
    """Settings, and where each of them came from.

    Attributes:
        settings: the effective values.
        origins: configuration key -> where it was read and whose word that is; keys that are not in it have their default.
        scanned: the keys whose value the scanned repository gave.
    """

    settings: Settings
    origins: Mapping[str, str]
    scanned: frozenset[str] = frozenset()


def read_table(path: Path, root: Path | None) -> dict[str, Any] | None:
    """The configuration table of a file; None when a pyproject.toml has none.

    Args:
        path: the file.
        root: where it must lie; None: anywhere.

    Raises:
        ConfigError: the file cannot be read or is not TOML.
    """
    try:
        document = load_toml(read_bounded(path, MAX_CONFIG, root=root).decode("utf-8-sig").replace("\r\n", "\n"))
    except (ParseProblem, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if path.name != PYPROJECT:
        tool = document.get("tool")
        if isinstance(tool, dict) and "armready" in tool:
            raise ConfigError(f"{path}: [tool.armready] belongs into a pyproject.toml: here its keys stand at the top, without it")
        return document
    table = document.get("tool", {}).get("armready") if isinstance(document.get("tool"), dict) else None
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: tool.armready must be a table")
    return table


def find_config(folder: Path, root: Path) -> Path | None:
    """The nearest configuration from `folder` up to `root`; `armready.toml` comes before `pyproject.toml`."""
    for each in (folder, *folder.parents):
        own = each / CONFIG_FILE
        if own.is_file():
            return own
        project = each / PYPROJECT
        if project.is_file():
            try:
                if read_table(project, root) is not None:
                    return project
            except ConfigError:
                if _names_armready(project, root):
                    raise
        if each == root:
            return None
    return None


def lies_in(path: Path, root: Path | None) -> bool:
    """Whether a path, or what a link there leads to, lies in the scanned tree; a relative one is taken to."""
    return root is not None and (not path.is_absolute() or path.is_relative_to(root) or path.resolve().is_relative_to(root))


def _names_armready(project: Path, root: Path) -> bool:
    """Whether a pyproject.toml that is not TOML seems to have a table of ours."""
    try:
        return b"tool.armready" in read_bounded(project, MAX_CONFIG, root=root)
    except ParseProblem:
        return False


def user_config(root: Path) -> Path | None:
    """The user's own file, if there is one. What lies in the scanned tree is not the user's, wherever `HOME` points."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(base if os.path.isabs(base) else os.path.expanduser("~/.config"))
    path = folder / "armready" / CONFIG_FILE
    return path if path.is_file() and not lies_in(path, root) else None


def load_config(
    path: Path, origin: Origin, base: Config | None = None, *, root: Path | None = None, _seen: tuple[Path, ...] = ()
) -> Config:
    """The settings of a configuration file, with those of the files it extends below them.

    Args:
        path: an `armready.toml` or a `pyproject.toml`.
        origin: whose word it is; that of the files it extends is the same.
        base: what lies below all of them.
        root: the repository, out of which a scanned configuration leads nowhere; default: the folder of that file.

    Raises:
        ConfigError: it cannot be used, or holds a key that needs a trusted origin and has none.
    """
    if path in _seen:
        raise ConfigError(f"{path}: extends itself")
    if len(_seen) > _MAX_EXTENDS:
        raise ConfigError(f"{_seen[0]}: extends more than {_MAX_EXTENDS} files")
    root = (root or path.parent) if origin is Origin.SCANNED else None
    table = read_table(path, root) or {}
    if origin is Origin.SCANNED:
        refuse_trusted_keys(path, table)
    below = base or Config(Settings(), {})
    extend = table.get("extend")
    if extend is not None:
        if not isinstance(extend, str):
            raise ConfigError(f"{path}: extend: must be the path of another configuration file")
        extended = Path(os.path.normpath(path.parent / extend))
        below = load_config(extended, origin, below, root=root, _seen=(*_seen, path))
    settings = from_mapping(table, str(path), below.settings)
    if "rules-path" in table:
        settings = replace(settings, rules_path=tuple(str(path.parent / folder) for folder in settings.rules_path))
    scanned = below.scanned | table.keys() if origin is Origin.SCANNED else below.scanned - table.keys()
    return Config(settings, {**below.origins, **{key: f"{path} ({origin})" for key in table if key not in _EXTRA_KEYS}}, scanned)


def refuse_trusted_keys(path: Path | str, table: Mapping[str, Any]) -> None:
    """Refuse a table that a scanned repository may have written, if it holds a key that needs a trusted origin.

    Raises:
        ConfigError: it does.
    """
    for key in table:
        if key in KEYS and KEYS[key].metadata["needs"] is Origin.TRUSTED:
            raise ConfigError(
                f"{path}: {key} counts in your own configuration only, never in a scanned repository: "
                f"move it to {USER_FILE} or to a file that you name with --config"
            )
    size = table.get("max-file-size")
    if isinstance(size, int) and size > _MOST_FILE_SIZE:
        raise ConfigError(f"{path}: max-file-size: above {_MOST_FILE_SIZE} it counts in your own configuration only")


def schema() -> dict[str, Any]:
    """The JSON schema of the configuration table."""
    strings = {"type": "array", "items": {"type": "string"}}
    tables: dict[str, Any] = {
        "per_file_ignores": strings,
        "token_hosts": strings,
        "severity": {"enum": [each.value for each in Severity]},
        "kinds": {"type": "string"},
        "images": {
            "oneOf": [
                strings,
                {
                    "type": "object",
                    "properties": {"platforms": strings, "reason": {"type": "string"}, "until": {"type": "string"}},
                    "required": ["platforms"],
                    "additionalProperties": False,
                },
            ]
        },
        "runners": {
            "oneOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"arch": {"type": "string"}, "privileged": {"type": "boolean"}, "ephemeral": {"type": "boolean"}},
                    "required": ["arch"],
                    "additionalProperties": False,
                },
            ]
        },
    }
    properties: dict[str, Any] = {"extend": {"type": "string", "description": "Another configuration file whose values lie below these."}}
    for key, each in KEYS.items():
        described: dict[str, Any] = {"description": each.metadata["doc"], "x-origin": each.metadata["needs"].value}
        if each.name in tables:
            described |= {"type": "object", "additionalProperties": tables[each.name]}
        elif each.name in _ENUMS:
            described["enum"] = [item.value for item in _ENUMS[each.name]]
        elif each.name == "fail_on":
            described["enum"] = list(_FAIL_ON)
        elif isinstance(each.default, tuple):
            described |= strings
        else:
            described["type"] = {bool: "boolean", int: "integer", str: "string", type(None): "boolean"}[type(each.default)]
        properties[key] = described
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "armready configuration",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def plain(value: Any) -> Any:
    """A setting as JSON can hold it."""
    if isinstance(value, UserImage | Runner):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
