"""The line of progress: on a terminal only, late, and gone afterwards."""

from __future__ import annotations

import io
import sys
import time

import pytest

from armready.run.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_run_shows_a_line_and_clears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("armready.run.progress._FIRST", 0.01)
    with progress("scanning 3 files"):
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            pass
    assert terminal.getvalue().startswith("\rscanning 3 files, 0 s")
    assert terminal.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_a_short_run_and_a_pipe_stay_quiet(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with progress("scanning"):
        pass
    assert stream.getvalue() == ""
