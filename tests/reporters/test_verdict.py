"""The end of a run, in full: repositories of each kind, and what a newcomer reads of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

OWN = "FROM registry.example.com/base:1\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: x, image: "registry.example.com/web:1"}]
"""


def repository(folder: Path, **files: str) -> Path:
    (folder / ".git").mkdir()
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "lines"),
    [
        (
            {"Dockerfile": "FROM debian:12\n", "notes_dot_txt": "x\n", "more_dot_txt": "x\n"},
            [
                "Recognised 1 Dockerfile; 2 other files have nothing that armready reads.",
                "Images 1 of 1 ready",
                "Nothing found that stops arm64. Next: armready init  (the gate that keeps it so)",
            ],
        ),
        (
            {"Dockerfile": OWN, "web_dot_yaml": DEPLOYMENT},
            [
                "1 Dockerfile has images that cannot be judged offline: name them under `images` in the configuration, or use --online.",
                "1 workload says nothing about architectures and runs images that cannot be judged offline "
                "(registry.example.com): name them under `images` in the configuration, or use --online.",
                "Recognised 1 Dockerfile, 1 manifest.",
                "Images 0 of 1 ready, 1 unknown · Workloads 0 of 1 ready, 1 unknown",
                "Nothing found that stops arm64 (2 infos: --min-severity info). "
                "Next: armready scan --online  (asks the registries and indexes about what is unknown)",
            ],
        ),
        (
            {"Dockerfile": "FROM mysql:5.7\n"},
            [
                "Recognised 1 Dockerfile.",
                "Images 0 of 1 ready, 1 blocked",
                "1 error. Next: armready rule DF114  (what to do by hand; there is no edit to apply)",
            ],
        ),
        (
            {"notes_dot_txt": "x\n"},
            ["Nothing to scan: it is of no kind that armready reads (Dockerfiles, CI and build files, manifests, Python projects)."],
        ),
        ({}, ["Nothing to scan."]),
    ],
    ids=["clean", "unknown", "by hand", "nothing recognised", "empty"],
)
def test_verdict(files, lines, run, tmp_path):
    _, _, err = run("scan", cwd=repository(tmp_path, **files))
    assert err.splitlines() == lines


def test_a_part_of_the_repository_is_not_called_ready(run, tmp_path):
    repository(tmp_path, Dockerfile="FROM debian:12\n", notes_dot_txt="x\n")
    _, _, err = run("scan", "Dockerfile", cwd=tmp_path)
    assert err.splitlines() == ["Recognised 1 Dockerfile.", "Nothing found that stops arm64."]
    _, _, err = run("scan", "--select", "KUB", cwd=tmp_path)
    assert "ready" not in err


def test_unknown_is_never_ready_and_files_do_not_pad(run, tmp_path):
    files = {"Dockerfile": OWN, "web_dot_yaml": DEPLOYMENT, "pyproject_dot_toml": "[tool.ruff]\nline-length = 100\n"}
    files |= {f"k8s__config{number}_dot_yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n" for number in range(20)}
    repository(tmp_path, **files)
    _, out, _ = run("scan", "--format", "json", cwd=tmp_path)
    families = json.loads(out)["summary"]["readiness"]["families"]
    assert families == {
        "Images": {"ready": 0, "unknown": 1, "doubtful": 0, "blocked": 0},
        "Kubernetes": {"ready": 0, "unknown": 1, "doubtful": 0, "blocked": 0},
    }


@pytest.mark.parametrize(("platforms", "state"), [("linux/amd64,linux/arm64", "2 of 2 ready"), ("$PLATFORMS", "1 of 2 ready, 1 unknown")])
def test_a_base_that_the_repository_builds_is_judged_by_its_build(run, tmp_path, platforms, state):
    build = f"docker buildx build --push --platform {platforms} -t registry.example.com/base:1 base"
    ready = "docker run --privileged --rm tonistiigi/binfmt --install arm64\n    - docker buildx create --use"
    ci = f"build:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n    - {ready}\n    - {build}\n"
    repository(tmp_path, Dockerfile=OWN, base__Dockerfile="FROM debian:12\n", _dot_gitlab_ci_dot_yml=ci)
    (tmp_path / ".gitlab_ci.yml").rename(tmp_path / ".gitlab-ci.yml")
    _, _, err = run("scan", "--min-severity", "info", cwd=tmp_path)
    assert f"Images {state}" in err


def test_html_and_terminal_say_the_same(run, project_copy):
    project = project_copy("kubernetes")
    _, page, err = run("scan", "--format", "html", cwd=project)
    (line,) = (each for each in err.splitlines() if " ready" in each)
    for family in line.split(" · "):
        name, _, words = family.partition(" ")
        if name == "CI":
            name, words = "CI and builds", family.removeprefix("CI and builds ")
        assert f"<b>{name}</b>" in page
        assert words in page


def test_what_the_configuration_ignores_blocks_nothing(run, tmp_path):
    repository(tmp_path, Dockerfile="FROM amd64/debian:12\n")
    _, _, err = run("scan", cwd=tmp_path)
    assert "Images 0 of 1 ready, 1 blocked" in err
    _, _, err = run("scan", "--ignore", "DF110", cwd=tmp_path)
    assert "Images 1 of 1 ready" in err
