"""Credentials that stand in the addresses of scanned files: no report repeats them.

They are replaced by as many asterisks, so that every place in the text stays where it is. Variables are no credentials.
"""

from __future__ import annotations

import re

from armready.core.startup import regex

_CREDENTIALS = regex(
    r"(?i)(?P<before>://)(?!git@|[^\s/?#@:]{0,64}:?[$%{<(])[^\s/?#\"'`]{1,256}(?=@)"
    r"|(?P<name>[?&][\w-]{0,40}(?:token|key|sig|signature|secret|password)=)(?![$%{<(])[^\s&#\"'`]+"
)


def hide(text: str) -> str:
    """A text of equal length without the user information of its addresses, and without what their queries call a token or a key."""
    return _CREDENTIALS.sub(_asterisks, text) if "://" in text else text


def _asterisks(match: re.Match[str]) -> str:
    kept = match["before"] or match["name"]
    return kept + "*" * (len(match[0]) - len(kept))
