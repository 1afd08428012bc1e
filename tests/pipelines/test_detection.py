"""Which builds of every CI system are findings, and which are left alone."""

import pytest

from armready.config import Settings
from armready.finding import Severity
from armready.pipeline import Filters, report
from armready.testing import analyse_files

from .test_fixes import PATHS, repository

SETTINGS = Settings(min_severity=Severity.INFO, pedantic=True)


def found(system: str, text: str) -> list[tuple[str, int, Severity]]:
    _, registry, analysis = analyse_files(repository(PATHS[system], text), SETTINGS)
    assert not [each for result in analysis.results.values() for each in result.problems]
    shown = report(analysis, registry, Filters()).findings
    return [(each.code, each.location.region.line, each.severity) for each in shown if each.code in ("CI101", "CI102")]


ERROR, WARNING = Severity.ERROR, Severity.WARNING

FLAGGED = {
    "circleci orb": (
        "circleci",
        "version: 2.1\norbs:\n  docker: circleci/docker@2.5.0\nworkflows:\n  main:\n    jobs:\n      - docker/publish:\n          image: example/app\n",
        [("CI101", 7, ERROR)],
    ),
    "circleci orb in steps": (
        "circleci",
        "version: 2.1\norbs:\n  docker: circleci/docker@2.5.0\njobs:\n  image:\n    executor: docker/docker\n    steps:\n      - setup_remote_docker\n"
        "      - docker/build:\n          image: example/app\n          tag: 1.0\n      - docker/push:\n          image: example/app\n          tag: 1.0\n",
        [("CI101", 9, WARNING)],
    ),
    "circleci parameter of one value": (
        "circleci",
        "version: 2.1\njobs:\n  image:\n    parameters:\n      platform: {type: string, default: linux/amd64}\n    machine: {image: 'ubuntu-2204:current'}\n    steps:\n"
        "      - run: docker buildx build --platform << parameters.platform >> --push -t example/app .\nworkflows:\n  main:\n    jobs: [image]\n",
        [("CI102", 8, ERROR)],
    ),
    "azure task of an old version": (
        "azure",
        "pool: {vmImage: ubuntu-latest}\nsteps:\n- task: Docker@1\n  inputs:\n    command: Build an image\n    imageName: example/app:1\n"
        "- task: Docker@1\n  inputs:\n    command: Push an image\n    imageName: example/app:1\n",
        [("CI101", 3, ERROR)],
    ),
    "azure pattern of Dockerfiles": (
        "azure",
        "steps:\n- task: Docker@2\n  inputs:\n    repository: app\n    containerRegistry: conn\n    Dockerfile: '**/Dockerfile'\n",
        [("CI101", 2, WARNING)],
    ),
    "azure deployment": (
        "azure",
        "jobs:\n- deployment: image\n  pool: {vmImage: ubuntu-22.04}\n  environment: prod\n  strategy:\n    runOnce:\n      deploy:\n        steps:\n"
        "        - bash: |\n            docker build -t a.azurecr.io/app:1 .\n            docker push a.azurecr.io/app:1\n",
        [("CI101", 10, ERROR)],
    ),
    "bitbucket pipe": (
        "bitbucket",
        "pipelines:\n  default:\n    - step:\n        services: [docker]\n        script:\n          - docker build -t app:$BITBUCKET_COMMIT .\n"
        "          - pipe: atlassian/aws-ecr-push-image:2.4.2\n            variables:\n              IMAGE_NAME: app\n              TAGS: $BITBUCKET_COMMIT latest\n",
        [("CI101", 6, ERROR)],
    ),
    "buildkite compose plugin": (
        "buildkite",
        "steps:\n  - label: image\n    plugins:\n      - docker-compose#v5.5.0:\n          build: app\n          push: app:example.com/app:1\n",
        [("CI101", 5, WARNING)],
    ),
    "cloudbuild kaniko": (
        "cloudbuild",
        "steps:\n- name: gcr.io/kaniko-project/executor:latest\n  args:\n  - --destination=gcr.io/$PROJECT_ID/app\n  - --cache=true\n",
        [("CI101", 4, ERROR)],
    ),
    "codebuild with a machine of amd64": (
        "codebuild",
        "version: 0.2\nbatch:\n  build-list:\n    - identifier: a\n      env: {type: LINUX_CONTAINER}\nphases:\n  build:\n    commands:\n"
        "      - docker build -t example.com/a:1 . && docker push example.com/a:1\n",
        [("CI101", 9, ERROR)],
    ),
    "concourse resource that builds": (
        "concourse",
        "resources:\n- name: app\n  type: docker-image\n  source: {repository: example/app}\njobs:\n- name: image\n  plan:\n  - get: src\n"
        "  - put: app\n    params: {build: src}\n",
        [("CI101", 9, WARNING)],
    ),
    "drone ecr": (
        "drone",
        "kind: pipeline\nname: default\nsteps:\n- name: image\n  image: plugins/ecr\n  settings:\n    repo: 1.dkr.ecr.eu-west-1.amazonaws.com/app\n",
        [("CI101", 5, ERROR)],
    ),
    "woodpecker amd64 by name": (
        "woodpecker",
        "steps:\n  - name: image\n    image: woodpeckerci/plugin-docker-buildx\n    settings:\n      repo: example/app\n      platforms: linux/amd64\n",
        [("CI102", 6, ERROR)],
    ),
    "jenkins without parentheses": (
        "jenkins",
        "node {\n  def registry = \"example/app\"\n  image = docker.build registry + \":1.0.$BUILD_NUMBER\"\n  docker.withRegistry('', 'hub') {\n    image.push()\n  }\n}\n",
        [("CI101", 3, WARNING)],
    ),
    "jenkins image by name": (
        "jenkins",
        "node('linux') {\n  docker.build('example/app:1')\n  docker.image('example/app:1').push()\n}\n",
        [("CI101", 2, WARNING)],
    ),
    "jenkins named script": (
        "jenkins",
        "node {\n  sh label: 'image', script: 'docker build -t example/app . && docker push example/app'\n}\n",
        [("CI101", 2, WARNING)],
    ),
    "tekton task of the catalog": (
        "argo",
        "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\nspec:\n  tasks:\n    - name: image\n      taskRef: {name: kaniko}\n"
        "      params:\n        - name: IMAGE\n          value: example.com/app:1\n",
        [("CI101", 7, WARNING)],
    ),
    "tekton steps": (
        "argo",
        "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec:\n  params:\n    - {name: image, default: example.com/app}\n  steps:\n    - name: image\n"
        "      image: docker:27\n      script: |\n        docker build -t $(params.image) .\n        docker push $(params.image)\n",
        [("CI101", 11, WARNING)],
    ),
}

SILENT = {
    "circleci test only": (
        "circleci",
        "version: 2.1\njobs:\n  t:\n    machine: true\n    steps:\n      - run: docker build -t app .\n      - run: docker run app\n",
    ),
    "circleci unused job": (
        "circleci",
        "version: 2.1\njobs:\n  a:\n    machine: true\n    steps: [{run: docker build -t a/b . && docker push a/b}]\n  b:\n    machine: true\n    steps: [checkout]\n"
        "workflows:\n  main:\n    jobs: [b]\n",
    ),
    "circleci arm machine": (
        "circleci",
        "version: 2.1\njobs:\n  a:\n    machine: {image: 'ubuntu-2204:current'}\n    resource_class: arm.medium\n    steps:\n      - run: docker build -t a/b . && docker push a/b\n",
    ),
    "circleci matrix of architectures": (
        "circleci",
        "version: 2.1\njobs:\n  a:\n    parameters: {size: {type: string}, arch: {type: string}}\n    machine: {image: 'ubuntu-2204:current'}\n"
        "    resource_class: << parameters.size >>\n    steps:\n      - run: docker build -t a/b:<< parameters.arch >> . && docker push a/b:<< parameters.arch >>\n"
        "workflows:\n  main:\n    jobs:\n      - a:\n          matrix: {parameters: {arch: [amd64, arm64], size: [medium, arm.medium]}}\n",
    ),
    "circleci windows": (
        "circleci",
        "version: 2.1\norbs: {win: circleci/windows@5.0}\njobs:\n  a:\n    executor: win/default\n    steps:\n      - run: docker build -t a/b . ; docker push a/b\n",
    ),
    "circleci orb with platforms": (
        "circleci",
        "version: 2.1\norbs:\n  aws-ecr: circleci/aws-ecr@9.0\nworkflows:\n  main:\n    jobs:\n      - aws-ecr/build_and_push_image:\n          repo: app\n          platform: linux/amd64,linux/arm64\n",
    ),
    "azure build only": ("azure", "steps:\n- task: Docker@2\n  inputs:\n    command: build\n    repository: app\n"),
    "azure windows": (
        "azure",
        "pool: {vmImage: windows-2022}\nsteps:\n- task: Docker@2\n  inputs: {command: buildAndPush, repository: app}\n",
    ),
    "azure disabled step": ("azure", "steps:\n- task: Docker@2\n  enabled: false\n  inputs: {command: buildAndPush, repository: app}\n"),
    "azure matrix": (
        "azure",
        "jobs:\n- job: a\n  strategy:\n    matrix:\n      amd: {arch: amd64, image: ubuntu-latest}\n      arm: {arch: arm64, image: arm}\n  pool: {vmImage: $(image)}\n"
        "  steps:\n  - script: docker build -t a/b:1 . && docker push a/b:1\n",
    ),
    "bitbucket arm runner": (
        "bitbucket",
        "pipelines:\n  default:\n    - step:\n        runs-on: [self.hosted, linux.arm64]\n        script:\n          - docker build -t a/b . && docker push a/b\n",
    ),
    "buildkite two queues": (
        "buildkite",
        "steps:\n  - label: image amd64\n    command: docker build -t a/b:1 . && docker push a/b:1\n  - label: image arm64\n    command: docker build -t a/b:1 . && docker push a/b:1\n",
    ),
    "buildkite windows": ("buildkite", "steps:\n  - command: docker build -t a/b . && docker push a/b\n    agents: {queue: windows}\n"),
    "cloudbuild without images": ("cloudbuild", "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, -t, app, .]\n"),
    "cloudbuild several platforms": (
        "cloudbuild",
        "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [run, --privileged, --rm, tonistiigi/binfmt, --install, all]\n- name: gcr.io/cloud-builders/docker\n"
        "  args: [buildx, create, --use]\n- name: gcr.io/cloud-builders/docker\n  args: [buildx, build, --platform, 'linux/amd64,linux/arm64', --push, -t, gcr.io/p/a, .]\n",
    ),
    "codebuild by argument": (
        "codebuild",
        "version: 0.2\nphases:\n  build:\n    commands:\n      - docker build -t $REPO:$TAG --build-arg ARCH=$IMAGE_ARCH/ .\n      - docker push $REPO:$TAG\n",
    ),
    "codebuild both machines": (
        "codebuild",
        "version: 0.2\nbatch:\n  build-list:\n    - {identifier: a, env: {type: LINUX_CONTAINER}}\n    - {identifier: b, env: {type: ARM_CONTAINER}}\nphases:\n  build:\n    commands:\n"
        "      - docker build -t $REPO:$TAG .\n      - docker push $REPO:$TAG\n",
    ),
    "concourse image of a test": (
        "concourse",
        "jobs:\n- name: t\n  plan:\n  - get: src\n  - task: build\n    config:\n      platform: linux\n      image_resource: {type: registry-image, source: {repository: concourse/oci-build-task}}\n"
        "      outputs: [{name: image}]\n      run: {path: build}\n",
    ),
    "drone one pipeline for each": (
        "drone",
        "kind: pipeline\nname: amd\nplatform: {os: linux, arch: amd64}\nsteps:\n- {name: i, image: plugins/docker, settings: {repo: a/b}}\n---\n"
        "kind: pipeline\nname: arm\nplatform: {os: linux, arch: arm64}\nsteps:\n- {name: i, image: plugins/docker, settings: {repo: a/b}}\n",
    ),
    "drone windows": (
        "drone",
        "kind: pipeline\nname: w\nplatform: {os: windows}\nsteps:\n- {name: i, image: plugins/docker, settings: {repo: a/b}}\n",
    ),
    "drone dry run": (
        "drone",
        "kind: pipeline\nname: d\nsteps:\n- {name: i, image: plugins/docker, settings: {repo: a/b, dry_run: true}}\n",
    ),
    "travis architectures": (
        "travis",
        "services: docker\narch: [amd64, arm64]\nscript:\n  - docker build -t a/b:$TRAVIS_CPU_ARCH .\n  - docker push a/b:$TRAVIS_CPU_ARCH\n",
    ),
    "travis macOS": ("travis", "os: osx\nscript: docker build -t a/b . && docker push a/b\n"),
    "woodpecker several platforms": (
        "woodpecker",
        "steps:\n  image:\n    image: woodpeckerci/plugin-docker-buildx\n    settings: {repo: a/b, platforms: [linux/amd64, linux/arm64]}\n",
    ),
    "jenkins windows": ("jenkins", "node {\n  bat 'npm test'\n  docker.build('a/b').push()\n}\n"),
    "jenkins tool image": ("jenkins", "pipeline {\n  agent { dockerfile true }\n  stages { stage('t') { steps { sh 'make' } } }\n}\n"),
    "jenkins only built": ("jenkins", "node {\n  def i = docker.build('a/b')\n  i.inside { sh 'make test' }\n}\n"),
    "jenkins comment": (
        "jenkins",
        "node {\n  // sh 'docker build -t a/b . && docker push a/b'\n  /* docker.build('a/b').push() */\n  echo 'docker push a/b'\n}\n",
    ),
    "jenkins a stage for each architecture": (
        "jenkins",
        "pipeline {\n  agent none\n  stages { stage('i') { parallel {\n    stage('build amd64') {\n      agent { label 'amd64' }\n      steps { sh 'docker build -t a/b:1 . && docker push a/b:1' }\n    }\n"
        "    stage('build arm64') {\n      agent { label 'arm64' }\n      steps { sh 'docker build -t a/b:1 . && docker push a/b:1' }\n    }\n  } } }\n}\n",
    ),
    "argo comment": (
        "argo",
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n    # docker build -t a/b . && docker push a/b\n    - name: x\n      container: {image: docker, command: [docker, info]}\n",
    ),
}


@pytest.mark.parametrize(("system", "text", "expected"), FLAGGED.values(), ids=FLAGGED)
def test_a_single_platform_push_is_found(system, text, expected):
    assert found(system, text) == expected


@pytest.mark.parametrize(("system", "text"), SILENT.values(), ids=SILENT)
def test_other_builds_are_left_alone(system, text):
    assert found(system, text) == []
