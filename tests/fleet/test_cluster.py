"""A real cluster, whose processes are killed: nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from armready.fleet.store import Store
from tests.conftest import ROOT
from tests.fleet.conftest import PINNED, git

NUMBER = 60
PYTHON = [sys.executable, "-P", "-m"]


@pytest.fixture(scope="module")
def repositories(tmp_path_factory) -> Path:
    """Many small bare repositories; each says something of its own."""
    top = tmp_path_factory.mktemp("fleet")
    work = top / "work"
    work.mkdir()
    git("init", "-q", "-b", "main", cwd=work)
    for number in range(NUMBER):
        (work / "Dockerfile").write_text(f"{PINNED}LABEL number={number}\n")
        git("add", "-A", cwd=work)
        git("commit", "-q", "-m", str(number), cwd=work)
        git("clone", "-q", "--bare", str(work), str(top / "all" / str(number)), cwd=top)
    return top / "all"


def started(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    command = [*PYTHON, "armready", "fleet", "scan", "--workers", "2", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=cwd, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)


def until(what: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def scanners(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes below one that scan."""
    found = []
    with suppress(psutil.Error):
        for each in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if "armready.fleet.child" in each.cmdline():
                    found.append(each)
    return found


def complete(database: Path) -> None:
    """Every repository is there, once, with its one finding."""
    store = Store(database)
    (run,) = store.rows("SELECT run, ended IS NOT NULL FROM runs")
    assert run == (1, True)
    assert store.rows("SELECT count(*), count(DISTINCT location), count(DISTINCT scan) FROM run_scans") == [(NUMBER,) * 3]
    assert store.rows("SELECT status, count(*) FROM scans GROUP BY 1") == [("ok", NUMBER)]
    assert store.rows("SELECT count(*) FROM findings WHERE code = 'DF101'") == [(NUMBER,)]
    store.close()


def test_a_worker_and_its_child_are_killed(repositories, tmp_path: Path) -> None:
    process = started(str(repositories), cwd=tmp_path)
    until(lambda: len(scanners(process)) == 2)
    child = scanners(process)[0]
    worker = child.parent()
    assert worker is not None
    assert worker.pid != process.pid
    worker.kill()
    with suppress(psutil.Error):
        scanners(process)[0].kill()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    complete(tmp_path / "armready-fleet.duckdb")


def test_the_client_is_killed_and_the_same_command_goes_on(repositories, tmp_path: Path) -> None:
    process = started(str(repositories), cwd=tmp_path)
    until(lambda: scanners(process))
    time.sleep(0.5)
    orphans = scanners(process)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    until(lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in orphans))
    store = Store(tmp_path / "armready-fleet.duckdb")
    assert store.rows("SELECT ended FROM runs") == [(None,)]
    store.close()
    again = started(str(repositories), cwd=tmp_path)
    _, said = again.communicate(timeout=120)
    assert (again.returncode, "run 1:" in said) == (0, True)
    complete(tmp_path / "armready-fleet.duckdb")


def test_the_scheduler_is_killed_and_the_same_command_goes_on(repositories, tmp_path: Path) -> None:
    def serving() -> tuple[str, list[subprocess.Popen[bytes]]]:
        place = tmp_path / f"scheduler-{time.monotonic_ns()}.json"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
        scheduler = [
            "distributed.cli.dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            str(place),
        ]
        worker = ["distributed.cli.dask_worker", "--scheduler-file", str(place), "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        running = [subprocess.Popen([*PYTHON, *scheduler], **quiet)]
        until(lambda: place.is_file() and place.read_text().rstrip().endswith("}"))
        running.append(subprocess.Popen([*PYTHON, *worker, "--death-timeout", "20"], **quiet))
        return str(__import__("json").loads(place.read_text())["address"]), running

    address, running = serving()
    process = started(str(repositories), "--scheduler", address, cwd=tmp_path)
    until(lambda: any("armready.fleet.child" in " ".join(each.cmdline()) for each in psutil.Process(running[1].pid).children()))
    running[0].kill()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 2, said
    assert "the same command goes on from here" in said
    address, more = serving()
    again = started(str(repositories), "--scheduler", address, cwd=tmp_path)
    _, said = again.communicate(timeout=120)
    for each in (*running, *more):
        each.kill()
        each.wait()
    assert again.returncode == 0, said
    complete(tmp_path / "armready-fleet.duckdb")


def test_workers_of_another_version_are_refused(monkeypatch) -> None:
    from armready.core.errors import UsageError
    from armready.fleet import cluster

    monkeypatch.setattr(cluster, "identity", lambda: ("0", "x"))

    class Client:
        def wait_for_workers(self, number: int, timeout: int) -> None: ...

        def run(self, function) -> dict:
            return {"tcp://1": ("9.9", "2020-01-01")}

    with pytest.raises(UsageError, match=r"tcp://1 has armready 9\.9 with facts of 2020-01-01"):
        cluster._check(Client())


def test_nobody_else_imports_what_the_extra_brings(run_script, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(PINNED)
    script = (
        "import sys\nsys.argv = ['armready', *sys.argv[1:]]\nfrom armready.commands.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'dask', 'distributed', 'duckdb', 'armready.fleet', 'armready.commands.fleet'} & set(sys.modules)))\n"
    )
    for arguments in (["scan"], ["plan"], ["fix", "--diff"], ["rules"]):
        _, out, _ = run_script(script, *arguments, cwd=tmp_path)
        assert out.splitlines()[-1] == "[]", arguments


def test_without_the_extra_the_command_says_what_to_install(run_script, tmp_path: Path) -> None:
    script = (
        "import sys\nsys.modules['duckdb'] = None\nsys.argv = ['armready', *sys.argv[1:]]\nfrom armready.commands.cli import main\nmain()\n"
    )
    (tmp_path / "Dockerfile").write_text(PINNED)
    code, _, error = run_script(script, "fleet", "scan", ".", cwd=tmp_path)
    assert (code, error) == (2, "armready: armready fleet needs its extra: pip install 'armready[fleet]'\n")
