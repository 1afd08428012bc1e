"""GoReleaser: the counterpart for arm64 and the manifests that join both."""

import pytest

from armready.core.config import Settings
from armready.core.fix import Applicability
from armready.fixing.fixer import fix
from armready.testing import analyse_files

DOCKERFILE = {"Dockerfile": "FROM alpine:3.20\nCOPY app /app\n"}


def fixed(text):
    tree, registry, analysis = analyse_files({".goreleaser.yml": text, **DOCKERFILE}, Settings())
    assert {finding.code for finding in analysis.findings} & {"CI101", "CI102"}
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=bool, today=None)
    return outcome.tree.read(".goreleaser.yml").decode(), outcome.analysis.findings


GOLDEN = {
    "the shortest": (
        """\
builds:
  - binary: app
dockers:
  - image_templates:
      - "example/app:{{ .Version }}"
      - example/app
""",
        """\
builds:
  - binary: app
dockers:
  - image_templates:
      - "example/app:{{ .Version }}-amd64"
      - example/app:latest-amd64
    use: buildx
    build_flag_templates:
      - "--platform=linux/amd64"
      - "--provenance=false"
  - image_templates:
      - "example/app:{{ .Version }}-arm64"
      - example/app:latest-arm64
    use: buildx
    goarch: arm64
    build_flag_templates:
      - "--platform=linux/arm64"
      - "--provenance=false"

docker_manifests:
  - name_template: "example/app:{{ .Version }}"
    image_templates:
      - "example/app:{{ .Version }}-amd64"
      - "example/app:{{ .Version }}-arm64"
  - name_template: "example/app:latest"
    image_templates:
      - "example/app:latest-amd64"
      - "example/app:latest-arm64"
""",
    ),
    "flags, a comment, and more behind": (
        """\
dockers:
- id: app
  # the only one
  dockerfile: Dockerfile
  goos: linux
  goarch: amd64
  skip_push: auto
  image_templates:
  - 'example/app:{{ .Tag }}'
  build_flag_templates:
  - --label=org.opencontainers.image.version={{ .Version }}
  - --build-arg=ARCH=amd64

checksum:
  name_template: checksums.txt
""",
        """\
dockers:
- id: app
  # the only one
  dockerfile: Dockerfile
  goos: linux
  goarch: amd64
  skip_push: auto
  image_templates:
  - 'example/app:{{ .Tag }}-amd64'
  use: buildx
  build_flag_templates:
  - --label=org.opencontainers.image.version={{ .Version }}
  - --build-arg=ARCH=amd64
  - "--platform=linux/amd64"
  - "--provenance=false"
- id: app-arm64
  # the only one
  dockerfile: Dockerfile
  goos: linux
  goarch: arm64
  skip_push: auto
  image_templates:
  - 'example/app:{{ .Tag }}-arm64'
  use: buildx
  build_flag_templates:
  - --label=org.opencontainers.image.version={{ .Version }}
  - --build-arg=ARCH=arm64
  - "--platform=linux/arm64"
  - "--provenance=false"

docker_manifests:
- name_template: 'example/app:{{ .Tag }}'
  skip_push: auto
  image_templates:
  - 'example/app:{{ .Tag }}-amd64'
  - 'example/app:{{ .Tag }}-arm64'

checksum:
  name_template: checksums.txt
""",
    ),
    "two images, buildx already": (
        """\
dockers:
  - image_templates: ["example/app:1"]
    use: buildx
    build_flag_templates: ["--platform=linux/amd64"]
  - image_templates: ["example/tool:1"]
    dockerfile: Dockerfile
""",
        """\
dockers:
  - image_templates: ["example/app:1-amd64"]
    use: buildx
    build_flag_templates: ["--platform=linux/amd64", "--provenance=false"]
  - image_templates: ["example/app:1-arm64"]
    use: buildx
    goarch: arm64
    build_flag_templates: ["--platform=linux/arm64", "--provenance=false"]
  - image_templates: ["example/tool:1-amd64"]
    dockerfile: Dockerfile
    use: buildx
    build_flag_templates:
      - "--platform=linux/amd64"
      - "--provenance=false"
  - image_templates: ["example/tool:1-arm64"]
    dockerfile: Dockerfile
    use: buildx
    goarch: arm64
    build_flag_templates:
      - "--platform=linux/arm64"
      - "--provenance=false"

docker_manifests:
  - name_template: "example/app:1"
    image_templates:
      - "example/app:1-amd64"
      - "example/app:1-arm64"
  - name_template: "example/tool:1"
    image_templates:
      - "example/tool:1-amd64"
      - "example/tool:1-arm64"
""",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_counterpart(name):
    before, after = GOLDEN[name]
    text, findings = fixed(before)
    assert text == after
    assert not findings


def test_crlf_is_kept():
    before, after = GOLDEN["the shortest"]
    text, _ = fixed(before.replace("\n", "\r\n"))
    assert text == after.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "builds:\n  - goos: [linux]\n    ignore:\n      - goos: linux\n        goarch: arm64\ndockers:\n  - image_templates: [a/b:1]\n",
        "dockers: [{image_templates: [a/b:1]}]\n",
        "dockers:\n  - image_templates: [a/b:1]\n    goamd64: v1\n",
        "dockers:\n  - image_templates: [a/b:1]\n    build_flag_templates: [--build-arg=ARCH=x86_64]\n",
        "dockers:\n  - image_templates: [a/b:1]\ndocker_manifests: [{name_template: a/c, image_templates: [a/d]}]\n",
    ],
)
def test_no_fix(text):
    assert fixed(text)[0] == text


@pytest.mark.parametrize(
    "step",
    ["uses: goreleaser/goreleaser-action@v6\n        with:\n          args: release --clean", "run: goreleaser release --clean"],
)
def test_the_job_that_releases_gets_emulator_and_builder(step):
    workflow = f"on: push\njobs:\n  release:\n    runs-on: ubuntu-latest\n    steps:\n      - {step}\n"
    files = {".goreleaser.yml": GOLDEN["the shortest"][0], ".github/workflows/release.yml": workflow, **DOCKERFILE}
    tree, registry, analysis = analyse_files(files, Settings())
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=bool, today=None)
    text = outcome.tree.read(".github/workflows/release.yml").decode()
    assert "docker/setup-qemu-action" in text
    assert "docker/setup-buildx-action" in text
    assert not outcome.analysis.findings
