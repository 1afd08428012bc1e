"""What other programs say of a file: whether their parsers, linters and schemas take it."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from armready.builds.scripts import scripts
from armready.core.classify import KUBERNETES_KINDS, Kind
from armready.core.config import Settings
from armready.core.errors import ParseProblem
from armready.core.file import File
from armready.core.source import Source

SCHEMAS = {
    Kind.AZURE: "azure-pipelines",
    Kind.BITBUCKET: "bitbucket-pipelines",
    Kind.BUILDKITE: "buildkite",
    Kind.CIRCLECI: "circle-ci",
    Kind.CLOUDBUILD: "cloudbuild",
    Kind.COMPOSE: "compose-spec",
    Kind.DRONE: "drone-ci",
    Kind.GITHUB_ACTION: "github-actions",
    Kind.GITHUB_WORKFLOW: "github-workflows",
    Kind.GITLAB: "gitlab-ci",
    Kind.TASKFILE: "taskfile",
    Kind.TRAVIS: "travis",
    Kind.WOODPECKER: "woodpecker-ci",
}
KUBERNETES_VERSION = "1.33"
_PARSE_DOCKERFILE = "import dockerfile, sys; dockerfile.parse_string(sys.stdin.read())"
# A step that is inserted is of the age of the others in its file.
_QUIET = ("-shellcheck=", "-pyflakes=", "-ignore", "is deprecated in GitHub Actions", "-ignore", "is too old to run")
_PLACES = re.compile(r"(?:line|column|col)\s*\d+|\b\d+:\d+\b|^<stdin>:\S+|^bash: line \d+:")


class Failure(NamedTuple):
    """A rewritten file that a program does not take, though it took the original."""

    validator: str
    path: str
    problem: str


def judge(path: str, kind: Kind | None, before: bytes, after: bytes) -> tuple[list[str], list[Failure]]:
    """The validators that were asked about a rewritten file, and what they hold against it that they did not hold against the original."""
    asked, failures = [], []
    for name, validate in _validators(path, kind):
        old, new = ({_PLACES.sub("", each) for each in validate(path, kind, data)} for data in (before, after))
        asked.append(name)
        failures += [Failure(name, path, problem) for problem in sorted(new - old)]
    return asked, failures


Validator = Callable[[str, Kind | None, bytes], list[str]]


def _validators(path: str, kind: Kind | None) -> Iterator[tuple[str, Validator]]:
    suffix = Path(path).suffix
    if kind is Kind.DOCKERFILE:
        yield "BuildKit's parser", _dockerfile
    if kind is Kind.GITHUB_WORKFLOW:
        yield "actionlint", _actionlint
    if suffix in (".yml", ".yaml") and kind is not Kind.HELM_TEMPLATE:
        yield "YAML", _yaml
    if kind in SCHEMAS:
        yield "schema", _schema
    if kind in KUBERNETES_KINDS:
        yield "kubernetes-validate", _kubernetes
    if suffix == ".py":
        yield "compile", _python
    if suffix == ".toml":
        yield "tomllib", _toml
    if suffix == ".json":
        yield "json", _json
    yield "bash -n", _bash


def _run(command: list[str], data: bytes) -> list[str]:
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace").splitlines() if done.returncode else []


def _dockerfile(path: str, kind: Kind | None, data: bytes) -> list[str]:
    return _run([sys.executable, "-c", _PARSE_DOCKERFILE], data)[-1:]


def _actionlint(path: str, kind: Kind | None, data: bytes) -> list[str]:
    return _run([str(Path(sys.executable).with_name("actionlint")), *_QUIET, "-oneline", "-"], data)


def _documents(data: bytes) -> list[object]:
    loader = YAML(typ="safe")
    loader.allow_duplicate_keys = True
    return list(loader.load_all(data))


def _yaml(path: str, kind: Kind | None, data: bytes) -> list[str]:
    try:
        _documents(data)
    except YAMLError as error:
        return [str(error)]
    return []


@cache
def _schema_of(name: str) -> object:
    import jsonschema

    schema = json.loads(files("check_jsonschema").joinpath(f"builtin_schemas/vendor/{name}.json").read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


def _schema(path: str, kind: Kind | None, data: bytes) -> list[str]:
    validator = _schema_of(SCHEMAS[kind])  # type: ignore[index]
    try:
        documents = json.loads(json.dumps(_documents(data), default=str))
    except (YAMLError, TypeError, ValueError) as error:
        return [str(error)]
    return [
        f"{error.json_path}: {error.message[:200]}"
        for document in documents
        for error in validator.iter_errors(document)  # type: ignore[attr-defined]
    ]


def _kubernetes(path: str, kind: Kind | None, data: bytes) -> list[str]:
    import kubernetes_validate

    found = []
    for document in _documents(data) if not _yaml(path, kind, data) else []:
        if isinstance(document, dict) and "kind" in document:
            try:
                kubernetes_validate.validate(document, KUBERNETES_VERSION, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
                found.append(str(error))
    return found


def _python(path: str, kind: Kind | None, data: bytes) -> list[str]:
    return _said(lambda: compile(data, path, "exec"))


def _toml(path: str, kind: Kind | None, data: bytes) -> list[str]:
    return _said(lambda: tomllib.loads(data.decode()))


def _json(path: str, kind: Kind | None, data: bytes) -> list[str]:
    return _said(lambda: json.loads(data))


def _said(read: Callable[[], object]) -> list[str]:
    try:
        read()
    except (SyntaxError, ValueError) as error:
        return [str(error)]
    return []


def _bash(path: str, kind: Kind | None, data: bytes) -> list[str]:
    """Every script in a file of any kind."""
    if kind is None:
        return []
    try:
        found = scripts(File(Source.decode(path, data), kind, Settings()))
    except ParseProblem as problem:
        return [str(problem)]
    return [line for each in found for line in _run(["bash", "-n"], each.text.encode("utf-8", "surrogateescape"))]
