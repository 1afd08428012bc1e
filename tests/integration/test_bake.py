"""What Buildx reads in Compose and Bake files before and after a fix: the same, but for the platforms."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pipelines.test_described import BAKE, COMPOSE

_PLACES = (
    os.environ.get("ARMREADY_BUILDX", ""),
    *(f"{folder}/docker/cli-plugins/docker-buildx" for folder in ("/usr/libexec", "/usr/lib", "/usr/local/lib")),
    str(Path.home() / ".docker" / "cli-plugins" / "docker-buildx"),
)
BUILDX = next((place for place in _PLACES if place and Path(place).is_file()), shutil.which("docker-buildx"))
BOTH = {"linux/amd64", "linux/arm64"}
CASES = [("compose.yaml", *pair) for pair in COMPOSE.values()] + [("docker-bake.hcl", *pair) for pair in BAKE.values()]


def described(folder: Path, path: str, text: str) -> dict:
    (folder / path).write_text(text)
    done = subprocess.run([BUILDX, "bake", "-f", path, "--print"], cwd=folder, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


@pytest.mark.skipif(BUILDX is None, reason="no docker-buildx on this machine")
@pytest.mark.parametrize(("path", "before", "after"), CASES)
def test_buildx_reads_the_platforms_and_else_the_same(tmp_path, path, before, after):
    old, new = described(tmp_path, path, before), described(tmp_path, path, after)
    # Early versions of Buildx do not take the platforms from a Compose file.
    unread = BOTH if path == "compose.yaml" else set()
    for target in new["target"].values():
        assert set(target.pop("platforms", unread)) >= BOTH
    for target in old["target"].values():
        assert "linux/arm64" not in target.pop("platforms", [])
    assert new == old
