"""The kinds of files, and what reads those that CI systems and build tools run."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a file is."""

    DOCKERFILE = "dockerfile"
    # begin: kinds
    ARGO = "argo"
    AZURE = "azure"
    BITBUCKET = "bitbucket"
    BUILDKITE = "buildkite"
    CIRCLECI = "circleci"
    CLOUDBUILD = "cloudbuild"
    CODEBUILD = "codebuild"
    CONCOURSE = "concourse"
    DRONE = "drone"
    GITHUB_WORKFLOW = "github-workflow"
    GITHUB_ACTION = "github-action"
    GITLAB = "gitlab"
    JENKINS = "jenkins"
    TEKTON = "tekton"
    TRAVIS = "travis"
    WOODPECKER = "woodpecker"
    BAKE_HCL = "bake-hcl"
    BAKE_JSON = "bake-json"
    COMPOSE = "compose"
    EARTHFILE = "earthfile"
    GORELEASER = "goreleaser"
    JUSTFILE = "justfile"
    MAKEFILE = "makefile"
    PACKAGE_JSON = "package-json"
    OTHER_PIPELINE = "other-pipeline"
    POM = "pom"
    SHELL = "shell"
    TASKFILE = "taskfile"
    # end: kinds
    SKAFFOLD = "skaffold"
    KO = "ko"
    GRADLE = "gradle"

    KUBERNETES = "kubernetes"
    KUSTOMIZATION = "kustomization"
    HELM_CHART = "helm-chart"
    HELM_VALUES = "helm-values"
    HELM_TEMPLATE = "helm-template"
    CLOUDFORMATION = "cloudformation"

    REQUIREMENTS = "requirements"
    PYPROJECT = "pyproject"
    SETUP_CFG = "setup-cfg"
    PIPFILE = "pipfile"
    CONDA_ENV = "conda-env"
    CONDA_RECIPE = "conda-recipe"
    PIXI = "pixi"
    TOX = "tox"
    PYTHON = "python"
    NOTEBOOK = "notebook"
    UV_LOCK = "uv-lock"
    POETRY_LOCK = "poetry-lock"
    PDM_LOCK = "pdm-lock"
    PYLOCK = "pylock"
    PIPFILE_LOCK = "pipfile-lock"
    CONDA_LOCK = "conda-lock"
    CONDA_EXPLICIT = "conda-explicit"
    PIXI_LOCK = "pixi-lock"
    PEX_LOCK = "pex-lock"

    YAML = "yaml"


# Kinds that hold Kubernetes objects, and so pod specs.
KUBERNETES_KINDS = frozenset({Kind.KUBERNETES, Kind.TEKTON, Kind.ARGO})


class System(NamedTuple):
    """What reads a kind of file as a pipeline.

    Attributes:
        module: of `armready.systems`.
        is_ci: a CI system; else a description of builds.
        patterns: the names of its files.
    """

    module: str
    is_ci: bool
    patterns: tuple[str, ...]


# Written by tools/generate.py from the heads of the modules, so that no module is imported to know what it reads.
SYSTEMS = {
    # begin: systems
    Kind.ARGO: System(
        "argo",
        True,
        (),
    ),
    Kind.AZURE: System(
        "azure",
        True,
        (
            "azure-pipelines*.yml",
            "azure-pipelines*.yaml",
            "*.azure-pipelines.yml",
            "*.azure-pipelines/**.y*ml",
            "*.azuredevops/**.y*ml",
            "*.pipelines/**.y*ml",
            "azure-pipeline*.y*ml",
        ),
    ),
    Kind.BITBUCKET: System(
        "bitbucket",
        True,
        (
            "bitbucket-pipelines.yml",
            "bitbucket-pipelines.yaml",
        ),
    ),
    Kind.BUILDKITE: System(
        "buildkite",
        True,
        (
            "*.buildkite/**.yml",
            "*.buildkite/**.yaml",
            "buildkite.yml",
            "buildkite.yaml",
        ),
    ),
    Kind.CIRCLECI: System(
        "circleci",
        True,
        (
            "*.circleci/*.yml",
            "*.circleci/*.yaml",
            "circle.yml",
        ),
    ),
    Kind.CLOUDBUILD: System(
        "cloudbuild",
        True,
        (
            "cloudbuild*.yml",
            "cloudbuild*.yaml",
            "cloudbuild*.json",
            "*.cloudbuild.y*ml",
            "*-cloudbuild.y*ml",
        ),
    ),
    Kind.CODEBUILD: System(
        "codebuild",
        True,
        (
            "buildspec*.yml",
            "buildspec*.yaml",
            "*buildspec.yml",
            "*buildspec.yaml",
        ),
    ),
    Kind.CONCOURSE: System(
        "concourse",
        True,
        (),
    ),
    Kind.DRONE: System(
        "drone",
        True,
        (
            ".drone.yml",
            ".drone.yaml",
            ".drone/*.y*ml",
            ".drone-*.yml",
        ),
    ),
    Kind.GITHUB_WORKFLOW: System(
        "github",
        True,
        (
            "*.github/workflows/*.yml",
            "*.github/workflows/*.yaml",
            "*.gitea/workflows/*.y*ml",
            "*.forgejo/workflows/*.y*ml",
            "*.github/workflow-templates/*.y*ml",
        ),
    ),
    Kind.GITHUB_ACTION: System(
        "github",
        True,
        (
            "action.yml",
            "action.yaml",
        ),
    ),
    Kind.GITLAB: System(
        "gitlab",
        True,
        (
            ".gitlab-ci.yml",
            ".gitlab-ci.yaml",
            "*.gitlab-ci.yml",
            "*.gitlab-ci.yaml",
            "*.gitlab/**.yml",
            "*.gitlab/**.yaml",
            "*gitlab-ci/**.yml",
        ),
    ),
    Kind.JENKINS: System(
        "jenkins",
        True,
        (
            "jenkinsfile",
            "jenkinsfile.*",
            "jenkinsfile-*",
            "*.jenkinsfile",
            "*-jenkinsfile",
            "jenkins.groovy",
            "*jenkins/**.groovy",
            "*/vars/*.groovy",
            "vars/*.groovy",
        ),
    ),
    Kind.TEKTON: System(
        "tekton",
        True,
        (),
    ),
    Kind.TRAVIS: System(
        "travis",
        True,
        (
            ".travis.yml",
            ".travis.yaml",
        ),
    ),
    Kind.WOODPECKER: System(
        "woodpecker",
        True,
        (
            ".woodpecker.yml",
            ".woodpecker.yaml",
            "*.woodpecker/**.yml",
            "*.woodpecker/**.yaml",
        ),
    ),
    Kind.BAKE_HCL: System(
        "bake",
        False,
        (
            "docker-bake*.hcl",
            "*bake.hcl",
            "bake*.hcl",
        ),
    ),
    Kind.BAKE_JSON: System(
        "bake",
        False,
        ("docker-bake*.json",),
    ),
    Kind.COMPOSE: System(
        "compose",
        False,
        (
            "compose.yml",
            "compose.yaml",
            "compose.*.yml",
            "compose.*.yaml",
            "docker-compose*.yml",
            "docker-compose*.yaml",
            "*.docker-compose.y*ml",
            "compose-*.y*ml",
        ),
    ),
    Kind.EARTHFILE: System(
        "earthfile",
        False,
        ("earthfile",),
    ),
    Kind.GORELEASER: System(
        "goreleaser",
        False,
        (
            ".goreleaser*.yml",
            ".goreleaser*.yaml",
            "goreleaser*.yml",
            "goreleaser*.yaml",
        ),
    ),
    Kind.JUSTFILE: System(
        "just",
        False,
        (
            "justfile",
            ".justfile",
            "*.just",
        ),
    ),
    Kind.MAKEFILE: System(
        "makefile",
        False,
        (
            "makefile",
            "gnumakefile",
            "makefile.*",
            "*.mk",
            "*.mak",
            "*.makefile",
            "makefile-*",
        ),
    ),
    Kind.PACKAGE_JSON: System(
        "npm",
        False,
        ("package.json",),
    ),
    Kind.OTHER_PIPELINE: System(
        "other_pipeline",
        False,
        (),
    ),
    Kind.POM: System(
        "pom",
        False,
        ("pom.xml",),
    ),
    Kind.SHELL: System(
        "shell",
        False,
        (
            "*.sh",
            "*.bash",
            "*.ksh",
            "*.zsh",
            "*.envrc",
            "*.bats",
        ),
    ),
    Kind.TASKFILE: System(
        "task",
        False,
        (
            "taskfile*.yml",
            "taskfile*.yaml",
        ),
    ),
    # end: systems
}

# Kinds whose files describe what a CI system runs.
PIPELINE_KINDS = frozenset(kind for kind, system in SYSTEMS.items() if system.is_ci)

# Kinds that describe builds and are not CI.
BUILD_KINDS = frozenset(SYSTEMS) - PIPELINE_KINDS | {Kind.SKAFFOLD, Kind.KO, Kind.GRADLE}

# Kinds in which scripts of a shell stand.
SHELL_KINDS = (
    frozenset({Kind.DOCKERFILE, Kind.MAKEFILE, Kind.SHELL, Kind.JUSTFILE, Kind.TASKFILE, Kind.EARTHFILE, Kind.PACKAGE_JSON})
    | PIPELINE_KINDS
    | KUBERNETES_KINDS
)

# Kinds in which commands that install Python packages stand.
INSTALL_KINDS = SHELL_KINDS | {Kind.NOTEBOOK}

# Kinds that declare Python dependencies, and kinds that lock them.
MANIFEST_KINDS = frozenset(
    {
        Kind.REQUIREMENTS,
        Kind.PYPROJECT,
        Kind.SETUP_CFG,
        Kind.PIPFILE,
        Kind.CONDA_ENV,
        Kind.CONDA_RECIPE,
        Kind.PIXI,
        Kind.TOX,
    }
)
LOCK_KINDS = frozenset(
    {
        Kind.UV_LOCK,
        Kind.POETRY_LOCK,
        Kind.PDM_LOCK,
        Kind.PYLOCK,
        Kind.PIPFILE_LOCK,
        Kind.CONDA_LOCK,
        Kind.CONDA_EXPLICIT,
        Kind.PIXI_LOCK,
        Kind.PEX_LOCK,
    }
)
