import pytest

from armready.core.classify import Kind, classify, holds_only_definitions
from armready.core.config import Settings
from armready.run.check_file import check_file
from armready.run.registry import Registry

K8S = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n"

BY_NAME = {
    Kind.DOCKERFILE: [
        "Dockerfile",
        "a/Containerfile",
        "Dockerfile.dapper",
        "web.dockerfile",
        "web.Dockerfile",
        "Containerfile.ubi",
        "Dockerfile-alpine",
        "docker/Dockerfile.j2",
    ],
    Kind.COMPOSE: ["compose.yaml", "docker-compose.yml", "docker-compose.prod.yml", "compose.dev.yml"],
    Kind.GITLAB: [".gitlab-ci.yml", "ci/build.gitlab-ci.yml", ".gitlab/ci/build.yml"],
    Kind.GITHUB_WORKFLOW: [".github/workflows/release.yaml", ".gitea/workflows/a.yml", ".forgejo/workflows/a.yml"],
    Kind.GITHUB_ACTION: ["action.yml", ".github/actions/build/action.yaml"],
    Kind.JENKINS: [
        "Jenkinsfile",
        "Jenkinsfile.release",
        "ci/release.jenkinsfile",
        "ci/jenkins.groovy",
        "vars/build.groovy",
        "jenkins/pipelines/x.groovy",
    ],
    Kind.CIRCLECI: [".circleci/config.yml"],
    Kind.AZURE: ["azure-pipelines.yml", ".azure-pipelines/build.yml", "azure-pipelines-release.yaml"],
    Kind.BITBUCKET: ["bitbucket-pipelines.yml"],
    Kind.TRAVIS: [".travis.yml"],
    Kind.DRONE: [".drone.yml"],
    Kind.WOODPECKER: [".woodpecker.yml", ".woodpecker/build.yaml"],
    Kind.CLOUDBUILD: ["cloudbuild.yaml", "cloudbuild-prod.yaml", "cloudbuild.json"],
    Kind.CODEBUILD: ["buildspec.yml", "buildspec-prod.yaml"],
    Kind.BUILDKITE: [".buildkite/pipeline.yml"],
    Kind.BAKE_HCL: ["docker-bake.hcl"],
    Kind.BAKE_JSON: ["docker-bake.json"],
    Kind.MAKEFILE: ["Makefile", "GNUmakefile", "rules.mk", "hack/makefile"],
    Kind.SHELL: ["build.sh", "hack/x.bash"],
    Kind.JUSTFILE: ["justfile", "Justfile", ".justfile"],
    Kind.TASKFILE: ["Taskfile.yml", "Taskfile.dist.yaml"],
    Kind.EARTHFILE: ["Earthfile"],
    Kind.SKAFFOLD: ["skaffold.yaml"],
    Kind.GORELEASER: [".goreleaser.yml", "goreleaser.yaml"],
    Kind.POM: ["pom.xml"],
    Kind.GRADLE: ["build.gradle", "build.gradle.kts"],
    Kind.PACKAGE_JSON: ["package.json"],
    Kind.HELM_CHART: ["charts/x/Chart.yaml"],
    Kind.KUSTOMIZATION: ["k8s/kustomization.yaml"],
    Kind.REQUIREMENTS: ["requirements.txt", "requirements/dev.txt", "dev-requirements.in", "constraints.txt"],
    Kind.PYPROJECT: ["pyproject.toml"],
    Kind.UV_LOCK: ["uv.lock"],
    Kind.POETRY_LOCK: ["poetry.lock"],
    Kind.PYLOCK: ["pylock.toml", "pylock.dev.toml"],
    Kind.PIPFILE: ["Pipfile"],
    Kind.PYTHON: ["setup.py", "a/b.py"],
    Kind.NOTEBOOK: ["notebooks/Train.ipynb"],
}


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in BY_NAME.items() for path in paths])
def test_names(kind, path):
    assert classify(path, "") is kind


@pytest.mark.parametrize(
    "path", ["Dockerfile.md", "Dockerfile.dockerignore", "x.dockerignore", "Makefile.am", "README.md", "a.go", "dockerfile.go"]
)
def test_names_of_other_things(path):
    assert classify(path, "") is None


@pytest.mark.parametrize(
    ("path", "head", "kind"),
    [
        ("k8s/pod.yaml", K8S, Kind.KUBERNETES),
        ("k8s/pod.json", '{"apiVersion": "v1", "kind": "Pod"}', Kind.KUBERNETES),
        ("task.yaml", "apiVersion: tekton.dev/v1\nkind: Task\n", Kind.TEKTON),
        ("wf.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n", Kind.ARGO),
        ("app.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Application\n", Kind.KUBERNETES),
        ("chart/templates/d.yaml", "apiVersion: apps/v1\nkind: Deployment\nspec: {{ .Values.x }}\n", Kind.HELM_TEMPLATE),
        ("ci/pipeline.yml", "kind: pipeline\nname: default\nsteps: []\n", Kind.DRONE),
        ("ci/build.yml", "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n", Kind.GITHUB_WORKFLOW),
        ("ci/pipe.yml", "resources: []\njobs:\n- name: a\n  plan:\n  - get: x\n", Kind.CONCOURSE),
        ("ci/docker.yml", "build:\n  stage: build\n  script:\n    - docker build .\n", Kind.GITLAB),
        ("deploy/stack.yml", "services:\n  web:\n    image: a\n", Kind.COMPOSE),
        ("cfn.yml", "AWSTemplateFormatVersion: '2010-09-09'\n", Kind.CLOUDFORMATION),
        ("values.yaml", "image:\n  repository: a\n", Kind.HELM_VALUES),
        ("values.yaml", "a: b\nextra:\n- apiVersion: v1\n  kind: Pod\n", Kind.HELM_VALUES),
        ("values.yaml", "rbac:\n  apiVersion: v1\n  kind: Role\nkind: x\n", Kind.HELM_VALUES),
        ("values.yaml", "apiVersion: v1\nkind: Pod\n", Kind.KUBERNETES),
        ("x-values.yaml", '{"apiVersion": "v1",\n "kind": "Pod"}\n', Kind.KUBERNETES),
        ("config/prod.yaml", "nodeSelector:\n  kubernetes.io/arch: amd64\n", Kind.HELM_VALUES),
        ("environment.yml", "name: x\ndependencies:\n  - python\n", Kind.CONDA_ENV),
        ("environment.yml", K8S, Kind.KUBERNETES),
        ("hack/build", "#!/usr/bin/env bash\n", Kind.SHELL),
        ("tool", "#!/usr/bin/python3\n", Kind.PYTHON),
        ("docker/BASEIMAGE", "FROM alpine\nRUN true\n", Kind.DOCKERFILE),
        ("mail", "From alice\nRUN\n", None),
        ("notes", "hello\n", None),
        ("data.yaml", "a: 1\n", None),
    ],
)
def test_contents(path, head, kind):
    assert classify(path, head) is kind


@pytest.mark.parametrize(
    "text", ["\n" * 65536, " \n" * 32768, "services:\n" + "\n" * 60000 + "x", "steps:\n" + " #\n" * 20000, "- " * 32768, "kind " * 13000]
)
@pytest.mark.parametrize("path", ["x.yaml", "values.yaml", "conda.yml", "x", "x.txt"])
def test_hostile_text_is_classified(path, text):
    classify(path, text)


def test_build_files_of_pants() -> None:
    assert classify("3rdparty/BUILD", 'python_requirement(\n  requirements=["a"],\n)\n') is Kind.PYTHON
    assert classify("src/BUILD", 'py_library(\n  name = "a",\n)\n') is None


def test_prose_is_no_dockerfile():
    assert classify("LICENSE", "The licence differs\nfrom the ordinary one.\nadd notices to\nuser interfaces\n") is None
    assert classify("BASEIMAGE", "FROM debian:12\nRUN true\n") is Kind.DOCKERFILE


DEFINITION = (
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: a.example.com\nspec:\n  group: example.com\n"
)
POD = "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector:\n    kubernetes.io/arch: amd64\n  containers:\n    - image: debian:12\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DEFINITION, True),
        (f"# made by a generator\n---\n{DEFINITION}---\n{DEFINITION}---\n", True),
        (f"---\r\n{DEFINITION}".replace("\n", "\r\n"), True),
        (DEFINITION.replace("CustomResourceDefinition", '"CustomResourceDefinition" # x'), True),
        (f"{DEFINITION}---\n{POD}", False),
        (f"{POD}---\n{DEFINITION}", False),
        (f"{DEFINITION}---\n{{kind: Pod, apiVersion: v1}}\n", False),
        (POD, False),
        ("kind: CustomResourceDefinitionList\n", False),
        ("apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    kind: CustomResourceDefinition\n", False),
        ("", False),
        ("---\n# nothing\n", False),
    ],
)
def test_manifests_that_only_define_resources(text, expected):
    assert holds_only_definitions(text) is expected


def test_definitions_are_not_parsed_and_what_stands_beside_them_is():
    registry = Registry(Settings())
    broken = "status: [kubernetes.io/arch\n"
    alone = check_file("crd.yaml", (DEFINITION + broken).encode(), registry)
    assert (alone.kind, alone.problems, alone.findings) == (Kind.KUBERNETES, (), ())
    assert check_file("both.yaml", f"{POD}---\n{DEFINITION}{broken}".encode(), registry).problems
    assert check_file("both.yaml", f"{DEFINITION}---\n{POD}".encode(), registry).facts.types


COMMENTS = "# a comment of some words\n" * 4_000


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("recipe/meta.yaml", "{% set version = '1' %}\n" * 4_000 + "package:\n  name: a\nbuild:\n  skip: true  # [aarch64]\n"),
        ("k8s/a.yaml", COMMENTS + "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"),
        ("bin/tool", "#!/bin/sh\n" + COMMENTS + "docker push a/b\n"),
    ],
)
def test_what_a_file_is_may_stand_behind_its_first_64_kilobytes(path, text):
    from armready.core.config import Settings
    from armready.testing import analyse_files

    _, _, analysis = analyse_files({path: text}, Settings())
    assert analysis.results[path].kind is not None
