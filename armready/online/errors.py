"""Why a look-up gave no answer."""

from __future__ import annotations


class UnansweredError(Exception):
    """A question stays open: the message says why, without credentials. It becomes a note and never a finding."""


class NotFoundError(UnansweredError):
    """Whoever was asked answered that there is no such thing."""
