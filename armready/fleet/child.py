"""The process that scans: one task a line on standard input, one row a line on standard output, until the input ends.

It is held to a size, and to a time for each task: an alarm ends it even when nobody is left who could.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from contextlib import suppress

from armready.fleet.task import Memory, scan

# Seconds beyond the limit after which the process ends by itself.
_GRACE = 30


def main() -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    gc.set_threshold(50_000)
    with suppress(ImportError, ValueError, OSError):
        import resource

        limit = int(sys.argv[1]) << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    memory = Memory()
    for line in sys.stdin:
        task = json.loads(line)
        if hasattr(signal, "alarm"):
            signal.alarm(int(task["seconds"]) + _GRACE)
        row = scan(task, memory)
        answers.write(json.dumps(row, ensure_ascii=True) + "\n")
        answers.flush()
        if hasattr(signal, "alarm"):
            signal.alarm(0)


if __name__ == "__main__":
    main()
