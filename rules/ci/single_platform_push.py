"""An image is built for one platform and pushed.

## What it finds

Builds without an architecture whose result reaches a registry: `docker build` followed through `docker tag` to `docker
push`, `docker buildx build --push`, build-and-push actions, tasks and plugins, podman, buildah, kaniko and others, in
scripts, Makefiles and the files of CI systems. The services and targets of Compose and Bake count when a command elsewhere
pushes them; so do the images of GoReleaser, Jib, ko, Skaffold, pack, Spring Boot and Earthly. Builds for tests, parts of an
image that is merged later, images that hold files and no program, images that name their architecture, Windows images and
pushes to a test registry are left alone. Infos are images for services with x86-64 machines alone (Cloud Run, Azure Container Apps), and what
pull requests or people by hand push while another build of the repository pushes it for arm64.

## Why it stops arm64

The build makes an image for the architecture of its runner, which is amd64 unless somebody chose otherwise. A node
with arm64 that pulls it gets `exec format error`, or no image at all.

## What to do

Build all platforms with one `docker buildx build --platform linux/amd64,linux/arm64 --push`, which names every tag
that was pushed. The job needs an emulator for what its Dockerfile runs on arm64, and a builder that can hold several
platforms. Where the Dockerfile compiles, `FROM --platform=$BUILDPLATFORM` or native runners save most of the time.

## Fix safety

Safe where the same tags are pushed from the same Dockerfile and context, at the same place and under the same condition,
on a machine that is known, with base images that are known to exist for arm64. Tests or a login between build and push,
machines of one's own, unknown base images and a privileged container for the emulator make it unsafe. While the Dockerfile itself stops arm64, the fix is only
shown. The tag names an index afterwards, and the build takes longer.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.builds.facts import ImageBuild
from armready.core.finding import Finding, Severity
from armready.core.fix import Applicability
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.core.source import Location
from armready.multiplatform.reporting import describes_platforms, image_of, machine, pushed_builds, report
from armready.multiplatform.skaffold import lacking

from . import KINDS

_DOCKERFILE = {"Dockerfile": "FROM alpine:3.20\nCOPY run.sh /run.sh\n"}
_UNKNOWN_BASE = {"Dockerfile": "FROM reg.example/base:1\nCOPY run.sh /run.sh\n"}
_BOTH_RUNNERS = """\
image-amd64:
  tags: [docker-amd64]
  script: ["IMG=example/app:1-amd64 make push"]
image-arm64:
  tags: [docker-arm64]
  script: ["IMG=example/app:1-arm64 make push"]
join:
  needs: [image-amd64, image-arm64]
  script: ["docker buildx imagetools create -t example/app:1 example/app:1-amd64 example/app:1-arm64"]
"""
_PUSHES_COMPOSE = """\
on: push
jobs:
  release:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/setup-qemu-action@v3
      - uses: docker/setup-buildx-action@v3
      - run: docker compose build --push
"""


class SinglePlatformPush(ProjectRule):
    code = "CI101"
    name = "single-platform-push"
    summary = "An image is built for one platform and pushed"
    severity = Severity.ERROR
    reads = (ImageBuild,)
    kinds = KINDS
    examples = (
        Example(
            "GitLab with dind, two tags",
            path=".gitlab-ci.yml",
            files=_DOCKERFILE,
            bad="""
                build:
                  image: docker:27
                  services: [docker:27-dind]
                  before_script:
                    - echo "$CI_REGISTRY_PASSWORD" | docker login -u "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY"
                  script:
                    # by commit, and the newest
                    - «docker build -t "$IMAGE:$SHA" .»
                    - docker tag "$IMAGE:$SHA" "$IMAGE:latest"
                    - docker push "$IMAGE:$SHA"
                    - docker push "$IMAGE:latest"
                """,
            fixed="""
                build:
                  image: docker:27
                  services: [docker:27-dind]
                  before_script:
                    - echo "$CI_REGISTRY_PASSWORD" | docker login -u "$CI_REGISTRY_USER" --password-stdin "$CI_REGISTRY"
                  script:
                    - docker run --privileged --rm tonistiigi/binfmt:qemu-v9.2.2 --install arm64
                    - docker context create armready-tls
                    - docker buildx create --name armready --driver docker-container --use armready-tls
                    # by commit, and the newest
                    - docker buildx build --platform linux/amd64,linux/arm64 --provenance=false --push -t "$IMAGE:$SHA" -t "$IMAGE:latest" .
                """,
            severity=Severity.ERROR,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "GitHub, an action",
            path=".github/workflows/image.yml",
            files=_DOCKERFILE,
            bad="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: actions/checkout@v4
                      - uses: «docker/build-push-action@v6»
                        with:
                          context: .
                          push: true
                          tags: ghcr.io/example/app:latest
                """,
            fixed="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: actions/checkout@v4
                      - uses: docker/setup-qemu-action@v3
                      - uses: docker/setup-buildx-action@v3
                      - uses: docker/build-push-action@v6
                        with:
                          context: .
                          platforms: linux/amd64,linux/arm64
                          push: true
                          tags: ghcr.io/example/app:latest
                """,
            severity=Severity.ERROR,
        ),
        Example(
            "the manifests of an operator",
            path="Makefile",
            files={"bundle.Dockerfile": "FROM scratch\nLABEL com.example.mediatype=registry+v1\nCOPY bundle/manifests /manifests/\n"},
            good="bundle-push:\n\tdocker build -f bundle.Dockerfile -t example/bundle:1 .\n\tdocker push example/bundle:1\n",
        ),
        Example(
            "a program that was compiled before",
            path="Makefile",
            files={"Dockerfile": "FROM scratch\nCOPY bin/tool /tool\n"},
            bad="push:\n\t«docker build -t example/tool:1 .»\n\tdocker push example/tool:1\n",
        ),
        Example(
            "GitHub, an operating system and no architecture",
            path=".github/workflows/image.yml",
            files=_DOCKERFILE,
            bad="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: docker/setup-qemu-action@v3
                      - uses: docker/setup-buildx-action@v3
                      - uses: «docker/build-push-action@v6»
                        with:
                          platforms: linux
                          push: true
                          tags: ghcr.io/example/app:latest
                """,
            fixed="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: docker/setup-qemu-action@v3
                      - uses: docker/setup-buildx-action@v3
                      - uses: docker/build-push-action@v6
                        with:
                          platforms: linux/amd64,linux/arm64
                          push: true
                          tags: ghcr.io/example/app:latest
                """,
        ),
        Example(
            "GitHub, the caller of the workflow says whether it pushes",
            path=".github/workflows/image.yml",
            files=_DOCKERFILE,
            bad="""
                on:
                  workflow_call:
                    inputs:
                      push: {type: boolean, default: false}
                jobs:
                  image:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: «docker/build-push-action@v6»
                        with:
                          push: ${{ inputs.push }}
                          tags: ghcr.io/example/app:latest
                """,
        ),
        Example(
            "Bake in a folder of its own",
            path="images/docker-bake.hcl",
            files={
                "images/Dockerfile": "FROM alpine:3.20\nCOPY run.sh /run.sh\n",
                ".github/workflows/image.yml": """\
on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/setup-buildx-action@v3
      - uses: docker/bake-action@v4
        with:
          workdir: images
          targets: app
          push: true
""",
            },
            bad="""
                «target "app"» {
                  tags = ["ghcr.io/example/app:latest"]
                }
                """,
        ),
        Example(
            "GitHub, commands",
            path=".github/workflows/image.yml",
            files=_DOCKERFILE,
            bad="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-24.04
                    steps:
                      - name: Check out
                        uses: actions/checkout@v4
                      - name: Build and push
                        run: |
                          «docker build . \\
                            --tag example/app:$GITHUB_SHA»
                          docker push example/app:$GITHUB_SHA
                """,
            fixed="""
                on: push
                jobs:
                  image:
                    runs-on: ubuntu-24.04
                    steps:
                      - name: Check out
                        uses: actions/checkout@v4
                      - name: Set up QEMU
                        uses: docker/setup-qemu-action@v4
                      - name: Set up Docker Buildx
                        uses: docker/setup-buildx-action@v4
                      - name: Build and push
                        run: |
                          docker buildx build --platform linux/amd64,linux/arm64 --provenance=false --push . \\
                            --tag example/app:$GITHUB_SHA
                """,
        ),
        Example(
            "a test between build and push",
            path=".gitlab-ci.yml",
            files=_DOCKERFILE,
            bad="""
                build:
                  image: docker:27
                  services:
                    - name: docker:27-dind
                      alias: docker
                  variables:
                    DOCKER_TLS_CERTDIR: ""
                  script:
                    - «docker build -t $IMAGE .»
                    - docker run --rm $IMAGE /run.sh --check
                    - docker push $IMAGE
                """,
            fixed="""
                build:
                  image: docker:27
                  services:
                    - name: docker:27-dind
                      alias: docker
                  variables:
                    DOCKER_TLS_CERTDIR: ""
                  script:
                    - docker run --privileged --rm tonistiigi/binfmt:qemu-v9.2.2 --install arm64
                    - docker buildx create --name armready --driver docker-container --use
                    - docker buildx build --load -t $IMAGE .
                    - docker run --rm $IMAGE /run.sh --check
                    - docker buildx build --platform linux/amd64,linux/arm64 --provenance=false --push -t $IMAGE .
                """,
            applicability=Applicability.UNSAFE,
        ),
        Example(
            "a base image that is not known",
            path="build.sh",
            files=_UNKNOWN_BASE,
            bad="""
                #!/bin/sh
                «docker build -t reg.example/app:1 .»
                docker push reg.example/app:1
                """,
            fixed="""
                #!/bin/sh
                docker buildx inspect armready >/dev/null 2>&1 || docker buildx create --name armready --driver docker-container
                docker buildx build --builder armready --platform linux/amd64,linux/arm64 --provenance=false --push -t reg.example/app:1 .
                """,
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "the Dockerfile comes first",
            path=".gitlab-ci.yml",
            files={"Dockerfile": "FROM --platform=linux/amd64 alpine:3.20\nCOPY run.sh /run.sh\n"},
            bad="""
                build:
                  image: docker:27
                  services:
                    - docker:27-dind
                  script:
                    - «docker build -t $IMAGE .»
                    - docker push $IMAGE
                """,
            fixed="""
                build:
                  image: docker:27
                  services:
                    - docker:27-dind
                  script:
                    - docker run --privileged --rm tonistiigi/binfmt:qemu-v9.2.2 --install arm64
                    - docker context create armready-tls
                    - docker buildx create --name armready --driver docker-container --use armready-tls
                    - docker buildx build --platform linux/amd64,linux/arm64 --provenance=false --push -t $IMAGE .
                """,
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "Make targets for people",
            path="Makefile",
            files=_DOCKERFILE,
            bad="image:\n\t«docker build -t ${IMG} .»\n\npush:\n\tdocker push ${IMG}\n",
            fixed=(
                "image:\n\tdocker build -t ${IMG} .\n\n.PHONY: image-buildx\nimage-buildx: ## Build and push the image for all platforms.\n"
                "\tdocker buildx build --platform linux/amd64,linux/arm64 --provenance=false --push -t ${IMG} .\n"
                "\npush:\n\tdocker push ${IMG}\n"
            ),
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "a Make target that copies what another one compiles: shown only",
            path="Makefile",
            files={"Dockerfile": "FROM scratch\nCOPY app /app\n"},
            bad="app:\n\tgo build ./app.go\n\nimage: app\n\t«docker build -t ${IMG} .»\n\npush:\n\tdocker push ${IMG}\n",
            fixed=(
                "app:\n\tgo build ./app.go\n\nimage: app\n\tdocker build -t ${IMG} .\n\n"
                ".PHONY: image-buildx\nimage-buildx: app ## Build and push the image for all platforms.\n"
                "\tdocker buildx build --platform linux/amd64,linux/arm64 --provenance=false --push -t ${IMG} .\n"
                "\npush:\n\tdocker push ${IMG}\n"
            ),
            applicability=Applicability.DISPLAY,
        ),
        Example(
            "a service that CI pushes",
            path="compose.yaml",
            files={**_DOCKERFILE, ".github/workflows/release.yml": _PUSHES_COMPOSE},
            bad="services:\n  web:\n    «build»: .\n    image: example/web:1\n",
            fixed=(
                "services:\n  web:\n    build:\n      context: .\n      platforms: [linux/amd64, linux/arm64]\n    image: example/web:1\n"
            ),
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "a target that a script pushes",
            path="docker-bake.hcl",
            files={**_DOCKERFILE, "release.sh": "docker buildx bake --push app\n"},
            bad='«target "app"» {\n  tags = ["example/app:1"]\n}\n',
            fixed='target "app" {\n  tags = ["example/app:1"]\n  platforms = ["linux/amd64", "linux/arm64"]\n}\n',
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "a configuration of skaffold that a script builds and pushes",
            path="skaffold.yaml",
            files={**_DOCKERFILE, "release.sh": "skaffold build --default-repo=reg.example/shop\n"},
            bad="build:\n  «artifacts»:\n    - image: front\n    - image: back\n      context: back\n",
            fixed="build:\n  platforms: [linux/amd64, linux/arm64]\n  artifacts:\n    - image: front\n    - image: back\n      context: back\n",
            applicability=Applicability.UNSAFE,
            severity=Severity.WARNING,
        ),
        Example(
            "a configuration of skaffold that another one requires",
            path="skaffold.yaml",
            files={
                "release.sh": "skaffold build --default-repo=reg.example/shop\n",
                "api/skaffold.yaml": "build:\n  «artifacts»: [{image: api}]\n",
            },
            bad="requires:\n  - path: api\n  - path: web/skaffold.yaml\n",
        ),
        Example(
            "a configuration of skaffold that nothing pushes",
            path="skaffold.yaml",
            good="build:\n  artifacts: [{image: front}]\n",
            files={"release.sh": "skaffold dev --default-repo=reg.example/shop\n"},
            breaks=("skaffold dev", "skaffold build"),
        ),
        Example(
            "the artifacts name their platforms",
            path="skaffold.yaml",
            good="build:\n  artifacts:\n    - image: front\n      platforms: [linux/amd64, linux/arm64]\n",
            files={"release.sh": "skaffold build --default-repo=reg.example/shop\n"},
            breaks=("      platforms: [linux/amd64, linux/arm64]\n", ""),
        ),
        Example(
            "pushed in a loop: no fix",
            path="build.sh",
            bad="«docker build -t a/b:1 .»\nfor tag in 1 2 latest; do\n  docker tag a/b:1 a/b:$tag\n  docker push a/b:$tag\ndone\n",
        ),
        Example("podman", path="build.sh", bad="«podman build -t quay.io/a/b:1 .»\npodman push quay.io/a/b:1\n", severity=Severity.WARNING),
        Example(
            "a registry of a test",
            path="test.sh",
            good="docker build -t localhost:5000/app .\ndocker push localhost:5000/app\n",
            breaks=(
                "docker build -t localhost:5000/app .\ndocker push localhost:5000/app",
                "docker build -t example/app .\ndocker push example/app",
            ),
        ),
        Example(
            "a Make target that runners of both architectures call",
            path="Makefile",
            files={**_DOCKERFILE, ".gitlab-ci.yml": _BOTH_RUNNERS},
            good="IMG ?= example/app:1\npush:\n\tdocker build -t $(IMG) .\n\tdocker push $(IMG)\n",
            breaks=("tags: [docker-arm64]", "tags: [docker-amd64]"),
        ),
        Example(
            "one of several",
            path="build.sh",
            good='docker build -t "a/b:$ARCH" .\ndocker push "a/b:$ARCH"\n',
            breaks=('"a/b:$ARCH" .\ndocker push "a/b:$ARCH"', '"a/b:1" .\ndocker push "a/b:1"'),
        ),
        Example("text", path="help.sh", good='echo "docker build -t a/b . && docker push a/b"\n', breaks=('echo "', "")),
        Example(
            "merged",
            path="build.sh",
            good="docker build -t a/b:x .\ndocker push a/b:x\ndocker manifest create a/b:1 a/b:x a/b:y\ndocker manifest push a/b:1\n",
            breaks=(" manifest create a/b:1 a/b:x a/b:y\ndocker manifest", ""),
        ),
        Example(
            "only built",
            path=".gitlab-ci.yml",
            good="test:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n    - docker build -t app .\n",
            breaks=("-t app .", "-t a/app . && docker push a/app"),
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[Location] = set()
        for build in pushed_builds(project):
            if build.platforms.given or describes_platforms(project, build):
                continue
            described = lacking(project, build)
            for each in [build] if described is None else described:
                if described is None or each.location not in seen:
                    seen.add(each.location)
                    message = f"{image_of(each)} is built for {machine(each)} only and pushed, so arm64 nodes have no image to run"
                    yield report(self, project, each, message)
