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


def _job(pipeline: Pipeline, name: str, body: str) -> str:
    return f"{name}:\n  image: docker:27\n  services:\n    - docker:27-dind\n" + body


def gitlab_extends(pipeline: Pipeline) -> str:
    hidden = ".build:\n  script:\n" + _list(pipeline, 4)
    return hidden + _job(pipeline, "build", "  extends: .build\n" + _variables(pipeline, 2, "variables"))


def gitlab_reference(pipeline: Pipeline) -> str:
    hidden = ".commands:\n  script:\n" + _list(pipeline, 4)
    return hidden + _job(pipeline, "build", _variables(pipeline, 2, "variables") + "  script:\n    - !reference [.commands, script]\n")


def gitlab_anchor(pipeline: Pipeline) -> str:
    hidden = ".commands: &commands\n" + _list(pipeline, 2)
    return hidden + _job(pipeline, "build", _variables(pipeline, 2, "variables") + "  script:\n    - *commands\n")


def gitlab_merge(pipeline: Pipeline) -> str:
    hidden = ".build: &build\n  script:\n" + _list(pipeline, 4)
    return hidden + _job(pipeline, "build", "  <<: *build\n" + _variables(pipeline, 2, "variables"))


def gitlab_global_variables(pipeline: Pipeline) -> str:
    return _variables(pipeline, 0, "variables") + _job(pipeline, "build", "  script:\n" + _list(pipeline, 4))


def gitlab_default(pipeline: Pipeline) -> str:
    head = "default:\n  image: docker:27\n  services:\n    - docker:27-dind\nbuild:\n"
    return head + _variables(pipeline, 2, "variables") + "  script:\n" + _list(pipeline, 4)


def gitlab_before_script(pipeline: Pipeline) -> str:
    first, rest = pipeline.commands[:1], pipeline.commands[1:] or ("true",)
    before = "  before_script:\n" + _list(Pipeline(first), 4)
    return _job(pipeline, "build", _variables(pipeline, 2, "variables") + before + "  script:\n" + _list(Pipeline(rest), 4))


def gitlab_one_of_a_matrix(pipeline: Pipeline) -> str:
    matrix = "  parallel:\n    matrix:\n      - STAGE: [one]\n"
    return _job(pipeline, "build", matrix + _variables(pipeline, 2, "variables") + "  script:\n" + _list(pipeline, 4))


def github_matrix_of_one(pipeline: Pipeline) -> str:
    head = "on: push\njobs:\n  build:\n    runs-on: ${{ matrix.os }}\n    strategy:\n      matrix:\n        os: [ubuntu-latest]\n"
    return head + _variables(pipeline, 4, "env") + "    steps:\n      - uses: actions/checkout@v4\n" + _list(pipeline, 6, "- run: {}")


def github_workflow_variables(pipeline: Pipeline) -> str:
    head = "on: push\n" + _variables(pipeline, 0, "env") + "jobs:\n  build:\n    runs-on: ubuntu-latest\n"
    return head + "    steps:\n      - uses: actions/checkout@v4\n" + _list(pipeline, 6, "- run: {}")


def github_called(pipeline: Pipeline) -> str:
    head = "on:\n  workflow_call:\njobs:\n  build:\n    runs-on: ubuntu-latest\n"
    return head + _variables(pipeline, 4, "env") + "    steps:\n      - uses: actions/checkout@v4\n" + _list(pipeline, 6, "- run: {}")


def github_block(pipeline: Pipeline) -> str:
    head = "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n"
    run = "      - name: Build\n        run: |\n" + _list(pipeline, 10, "{}")
    return head + _variables(pipeline, 4, "env") + "    steps:\n      - uses: actions/checkout@v4\n" + run


def circleci_command(pipeline: Pipeline) -> str:
    command = "version: 2.1\ncommands:\n  image:\n    steps:\n" + _list(pipeline, 6, "- run: {}")
    job = "jobs:\n  build:\n    machine:\n      image: ubuntu-2204:current\n" + _variables(pipeline, 4, "environment")
    return command + job + "    steps:\n      - checkout\n      - image\nworkflows:\n  main:\n    jobs:\n      - build\n"


def azure_stages(pipeline: Pipeline) -> str:
    head = "trigger: [main]\nstages:\n  - stage: build\n    jobs:\n      - job: image\n        pool: {vmImage: ubuntu-22.04}\n"
    return head + _variables(pipeline, 8, "variables") + "        steps:\n" + _list(pipeline, 10, "- bash: {}")


def bitbucket_anchor(pipeline: Pipeline) -> str:
    exports = "".join(f"          - export {name}={value}\n" for name, value in pipeline.variables.items())
    head = "image: atlassian/default-image:4\ndefinitions:\n  steps:\n    - step: &build\n        services: [docker]\n        script:\n"
    return head + exports + _list(pipeline, 10) + "pipelines:\n  branches:\n    main:\n      - step: *build\n"


def jenkins_scripted(pipeline: Pipeline) -> str:
    steps = "".join(f"    sh '{each}'\n" for each in pipeline.commands)
    values = ", ".join(f"'{name}={value}'" for name, value in pipeline.variables.items())
    return f"node {{\n  withEnv([{values}]) {{\n{steps}  }}\n}}\n"


# Other ways to write the same job in one system.
FORMS: dict[str, tuple[str, Callable[[Pipeline], str]]] = {
    "gitlab extends": (".gitlab-ci.yml", gitlab_extends),
    "gitlab !reference": (".gitlab-ci.yml", gitlab_reference),
    "gitlab anchor": (".gitlab-ci.yml", gitlab_anchor),
    "gitlab merge key": (".gitlab-ci.yml", gitlab_merge),
    "gitlab global variables": (".gitlab-ci.yml", gitlab_global_variables),
    "gitlab default": (".gitlab-ci.yml", gitlab_default),
    "gitlab before_script": (".gitlab-ci.yml", gitlab_before_script),
    "gitlab matrix of one": (".gitlab-ci.yml", gitlab_one_of_a_matrix),
    "github matrix of one": (".github/workflows/image.yml", github_matrix_of_one),
    "github variables of the workflow": (".github/workflows/image.yml", github_workflow_variables),
    "github called": (".github/workflows/image.yml", github_called),
    "github block": (".github/workflows/image.yml", github_block),
    "circleci command": (".circleci/config.yml", circleci_command),
    "azure stages": ("azure-pipelines.yml", azure_stages),
    "bitbucket anchor": ("bitbucket-pipelines.yml", bitbucket_anchor),
    "jenkins scripted": ("Jenkinsfile", jenkins_scripted),
}
