import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.proof.engine import Engine


@pytest.fixture(scope="session")
def engine():
    if os.geteuid() != 0 or not Path("/etc/apt/sources.list.d/debian.sources").exists():
        pytest.fail("the proof needs Debian and root")
    work = Path(os.environ.get("ARMREADY_PROOF_DIR") or tempfile.mkdtemp(prefix="armready-proof-"))
    work.mkdir(parents=True, exist_ok=True)
    for stale in ("data", "exec", "registry"):
        shutil.rmtree(work / stale, ignore_errors=True)
    running = Engine(work)
    running.fetch()
    try:
        running.start()
        running.push_base("alpine", "3.20")
        yield running
    finally:
        running.stop()
