"""The runner of `benchmarks/accuracy.py`: its validators see what is broken, its states see through idioms, its tables add up."""

import argparse

import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source
from benchmarks.accuracy import COLUMNS, precision, write_rows
from benchmarks.states import state
from benchmarks.validators import judge

WORKFLOW = b"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo\n"
POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: a}]\n"


@pytest.mark.parametrize(
    "path, kind, before, after, validator",
    [
        ("Dockerfile", Kind.DOCKERFILE, b"FROM a\n", b"FROM a\nENV b\n", "BuildKit's parser"),
        ("w.yml", Kind.GITHUB_WORKFLOW, WORKFLOW, WORKFLOW + b"        with: {a: b}\n", "actionlint"),
        ("pod.yaml", Kind.KUBERNETES, POD, POD + b"  nodeSelector: a\n", "kubernetes-validate"),
        ("values.yaml", Kind.HELM_VALUES, b"a: 1\n", b"a: [1\n", "YAML"),
        ("compose.yaml", Kind.COMPOSE, b"services: {a: {image: b}}\n", b"services: {a: {image: [b]}}\n", "schema"),
        ("a.sh", Kind.SHELL, b"echo\n", b"if true\n", "bash -n"),
        ("setup.py", Kind.PYTHON, b"a = 1\n", b"a = (\n", "compile"),
        ("pyproject.toml", Kind.PYPROJECT, b"a = 1\n", b"a = \n", "tomllib"),
        ("package.json", Kind.PACKAGE_JSON, b"{}\n", b"{\n", "json"),
    ],
)
def test_what_was_right_and_is_wrong_now_is_a_failure(path, kind, before, after, validator):
    asked, failures = judge(path, kind, before, after)
    assert validator in asked
    assert validator in {each.validator for each in failures}
    assert judge(path, kind, after, after)[1] == []


def of(path: str, kind: Kind, text: str) -> frozenset[str]:
    return state(File(Source.decode(path, text.encode()), kind, Settings()), ())


def test_idioms_of_one_meaning_are_one_state():
    url = "https://example.org/tool-{}.tgz"
    texts = [
        f"ARG TARGETARCH\nRUN curl -O {url.format('${TARGETARCH}')}\n",
        f'ARG TARGETARCH\nRUN case "${{TARGETARCH}}" in amd64) A=amd64 ;; arm64) A=arm64 ;; esac && curl -O {url.format("${A}")}\n',
        f"RUN curl -O {url.format('$(dpkg --print-architecture)')}\n",
        f"RUN curl -O {url.format('arm64')}\n",
    ]
    states = {of("Dockerfile", Kind.DOCKERFILE, f"FROM debian:12\n{text}") for text in texts}
    assert len(states) == 1
    assert of("Dockerfile", Kind.DOCKERFILE, f"FROM debian:12\nRUN curl -O {url.format('amd64')}\n") not in states


def test_a_judged_table_is_read_by_rule(tmp_path, capsys):
    rows = [("r", "f", 1, rule, "error", "m", "s", verdict) for rule, verdict in (("A", "right"), ("A", "wrong"), ("B", "arguable"))]
    write_rows(tmp_path / "judged.tsv", COLUMNS, rows)
    assert precision(argparse.Namespace(judged=tmp_path / "judged.tsv")) == 0
    assert "| A | 1 | 1 | 0 | 0.50 |" in capsys.readouterr().out
