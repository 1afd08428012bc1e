"""What the commands of a script fetch: which of their words, under which names, with which checksum, and who reads the result."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from armready.builds.scripts import HostedScript
from armready.core.source import Span
from armready.core.startup import regex
from armready.knowledge.idioms import checking_function
from armready.languages.shell.script import Assignment, Command, Frame, Script, Word

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    pass


_FETCHERS = frozenset({"curl", "wget", "wget2", "fetch", "axel", "aria2c", "http", "https", "xh", "get", "download"})


# Commands whose words are text, patterns or names, not things to fetch.
SILENT = frozenset(
    {
        "echo",
        "printf",
        ":",
        "cat",
        "git",
        "grep",
        "egrep",
        "fgrep",
        "sed",
        "awk",
        "gawk",
        "perl",
        "test",
        "[",
        "[[",
        "read",
        "for",
        "select",
        "die",
        "log",
        "info",
    }
    | {
        "docker",
        "podman",
        "buildah",
        "nerdctl",
        "kubectl",
        "helm",
        "oc",
        "true",
        "false",
        "exit",
        "return",
        "unset",
        "tee",
        "expr",
        "rm",
        "ls",
        "warn",
        "error",
    }
)


_WITH_VALUE = frozenset(
    {
        "-o",
        "--output",
        "-H",
        "--header",
        "-d",
        "--data",
        "-A",
        "--user-agent",
        "-e",
        "--referer",
        "-u",
        "--user",
        "-P",
        "--directory-prefix",
        "-T",
    }
)


_DECLARATIONS = frozenset({"export", "local", "declare", "readonly", "typeset"})


REFERENCE = regex(r"\$\{(?P<braced>\w+)(?::?[-=](?P<default>[^{}$`\"']*))?\}|\$\((?P<make>[A-Za-z_][\w.-]*)\)|\$(?P<plain>[A-Za-z_]\w*)")


HASH = regex(r"(?<![0-9a-fA-F])(?:[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{56}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-fA-F])")


SUMMERS = frozenset({"sha256sum", "sha512sum", "sha384sum", "sha224sum", "sha1sum", "md5sum", "shasum", "b2sum", "openssl", "gsha256sum"})


# What reads the text that it gets: a download piped into it is data.
_READERS = frozenset(
    {"grep", "egrep", "sed", "awk", "jq", "yq", "head", "tail", "cut", "sort", "tr", "xmllint", "pup", "python", "python3", "wc"}
)


_SAVES = regex(r"-\w*[oO]|--output(?:-document)?")


# How far from a download, in lines, a literal checksum still belongs to it.
_NEAR = 8


def fetched_words(command: Command) -> Iterator[tuple[Word, bool]]:
    """The words of a command that may be fetched, and whether only a scheme makes a URL of them."""
    if command.name in SILENT or command.name in _DECLARATIONS or not command.words or checking_function().match(command.name):
        return
    fetches = command.name in _FETCHERS
    before = ""
    for word in command.args:
        option, before = before, word.template
        if command.name == "gh" and option in ("-p", "--pattern"):
            yield word, False
        elif option in _WITH_VALUE or (option == "-O" and command.name == "wget"):
            continue
        elif not word.template.startswith("-"):
            yield word, not (fetches and "/" in word.template.lstrip("./") and "." in word.template and word.template[0] not in "/.")
        elif "=" in word.template:
            yield word, True


def saved_names(script: Script) -> frozenset[str]:
    """The names under which downloads are saved, as options say."""
    pairs = (pair for command in script.commands if command.name in ("curl", "wget") for pair in pairwise(command.args))
    names = (after.template.rpartition("/")[2] for option, after in pairs if _SAVES.fullmatch(option.template))
    return frozenset(name for name in names if len(name) > 2)


def only_read(script: Script) -> dict[str, bool]:
    """For each variable that a script uses, whether only commands do that print or check: `verify_artifact "$URL"`."""
    found: dict[str, bool] = {}
    for command in script.commands:
        names = {name for word in command.words for each in REFERENCE.finditer(word.template) for name in each.group("braced", "plain")}
        if names:
            reads = not command.assignments and not any(True for _ in fetched_words(command))
            found.update({name: reads and found.get(name, True) for name in names if name})
    return found


def is_read(script: Script, command: Command) -> bool:
    """Whether the output of a command goes to one that reads it as text."""
    frame = command.context[-1] if command.context else None
    if frame is None or frame.kind != "pipeline":
        return False
    after = (*command.context[:-1], frame._replace(branch=frame.branch + 1))
    return script.derive(_readers).get(after, -1) >= command.span.end


def _readers(script: Script) -> dict[tuple[Frame, ...], int]:
    """The last command in each place that reads text."""
    return {command.context: command.span.start for command in script.commands if command.name in _READERS}


def checksum_near(hosted: HostedScript, command: Command, known: Sequence[tuple[int, int, Span]]) -> Span | None:
    """The literal checksum that belongs to a download: any in the same instruction, the nearest within a few lines elsewhere."""
    if hosted.instruction is not None:
        return min(known, key=lambda each: each[1])[2] if known else None
    here = line_at(hosted.script, command.span.start)
    near = known[bisect_left(known, (here - _NEAR,)) : bisect_left(known, (here + _NEAR + 1,))]
    return min(near, key=lambda each: (abs(each[0] - here), each[1]))[2] if near else None


def line_at(script: Script, offset: int) -> int:
    """The number of the line of a script that holds an offset."""
    return bisect_left(script.derive(_newlines), offset)


def _newlines(script: Script) -> list[int]:
    return [found.start() for found in re.finditer("\n", script.text)]


def assignments_in(hosted: HostedScript) -> dict[str, list[tuple[HostedScript, Assignment, Command]]]:
    """Each variable with the places of a script that set it."""
    found: dict[str, list[tuple[HostedScript, Assignment, Command]]] = {}
    for command in hosted.script.commands:
        for assignment in command.assignments:
            found.setdefault(assignment.name, []).append((hosted, assignment, command))
        for frame in command.context:
            if frame.kind in ("for", "select") and frame.label and frame.label not in found:
                found[frame.label] = [(hosted, Assignment(command.span, frame.label, None), command)]
    return found
