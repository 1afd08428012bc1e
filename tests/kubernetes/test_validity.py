"""What the API server says of the fixed manifests: kubernetes-validate holds its schemas."""

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from tests.conftest import PROJECTS

NEWEST = int(kubernetes_validate.latest_version().split(".")[1])
VERSIONS = [f"1.{minor}" for minor in range(25, NEWEST + 1)]
MANIFESTS = sorted((PROJECTS / "kubernetes" / "input" / "manifests").glob("*.yaml"))


def problems(text: str, version: str) -> list[str]:
    found = []
    for document in YAML(typ="safe").load_all(text):
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{document['kind']}/{document['metadata']['name']}: {error.message}")
    return found


@pytest.fixture(scope="module")
def fixed(tmp_path_factory):
    """The manifests after all fixes, by name."""
    import shutil

    from typer.testing import CliRunner

    from armready.commands.cli import app

    folder = tmp_path_factory.mktemp("kubernetes") / "manifests"
    shutil.copytree(MANIFESTS[0].parent, folder)
    result = CliRunner().invoke(app, ["fix", "--unsafe-fixes", "--no-cache", str(folder)])
    assert result.exit_code in (0, 1), result.output
    return {path.name: path.read_bytes().decode() for path in folder.iterdir()}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [path.name for path in MANIFESTS])
def test_fixed_manifests_are_valid(name, version, fixed):
    assert problems(fixed[name], version) == []


def test_the_flaws_of_structure_were_invalid():
    invalid = {path.name for path in MANIFESTS if problems(path.read_bytes().decode(), "1.33")}
    assert invalid == {"jobs.yaml", "web.yaml"}
