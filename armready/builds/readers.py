"""Which module of `armready.systems` reads and edits a kind of file: it is named here and imported when a file of the kind is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from armready.core.classify import Kind
from armready.core.errors import ParseProblem
from armready.core.startup import imported
from armready.knowledge.idioms import generated_mark

if TYPE_CHECKING:
    from armready.builds.editor import Editor
    from armready.builds.model import Pipeline
    from armready.core.file import File

# Characters at the top of a file in which a program says that it wrote it.
_HEAD = 500

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
    Kind.OTHER_PIPELINE: "other_pipeline",
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
    pipeline: Pipeline = imported(f"armready.systems.{module}", "read")(file)
    return replace(pipeline, generated=bool(generated_mark().search(file.text, 0, _HEAD)))


def editor_of(file: File) -> Editor:
    """What edits a file that `read_pipeline` can read, memoised by `file.parse(editor_of)`."""
    editor: Editor = imported(f"armready.systems.{READERS[file.kind]}", "EDITOR")(file)
    return editor
