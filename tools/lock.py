"""Lock what the GitHub action, the GitLab template, the container and the single file install, with hashes, for every platform.

python tools/lock.py            write requirements.txt anew (needs uv and a package index)
python tools/lock.py --check    write nothing; exit 1 if pyproject.toml has changed since
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.txt"
HEAD = "# Made by tools/lock.py (make lock) from pyproject.toml; do not edit.\n# of: sha256:{digest}\n"


def wanted() -> list[str]:
    """What pyproject.toml asks for, to run armready and to build it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return sorted([*project["project"]["dependencies"], *project["build-system"]["requires"], project["project"]["requires-python"]])


def head() -> str:
    """The first lines of the lock; they change when what is wanted changes."""
    return HEAD.format(digest=hashlib.sha256(json.dumps(wanted()).encode()).hexdigest())


def locked() -> str:
    """The resolution by uv, for all platforms and every Python from the oldest promised one on."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "requirements.in"
        source.write_text("\n".join(each for each in wanted() if each[0].isalpha()) + "\n", encoding="utf-8")
        options = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--python-version", "3.11"]
        return subprocess.run(["uv", "pip", "compile", "-q", *options, source], check=True, capture_output=True, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        LOCK.write_text(head() + locked(), encoding="utf-8")
    elif not LOCK.read_text(encoding="utf-8").startswith(head()):
        raise SystemExit("requirements.txt is older than pyproject.toml: run make lock")


if __name__ == "__main__":
    main()
