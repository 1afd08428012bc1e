"""What the rest of the repository does to the fix of a build: each gate with the case beside it that it lets through."""

import pytest

from armready.core.fix import Applicability
from armready.testing import analyse_files
from tests.builds.pushed import DOCKERFILE, SETTINGS, finding, findings, gitlab

COMPILES = "FROM golang:1.22\nCOPY . .\nRUN go build -o /app .\n"
ELSEWHERE = "FROM --platform=$BUILDPLATFORM golang:1.22 AS build\nARG TARGETARCH\nCOPY . .\nRUN GOARCH=$TARGETARCH go build -o /app .\nFROM alpine:3.20\nCOPY --from=build /app /app\n"


def gated(dockerfile: str, pipeline: str = gitlab(), **files: str) -> tuple[Applicability, str]:
    fix = finding(pipeline, dockerfile, **files).fix
    assert fix is not None
    return fix.applicability, " ".join(fix.notes)


def test_heavy_compiling_under_emulation_makes_a_fix_unsafe():
    applicability, notes = gated(COMPILES)
    assert applicability is Applicability.UNSAFE
    assert "Dockerfile:3 compiles under emulation" in notes
    assert gated(ELSEWHERE)[0] is Applicability.SAFE


def test_what_another_target_compiles_does_not_count():
    two = f"{COMPILES.replace('golang:1.22', 'golang:1.22 AS tools')}FROM alpine:3.20 AS app\nCOPY run.sh /run.sh\n"
    assert gated(two)[0] is Applicability.SAFE
    assert gated(two, gitlab("docker build --target tools -t a/b:1 .", "docker push a/b:1"))[0] is Applicability.UNSAFE


def test_a_builder_with_arm_machines_of_its_own_does_not_emulate():
    workflow = (
        "on: push\njobs:\n  image:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: {0}\n        with: {{push: true, tags: 'example/app:1'}}\n"
    )
    assert "compiles under emulation" in gated(COMPILES, workflow.format("docker/build-push-action@v6"))[1]
    assert "compiles under emulation" not in gated(COMPILES, workflow.format("depot/build-push-action@v1"))[1]


@pytest.mark.parametrize(
    ("dockerfile", "applicability", "says"),
    [
        (DOCKERFILE, Applicability.SAFE, "not tested"),
        ("FROM reg.example/base:1\nCOPY a /a\n", Applicability.UNSAFE, "Whether the base image reg.example/base:1 exists for arm64"),
        ("FROM alpine:3.20\nCOPY --from=reg.example/tool:1 /a /a\nCOPY b /b\n", Applicability.UNSAFE, "reg.example/tool:1"),
        ("FROM --platform=$BUILDPLATFORM reg.example/base:1 AS a\nFROM alpine:3.20\nCOPY --from=a /a /a\n", Applicability.SAFE, ""),
        ("FROM {{ base }}\nCOPY a /a\n", Applicability.UNSAFE, "is a template"),
        ("FROM --platform=linux/amd64 alpine:3.20\nCOPY a /a\n", Applicability.DISPLAY, "Mend DF101 at Dockerfile:1 first"),
    ],
)
def test_base_images(dockerfile, applicability, says):
    path = "Dockerfile.j2" if "{{" in dockerfile else "Dockerfile"
    pipeline = gitlab(f"docker build -f {path} -t example/app:1 .", "docker push example/app:1")
    (found,) = findings({".gitlab-ci.yml": pipeline, path: dockerfile})
    assert found.fix is not None
    assert found.fix.applicability is applicability
    assert says in " ".join(found.fix.notes)


def test_the_worst_finding_of_the_dockerfile_is_named_and_shown():
    found = finding(gitlab(), "FROM debian:12\nRUN apt-get update\nFROM --platform=linux/amd64 alpine:3.20\nCOPY a /a\n")
    assert found.fix is not None
    assert "Mend DF101 at Dockerfile:3 first" in " ".join(found.fix.notes)
    assert [each.location.region.line for each in found.related if "DF101 here comes first" in each.message] == [3]


def test_a_base_that_the_repository_builds_for_amd64_comes_first():
    pipeline = gitlab(
        "docker build -t reg.example/base:1 base", "docker push reg.example/base:1", "docker build -t a/b:1 .", "docker push a/b:1"
    )
    files = {".gitlab-ci.yml": pipeline, "Dockerfile": "FROM reg.example/base:1\nCOPY a /a\n", "base/Dockerfile": DOCKERFILE}
    base, app = findings(files)
    assert base.fix is not None
    assert base.fix.applicability is Applicability.SAFE
    assert app.fix is not None
    assert app.fix.applicability is Applicability.DISPLAY
    assert "reg.example/base:1 is built in .gitlab-ci.yml:6: build and push it for arm64 first" in app.fix.notes
    built = "docker buildx build --platform linux/amd64,linux/arm64 --push -t reg.example/base:1 base"
    (app,) = findings({**files, ".gitlab-ci.yml": gitlab(built, "docker build -t a/b:1 .", "docker push a/b:1")})
    assert app.fix is not None
    assert app.fix.applicability is Applicability.UNSAFE
    assert "is built in" not in " ".join(app.fix.notes)


def test_an_unknown_dockerfile_makes_a_fix_unsafe():
    assert gated(DOCKERFILE, gitlab('docker build -f "$FILE" -t a/b:1 .', "docker push a/b:1"))[0] is Applicability.UNSAFE
    applicability, notes = gated(DOCKERFILE, gitlab("docker build -f gone -t a/b:1 .", "docker push a/b:1"))
    assert applicability is Applicability.UNSAFE
    assert "gone is not in the repository" in notes


@pytest.mark.parametrize(
    ("copied", "applicability"),
    [
        ("bin/app", Applicability.DISPLAY),
        ("./bin/app", Applicability.DISPLAY),
        ("bin/", Applicability.DISPLAY),
        ("app", Applicability.DISPLAY),
        ("other", Applicability.SAFE),
        ("bin/app2", Applicability.SAFE),
        (".", Applicability.SAFE),
    ],
)
def test_what_the_job_compiles_for_itself_is_copied(copied, applicability):
    pipeline = gitlab("go build -o bin/app .", "docker build -t a/b:1 .", "docker push a/b:1")
    got, notes = gated(f"FROM alpine:3.20\nCOPY {copied} /x\n", pipeline)
    assert got is applicability
    assert ("is compiled by the job for one architecture" in notes) is (applicability is Applicability.DISPLAY)


@pytest.mark.parametrize(
    ("command", "applicability"),
    [
        ("GOARCH=amd64 go build -o bin/app .", Applicability.DISPLAY),
        ("CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o bin/app .", Applicability.DISPLAY),
        ("GOARCH=$ARCH go build -o bin/app .", Applicability.SAFE),
        ("GOARCH=arm64 go build -o bin/app .", Applicability.SAFE),
    ],
)
def test_what_the_job_compiles_for_amd64_is_copied(command, applicability):
    pipeline = gitlab(command, "docker build -t a/b:1 .", "docker push a/b:1")
    assert gated("FROM alpine:3.20\nCOPY bin/app /x\n", pipeline)[0] is applicability


def test_a_file_that_a_program_writes_is_not_changed():
    applicability, notes = gated(DOCKERFILE, f"# Code generated by ytt. DO NOT EDIT.\n{gitlab()}")
    assert applicability is Applicability.DISPLAY
    assert "A program writes this file" in notes


def test_the_mark_of_a_program_counts_in_every_system():
    script = "#!/bin/sh\n# This file is generated from images.yml\ndocker build -t a/b:1 .\ndocker push a/b:1\n"
    for mark, applicability in (("This file is generated", Applicability.DISPLAY), ("Images are generated", Applicability.UNSAFE)):
        found = findings({"push.sh": script.replace("This file is generated", mark), "Dockerfile": DOCKERFILE})
        assert [each.fix.applicability for each in found if each.fix] == [applicability]


def test_gates_see_findings_that_are_ignored():
    text = "# armready: ignore[DF101] vendor\nFROM --platform=linux/amd64 alpine:3.20\nCOPY a /a\n"
    assert gated(text)[0] is Applicability.DISPLAY
    assert SETTINGS.ignore == ()


@pytest.mark.parametrize(
    ("dockerfile", "needed"),
    [
        ("FROM alpine:3.20\nRUN apk add curl\n", True),
        (DOCKERFILE, False),
        ("FROM --platform=$BUILDPLATFORM alpine:3.20 AS a\nRUN apk add curl\nFROM alpine:3.20\nCOPY --from=a /a /a\n", False),
        (None, True),
    ],
)
def test_an_emulator_is_needed_where_something_runs_on_arm64(dockerfile, needed):
    text = gitlab("docker buildx create --use", "docker buildx build --platform linux/amd64,linux/arm64 -t a/b:1 --push .", emulator="")
    files = {".gitlab-ci.yml": text} | ({"Dockerfile": dockerfile} if dockerfile else {})
    _, _, analysis = analyse_files(files, SETTINGS)
    assert any(each.name == "missing-emulator" for each in analysis.findings) is needed


def test_a_privileged_container_is_never_added_by_a_safe_fix():
    own, added = finding(gitlab()).fix, finding(gitlab(emulator="")).fix
    assert own.applicability is Applicability.SAFE
    assert added.applicability is Applicability.UNSAFE
    assert any("privileged container" in note for note in added.notes)
    assert not any("privileged" in edit.text for edit in own.edits)


def test_of_a_template_nothing_is_sure():
    text = gitlab(
        "docker buildx create --use",
        "docker buildx build -f Dockerfile.j2 --platform linux/amd64,linux/arm64 -t a/b:1 --push .",
        emulator="",
    )
    _, _, analysis = analyse_files({".gitlab-ci.yml": text, "Dockerfile.j2": "FROM {{ base }}\nCOPY a /a\n"}, SETTINGS)
    assert "missing-emulator" in {each.name for each in analysis.findings}


def test_what_a_project_rule_says_of_a_dockerfile_comes_first_too():
    text = "FROM golang:1.22 AS build\nRUN GOARCH={} go build -o /app .\nFROM alpine:3.20\nCOPY --from=build /app /app\n"
    applicability, notes = gated(text.format("amd64"))
    assert applicability is Applicability.DISPLAY
    assert "Mend DF130 at Dockerfile:2 first" in notes
    assert "DF130" not in gated(text.format("$TARGETARCH"))[1]
