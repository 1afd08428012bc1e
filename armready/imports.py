"""Imports at first use: a run over a few files needs a small part of the code."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any


@cache
def imported(module: str, name: str) -> Any:
    """What a module calls `name`; the module is imported once."""
    return getattr(import_module(module), name)
