"""Standard streams that are closed, full, or read by nobody any more."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

_STREAMS = ("stdin", "stdout", "stderr")


class _Notes(io.TextIOWrapper):
    """Standard error. Nothing depends on it: what cannot be written there is lost, and changes no exit code."""

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


def prepare() -> None:
    """Let standard streams that are closed fail as others do, and keep their numbers from the files that the run opens."""
    for number, name in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            _fill(number)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", errors="backslashreplace", closefd=False))
    if type(sys.stderr) is io.TextIOWrapper:
        encoding, errors = sys.stderr.encoding, sys.stderr.errors
        sys.stderr = _Notes(sys.stderr.detach(), encoding=encoding, errors=errors, line_buffering=True)


def _fill(number: int) -> None:
    """Open what cannot be read as standard input and not be written as standard output; standard error takes everything."""
    descriptor = os.open(os.devnull, (os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)[number])
    if descriptor != number:
        os.dup2(descriptor, number)
        os.close(descriptor)


def writable() -> bool:
    """Whether standard output takes anything at all. One that is no file of the system takes what it is given."""
    try:
        os.write(sys.stdout.fileno(), b"")
    except io.UnsupportedOperation:
        return True
    except OSError:
        return False
    return True


def give_up() -> None:
    """Let go of what standard output did not take, so that the end of the process does not try again."""
    with suppress(OSError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)
