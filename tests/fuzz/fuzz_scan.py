"""Coverage-guided fuzzing of the whole engine: `make fuzz`, or `python -m tests.fuzz.fuzz_scan -max_total_time=60`.

One input is a byte that chooses the name of the file, then its content. Both passes and the fixer run on it in memory. What raises, is
noted as an internal error, or makes a fix that is not a fixed point is a finding, and becomes a case in fixtures/issues. The corpus are
the files of the rules' examples.
"""

import hashlib
import sys
import tempfile
from datetime import date
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["armready"]):
    from armready.core.config import Settings
    from armready.core.fix import Applicability
    from armready.core.tree import MemoryTree
    from armready.fixing.fixer import fix
    from armready.run.passes import analyse
    from armready.run.registry import Registry, all_rules
    from armready.testing import example_files

    RULES = all_rules()

NAMES = (
    *("Dockerfile", ".github/workflows/a.yml", ".gitlab-ci.yml", ".circleci/config.yml", "Jenkinsfile", "azure-pipelines.yml"),
    *("docker-compose.yml", "docker-bake.hcl", "k8s/a.yaml", "templates/a.yaml", "values.yaml", "Makefile", "a.sh", "a.py", "setup.cfg"),
    *(
        "requirements.txt",
        "pyproject.toml",
        "uv.lock",
        "Pipfile.lock",
        "environment.yml",
        "cloudbuild.yaml",
        "buildspec.yml",
        ".travis.yml",
    ),
    *(".drone.yml", ".goreleaser.yml", "bitbucket-pipelines.yml", "justfile", "Earthfile", "package.json", "pom.xml"),
)
REGISTRY = Registry(Settings())


def one_input(data: bytes) -> None:
    if not data:
        return
    path = NAMES[data[0] % len(NAMES)]
    tree = MemoryTree({path: data[1:]})
    analysis = analyse(tree, [path], REGISTRY, complete=True, today=date(2026, 11, 24))
    outcome = fix(tree, analysis, REGISTRY, allowed=Applicability.UNSAFE, wanted=lambda _: True, today=None)
    for each in (analysis, outcome.analysis):
        crashes = [failure.message for failure in each.all_failures]
        if crashes:
            Path(f"finding-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
        assert not crashes, (path, crashes)


def write_corpus(folder: Path) -> None:
    """One file per file of an example, under the name that comes nearest."""
    number = 0
    for rule in RULES:
        for example in rule.examples:
            for path, text in example_files(example)[0].items():
                at = next((at for at, name in enumerate(NAMES) if name.rpartition("/")[2] == path.rpartition("/")[2]), None)
                if at is None:
                    at = next((at for at, name in enumerate(NAMES) if Path(name).suffix == Path(path).suffix), 0)
                (folder / str(number)).write_bytes(bytes([at]) + text.encode())
                number += 1


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder))
        atheris.Setup([*sys.argv, folder], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
