"""CI systems and build descriptions, one module each: a file becomes a `Pipeline`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from armready.classify import Kind
from armready.errors import ParseProblem

if TYPE_CHECKING:
    from armready.file import File
    from armready.pipelines.model import Pipeline

READERS = {
    Kind.GITLAB: "gitlab",
    Kind.GITHUB_WORKFLOW: "github",
    Kind.GITHUB_ACTION: "github",
    Kind.JENKINS: "jenkins",
    Kind.CIRCLECI: "circleci",
    Kind.AZURE: "azure",
    Kind.BITBUCKET: "bitbucket",
    Kind.TRAVIS: "travis",
    Kind.DRONE: "drone",
    Kind.WOODPECKER: "woodpecker",
    Kind.CLOUDBUILD: "cloudbuild",
    Kind.CODEBUILD: "codebuild",
    Kind.BUILDKITE: "buildkite",
    Kind.TEKTON: "tekton",
    Kind.ARGO: "argo",
    Kind.CONCOURSE: "concourse",
    Kind.SHELL: "shell",
    Kind.MAKEFILE: "makefile",
    Kind.GORELEASER: "goreleaser",
    Kind.JUSTFILE: "just",
    Kind.PACKAGE_JSON: "npm",
    Kind.TASKFILE: "task",
    Kind.COMPOSE: "compose",
    Kind.BAKE_HCL: "bake",
    Kind.BAKE_JSON: "bake",
    Kind.POM: "pom",
    Kind.EARTHFILE: "earthfile",
}


def read_pipeline(file: File) -> Pipeline:
    """The jobs of a file, memoised by `file.parse(read_pipeline)`.

    Raises:
        ParseProblem: no reader knows the kind, or the file is not what its kind says.
    """
    module = READERS.get(file.kind)
    if module is None:
        raise ParseProblem(f"nothing reads {file.kind} as a pipeline")
    pipeline: Pipeline = import_module(f"armready.pipelines.{module}").read(file)
    return pipeline
