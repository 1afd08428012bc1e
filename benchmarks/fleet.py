"""What a fleet costs: the same repositories scanned one after the other in one warm process, by a fleet, and by a fleet again.

python benchmarks/fleet.py FOLDER [--limit N] [--workers N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from armready.core.errors import ArmreadyError
from armready.fleet.sources import sources
from armready.fleet.store import Store
from armready.run.git import Repository, bare_folder, head_commit
from armready.run.git_files import blobs, write_files
from armready.run.passes import Filters
from armready.run.session import open_session


def check_out(place: Path, root: Path) -> bool:
    folder = bare_folder(place)
    commit = head_commit(folder) if folder else ""
    if not commit:
        return False
    (root / ".git").mkdir(parents=True)
    repository = Repository(place, bare=True)
    write_files(repository, blobs(repository, commit), root, 5 << 20)
    return True


def plain(roots: list[Path]) -> float:
    """Seconds of plain scans in this process, after one to warm it."""
    taken = 0.0
    for index, root in enumerate([roots[0], *roots]):
        start = time.perf_counter()
        try:
            session = open_session([root], {"min-severity": "info", "respect-gitignore": False}, no_cache=True, jobs=1)
            session.report(session.analyse(), Filters())
        except ArmreadyError as error:
            print(f"{root.name}: {error}")
        taken += time.perf_counter() - start if index else 0
    return taken


def fleet(folder: list[str], database: Path, workers: int) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "armready", "fleet", "scan", "--db", str(database), "--workers", str(workers), *folder]
    subprocess.run(command, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    found = [each for each in sources([str(options.folder)]).found if each.kind == "bare"][: options.limit]
    with tempfile.TemporaryDirectory() as scratch:
        roots = [root for number, each in enumerate(found) if check_out(Path(each.location), root := Path(scratch) / str(number))]
        seconds = plain(roots)
        print(f"plain, one warm process: {len(roots)} repositories, {seconds:.1f} s", flush=True)
        database = Path(scratch) / "f.duckdb"
        places = [each.location for each in found]
        first = fleet(places, database, options.workers)
        store = Store(database)
        ((own, shared, recognised),) = store.rows("SELECT sum(seconds), sum(shared), sum(recognised) FROM scans")
        print(f"fleet, {options.workers} workers: {first:.1f} s; {own:.1f} s in the scans, {own / seconds:.2f} of plain; ", end="")
        size = database.stat().st_size / len(roots) / 1024
        print(f"{shared} of {recognised} files known from another repository; {size:.0f} kB a repository")
        print(store.rows("SELECT status, count(*) FROM scans GROUP BY 1 ORDER BY 1"))
        store.close()
        print(f"fleet again: {fleet(places, database, options.workers):.1f} s", flush=True)


if __name__ == "__main__":
    main()
