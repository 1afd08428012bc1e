"""A line on the terminal while a run is long. It goes to standard error and is gone afterwards."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_FIRST = 1.5
_THEN = 0.5


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say what is going on and for how long, once it takes longer than a moment.

    Nothing is written unless standard error is a terminal. A timer signal does it, since a thread and processes that are forked go badly
    together; where there is no such signal there is no line.
    """
    main = threading.current_thread() is threading.main_thread()
    if not (main and hasattr(signal, "SIGALRM") and sys.stderr.isatty()):
        yield
        return
    start = time.monotonic()
    shown = False

    def show(*_: object) -> None:
        nonlocal shown
        shown = True
        sys.stderr.write(f"\r{what}, {time.monotonic() - start:.0f} s\x1b[K")
        sys.stderr.flush()

    before = signal.signal(signal.SIGALRM, show)
    signal.setitimer(signal.ITIMER_REAL, _FIRST, _THEN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
