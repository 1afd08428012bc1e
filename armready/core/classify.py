"""File -> kind, from its name, its folder and its first lines. One table, read from top to bottom.

A name decides where it can. Where it cannot (any `.yaml`, a script without an extension, a Dockerfile with a name of its own), the content
does. `needs_content` tells discovery which files must be read to know.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from armready.core.kinds import (
    BUILD_KINDS,
    INSTALL_KINDS,
    KUBERNETES_KINDS,
    LOCK_KINDS,
    MANIFEST_KINDS,
    PIPELINE_KINDS,
    SHELL_KINDS,
    SYSTEMS,
    Kind,
)
from armready.core.shells import SHEBANG
from armready.core.startup import regex

__all__ = [
    "BUILD_KINDS",
    "INSTALL_KINDS",
    "KUBERNETES_KINDS",
    "LOCK_KINDS",
    "MANIFEST_KINDS",
    "PIPELINE_KINDS",
    "SHELL_KINDS",
    "Kind",
    "classify",
    "holds_only_definitions",
    "is_notebook",
    "is_test_data",
    "kind_by_content",
    "kind_by_name",
    "needs_content",
]


class _Row(NamedTuple):
    kind: Kind
    patterns: tuple[str, ...]


# Patterns are globs on the lower-case path; one without a slash is matched against the file name alone.
_BY_NAME = tuple(
    _Row(kind, patterns)
    for kind, patterns in (
        (
            Kind.DOCKERFILE,
            (
                "dockerfile",
                "containerfile",
                "dockerfile.*",
                "containerfile.*",
                "*.dockerfile",
                "*.containerfile",
                "dockerfile-*",
                "dockerfile_*",
                "*-dockerfile",
                "*_dockerfile",
                "containerfile-*",
                "*dockerfile*.j2",
                "*dockerfile*.tmpl",
                "*dockerfile*.template",
            ),
        ),
        *((kind, system.patterns) for kind, system in SYSTEMS.items()),
        (Kind.SKAFFOLD, ("skaffold*.yml", "skaffold*.yaml")),
        (Kind.KO, (".ko.yml", ".ko.yaml")),
        (Kind.KUSTOMIZATION, ("kustomization.yml", "kustomization.yaml", "kustomization")),
        (Kind.HELM_CHART, ("chart.yaml",)),
        (Kind.HELM_TEMPLATE, ("*templates/**.tpl",)),
        (
            Kind.HELM_VALUES,
            (
                "values.yaml",
                "values.yml",
                "values-*.yaml",
                "values-*.yml",
                "values.*.yaml",
                "*-values.yaml",
                "*-values.yml",
                "*.values.yaml",
                "values_*.yaml",
            ),
        ),
        (Kind.UV_LOCK, ("uv.lock",)),
        (Kind.POETRY_LOCK, ("poetry.lock",)),
        (Kind.PDM_LOCK, ("pdm.lock", "pdm.*.lock")),
        (Kind.PYLOCK, ("pylock.toml", "pylock.*.toml")),
        (Kind.PIPFILE_LOCK, ("pipfile.lock",)),
        (Kind.CONDA_LOCK, ("conda-lock.yml", "conda-lock.yaml", "*.conda-lock.yml")),
        (Kind.PIXI_LOCK, ("pixi.lock",)),
        (Kind.PEX_LOCK, ("pex.lock", "*.pex.lock")),
        (Kind.PYPROJECT, ("pyproject.toml",)),
        (Kind.SETUP_CFG, ("setup.cfg",)),
        (Kind.PIPFILE, ("pipfile",)),
        (Kind.PIXI, ("pixi.toml",)),
        (Kind.TOX, ("tox.ini", "tox.toml")),
        (
            Kind.CONDA_ENV,
            ("environment*.yml", "environment*.yaml", "conda*.yml", "conda*.yaml", "*_env.yml", "*-env.yml", "env.yml", "env.yaml"),
        ),
        (Kind.CONDA_RECIPE, ("meta.yaml", "recipe.yaml")),
        (
            Kind.REQUIREMENTS,
            (
                "*requirements*.txt",
                "*requirements*.in",
                "*requirements/*.txt",
                "*requirements/*.in",
                "constraints*.txt",
                "*-constraints.txt",
                "requirements*.pip",
            ),
        ),
        (Kind.GRADLE, ("build.gradle", "build.gradle.kts", "*.gradle", "*.gradle.kts")),
        (Kind.PYTHON, ("*.py", "*.pyw", "sconstruct", "wscript")),
        (Kind.NOTEBOOK, ("*.ipynb",)),
    )
)

# Names that look like one of the above and are another thing: documentation, data, ignore files.
_NOT_BY_NAME = regex(
    r"(?:^|/)(?:dockerfile[^/]*\.(?:md|rst|adoc|html|dockerignore|lock|json|go|py|rs|ts|js|java|png|svg|yaml|yml)"
    r"|[^/]*\.dockerignore|makefile\.(?:am|in|pl|win|vc|msc|md)|jenkinsfile[^/]*\.md)$"
)

# How much of a file whose name says nothing is looked at first.
HEAD = 65_536

_CONTENT_NAMES = regex(r"\.(?:ya?ml|json|lock|txt|hcl|tpl|ini)$")


def _has(*keys: str) -> re.Pattern[str]:
    """Any of these keys at the top level."""
    return regex(rf"^[\"']?(?:{'|'.join(keys)})[\"']?[ \t]*:", re.M)


_KUBERNETES = regex(r"(?m)^[ \t{,\-]*[\"']?apiVersion[\"']?[ \t]*:")
_KIND = regex(r"(?m)^[ \t{,\-]*[\"']?kind[\"']?[ \t]*:")
_TEKTON = regex(r"apiVersion[\"']?[ \t]*:[ \t]*[\"']?(?:tekton\.dev|triggers\.tekton\.dev)/")
_ARGO = regex(r"kind[\"']?[ \t]*:[ \t]*[\"']?(?:Workflow|WorkflowTemplate|ClusterWorkflowTemplate|CronWorkflow)\b")
_CLOUDFORMATION = regex(r"AWSTemplateFormatVersion|[\"']?Type[\"']?[ \t]*:[ \t]*[\"']?AWS::")
_GITHUB = regex(r"(?m)^[ \t]+runs-on[ \t]*:")
_ACTION = regex(r"(?m)^runs[ \t]*:[ \t]*(?:#.*)?\r?\n[ \t]+[\"']?(?:using|steps|image|main)")
_GITLAB_SCRIPT = regex(r"(?m)^[ \t]+(?:before_)?script[ \t]*:")
_GITLAB_JOB = regex(r"(?m)^stages[ \t]*:|^[ \t]+(?:stage|tags|only|rules|image|extends|needs|artifacts|services)[ \t]*:")
_AZURE = regex(r"(?m)^[ \t]*-[ \t]*(?:task|checkout)[ \t]*:|^[ \t]+vmImage[ \t]*:|^pool[ \t]*:")
_AZURE_STEP = regex(r"(?m)^[ \t]*-[ \t]*task[ \t]*:[ \t]*[\"']?\w+@\d|^[ \t]+vmImage[ \t]*:")
_CIRCLECI = regex(r"(?m)^[ \t]*version[ \t]*:[ \t]*[\"']?2(?:\.\d)?[\"']?[ \t\r]*$")
_CIRCLECI_PARTS = regex(
    r"(?m)^[ \t]*(?:orbs|executors|commands)[ \t]*:|^[ \t]+(?:-[ \t]+)?(?:machine|resource_class|setup_remote_docker)\b"
)
_CLOUDBUILD = regex(
    r"(?m)^steps[ \t]*:[ \t]*(?:#[^\r\n]*)?\r?\n(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*[ \t]*-[ \t]+(?:id|name|args|entrypoint)[ \t]*:"
)
_COMPOSE = regex(r"(?m)^services[ \t]*:[ \t]*(?:#[^\r\n]*)?\r?\n(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*[ \t]+[\w.-]+[ \t]*:")
_CODEBUILD = regex(r"(?m)^phases[ \t]*:")
_DRONE = regex(r"(?m)^kind[ \t]*:[ \t]*pipeline\b")
_CONDA = regex(r"(?m)^dependencies[ \t]*:[ \t]*(?:#[^\r\n]*)?\r?\n(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*[ \t]*-")
# Commands that build and commands that push an image, in a file that is not known otherwise.
_BUILDS = regex(r"(?<![\w./-])(?:docker|podman|buildah)[ \t]+(?:image[ \t]+|buildx[ \t]+)?(?:build|bud)[ \t]")
_PUSHES = regex(r"(?<![\w./-])(?:docker|podman|buildah)[ \t]+(?:image[ \t]+)?push[ \t]|[ \t]--push\b")
_JSON_PATCH = regex(r"(?m)^[ \t]*-[ \t]*(?:op[ \t]*:[ \t]*[\"']?(?:add|replace|remove|test|copy|move)\b|path[ \t]*:[ \t]*[\"']?/)")
# Schemas and the test suites of charts speak of the same fields.
_ABOUT_MANIFESTS = _has("swagger", "openapi", "suite")
_PYTHON_SHEBANG = regex(r"^#![ \t]*\S*\bpython[\d.]*\b")
_FROM = regex(r"(?m)^FROM[ \t]+\S+")
_INSTRUCTION = regex(r"(?m)^(?:RUN|COPY|ENTRYPOINT|CMD|WORKDIR|ENV|ADD|LABEL|USER)[ \t]+\S")
_SYNTAX = regex(r"(?i)^#[ \t]*syntax[ \t]*=[ \t]*\S*docker")
_EXPLICIT = regex(r"(?m)^@EXPLICIT[ \t\r]*$")


class _Glob(NamedTuple):
    """A glob whose only wildcard is `*`, split there."""

    parts: tuple[str, ...]

    def matches(self, text: str) -> bool:
        first, *middle, last = self.parts
        if not (text.startswith(first) and text.endswith(last)) or len(text) < len(first) + len(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


class _Names(NamedTuple):
    """The patterns for file names, each with the number of its row: those without a wildcard, and the others."""

    exact: dict[str, int]
    globs: list[tuple[_Glob, int]]


@lru_cache(maxsize=1)
def _names() -> _Names:
    exact: dict[str, int] = {}
    globs: list[tuple[_Glob, int]] = []
    for number, row in enumerate(_BY_NAME):
        for each in row.patterns:
            if "/" in each:
                continue
            if "*" in each:
                globs.append((_glob(each), number))
            else:
                exact.setdefault(each, number)
    return _Names(exact, globs)


@lru_cache(maxsize=1)
def _folders() -> list[tuple[_Glob, Kind]]:
    """The patterns for paths."""
    return [(_glob(each), row.kind) for row in _BY_NAME for each in row.patterns if "/" in each]


def _glob(pattern: str) -> _Glob:
    return _Glob(tuple(pattern.replace("**", "*").split("*")))


@lru_cache(maxsize=4096)
def _kind_of_name(name: str) -> Kind | None:
    names = _names()
    last = names.exact.get(name, len(_BY_NAME))
    number = next((number for glob, number in names.globs if number >= last or glob.matches(name)), last)
    number = min(number, last)
    return _BY_NAME[number].kind if number < len(_BY_NAME) else None


@lru_cache(maxsize=4096)
def kind_by_name(path: str) -> Kind | None:
    """The kind that the path alone proves, or None."""
    lowered = path.lower()
    if _NOT_BY_NAME.search(lowered):
        return None
    by_folder = next((kind for glob, kind in _folders() if glob.matches(lowered)), None) if "/" in lowered else None
    return by_folder or _kind_of_name(lowered.rpartition("/")[2])


def needs_content(path: str) -> bool:
    """Whether the first lines of the file can make a kind of it although its name says nothing."""
    name = path.rpartition("/")[2]
    return "." not in name.lstrip(".") or bool(_CONTENT_NAMES.search(name.lower()))


def _kind_of_yaml(path: str, head: str) -> Kind | None:
    if _ABOUT_MANIFESTS.search(head):
        return None
    lowered = path.lower()
    if _KUBERNETES.search(head) and _KIND.search(head):
        in_chart = "/templates/" in f"/{lowered}"
        if in_chart and "{{" in head:
            return Kind.HELM_TEMPLATE
        if _TEKTON.search(head):
            return Kind.TEKTON
        if "argoproj.io" in head and _ARGO.search(head):
            return Kind.ARGO
        if _DRONE.search(head):
            return Kind.DRONE
        return Kind.KUBERNETES
    if _AZURE_STEP.search(head) and _has("trigger", "stages", "jobs", "steps", "pool").search(head):
        return Kind.AZURE
    if "/templates/" in f"/{lowered}" and "{{" in head:
        return Kind.HELM_TEMPLATE
    if _CIRCLECI.search(head) and re.search(r"(?m)^[ \t]*(?:workflows|jobs)[ \t]*:", head) and _CIRCLECI_PARTS.search(head):
        return Kind.CIRCLECI
    if _DRONE.search(head):
        return Kind.DRONE
    if _CLOUDFORMATION.search(head):
        return Kind.CLOUDFORMATION
    if _has("jobs").search(head):
        if _GITHUB.search(head) and _has("on", "true").search(head):
            return Kind.GITHUB_WORKFLOW
        if re.search(r"(?m)^[ \t]+(?:-[ \t]+)?plan[ \t]*:", head):
            return Kind.CONCOURSE
        if _AZURE.search(head):
            return Kind.AZURE
    if _ACTION.search(head):
        return Kind.GITHUB_ACTION
    if _has("stages", "steps", "parameters", "trigger").search(head) and _AZURE.search(head):
        return Kind.AZURE
    if _CLOUDBUILD.search(head):
        return Kind.CLOUDBUILD
    if _CODEBUILD.search(head) and re.search(r"(?m)^[ \t]+commands[ \t]*:", head):
        return Kind.CODEBUILD
    if _COMPOSE.search(head) and re.search(r"(?m)^[ \t]+(?:image|build)[ \t]*:", head):
        return Kind.COMPOSE
    if _GITLAB_SCRIPT.search(head) and _GITLAB_JOB.search(head):
        return Kind.GITLAB
    if _CONDA.search(head) and re.search(r"(?m)^(?:channels|name|platforms)[ \t]*:", head):
        return Kind.CONDA_ENV
    if _JSON_PATCH.search(head):
        return Kind.KUBERNETES
    if _stands_in(head, _BUILDS) and _stands_in(head, _PUSHES):
        return Kind.OTHER_PIPELINE
    if re.search(r"(?m)^[ \t]*[\"']?(?:nodeSelector|affinity|tolerations|image)[\"']?[ \t]*:", head):
        return Kind.HELM_VALUES
    return None


def _stands_in(head: str, commands: re.Pattern[str]) -> bool:
    """Whether one of some commands stands outside of comments."""
    return any("#" not in head[max(0, each.start() - 500) : each.start()].rpartition("\n")[2] for each in commands.finditer(head))


def kind_by_content(path: str, head: str) -> Kind | None:
    """The kind that the first lines of a file make of it, for files whose name does not decide."""
    lowered = path.lower()
    name = lowered.rpartition("/")[2]
    if name.endswith((".yml", ".yaml")):
        return _kind_of_yaml(path, head)
    if name.endswith(".json"):
        if '"apiVersion"' in head and '"kind"' in head:
            return Kind.KUBERNETES
        return Kind.CLOUDFORMATION if _CLOUDFORMATION.search(head) else None
    if name.endswith((".txt", ".lock")):
        if _EXPLICIT.search(head):
            return Kind.CONDA_EXPLICIT
        return Kind.PEX_LOCK if name.endswith(".lock") and '"locked_resolves"' in head else None
    if "." in name.lstrip("."):
        return None
    if name == "build" and "python_requirement(" in head:
        return Kind.PYTHON
    if SHEBANG.match(head):
        return Kind.SHELL
    if _PYTHON_SHEBANG.match(head):
        return Kind.PYTHON
    if _SYNTAX.match(head) or (_FROM.search(head) and _INSTRUCTION.search(head) and not head.startswith("From ")):
        return Kind.DOCKERFILE
    return None


# A name that decides, unless the content says that it is something more particular.
_REFINED_BY_CONTENT = frozenset(
    {Kind.CONDA_ENV, Kind.CONDA_RECIPE, Kind.REQUIREMENTS, Kind.HELM_VALUES, Kind.GITLAB, Kind.AZURE, Kind.BUILDKITE}
)


def is_notebook(path: str) -> bool:
    """Whether a file is a notebook: people run it by hand, and nothing is written into its JSON."""
    return path.endswith(".ipynb")


def is_test_data(path: str) -> bool:
    """Whether a file is test data by the name of its folder: it is compared and parsed, not built or applied."""
    return any(folder in ("testdata", "testfiles") for folder in path.split("/")[:-1])


def _is_object(head: str) -> bool:
    """Whether a document has the keys of a Kubernetes object at its top; values hold them deeper in (`extraObjects:`)."""
    if not _KUBERNETES.search(head) or not _KIND.search(head):
        return False
    return head.lstrip("\ufeff \t\r\n").startswith(("{", "[")) or bool(_has("apiVersion").search(head) and _has("kind").search(head))


def classify(path: str, head: str) -> Kind | None:
    """The kind of a file, or None when nothing here reads it.

    Args:
        path: relative to the root, with forward slashes.
        head: the first 64 KiB or more of its decoded text.
    """
    kind = kind_by_name(path)
    if kind is None:
        return kind_by_content(path, head)
    if kind not in _REFINED_BY_CONTENT:
        return kind
    if kind in (Kind.CONDA_ENV, Kind.CONDA_RECIPE):
        refined = kind_by_content(path, head)
        if refined is not None and refined is not Kind.HELM_VALUES:
            return refined
        is_conda = re.search(r"(?m)^[ \t]*(?:dependencies|channels|requirements|package)[ \t]*:", head)
        return kind if is_conda else None
    if kind is Kind.REQUIREMENTS:
        return Kind.CONDA_EXPLICIT if _EXPLICIT.search(head) else kind
    if kind is Kind.HELM_VALUES and _is_object(head):
        return kind_by_content(path, head)
    if kind in (Kind.GITLAB, Kind.AZURE, Kind.BUILDKITE) and _KUBERNETES.search(head) and _KIND.search(head):
        return kind_by_content(path, head)
    return kind


def kind_of(path: str, text: str) -> Kind | None:
    """The kind of a file by its text: the first 64 KiB decide, or all of it where these are comments or the name leaves few kinds."""
    kind = classify(path, text[:HEAD])
    if kind is None and len(text) > HEAD and (kind_by_name(path) is not None or is_comment(text[:HEAD])):
        return classify(path, text)
    return kind


def is_comment(head: str) -> bool:
    """Whether the beginning of a text holds nothing but comments and empty lines."""
    return not _CONTENT.search(head)


_DOCUMENT_START = regex(r"(?m)^---(?=\s|\Z)")
_CONTENT = regex(r"(?m)^(?![ \t]*(?:#|\r?$))")
_DEFINITION = regex(r"""(?m)^kind:[ \t]+["']?CustomResourceDefinition["']?[ \t]*(?:#.*)?\r?$""")


def holds_only_definitions(text: str) -> bool:
    """Whether every document of a manifest is a CustomResourceDefinition: it describes objects, runs nothing, and is often large."""
    documents = [each for each in _DOCUMENT_START.split(text) if _CONTENT.search(each.rstrip())]
    return bool(documents) and all(_DEFINITION.search(each) for each in documents)
