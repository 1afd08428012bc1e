"""Files that are cut or mangled are read or refused, and never crash a reader."""

from pathlib import Path

import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Source
from armready.multiplatform.collect import image_facts
from armready.testing import strip_marks

from .test_fixes import PATHS

HERE = Path(__file__).parent
KINDS = {each.value: each for each in Kind}
CASES = [case for case in sorted([*HERE.glob("cases/*"), *HERE.glob("detection/*/*")]) if case.name.partition("-")[0] in KINDS]
JUNK = ("null", "[]", "{}", "[a, [b]]", "{a: {b: c}}", "|", "*a", '"', "1")


def read(system, text):
    kind = Kind.TEKTON if "tekton.dev" in text else KINDS[system]
    try:
        return list(image_facts(File(Source(PATHS[system], text), kind, Settings())))
    except ParseProblem:
        return None


@pytest.mark.parametrize("case", [case for case in CASES if case.name.partition("-")[0] in PATHS], ids=lambda case: case.stem)
def test_mangled_files(case):
    text, _ = strip_marks(case.read_text(encoding="utf-8"))
    system = case.name.partition("-")[0]
    lines = text.split("\n")
    for index in range(0, len(lines), 3):
        junk = JUNK[index % len(JUNK)]
        head, colon, _ = lines[index].partition(":")
        read(system, "\n".join([*lines[:index], *lines[index + 1 :]]))
        read(system, "\n".join([*lines[:index], f"{head}{colon} {junk}", *lines[index + 1 :]]))
    read(system, text[: len(text) // 2])


@pytest.mark.parametrize("system", ["azure", "bitbucket", "buildkite", "circleci", "cloudbuild", "codebuild", "concourse", "travis"])
def test_aliases_of_aliases_end(system):
    bomb = "a0: &a0 [x, {step: {script: [docker build .]}, run: docker build .}]\n"
    bomb += "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(30))
    keys = ("steps", "script", "pipelines", "jobs", "phases", "commands", "stages", "plan")
    read(system, bomb + "".join(f"{key}: *a30\n" for key in keys))
