"""The documentation as a site, every link of it."""

import shutil
import subprocess
import sys
from pathlib import Path

from armready.run.registry import all_rules

ROOT = Path(__file__).parents[2]


def test_the_site_builds_without_a_warning(tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    zensical = Path(sys.executable).with_name("zensical")
    done = subprocess.run([zensical, "build", "--strict"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for rule in all_rules():
        page = tmp_path / "site" / "rules" / rule.name / "index.html"
        assert rule.code in page.read_text(), "armready's links lead to these pages"
