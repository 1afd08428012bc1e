"""What the log reader says of logs."""

import re

import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.finding import Confidence
from armready.core.source import Source
from armready.verify.explain import CAUSES, explain
from armready.verify.model import LogFacts
from armready.verify.recipes import recipe
from tests.verify.logs import LOGS, SILENT, buildkit, classic, metadata


def recipe_of(text: str, path: str = "Dockerfile"):
    return recipe(File(Source(path, text), Kind.DOCKERFILE, Settings()))


@pytest.mark.parametrize("name", LOGS)
def test_the_cause_of_a_log(name):
    log = LOGS[name]
    found = explain(log.text)
    assert [each.cause for each in found] == [log.cause], found
    each = found[0]
    assert each.subject == log.subject or not log.subject
    assert (each.line, each.confidence.value) == (log.line, log.confidence)
    assert each.platform == log.platform or not log.platform
    assert each.why.endswith(".")
    assert not {"{", "  "} & set(re.findall(r"\{|  ", each.why + each.advice))
    assert each.quote
    assert each.quote in log.text.splitlines()[each.log_line - 1]


@pytest.mark.parametrize("name", SILENT)
def test_logs_that_say_nothing_of_the_architecture(name):
    assert explain(SILENT[name]) == []


def test_every_cause_is_seen():
    assert {cause.name for cause in CAUSES} == {log.cause for log in LOGS.values()}


def test_a_step_that_fails_for_amd64_too_is_not_about_arm64():
    arm64 = buildkit("RUN apt-get install -y nosuch", "E: Unable to locate package nosuch", head="linux/arm64 2/3")
    amd64 = arm64.replace("linux/arm64", "linux/amd64").replace("#11", "#12")
    assert explain(arm64)[0].confidence is Confidence.MEDIUM
    assert [each.confidence for each in explain(amd64 + arm64)] == [Confidence.LOW]


def test_the_platform_of_the_command_counts():
    log = "$ docker build --platform linux/arm64 .\n" + buildkit(
        "RUN apt-get install nosuch", "E: Unable to locate package nosuch", head="2/3"
    )
    assert [(each.platform, each.confidence) for each in explain(log)] == [("linux/arm64", Confidence.MEDIUM)]
    assert explain(log.replace("linux/arm64", "linux/amd64")) == []
    assert explain(log.replace("linux/arm64", "linux/arm64,linux/amd64"))[0].confidence is Confidence.LOW


def test_the_caller_knows_the_platform():
    log = buildkit("RUN apt-get install nosuch", "E: Unable to locate package nosuch", head="2/3")
    assert explain(log, LogFacts(platform="linux/arm64"))[0].confidence is Confidence.MEDIUM
    assert explain(log, LogFacts(platform="linux/amd64")) == []


def test_the_line_is_found_by_the_instruction():
    text = "FROM debian:12\nARG V=1\nRUN true \\\n    && tool   --version\nFROM debian:12 AS other\nRUN echo\n"
    facts = LogFacts(recipes=(recipe_of(text, "svc/Dockerfile"),))
    each = explain(classic("RUN true     && tool   --version", "exec /usr/bin/tool: exec format error"), facts)[0]
    assert (each.path, each.line) == ("svc/Dockerfile", 3)


def test_the_same_instruction_twice_has_no_line():
    facts = LogFacts(recipes=(recipe_of("FROM a\nRUN tool\nFROM b\nRUN tool\n"),))
    assert explain(classic("RUN tool", "exec /t: exec format error"), facts)[0].line == 0


def test_the_stage_tells_instructions_apart():
    facts = LogFacts(recipes=(recipe_of("FROM a AS one\nRUN tool\nFROM b AS two\nRUN tool\n"),))
    log = buildkit("RUN tool", "exec /t: exec format error", head="linux/arm64 two 2/2")
    assert explain(log, facts)[0].line == 4


def test_variables_may_be_filled_in():
    facts = LogFacts(recipes=(recipe_of("FROM a\nADD https://example.com/tini-${TARGETARCH} /tini\n"),))
    log = "#7 [linux/arm64 2/2] ADD https://example.com/tini-arm64 /tini\n#7 ERROR: invalid response status 404\n"
    assert explain(log, facts)[0].line == 2


def test_the_log_names_the_file_and_the_repository_its_folder():
    recipes = (recipe_of("FROM acme/old:1.2\n", "a/Dockerfile"), recipe_of("FROM debian:12\n", "b/Dockerfile"))
    log = metadata("acme/old:1.2", "no match for platform in manifest: not found", line=1)
    each = explain(log, LogFacts(recipes=recipes))[0]
    assert (each.path, each.line) == ("a/Dockerfile", 1)


def test_several_failing_steps_are_explained_one_by_one():
    first = buildkit("RUN one", "exec /one: exec format error", head="linux/arm64 a 2/2")
    second = buildkit("RUN apt-get install two", "E: Unable to locate package two", head="linux/arm64 b 2/2").replace("#11", "#12")
    assert [each.subject for each in explain(first + second)] == ["/one", "two"]


def test_a_consequence_gives_way_to_the_cause():
    output = ("ERROR: Failed building wheel for cffi", "error: command 'gcc' failed: No such file or directory")
    assert [each.cause for each in explain(buildkit("RUN pip install cffi", *output))] == ["compiler-missing"]
    assert [each.cause for each in explain(buildkit("RUN pip install cffi", output[0]))] == ["source-build-failed"]


def test_hostile_logs_are_read_in_linear_time():
    missing = "#1 [linux/arm64 1/2] RUN x\n#1 ERROR: x\n" + "#1 0.1 curl: (22) The requested URL returned error: 404\n" * 20_000
    for text in (
        missing,
        "#1 [" * 50_000,
        "\x1b[" * 50_000,
        "a" * 200_000 + ": exec format error",
        ("exec " * 20_000) + "exec format error",
        "[x] " * 50_000,
    ):
        explain(text)
    explain("\n".join(f"#{number % 90} 0.1 exec /t{number}: exec format error" for number in range(20_000)))
