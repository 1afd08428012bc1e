"""What a worker of the cluster runs: it hands each task to a warm child process, and replaces a child that dies or takes too long."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import IO, Any, cast

from armready import __version__

_held = threading.local()


class _Child:
    """A process that scans."""

    def __init__(self, megabytes: int) -> None:
        command = [sys.executable, "-P", "-m", "armready.fleet.child", str(megabytes)]
        self.megabytes = megabytes
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, task: dict[str, Any]) -> dict[str, Any]:
        """The row of a task; one that says so when the child is gone, or was ended for taking too long."""
        late = threading.Event()

        def end() -> None:
            late.set()
            self.end()

        timer = threading.Timer(float(task["seconds"]), end)
        timer.daemon = True
        timer.start()
        try:
            questions, answers = cast("IO[bytes]", self.process.stdin), cast("IO[bytes]", self.process.stdout)
            questions.write(json.dumps(task, ensure_ascii=True).encode() + b"\n")
            questions.flush()
            line = answers.readline()
            if line.endswith(b"\n"):
                return json.loads(line)  # type: ignore[no-any-return]
        except (OSError, ValueError):
            pass
        finally:
            timer.cancel()
        self.end()
        return {"location": task["id"], "seconds": task["seconds"] if late.is_set() else 0.0, **self._why(task, late.is_set())}

    def _why(self, task: dict[str, Any], late: bool) -> dict[str, Any]:
        if late:
            return {"status": "timeout", "reason": f"it takes more than {task['seconds']} seconds"}
        code = self.process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return {"status": "killed", "reason": f"its process {how}"}

    def end(self) -> None:
        """End the process and what it has started."""
        with suppress(OSError, AttributeError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()


def scan_one(task: dict[str, Any]) -> dict[str, Any]:
    """Scan a repository in the child of this thread. A child that died for no reason of its own task is replaced once."""
    row: dict[str, Any] = {}
    for _ in range(2):
        child = getattr(_held, "child", None)
        if child is None or not child.alive or child.megabytes != task["megabytes"]:
            child = _held.child = _Child(int(task["megabytes"]))
        row = child.ask(task)
        if row["status"] == "memory":
            child.end()
        if row["status"] != "killed":
            break
    return row


def identity() -> tuple[str, str]:
    """What must be the same everywhere: the versions of armready and of its facts."""
    from armready.knowledge.tables import newest

    return __version__, newest()
