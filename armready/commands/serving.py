"""`armready server` and `armready mcp`: what editors and agents start."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from armready.core.errors import UsageError

_SERVERS = {
    "editor": ("armready.server.language_server", {"pygls", "lsprotocol"}),
    "mcp": ("armready.server.agents", {"mcp", "pydantic"}),
}


def server_of(extra: str) -> Callable[..., Any]:
    """What runs the server that an extra brings.

    Raises:
        UsageError: the extra is not installed.
    """
    module, needs = _SERVERS[extra]
    try:
        return import_module(module).serve  # type: ignore[no-any-return]
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in needs:
            raise
        raise UsageError(f"this needs more packages: pip install 'armready[{extra}]'") from missing
