"""What GitLab puts together of defaults, `extends`, includes and references: the nearest wins, and of two parents the later."""

import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Source
from armready.systems.gitlab import read


def pipeline(text):
    return read(File(Source(".gitlab-ci.yml", text), Kind.GITLAB, Settings()))


def job(text):
    (found,) = (each for each in pipeline(text).jobs if each.name == "build")
    return found


def lines(job):
    return [step.script.text for step in job.steps if step.script is not None]


PARENTS = ".one:\n  script: [from one]\n  variables: {V: one, ONE: '1'}\n.two:\n  script: [from two]\n  variables: {V: two}\n"


@pytest.mark.parametrize(
    ("own", "script", "value"),
    [
        ("extends: .one", "from one", "one"),
        ("extends: [.one]", "from one", "one"),
        ("extends: [.one, .two]", "from two", "two"),
        ("extends: [.two, .one]", "from one", "one"),
        ("extends: [.one, .two]\n  script: [own]\n  variables: {V: own}", "own", "own"),
        ("extends: .three", "from two", "three"),
    ],
)
def test_the_order_of_extends(own, script, value):
    build = job(f"{PARENTS}.three:\n  extends: [.one, .two]\n  variables: {{V: three}}\nbuild:\n  {own}\n")
    assert lines(build) == [script]
    assert build.environment["V"] == (value,)


def test_variables_of_all_levels_are_put_together():
    text = "variables: {V: all, ALL: all}\n" + PARENTS + "build:\n  extends: [.one, .two]\n  "
    assert job(text + "variables: {OWN: own}\n").environment == {"V": ("two",), "ALL": ("all",), "ONE": ("1",), "OWN": ("own",)}
    assert job(text + "inherit: {variables: false}\n").environment == {"V": ("two",), "ONE": ("1",)}


def test_circles_end():
    assert lines(job(".a: {extends: .b}\n.b: {extends: .a, script: [x]}\nbuild: {extends: .a}\n")) == ["x"]


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("default: {before_script: [a]}\nbuild: {script: [b]}\n", ["a", "b"]),
        ("before_script: [a]\nbuild: {script: [b]}\n", ["a", "b"]),
        ("default: {before_script: [a]}\nbefore_script: [c]\nbuild: {script: [b]}\n", ["a", "b"]),
        ("default: {before_script: [a]}\nbuild: {before_script: [], script: [b]}\n", ["b"]),
        ("default: {before_script: [a]}\nbuild: {script: [b], inherit: {default: false}}\n", ["b"]),
        ("default: {before_script: [a]}\nbuild: {script: [b], inherit: {default: true}}\n", ["a", "b"]),
        ("default: {before_script: [a]}\nbuild: {script: [b], inherit: {default: [image]}}\n", ["b"]),
        ("default: {before_script: [a]}\nbuild: {script: [b], inherit: {default: [before_script]}}\n", ["a", "b"]),
        ("default: {script: [a]}\nbuild: {stage: b}\n", []),
        ("spec: {inputs: {}}\n---\nbuild: {script: [b]}\n", ["b"]),
        (".a: {script: [a1, a2]}\nbuild:\n  script:\n    - !reference [.a, script]\n    - b\n", ["a1", "a2", "b"]),
        (".a: {script: [a]}\n.c: {script: [!reference [.a, script]]}\nbuild: {script: [!reference [.c, script]]}\n", ["a"]),
        (".a: {script: [a]}\n.c: {extends: .a}\nbuild:\n  script: !reference [.c, script]\n", ["a"]),
        ("build: {before_script: [a], script: [b], after_script: [c]}\n", ["a", "b", "c"]),
    ],
)
def test_scripts(text, script):
    assert lines(job(text)) == script


def test_an_after_script_is_late_and_has_a_shell_of_its_own():
    build = job("build: {before_script: [a], script: [b], after_script: [c]}\n")
    assert [(step.late, step.shell) for step in build.steps] == [(False, 0), (False, 0), (True, 1)]


def test_hidden_jobs_that_are_used_are_read_where_they_are_used():
    text = ".a: {script: [a]}\n.b: {script: &b [b]}\n.c: {script: [c]}\nbuild: {extends: .a}\nother: {script: *b}\n"
    assert [(each.name, each.hidden) for each in pipeline(text).jobs] == [(".c", True), ("build", False), ("other", False)]


def test_includes_and_what_lies_elsewhere():
    text = (
        "include:\n- /a.yml\n- https://example.com/b.yml\n- local: c.yml\n- template: Docker.gitlab-ci.yml\n"
        "- {project: g/p, file: [d.yml, e.yml]}\n- {remote: f.yml}\n- {component: g/c@1}\nbuild: {extends: [.x, .y], script: [!reference [.z, script]]}\n.y: {}\n"
    )
    read_ = pipeline(text)
    assert read_.includes == ("a.yml", "c.yml")
    assert [name for name, _ in read_.elsewhere] == [
        "https://example.com/b.yml",
        "Docker.gitlab-ci.yml",
        "d.yml",
        "e.yml",
        "f.yml",
        "g/c@1",
    ]
    assert read_.extends == (".x", ".z")
    assert pipeline("include: a.yml\n").includes == ("a.yml",)
    assert pipeline("build: {script: [a]}\n").includes == ()


def test_references_to_references_do_not_grow_without_end():
    text = ".a0: {script: [x, x, x, x, x, x, x, x, x, x]}\n"
    for number in range(1, 7):
        twice = ", ".join([f"!reference [.a{number - 1}, script]"] * 10)
        text += f".a{number}: {{script: [{twice}]}}\n"
    with pytest.raises(ParseProblem, match="by reference"):
        pipeline(text + "build: {script: [!reference [.a6, script]]}\n")


DIND = "build:\n  image: docker:27\n  services: [docker:27-dind]\n  script: [docker build .]\n"


@pytest.mark.parametrize(
    ("text", "trusted", "tls", "insecure"),
    [
        (DIND, True, True, False),
        (DIND.replace("[docker:27-dind]", "[{name: docker:27-dind, alias: docker}]"), True, True, False),
        (DIND.replace("[docker:27-dind]", "[{name: docker:27-dind, command: [--insecure-registry=r:5000]}]"), True, True, True),
        (DIND.replace("[docker:27-dind]", "[{name: docker:27-dind, command: [--mtu=1400]}]"), True, True, False),
        (DIND + "  variables: {DOCKER_TLS_CERTDIR: ''}\n", True, False, False),
        (DIND + "  variables: {DOCKER_TLS_CERTDIR: /certs}\n", True, True, False),
        (DIND + "  variables: {DOCKER_HOST: 'tcp://docker:2375'}\n", True, False, False),
        (DIND + "  variables: {DOCKER_HOST: 'tcp://docker:2376'}\n", True, True, False),
        (DIND.replace("[docker:27-dind]", "[postgres:16, docker:27-dind]"), True, True, False),
        (DIND.replace("docker:27\n", "alpine:3.20\n"), False, True, False),
        (DIND.replace("docker:27\n", "docker:latest\n"), True, True, False),
        (DIND + "  tags: [mine]\n", False, True, False),
        (DIND.replace("[docker:27-dind]", "[postgres:16]"), False, False, False),
        (DIND.replace("docker:27\n", "{name: 'docker:27'}\n"), True, True, False),
    ],
)
def test_machines(text, trusted, tls, insecure):
    build = job(text)
    assert (build.host.trusted, build.host.tls, build.insecure) == (trusted, tls, insecure)


@pytest.mark.parametrize(
    ("head", "doubt"),
    [
        ("", "the job has no image"),
        ("image: alpine:3.20\n  ", "so its runner decides where images are built"),
        ("image: docker:27\n  ", "so it uses the daemon of its runner"),
        ("image: alpine:3.20\n  variables: {DOCKER_HOST: 'tcp://host:2376'}\n  ", "so it uses the daemon of its runner"),
    ],
)
def test_what_is_not_known_of_a_job_without_dind(head, doubt):
    assert doubt in job(f"build:\n  {head}script: [docker build .]\n").host.doubt
