"""Rewritings of Python dependencies: the same requirement in every dialect of manifests."""

import re
from collections.abc import Callable, Iterator

from armready.core.classify import Kind
from armready.core.file import File
from armready.core.source import Span

from .rewriting import Change, Part, insert, rewriting

_REQUIREMENT = re.compile(r"(?m)^([A-Za-z][\w.-]*(?:\[[\w,]+\])?)[ \t]*((?:[=<>!~]=?[ \t]*[\w.*+]+,?)*)[ \t]*$")
_PINNED = re.compile(r"==[\w.]+")


def _requirements(file: File) -> list[tuple[Span, Span]]:
    """The names and the specifiers of a file that holds nothing else, no marker, option, address or comment."""
    found = [(Span(*each.span(1)), Span(*each.span(2))) for each in _REQUIREMENT.finditer(file.text)]
    return found if len(found) == sum(bool(line.strip()) for line in file.source.lines) else []


def _whole(file: File, write: Callable[[list[tuple[Span, Span]]], list[Part]]) -> Iterator[Change]:
    found = _requirements(file)
    if found and file.path == "requirements.txt":
        yield Change(Span(0, len(file.text)), tuple(write(found)), printed=True)


def _quoted(found: list[tuple[Span, Span]]) -> list[Part]:
    out: list[Part] = []
    for number, (name, specifier) in enumerate(found):
        out += [", " if number else "", '"', name, specifier, '"']
    return out


def _lines(found: list[tuple[Span, Span]], before: str) -> list[Part]:
    return [part for name, specifier in found for part in (before, name, specifier, "\n")]


@rewriting(Kind.REQUIREMENTS, rename=lambda _: "pyproject.toml", fixes=False, levels=False)
def in_pyproject(file: File) -> Iterator[Change]:
    """`dependencies` of a project. A library's ranges are no pins, so a level may be another one."""
    yield from _whole(
        file, lambda found: ['[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.8"\ndependencies = [', *_quoted(found), "]\n"]
    )


@rewriting(Kind.REQUIREMENTS, rename=lambda _: "setup.cfg", fixes=False, levels=False)
def in_setup_cfg(file: File) -> Iterator[Change]:
    """`install_requires` of setuptools. A library's ranges are no pins, so a level may be another one."""
    yield from _whole(file, lambda found: ["[metadata]\nname = app\n\n[options]\ninstall_requires =\n", *_lines(found, "    ")])


@rewriting(Kind.REQUIREMENTS, rename=lambda _: "setup.py", fixes=False, levels=False)
def in_setup_py(file: File) -> Iterator[Change]:
    """`install_requires` of setuptools. A library's ranges are no pins, so a level may be another one."""
    yield from _whole(file, lambda found: ['from setuptools import setup\n\nsetup(name="app", install_requires=[', *_quoted(found), "])\n"])


@rewriting(Kind.REQUIREMENTS, rename=lambda _: "tox.ini", fixes=False, levels=False)
def in_tox(file: File) -> Iterator[Change]:
    """`deps` of tox."""
    yield from _whole(file, lambda found: ["[testenv]\ndeps =\n", *_lines(found, "    "), "commands = pytest\n"])


@rewriting(Kind.REQUIREMENTS, rename=lambda _: "environment.yml", fixes=False, levels=False)
def in_a_conda_environment(file: File) -> Iterator[Change]:
    """The part of pip in an environment of conda."""
    yield from _whole(
        file,
        lambda found: ["name: app\nchannels:\n  - conda-forge\ndependencies:\n  - python\n  - pip\n  - pip:\n", *_lines(found, "      - ")],
    )


@rewriting(Kind.REQUIREMENTS, rename=lambda _: "Pipfile", fixes=False, levels=False)
def in_a_pipfile(file: File) -> Iterator[Change]:
    """`[packages]` of pipenv."""

    def write(found: list[tuple[Span, Span]]) -> list[Part]:
        out: list[Part] = ["[packages]\n"]
        for name, specifier in found:
            out += [name, ' = "', specifier if specifier.end > specifier.start else "*", '"\n']
        return out

    if "[" not in file.text:
        yield from _whole(file, write)


@rewriting(Kind.REQUIREMENTS, rename=lambda _: "install.sh", fixes=False, levels=False)
def in_a_command(file: File) -> Iterator[Change]:
    """`pip install` in a script."""

    def write(found: list[tuple[Span, Span]]) -> list[Part]:
        return ["#!/bin/sh\npip install", *(part for name, specifier in found for part in (" '", name, specifier, "'")), "\n"]

    yield from _whole(file, write)


@rewriting(Kind.REQUIREMENTS, rename=lambda _: "Dockerfile", fixes=False, levels=False)
def in_a_dockerfile(file: File) -> Iterator[Change]:
    """`pip install` in a Dockerfile."""

    def write(found: list[tuple[Span, Span]]) -> list[Part]:
        words = [part for name, specifier in found for part in (" '", name, specifier, "'")]
        return ["FROM golang:1.22\nRUN pip install", *words, "\n"]

    yield from _whole(file, write)


@rewriting(Kind.REQUIREMENTS, rename=lambda _: "requirements/base.in")
def for_pip_tools(file: File) -> Iterator[Change]:
    """The source of pip-compile in a folder of its own."""
    if file.path == "requirements.txt" and _requirements(file):
        yield insert(0, "")


@rewriting(Kind.REQUIREMENTS)
def names_in_another_case(file: File) -> Iterator[Change]:
    """`PsUtil` is psutil."""
    for name, _ in _requirements(file):
        yield Change(name, (file.source.slice(name).title(),))


@rewriting(Kind.REQUIREMENTS)
def underscores_for_hyphens(file: File) -> Iterator[Change]:
    """`opencv_python` is opencv-python."""
    for name, _ in _requirements(file):
        text = file.source.slice(name)
        if "-" in text:
            yield Change(name, (text.replace("-", "_"),))


@rewriting(Kind.REQUIREMENTS)
def blanks_around_operators(file: File) -> Iterator[Change]:
    """`a == 1`, where one version is named."""
    for _, specifier in _requirements(file):
        if _PINNED.fullmatch(file.source.slice(specifier)):
            yield Change(Span(specifier.start, specifier.start + 2), (" == ",))


@rewriting(Kind.REQUIREMENTS)
def comments_behind_requirements(file: File) -> Iterator[Change]:
    """`a==1  # why`."""
    for _, specifier in _requirements(file):
        yield insert(specifier.end, "  # why")


@rewriting(Kind.REQUIREMENTS)
def requirements_behind_others(file: File) -> Iterator[Change]:
    """A pure package in front."""
    if _requirements(file):
        yield insert(0, "six==1.16.0\n")
