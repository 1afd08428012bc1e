"""The script of a GitLab job as armready rewrites it, run line by line against an engine that is reached by TLS as GitLab's dind is.

BuildKit's own image cannot be had without a public registry, so the lines that create a builder run for real and the build itself is
given to the engine's own BuildKit, which holds several platforms with the containerd image store.
"""

import json
import os
import subprocess

import pytest
import yaml

PIPELINE = """\
build:
  image: docker:27
  services: [docker:27-dind]
  script:
    - docker build -t "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHA" .
    - docker tag "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHA" "$CI_REGISTRY_IMAGE:latest"
    - docker push "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHA"
    - docker push "$CI_REGISTRY_IMAGE:latest"
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitlab-ci.yml").write_text(PIPELINE)
    (tmp_path / "Dockerfile").write_text("FROM alpine:3.20\nRUN --network=none cp /bin/busybox /program\n")
    return tmp_path


@pytest.fixture
def job(engine, project):
    """Runs a line as the job's shell would, with the variables that GitLab and docker:dind set."""
    home = project / "home"
    engine.environment()
    subprocess.run(["cp", "-RP", str(engine.work / "client" / "cli-plugins"), f"{home}-plugins"], check=True)
    (home / ".docker").mkdir(parents=True)
    (project / "home-plugins").rename(home / ".docker" / "cli-plugins")
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "DOCKER_HOST": f"tcp://127.0.0.1:{engine.tls_port}",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(engine.certificates),
        "CI_REGISTRY_IMAGE": f"{engine.registry.host}/group/app",
        "CI_COMMIT_SHA": "0123abc",
    }

    def line(text: str, **more: str) -> subprocess.CompletedProcess:
        return subprocess.run(["sh", "-euc", text], cwd=project, env={**variables, **more}, capture_output=True, text=True, check=False)

    return line


def test_a_bare_builder_is_refused_over_tls(job):
    done = job("docker buildx create --use")
    assert done.returncode != 0
    assert "could not create a builder instance with TLS data loaded from environment" in done.stderr


def test_the_rewritten_job_pushes_both_tags_for_both_platforms(engine, project, job, run):
    code, _, err = run("fix", "--unsafe-fixes", cwd=project)
    assert code == 0, err
    script = yaml.safe_load((project / ".gitlab-ci.yml").read_text())["build"]["script"]
    emulator, *builder, build = script
    assert emulator.startswith("docker run --privileged --rm tonistiigi/binfmt")
    for each in builder:
        done = job(each)
        assert done.returncode == 0, done.stderr
    done = job("docker buildx ls")
    assert "armready" in done.stdout
    done = job(build, BUILDX_BUILDER="default")
    assert done.returncode == 0, done.stderr
    for tag in ("0123abc", "latest"):
        seen = engine.docker("manifest", "inspect", "--insecure", f"{engine.registry.host}/group/app:{tag}").stdout
        assert {each["platform"]["architecture"] for each in json.loads(seen)["manifests"]} == {"amd64", "arm64"}
        built = engine.registry.executables("group/app", tag)
        assert {architecture: set(files.values()) for architecture, files in built.items()} == {"amd64": {"amd64"}, "arm64": {"arm64"}}
