"""What installers are told about builds: by the settings of uv, Poetry and PDM, by options, and by variables of the environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from armready.core.startup import regex
from armready.languages.requirements import canonical_name
from armready.python.manifest import Policy

_OPTION = regex(r"--(?P<which>no|only)-binary[ =]+(?P<names>[^\s;&|]+)")
_VARIABLE = regex(r"\b(?:PIP|POETRY_INSTALLER|UV)_(?P<which>NO|ONLY)_BINARY(?:_PACKAGE)?[ =]+(?P<names>[^\s;&|]+)")


def names_of(value: object) -> frozenset[str]:
    """The packages that a setting names: a list, a comma-separated text, or a switch for all of them."""
    if isinstance(value, bool):
        return frozenset({":all:"}) if value else frozenset()
    if isinstance(value, str):
        value = re.split(r"[,\s]+", value)
    if not isinstance(value, Iterable):
        return frozenset()
    texts = {str(each).strip("\"'") for each in value}
    return frozenset(_name(each) for each in texts if each and not each.startswith(("$", ":none:")))


def _name(text: str) -> str:
    return ":all:" if text in (":all:", "1", "true") else canonical_name(text)


def of_uv(settings: Mapping[str, Any]) -> Policy:
    """The policy of `[tool.uv]`, or of `uv.toml`."""
    pip = _table(settings, "pip")
    return Policy(
        names_of(settings.get("no-build")) | names_of(settings.get("no-build-package")) | names_of(pip.get("only-binary")),
        names_of(settings.get("no-binary")) | names_of(settings.get("no-binary-package")) | names_of(pip.get("no-binary")),
    )


def of_poetry(settings: Mapping[str, Any]) -> Policy:
    """The policy of `poetry.toml`."""
    installer = _table(settings, "installer")
    return Policy(names_of(installer.get("only-binary")), names_of(installer.get("no-binary")))


def of_pdm(settings: Mapping[str, Any]) -> Policy:
    """The policy of `[tool.pdm]`."""
    resolution = _table(settings, "resolution")
    return Policy(names_of(resolution.get("only-binary")), names_of(resolution.get("no-binary")))


def of_commands(text: str) -> Policy:
    """The policy that the options and variables in commands set."""
    found: dict[str, frozenset[str]] = {"no": frozenset(), "only": frozenset()}
    for pattern in (_OPTION, _VARIABLE):
        for match in pattern.finditer(text):
            found[match["which"].lower()] |= names_of(match["names"])
    return Policy(found["only"], found["no"])


def _table(settings: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = settings.get(key)
    return value if isinstance(value, Mapping) else {}


# The settings of a project that stand in files of their own.
SETTINGS_FILES: dict[str, Callable[[dict[str, Any]], Policy]] = {"poetry.toml": of_poetry, "uv.toml": of_uv}
