"""Does a plan keep its promise? Follow it command by command on copies of repositories and compare what is then the case.

python benchmarks/plans.py REPOSITORY...
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def armready(*arguments: str, cwd: Path) -> str:
    done = subprocess.run([sys.executable, "-m", "armready", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode == 2:
        raise SystemExit(f"{cwd.name}: armready {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def plan_of(folder: Path) -> dict[str, Any]:
    return json.loads(armready("plan", "--format", "json", cwd=folder))


def followed(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The plan of a repository, and where following it came to something else than it says."""
    plan = plan_of(folder)
    wrong = []
    for wave in plan["waves"]:
        for step in wave["steps"]:
            if step["how"] in ("command", "look"):
                armready(*shlex.split(step["command"])[1:], cwd=folder)
        now = plan_of(folder)["now"]
        if now != wave["after"]:
            wrong.append(f"after wave {wave['wave']}: promised {wave['after']}, is {now}")
    left = [step for wave in plan_of(folder)["waves"] for step in wave["steps"] if step["how"] in ("command", "look")]
    wrong += [f"left: {step['command']}" for step in left]
    return plan, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+", type=Path)
    failed = 0
    for repository in parser.parse_args().repositories:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / repository.name
            shutil.copytree(repository, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
            (copy / ".git").mkdir()
            start = time.monotonic()
            plan, wrong = followed(copy)
            hows = [step["how"] for wave in plan["waves"] for step in wave["steps"]]
            counts = {how: hows.count(how) for how in dict.fromkeys(hows)}
            took = f"{time.monotonic() - start:.0f} s"
            print(f"{repository.name}: {len(plan['waves'])} waves, {counts}, {took}, {wrong or 'kept'}", flush=True)
            failed += bool(wrong)
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
