"""The shells whose scripts are read: those of the family of the Bourne shell."""

from __future__ import annotations

from armready.core.startup import regex

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
# For patterns.
ANY_SHELL = f"(?:{'|'.join(sorted(SHELLS))})"
# The first line of a script for one of them.
SHEBANG = regex(rf"#![ \t]*\S*?(?:/|\benv[ \t]+(?:-S[ \t]+)?){ANY_SHELL}\b")
