"""A pipeline is data: what readers make of a file holds no functions and nothing of the parsers."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import Enum
from pathlib import Path

import pytest

from armready.builds.editor import Editor
from armready.builds.model import Declared, Host, Job, Pipeline, Step
from armready.builds.readers import editor_of, read_pipeline
from armready.core.classify import Kind, kind_by_name
from armready.core.config import Settings
from armready.core.embedded import Embedded
from armready.core.file import File
from armready.core.kinds import SYSTEMS
from armready.core.source import Source
from armready.testing import strip_marks
from tests.generators import example_pool

from .test_fixes import PATHS

HERE = Path(__file__).parent
RECORDS = (Pipeline, Job, Step, Declared, Host)
PLAIN = (str, int, type(None), Enum, Embedded)


def golden_files() -> Iterator[File]:
    for case in sorted([*HERE.glob("cases/*.before.*"), *HERE.glob("native/*.before.*"), *HERE.glob("detection/*/*")]):
        path = PATHS[case.name.partition(".")[0].partition("-")[0]]
        text, _ = strip_marks(case.read_bytes().decode())
        yield File(Source(path, text), kind_by_name(path) or Kind.CONCOURSE, Settings())


def example_files() -> Iterator[File]:
    for kind, kept in example_pool().items():
        yield from (File(Source(path, files[path]), kind, Settings()) for path, files in kept if kind in SYSTEMS)


def not_plain(value: object, where: str) -> Iterator[str]:
    """The places in a value that hold something else than records, texts, numbers and collections of them."""
    if isinstance(value, RECORDS):
        for field in fields(value):
            yield from not_plain(getattr(value, field.name), f"{where}.{field.name}")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from not_plain((key, each), where)
    elif isinstance(value, tuple):
        for each in value:
            yield from not_plain(each, where)
    elif not isinstance(value, PLAIN):
        yield f"{where}: {type(value).__name__}"


@pytest.mark.parametrize("source", [golden_files, example_files])
def test_a_pipeline_is_plain_data(source):
    files = list(source())
    assert len(files) > 100
    assert {each for file in files for each in not_plain(file.parse(read_pipeline), file.kind)} == set()


@pytest.mark.parametrize("source", [golden_files, example_files])
def test_a_pipeline_can_be_pickled(source):
    for file in source():
        read = file.parse(read_pipeline)
        text = pickle.dumps(read)
        again = pickle.loads(text)
        assert [step.script for job in again.jobs for step in job.steps] == [step.script for job in read.jobs for step in job.steps]


def test_what_is_not_plain_is_found():
    step = Step((0, 1), declared=(Declared("build", (0, 1), tool=len),), environment={"a": (object(),)})
    assert list(not_plain(step, "step")) == ["step.declared.tool: builtin_function_or_method", "step.environment: object"]


@pytest.mark.parametrize("kind", SYSTEMS)
def test_every_system_has_an_editor(kind):
    editor = File(Source("any", ""), kind, Settings()).parse(editor_of)
    assert isinstance(editor, Editor)
