"""What Buildx reads in Compose and Bake files before and after a fix: the same, but for the platforms."""

import json
from pathlib import Path

import pytest

from tests.proof.engine import Engine
from tests.systems.test_described import BAKE, COMPOSE

BOTH = {"linux/amd64", "linux/arm64"}
CASES = [("compose.yaml", *pair) for pair in COMPOSE.values()] + [("docker-bake.hcl", *pair) for pair in BAKE.values()]


def described(engine: Engine, folder: Path, path: str, text: str) -> dict:
    (folder / path).write_text(text)
    return json.loads(engine.docker("buildx", "bake", "-f", path, "--print", cwd=folder).stdout)


@pytest.mark.parametrize(("path", "before", "after"), CASES)
def test_buildx_reads_the_platforms_and_else_the_same(engine, tmp_path, path, before, after):
    old, new = described(engine, tmp_path, path, before), described(engine, tmp_path, path, after)
    # Early versions of Buildx do not take the platforms from a Compose file.
    unread = BOTH if path == "compose.yaml" else set()
    for target in new["target"].values():
        assert set(target.pop("platforms", unread)) >= BOTH
    for target in old["target"].values():
        assert "linux/arm64" not in target.pop("platforms", [])
    assert new == old
