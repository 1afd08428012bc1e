"""Builds that are right for one platform, each beside the same build without its reason."""

import pytest

from tests.builds.pushed import BUILD_AND_PUSH, findings, github, gitlab

WORKFLOW, GITLAB = ".github/workflows/image.yml", ".gitlab-ci.yml"
ACTION = (
    "on: push\njobs:\n  image:\n    runs-on: ubuntu-latest\n    steps:\n"
    "      - uses: docker/build-push-action@v6\n        with:\n          push: true\n          tags: example/app:1\n"
)
RECIPE = "image:\n\tdocker build --build-arg ARCH={0} -t example/app:1 .\n\tdocker push example/app:1\n"
HANDED_OVER = "image:\n\tdocker {0} -t example/app:1 .\npush: image\n\tdocker push example/app:1\n"
NAMED = gitlab("docker build -t $IMAGE .", "docker push $IMAGE", job="  variables: {IMAGE: 'NAME'}\n")
MERGED = (
    "docker build -t example/app:left .",
    "docker push example/app:left",
    "docker manifest create example/{0}:1 example/{0}:left",
    "docker manifest push example/{0}:1",
)
TWO = (*BUILD_AND_PUSH, "docker buildx build --platform linux/arm64 --push -t {0} .")


@pytest.mark.parametrize(
    ("path", "exempt", "flagged"),
    [
        (WORKFLOW, github(job="    if: false\n"), github(job="    if: github.ref == 'main'\n")),
        (WORKFLOW, github(job="    if: ${{ false }}\n"), github(job="    if: ${{ !false }}\n")),
        (GITLAB, gitlab(job="  rules: [{when: never}]\n"), gitlab(job="  rules: [{if: $X, when: never}]\n")),
        (GITLAB, gitlab(job="  rules: [{when: never}]\n"), gitlab(job="  rules: [{when: never}, {when: on_success}]\n")),
        (GITLAB, gitlab(job="  when: never\n"), gitlab(job="  when: manual\n")),
        (WORKFLOW, github(machine="windows-2022"), github(machine="ubuntu-22.04")),
        (WORKFLOW, github(machine="macos-14"), github(machine="ubuntu-22.04")),
        (WORKFLOW, github(machine="ubuntu-24.04-arm"), github(machine="ubuntu-24.04")),
        (
            WORKFLOW,
            ACTION.replace(
                "push: true\n          tags: example/app:1", "outputs: type=image,name=example/app,push-by-digest=true,push=true"
            ),
            ACTION.replace("push: true\n          tags: example/app:1", "outputs: type=image,name=example/app,push=true"),
        ),
        (
            GITLAB,
            gitlab("docker build -t localhost:5000/app:1 .", "docker push localhost:5000/app:1"),
            gitlab("docker build -t reg.example:5000/app:1 .", "docker push reg.example:5000/app:1"),
        ),
        (
            GITLAB,
            gitlab("docker build -t example/app:buildcache .", "docker push example/app:buildcache"),
            gitlab("docker build -t example/app:buildcache -t example/app:1 .", "docker push example/app:1"),
        ),
        (
            GITLAB,
            gitlab("docker build -t example/app-amd64:1 .", "docker push example/app-amd64:1"),
            gitlab("docker build -t example/app-and64:1 .", "docker push example/app-and64:1"),
        ),
        (
            GITLAB,
            gitlab("docker build -t example/app:1-amd64 .", "docker push example/app:1-amd64"),
            gitlab(
                "docker build -t example/app:1-amd64 -t example/app:1 .", "docker push example/app:1-amd64", "docker push example/app:1"
            ),
        ),
        (
            GITLAB,
            gitlab(
                "docker build -f Dockerfile.amd64 -t example/app:1 .",
                "docker push example/app:1",
                "docker buildx build -f Dockerfile.arm64 --platform linux/arm64 --push -t example/app:1-arm64 .",
            ),
            gitlab("docker build -f Dockerfile.amd64 -t example/app:1 .", "docker push example/app:1"),
        ),
        (
            GITLAB,
            gitlab("docker build -t localhost:5000/app:1 .", "docker push localhost:5000/app:1"),
            gitlab(
                "docker build -t localhost:5000/app:1 -t example/app:1 .", "docker push localhost:5000/app:1", "docker push example/app:1"
            ),
        ),
        (GITLAB, NAMED.replace("NAME", "example/app-amd64:1"), NAMED.replace("NAME", "example/app:1")),
        ("Makefile", HANDED_OVER.format("buildx build"), HANDED_OVER.format("build")),
        ("Makefile", RECIPE.format("$(GOARCH)"), RECIPE.format("$(VERSION)")),
        ("Makefile", RECIPE.format("$*"), RECIPE.format("x")),
        ("Makefile", RECIPE.format("$(GOARCH)"), "GOARCH = amd64\n" + RECIPE.format("$(GOARCH)")),
        ("Makefile", RECIPE.format("$(GOARCH)"), RECIPE.format("$(GOARCH)").replace("--build-arg ARCH", "--build-arg COLOUR")),
        (
            GITLAB,
            gitlab(*(line.format("app") for line in MERGED)),
            gitlab(*(line.format("app") for line in MERGED[:2]), *(line.format("other") for line in MERGED[2:])),
        ),
        (
            GITLAB,
            gitlab(*(line.format("example/app:1") for line in TWO)),
            gitlab(*(line.format("example/app:1-arm64") for line in TWO)),
        ),
        (
            GITLAB,
            gitlab(*(line.format("example/app:1") for line in TWO)),
            gitlab(*(line.format("example/app:1") for line in TWO[:2]), TWO[2].format("example/app:1").replace("--push ", "")),
        ),
        (
            GITLAB,
            gitlab(*(line.format("example/app:1") for line in TWO)),
            gitlab(
                *(line.format("example/app:1").replace("-t example/app:1 .", "-t example/app:1 -t example/app:2 .") for line in TWO[:1]),
                TWO[1],
                "docker push example/app:2",
                TWO[2].format("example/app:1"),
            ),
        ),
    ],
)
def test_an_exemption_falls_with_its_reason(path, exempt, flagged):
    others = {"Dockerfile.amd64": "FROM alpine:3.20\n", "amd64/Dockerfile": "FROM alpine:3.20\nCOPY a /a\n"}
    assert findings({path: exempt, **others}) == []
    assert len(findings({path: flagged, **others})) == 1


@pytest.mark.parametrize(
    ("path", "text", "never"),
    [
        (
            "azure-pipelines.yml",
            "jobs:\n- job: image\n  pool: {{vmImage: ubuntu-latest}}\n{0}  steps:\n  - script: |\n      docker build -t a/b:1 .\n      docker push a/b:1\n",
            ("  condition: false\n", "  condition: Never()\n"),
        ),
        (
            ".buildkite/pipeline.yml",
            "steps:\n  - command: |\n      docker build -t a/b:1 .\n      docker push a/b:1\n{0}",
            ("    skip: true\n", "    skip: not now\n", "    if: 'false'\n"),
        ),
    ],
)
def test_jobs_that_never_run(path, text, never):
    assert len(findings({path: text.format("")})) == 1
    for each in never:
        assert findings({path: text.format(each)}) == []


@pytest.mark.parametrize(
    ("machine", "name", "count"), [("ubuntu-24.04-arm", "app", 0), ("ubuntu-latest", "app", 2), ("ubuntu-24.04-arm", "other", 1)]
)
def test_another_job_makes_the_arm64_image(machine, name, count):
    second = github(machine=machine).replace("example/app", f"example/{name}").partition("jobs:\n")[2].replace("image:", "second:")
    assert len(findings({WORKFLOW: github() + second})) == count
