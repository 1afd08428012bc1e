"""The names of commands that are events, beside those of container tools, and whether a script can hold an event at all.

Most steps of a pipeline name no tool and no file of the repository, and need not be parsed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from armready.builds.container_tools import KANIKO, PROGRAMS
from armready.builds.events import BUILD_VARIABLES
from armready.builds.java_publishers import NEEDLES as JAVA_NEEDLES
from armready.builds.options import TOOL_VARIABLES
from armready.builds.variables import Environment
from armready.core.shells import SHELLS
from armready.core.startup import regex
from armready.knowledge.compilers import own_output
from armready.knowledge.emulators import emulator_needles
from armready.languages.shell.script import RUN_WORDS
from armready.languages.shell.words import PREFIXES

# Tools that run what a file describes, by the name of the kind of file.
RUNNERS = {"make": "make", "gmake": "make", "just": "just", "task": "task", "go-task": "task"}
PACKAGE_MANAGERS = frozenset({"npm", "yarn", "pnpm"})
INTERPRETERS = SHELLS | {"source", "."}
SCRIPT_SUFFIXES = (".sh", ".bash", ".ksh", ".zsh")

_WORD = regex(r"[\w.+-]+")
_NAMES = frozenset({*PROGRAMS, *KANIKO, *RUNNERS, *PACKAGE_MANAGERS, *INTERPRETERS, *RUN_WORDS, *BUILD_VARIABLES}) - {"."}
_NEEDLES = (*TOOL_VARIABLES, *(needle.decode() for needle in emulator_needles()), *JAVA_NEEDLES)
_COMPILERS = tuple(frozenset({name, verb} - {""}) for name, verb in own_output().items())
_CHANGES_SHELL = regex(r"=|\b(?:cd|pushd|popd)\b")
# A file where the name of a command can stand: a relative path, a script, or what `.` reads.
_FILE = regex(
    rf"""
    (?: ^ | [\n;&|(){{}}`] | (?<!\S)(?: if | then | elif | else | while | until | do | coproc ) [ \t] ) [ \t]*
    (?: (?: \w+\+?= | \d?[<>]{{1,3}}[ \t]? ) (?: "[^"\n]*" | '[^'\n]*' | [^\s;&|(){{}}<>`"'] )* [ \t]+ ){{0,8}}
    (?: (?: [\w./-]*/ )? (?: {"|".join(map(re.escape, PREFIXES))} ) (?: [ \t]+[^\s;&|(){{}}`]+ ){{0,8}}? [ \t]+ )?
    ["']?
    (?: [\w.-]+/[\w.-] | \.[ \t] | [^\s;&|(){{}}<>`"']*(?: {"|".join(map(re.escape, SCRIPT_SUFFIXES))} )\b )
    """,
    re.VERBOSE,
)


def may_act(text: str, environment: Environment) -> bool:
    """Whether a script may build, push or call something: it names a tool anywhere, or a file where a command can begin.

    Args:
        text: the script.
        environment: the variables that it starts with.
    """
    lowered = text.lower()
    for needle in _NEEDLES:
        if needle in lowered:
            return True
    words = set(_WORD.findall(text))
    if not words.isdisjoint(_NAMES) or any(words >= names for names in _COMPILERS):
        return True
    if "$" in text and any(_names_tool(value) for values in environment.values() for value in values):
        return True
    return bool(_FILE.search(text))


@lru_cache(maxsize=4096)
def _names_tool(value: str) -> bool:
    return not PROGRAMS.keys().isdisjoint(_WORD.findall(value))


def changes_shell(text: str) -> bool:
    """Whether a script may set a variable or change the folder."""
    return bool(_CHANGES_SHELL.search(text))
