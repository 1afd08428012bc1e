"""One abstract pipeline and what writes it for each CI system."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pipeline:
    """A job on Linux that runs commands with docker at hand.

    Attributes:
        commands: shell, one a step.
        variables: what the job's environment holds.
        files: of the repository, beside its Dockerfile.
    """

    commands: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def _list(pipeline: Pipeline, indent: int, item: str = "- {}") -> str:
    return "".join(f"{' ' * indent}{item.format(each)}\n" for each in pipeline.commands)


def _variables(pipeline: Pipeline, indent: int, key: str) -> str:
    if not pipeline.variables:
        return ""
    blanks = " " * indent
    return f"{blanks}{key}:\n" + "".join(f"{blanks}  {name}: {value}\n" for name, value in pipeline.variables.items())


def _pairs(pipeline: Pipeline, indent: int, key: str) -> str:
    """A list of `name` and `value`."""
    if not pipeline.variables:
        return ""
    blanks = " " * indent
    return f"{blanks}{key}:\n" + "".join(
        f"{blanks}- name: {name}\n{blanks}  value: {value}\n" for name, value in pipeline.variables.items()
    )


def gitlab(pipeline: Pipeline) -> str:
    head = "build:\n  image: docker:27\n  services:\n    - docker:27-dind\n"
    return head + _variables(pipeline, 2, "variables") + "  script:\n" + _list(pipeline, 4)


def github(pipeline: Pipeline) -> str:
    head = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n"
    return head + _variables(pipeline, 4, "env") + "    steps:\n      - uses: actions/checkout@v4\n" + _list(pipeline, 6, "- run: {}")


def action(pipeline: Pipeline) -> str:
    steps = ""
    for each in pipeline.commands:
        steps += f"    - run: {each}\n      shell: bash\n" + _variables(pipeline, 6, "env")
    return "name: build\ndescription: build\nruns:\n  using: composite\n  steps:\n" + steps


def jenkins(pipeline: Pipeline) -> str:
    values = "".join(f"    {name} = '{value}'\n" for name, value in pipeline.variables.items())
    environment = f"  environment {{\n{values}  }}\n" if values else ""
    steps = "".join(f"        sh '{each}'\n" for each in pipeline.commands)
    return f"pipeline {{\n  agent any\n{environment}  stages {{\n    stage('Build') {{\n      steps {{\n{steps}      }}\n    }}\n  }}\n}}\n"


def circleci(pipeline: Pipeline) -> str:
    head = "version: 2.1\njobs:\n  build:\n    machine:\n      image: ubuntu-2204:current\n"
    steps = "    steps:\n      - checkout\n" + _list(pipeline, 6, "- run: {}")
    return head + _variables(pipeline, 4, "environment") + steps + "workflows:\n  main:\n    jobs:\n      - build\n"


def azure(pipeline: Pipeline) -> str:
    head = "trigger:\n  - main\npool:\n  vmImage: ubuntu-22.04\n"
    return head + _variables(pipeline, 0, "variables") + "steps:\n" + _list(pipeline, 2, "- script: {}")


def bitbucket(pipeline: Pipeline) -> str:
    exports = "".join(f"          - export {name}={value}\n" for name, value in pipeline.variables.items())
    head = "image: atlassian/default-image:4\npipelines:\n  default:\n    - step:\n        services:\n          - docker\n        script:\n"
    return head + exports + _list(pipeline, 10)


def travis(pipeline: Pipeline) -> str:
    values = "".join(f"    - {name}={value}\n" for name, value in pipeline.variables.items())
    return (
        "language: minimal\nservices:\n  - docker\n" + (f"env:\n  global:\n{values}" if values else "") + "script:\n" + _list(pipeline, 2)
    )


def drone(pipeline: Pipeline) -> str:
    head = "kind: pipeline\ntype: docker\nname: default\nsteps:\n  - name: build\n    image: docker:27\n"
    return head + _variables(pipeline, 4, "environment") + "    commands:\n" + _list(pipeline, 6)


def woodpecker(pipeline: Pipeline) -> str:
    head = "steps:\n  - name: build\n    image: docker:27\n"
    return head + _variables(pipeline, 4, "environment") + "    commands:\n" + _list(pipeline, 6)


def cloudbuild(pipeline: Pipeline) -> str:
    values = "".join(f"      - {name}={value}\n" for name, value in pipeline.variables.items())
    steps = ""
    for each in pipeline.commands:
        steps += "  - name: gcr.io/cloud-builders/docker\n" + (f"    env:\n{values}" if values else "")
        steps += f"    script: |\n      {each}\n"
    return "steps:\n" + steps


def codebuild(pipeline: Pipeline) -> str:
    variables = f"env:\n{_variables(pipeline, 2, 'variables')}" if pipeline.variables else ""
    return f"version: 0.2\n{variables}phases:\n  build:\n    commands:\n" + _list(pipeline, 6)


def buildkite(pipeline: Pipeline) -> str:
    return "steps:\n  - label: build\n" + _variables(pipeline, 4, "env") + "    commands:\n" + _list(pipeline, 6)


def tekton(pipeline: Pipeline) -> str:
    head = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata:\n  name: build\nspec:\n  steps:\n    - name: build\n      image: docker:27\n"
    script = "      script: |\n        #!/bin/sh\n" + _list(pipeline, 8, "{}")
    return head + _pairs(pipeline, 6, "env") + script


def argo(pipeline: Pipeline) -> str:
    head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  name: build\nspec:\n  entrypoint: build\n  templates:\n    - name: build\n"
    script = "      script:\n        image: docker:27\n        command: [sh]\n"
    return head + script + _pairs(pipeline, 8, "env") + "        source: |\n" + _list(pipeline, 10, "{}")


def concourse(pipeline: Pipeline) -> str:
    head = "jobs:\n  - name: build\n    plan:\n      - task: build\n        config:\n          platform: linux\n"
    image = "          image_resource:\n            type: registry-image\n            source:\n              repository: docker\n"
    run = "          run:\n            path: sh\n            args:\n              - -c\n              - |\n"
    return head + image + _variables(pipeline, 10, "params") + run + _list(pipeline, 16, "{}")


# The path of the file that a system reads, and what writes it.
WRITERS: dict[str, tuple[str, Callable[[Pipeline], str]]] = {
    "gitlab": (".gitlab-ci.yml", gitlab),
    "github": (".github/workflows/image.yml", github),
    "action": ("build/action.yml", action),
    "jenkins": ("Jenkinsfile", jenkins),
    "circleci": (".circleci/config.yml", circleci),
    "azure": ("azure-pipelines.yml", azure),
    "bitbucket": ("bitbucket-pipelines.yml", bitbucket),
    "travis": (".travis.yml", travis),
    "drone": (".drone.yml", drone),
    "woodpecker": (".woodpecker.yml", woodpecker),
    "cloudbuild": ("cloudbuild.yaml", cloudbuild),
    "codebuild": ("buildspec.yml", codebuild),
    "buildkite": (".buildkite/pipeline.yml", buildkite),
    "tekton": ("ci/task.yaml", tekton),
    "argo": ("ci/workflow.yaml", argo),
    "concourse": ("ci/pipeline.yml", concourse),
}
