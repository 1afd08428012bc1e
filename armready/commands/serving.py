"""`armready server` and `armready mcp`: what editors and agents start."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO

from armready.core.errors import UsageError


def serve(module: str, extra: str, needs: str) -> None:
    """Run one of the servers on standard input and output.

    Args:
        module: where its `serve` is.
        extra: what has to be installed for it.
        needs: the package of it that is missing where it is not.

    Raises:
        UsageError: the extra is not installed.
    """
    try:
        run: Callable[[BinaryIO], None] = import_module(module).serve
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in needs.split():
            raise
        raise UsageError(f"this needs more packages: pip install 'armready[{extra}]'") from missing
    # The protocol has standard output for itself: whatever else is printed goes to standard error.
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        run(os.fdopen(os.dup(out.fileno()), "wb"))
    finally:
        sys.stdout = out
