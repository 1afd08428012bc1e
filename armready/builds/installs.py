"""Packages that a script installs with the package manager of a distribution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.idioms import Idiom, meanings
from armready.languages.shell.script import Command, Script, Word, unquote


class Installed(NamedTuple):
    """One package of an install command.

    Attributes:
        manager: the family of the package manager: `apt`, `rpm` or `apk`.
        word: the word that names it.
        name: without version and quotes: `foo:amd64`, `foo.x86_64`.
        span: in the script.
        command: the command.
    """

    manager: str
    word: Word
    name: str
    span: Span
    command: Command


_MANAGERS = {
    "apt": ("apt", frozenset({"install", "reinstall", "build-dep", "download"})),
    "apt-get": ("apt", frozenset({"install", "build-dep", "download"})),
    "aptitude": ("apt", frozenset({"install"})),
    "yum": ("rpm", frozenset({"install", "reinstall", "localinstall"})),
    "dnf": ("rpm", frozenset({"install", "reinstall"})),
    "microdnf": ("rpm", frozenset({"install"})),
    "tdnf": ("rpm", frozenset({"install"})),
    "zypper": ("rpm", frozenset({"install", "in"})),
    "apk": ("apk", frozenset({"add"})),
}
_WITH_VALUE = frozenset(
    {"-t", "--target-release", "--default-release", "-o", "--option", "-c", "--config-file", "-a", "--repository", "--repositories-file"}
    | {"-X", "--virtual", "--arch", "--root", "-p", "--enablerepo", "--disablerepo", "--releasever", "--setopt", "-x", "--exclude", "-r"}
)
_VERSION = regex(r"(?s:[=<>~].*)|/(?:stable|testing|unstable|[a-z]+-backports)$")
_REFERENCE = regex(r"\$\{(\w+)\}|\$(\w+)")


def installed(script: Script) -> Iterator[Installed]:
    """The packages that a script installs, in order; those in variables of the script included."""
    for command in script.settled:
        manager, words = _packages(command)
        for word in words:
            reference = _REFERENCE.fullmatch(word.text)
            if reference is None:
                yield Installed(manager=manager, word=word, name=_VERSION.sub("", word.template), span=word.span, command=command)
            else:
                yield from _of_variable(script, command, manager, reference[1] or reference[2])


def _packages(command: Command) -> tuple[str, list[Word]]:
    manager = meanings(Idiom.PACKAGE_INSTALLER).get(command.name)
    verbs: frozenset[str] | None = None
    if manager is None:
        manager, verbs = _MANAGERS.get(command.name, ("", None))
        if verbs is None:
            return "", []
    found: list[Word] = []
    before = ""
    for word in command.args:
        option, before = before, word.template
        if option in _WITH_VALUE or word.template.startswith(("-", "+")):
            continue
        if verbs is not None:
            if word.template not in verbs:
                return manager, []
            verbs = None
            continue
        found.append(word)
    return manager, found


def _of_variable(script: Script, command: Command, manager: str, name: str) -> Iterator[Installed]:
    """The words of a list in a variable: `PACKAGES="a b"`."""
    values = [each.value for other in script.commands for each in other.assignments if each.name == name and each.value is not None]
    if len(values) != 1 or values[0].value is None or unquote(values[0].text[1:-1])[1] != values[0].value:
        return
    for found in re.finditer(r"[^\s\\]+", values[0].text[1:-1]):
        span = Span(*found.span()).shift(values[0].span.start + 1)
        yield Installed(
            manager=manager, word=Word(span, found[0], found[0], found[0]), name=_VERSION.sub("", found[0]), span=span, command=command
        )
