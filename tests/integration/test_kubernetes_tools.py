"""kubectl and helm render the same objects before and after a fix, but for what the fix claims."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.conftest import PROJECTS

TOOLS = Path(os.environ.get("ARMREADY_TOOLS", "")) / "kubernetes"
KUBECTL, HELM = TOOLS / "kubectl" / "kubectl", TOOLS / "helm" / "helm"


@pytest.fixture
def project(tmp_path):
    return Path(shutil.copytree(PROJECTS / "kubernetes" / "input", tmp_path / "project"))


def rendered(*command: object) -> list:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True, timeout=60)
    return [document for document in YAML(typ="safe").load_all(done.stdout) if document]


def without_architecture(value):
    """The objects without what the fixes are about: selectors and affinities, and the namespace of images."""
    if isinstance(value, dict):
        return {key: without_architecture(item) for key, item in value.items() if key not in ("nodeSelector", "affinity")}
    if isinstance(value, list):
        return [without_architecture(item) for item in value]
    return value.removeprefix("amd64/") if isinstance(value, str) else value


def fix(folder: Path) -> None:
    done = subprocess.run(["armready", "fix", "--unsafe-fixes", "."], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr


@pytest.mark.parametrize("folder", ["base", "overlays/plain", "overlays/arm"])
def test_kustomize_builds_the_same(project, folder):
    before = rendered(KUBECTL, "kustomize", project / "kustomize" / folder)
    fix(project)
    after = rendered(KUBECTL, "kustomize", project / "kustomize" / folder)
    assert without_architecture(after) == without_architecture(before)
    assert before[0]["spec"]["template"]["spec"]["containers"][0]["image"] == "amd64/nginx:1.27"
    assert after[0]["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1.27"


def test_helm_renders_the_same(project):
    before = rendered(HELM, "template", "release", project / "chart")
    fix(project)
    after = rendered(HELM, "template", "release", project / "chart")
    assert without_architecture(after) == without_architecture(before)
    selectors = [document["spec"]["template"]["spec"].get("nodeSelector") for document in after]
    assert sorted(selectors, key=str) == [None, {"kubernetes.io/os": "linux"}]


def test_a_rendered_chart_is_read_from_standard_input(project):
    chart = subprocess.run([HELM, "template", "release", project / "chart"], capture_output=True, text=True, check=True, timeout=60)
    done = subprocess.run(
        ["armready", "scan", "--stdin-filename", "rendered.yaml", "-"], input=chart.stdout, capture_output=True, text=True, timeout=60
    )
    assert "KUB101" in done.stdout
    assert "KUB111" in done.stdout
