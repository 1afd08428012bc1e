"""What CI101's fix makes of small files of every CI system: golden files, each valid by the schema of its system."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest
from ruamel.yaml import YAML

from armready.core.config import Runner, Settings
from armready.core.finding import Severity
from armready.core.fix import Applicability
from armready.core.kinds import SYSTEMS
from armready.fixing.fixer import fix
from armready.testing import analyse_files


def system_module(name: str) -> ModuleType | None:
    return importlib.import_module(f"armready.systems.{name}") if importlib.util.find_spec(f"armready.systems.{name}") else None


CASES = Path(__file__).parent / "cases"
# Paths of the cases whose file name their system's module does not say whole.
PATHS = {system.module: path for system in SYSTEMS.values() for path in system.patterns[:1] if "*" not in path} | {
    "argo": "workflows/image.yaml",
    "azure": "azure-pipelines.yml",
    "buildkite": ".buildkite/pipeline.yml",
    "circleci": ".circleci/config.yml",
    "cloudbuild": "cloudbuild.yaml",
    "codebuild": "buildspec.yml",
    "concourse": "ci/pipeline.yml",
    "dockerhub": "hooks/build",
    "github": ".github/workflows/image.yml",
    "gitlab": ".gitlab-ci.yml",
    "goreleaser": ".goreleaser.yml",
    "jenkins": "Jenkinsfile",
    "make": "Makefile",
    "other": "delivery.yaml",
    "script": "release.sh",
}
SCHEMAS = {name: module.SCHEMA for name in PATHS if (module := system_module(name)) is not None and hasattr(module, "SCHEMA")}
SAFE = {
    "github-half-done",
    "github-pinned",
    "github-style",
    "github-two-steps",
}
DOCKERFILE = "FROM alpine:3.20\nCOPY run.sh /run.sh\n"
SETTINGS = Settings(min_severity=Severity.INFO, pedantic=True, runners={"fresh": Runner("amd64", privileged=True, ephemeral=True)})
TODAY = date(2026, 11, 24)


def repository(path: str, text: str) -> dict[str, str]:
    folders = ("", "docker/", "api/")
    return {path: text} | {f"{folder}Dockerfile": DOCKERFILE for folder in folders}


def fixed(path: str, text: str, settings: Settings = SETTINGS):
    tree, registry, analysis = analyse_files(repository(path, text), settings)
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=lambda each: each.code == "CI101", today=TODAY)
    return outcome.tree.read(path).decode(), analysis, outcome


def schema_errors(system: str, text: str) -> list[str]:
    if system not in SCHEMAS:
        return []
    schema = json.loads(files("check_jsonschema").joinpath(f"builtin_schemas/vendor/{SCHEMAS[system]}.json").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    return [
        each.message
        for each in validator.iter_errors(json.loads(json.dumps(YAML(typ="safe").load(text.replace("!reference ", "")), default=str)))
    ]


@pytest.mark.parametrize("case", sorted(CASES.glob("*.before.*")), ids=lambda case: case.name.partition(".")[0])
def test_a_build_that_is_pushed_becomes_one_for_both_platforms(case, golden):
    name = case.name.partition(".")[0]
    system = name.partition("-")[0]
    path, before = PATHS[system], case.read_bytes().decode()
    after, analysis, outcome = fixed(path, before)
    found = [each for each in analysis.findings if each.code == "CI101"]
    assert found
    assert {each.fix and each.fix.applicability for each in found} == {Applicability.SAFE if name in SAFE else Applicability.UNSAFE}
    assert not [each.reason for each in outcome.not_applied if each.finding.code == "CI101"]
    golden(case.with_name(case.name.replace(".before.", ".after.")), after)
    assert schema_errors(system, after) == schema_errors(system, before) == []
    assert not [each for each in outcome.analysis.findings if each.code.startswith("CI") and each.severity is not Severity.INFO]
    again, _, _ = fixed(path, after)
    assert again == after


@pytest.mark.parametrize("case", sorted(CASES.glob("github-*.after.yml")), ids=lambda case: case.name.partition(".")[0])
def test_rewritten_workflows_pass_actionlint(case):
    linter = Path(sys.executable).with_name("actionlint")
    quiet = ["-shellcheck=", "-pyflakes=", "-ignore", "is deprecated in GitHub Actions", "-ignore", "is too old to run"]

    def problems(text: bytes) -> list[bytes]:
        run = subprocess.run([linter, *quiet, "-oneline", "-"], input=text, capture_output=True, check=False)
        return run.stdout.splitlines()

    before = case.with_name(case.name.replace(".after.", ".before."))
    assert len(problems(case.read_bytes())) <= len(problems(before.read_bytes()))


@pytest.mark.parametrize(
    "name", ["gitlab-block.before.yml", "circleci-block.before.yml", "jenkins-stages.before.groovy", "azure-docker-task.before.yml"]
)
def test_line_ends_are_kept(name):
    path = PATHS[name.partition("-")[0]]
    text = (CASES / name).read_bytes().decode().replace("\n", "\r\n")
    after, _, _ = fixed(path, text)
    assert "buildx build" in after
    assert "\n" not in after.replace("\r\n", "")


def test_a_runner_that_the_configuration_describes_is_set_up_by_the_job():
    text = "steps:\n  - command: |\n      docker build -t a/b:1 .\n      docker push a/b:1\n    agents: {queue: fresh}\n"
    known, _, _ = fixed(PATHS["buildkite"], text)
    unknown, _, _ = fixed(PATHS["buildkite"], text, replace(SETTINGS, runners={}))
    assert "tonistiigi/binfmt" in known
    assert "--builder" not in known
    assert "tonistiigi/binfmt" not in unknown
    assert "docker buildx inspect armready" in unknown


def test_two_images_of_a_jenkinsfile_can_share_a_builder():
    pair = "    sh 'docker build -t a/{0}:1 .'\n    sh 'docker push a/{0}:1'\n"
    after, _, _ = fixed(PATHS["jenkins"], "node('fresh') {\n" + pair.format("b") + pair.format("c") + "}\n")
    create = "docker buildx create --name armready"
    assert after.count(create) == 2
    assert after.count(f"docker buildx inspect armready >/dev/null 2>&1 || {create}") == 2
