"""Rewritings of shell, in whatever file it stands.

They edit through the host's own encoding, and leave out a place where that cannot be proved (a quote inside of a quoted YAML scalar).
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from armready.builds.scripts import scripts
from armready.core.classify import SHELL_KINDS, Kind
from armready.core.file import File
from armready.core.source import Span
from armready.languages.shell.script import Command, Script, Word

from .rewriting import Change, Part, rewriting

# A span of a script and what takes its place: text, and spans of the script that move there.
Inner = tuple[Span, str | tuple[Part, ...]]

# Plain characters: no quote, expansion, glob, brace, tilde, assignment or comment.
_PLAIN = re.compile(r"[\w./:@,+%-]+")
_DATA = re.compile(r"[\w./:@,+%-]*[/:.\d][\w./:@,+%-]*")
_CONDITIONS = frozenset({"or", "not", "pipeline", "substitution", "background", "nested", "while", "until"})
_PROGRAMS = frozenset(
    {"apk", "apt-get", "buildah", "cargo", "conda", "curl", "docker", "dpkg", "gcc", "go", "helm", "kubectl", "make", "npm", "pip", "pip3"}
    | {"podman", "rustup", "skopeo", "tar", "unzip", "wget", "yum", "dnf", "crane", "ko", "jib", "dotnet", "uv"}
)


def _everywhere(edits):
    """A rewriting of a script as one of each file that holds scripts."""

    def changes(file: File) -> Iterator[Change]:
        taken: list[Span] = []
        for hosted in scripts(file):
            script = hosted.script
            if script.errors:
                continue
            for group in edits(script):
                made = [_host_change(file, script, span, parts) for span, parts in group]
                if any(each is None or any(each.span.overlaps(other) or each.span == other for other in taken) for each in made):
                    continue
                taken.extend(each.span for each in made)
                yield from made

    return changes


def _host_change(file: File, script: Script, span: Span, parts: str | tuple[Part, ...]) -> Change | None:
    """A change of a script as one of its file; None where the host cannot say it."""
    parts = (parts,) if isinstance(parts, str) else parts
    edit = script.edit(file, span, "".join(each if isinstance(each, str) else script.text[each.start : each.end] for each in parts))
    if edit is None:
        return None
    made: list[Part] = []
    rest = edit.text
    for host in (script.embedded.host_span(each) for each in parts if isinstance(each, Span)):
        before, found, after = rest.partition(file.source.slice(host)) if host is not None else (rest, "", "")
        if found:
            made += [before, host]
            rest = after
    return Change(edit.span, (*made, rest))


def everywhere(*kinds: Kind, fixes: bool = True):
    """Add a rewriting of scripts: groups of edits that are made together or not at all."""

    def add(edits):
        changes = _everywhere(edits)
        changes.__name__, changes.__module__, changes.__doc__ = edits.__name__, edits.__module__, edits.__doc__
        rewriting(*(kinds or SHELL_KINDS), fixes=fixes)(changes)
        return edits

    return add


def _commands(script: Script) -> Iterator[Command]:
    return (each for each in script.commands if not each.broken and not each.nested)


def _outer(script: Script) -> Iterator[Command]:
    """Commands that no word of another holds: quotes and positions inside of `"$(…)"` are another matter."""
    return (each for each in _commands(script) if not any(frame.kind == "substitution" for frame in each.context))


def _arguments(script: Script) -> Iterator[Word]:
    for command in _outer(script):
        if command.name not in ("[", "[[", "test", "((", "export", "local", "declare", "readonly"):
            yield from command.args


@everywhere()
def quoted_words(script: Script) -> Iterable[list[Inner]]:
    """A plain word in double quotes."""
    for word in _arguments(script):
        if _PLAIN.fullmatch(word.text):
            yield [(word.span, f'"{word.text}"')]


@everywhere()
def words_in_single_quotes(script: Script) -> Iterable[list[Inner]]:
    """A plain word in single quotes."""
    for word in _arguments(script):
        if _PLAIN.fullmatch(word.text):
            yield [(word.span, f"'{word.text}'")]


@everywhere()
def words_put_together(script: Script) -> Iterable[list[Inner]]:
    """A plain word of which the part behind the last separator is quoted: `https://example.com/"tool.tar.gz"`."""
    for word in _arguments(script):
        found = re.fullmatch(r"(?!-)([\w./:@,+%-]+[/:@-])([\w.]+)", word.text)
        if found is not None:
            yield [(word.span, f'{found[1]}"{found[2]}"')]


@everywhere()
def words_without_quotes(script: Script) -> Iterable[list[Inner]]:
    """A plain word out of its quotes."""
    for word in _arguments(script):
        if word.value and word.text != word.value and _PLAIN.fullmatch(word.value):
            yield [(word.span, word.value)]


@everywhere()
def options_in_quotes(script: Script) -> Iterable[list[Inner]]:
    """`"--option=value"`, as programs write it that make scripts."""
    for word in _arguments(script):
        if re.fullmatch(r"--[\w-]+=[\w./:@,+%-]+", word.text):
            yield [(word.span, f'"{word.text}"')]


@everywhere()
def program_names_in_quotes(script: Script) -> Iterable[list[Inner]]:
    """`"curl" …`."""
    for command in _outer(script):
        if command.words and command.name in _PROGRAMS and command.words[0].text == command.name:
            yield [(command.words[0].span, f'"{command.name}"')]


def _expansions(script: Script, pattern: str) -> Iterator[tuple[Span, str]]:
    for word in _arguments(script):
        if "'" in word.text or "\\" in word.text or "$(" in word.text or "`" in word.text:
            continue
        for found in re.finditer(pattern, word.text):
            yield Span(word.span.start + found.start(), word.span.start + found.end()), found[1]


@everywhere()
def braces_around_variables(script: Script) -> Iterable[list[Inner]]:
    """`${V}` instead of `$V`."""
    for span, name in _expansions(script, r"\$([A-Za-z_]\w*)"):
        yield [(span, f"${{{name}}}")]


@everywhere()
def variables_without_braces(script: Script) -> Iterable[list[Inner]]:
    """`$V` instead of `${V}`, where no letter follows."""
    for span, name in _expansions(script, r"\$\{([A-Za-z_]\w*)\}(?![\w\[])"):
        yield [(span, f"${name}")]


@everywhere()
def variables_in_quotes(script: Script) -> Iterable[list[Inner]]:
    """`"a${V}b"` instead of `a${V}b`: a value without white space is one word in both."""
    for word in _arguments(script):
        if re.fullmatch(r"[\w./:@,+%-]*\$(?:\{\w+\}|\w+)[\w./:@,+%-]*", word.text) and not word.text.startswith("$"):
            yield [(word.span, f'"{word.text}"')]


def _may_follow(command: Command) -> bool:
    """Whether `x=1 && ` may stand in front of a command: nothing around it turns success around or runs it apart."""
    return not any(frame.kind in _CONDITIONS for frame in command.context) and bool(command.words) and not command.name.startswith("[")


def _literals(script: Script) -> Iterator[tuple[Command, list[Word]]]:
    for command in _outer(script):
        words = [word for word in command.args if _DATA.fullmatch(word.text) and not word.text.startswith("-") and len(word.text) > 3]
        if _may_follow(command) and words and command.name != "for":
            yield command, words


def _moved(found: Iterable[tuple[Command, list[Word]]], quote: str, use: str) -> Iterable[list[Inner]]:
    for number, (command, words) in enumerate(found):
        names = [f"value_{number}_{index}" for index in range(len(words))]
        joint = " && " if any(frame.kind == "and" for frame in command.context) else "; "
        values: list[Part] = []
        for name, word in zip(names, words, strict=True):
            values += [f"{name}={quote}", word.span, f"{quote}{joint}"]
        start = Span(command.span.start, command.span.start)
        yield [(start, tuple(values)), *((word.span, use.format(name)) for name, word in zip(names, words, strict=True))]


def _builds(command: Command) -> bool:
    return command.name in ("docker", "podman", "buildah", "skopeo", "crane", "ko")


@everywhere()
def literals_in_variables(script: Script) -> Iterable[list[Inner]]:
    """A literal argument that is no verb in a variable that is set right in front of the command."""
    return _moved((each for each in _literals(script) if not _builds(each[0])), "", '"${{{}}}"')


@everywhere()
def literals_in_variables_without_quotes(script: Script) -> Iterable[list[Inner]]:
    """As `literals_in_variables`, with `$x` and quotes around the value."""
    return _moved((each for each in _literals(script) if not _builds(each[0])), "'", "${}")


@everywhere(fixes=False)
def image_names_in_variables(script: Script) -> Iterable[list[Inner]]:
    """The same for commands of container tools. A name that is set between build and push is unknown to a build that pushes: no fix."""
    return _moved((each for each in _literals(script) if _builds(each[0])), "", '"${{{}}}"')


_LONG = {
    "curl": {"-o": "--output", "-L": "--location", "-f": "--fail", "-s": "--silent", "-S": "--show-error", "-O": "--remote-name"},
    "wget": {"-q": "--quiet", "-O": "--output-document", "-P": "--directory-prefix"},
    "docker": {"-t": "--tag", "-f": "--file", "-q": "--quiet"},
    "tar": {"-C": "--directory"},
    "apt-get": {"-y": "--yes", "-q": "--quiet"},
    "pip": {"-r": "--requirement", "-c": "--constraint", "-U": "--upgrade", "-q": "--quiet"},
    "pip3": {"-r": "--requirement", "-c": "--constraint", "-U": "--upgrade", "-q": "--quiet"},
    "cargo": {"-r": "--release"},
    "make": {"-C": "--directory", "-f": "--file"},
}
_DOCKER_BUILDS = frozenset({"build", "buildx", "image", "builder"})


def _options_of(command: Command) -> dict[str, str]:
    if command.name == "docker" and not (command.args and command.args[0].text in _DOCKER_BUILDS):
        return {}
    return _LONG.get(command.name, {})


@everywhere()
def long_options(script: Script) -> Iterable[list[Inner]]:
    """`--output X` instead of `-o X`."""
    for command in _commands(script):
        table = _options_of(command)
        for word in command.args:
            if word.text in table:
                yield [(word.span, table[word.text])]


@everywhere()
def short_options_apart(script: Script) -> Iterable[list[Inner]]:
    """`-f -s -S -L -o X` instead of `-fsSLo X`, and the same of wget."""
    for command in _commands(script):
        for word in command.args:
            if (
                command.name in ("curl", "wget")
                and re.fullmatch(r"-[fsSLkqO]+o?", word.text)
                and len(word.text) > 2
                and "O-" not in word.text
            ):
                yield [(word.span, " ".join(f"-{each}" for each in word.text[1:]))]


_WITH_VALUES = frozenset(
    {"--platform", "--tag", "--file", "--build-arg", "--target", "--builder", "--output", "--cache-from", "--progress"}
)


@everywhere()
def values_joined_to_options(script: Script) -> Iterable[list[Inner]]:
    """`--platform=X` instead of `--platform X`, of docker and podman."""
    for command in _commands(script):
        if command.name in ("docker", "podman", "buildah"):
            for one, two in pairwise(command.args):
                if one.text in _WITH_VALUES and not two.text.startswith("-"):
                    yield [(Span(one.span.end, two.span.start), "=")]


@everywhere()
def values_apart_from_options(script: Script) -> Iterable[list[Inner]]:
    """`--platform X` instead of `--platform=X`, of docker and podman."""
    for command in _commands(script):
        if command.name in ("docker", "podman", "buildah"):
            for word in command.args:
                name, equals, value = word.text.partition("=")
                if equals and value and name in _WITH_VALUES:
                    at = word.span.start + len(name)
                    yield [(Span(at, at + 1), " ")]


@everywhere()
def context_in_front(script: Script) -> Iterable[list[Inner]]:
    """`docker build . -t x` instead of `docker build -t x .`."""
    for command in _commands(script):
        args = command.args
        if command.name == "docker" and len(args) > 2 and args[0].text == "build" and args[-1].text == ".":
            yield [(Span(args[0].span.end, args[0].span.end), " ."), (Span(args[-2].span.end, args[-1].span.end), "")]


_IMAGE_VERBS = frozenset({"build", "push", "tag", "pull", "save", "load"})


@everywhere()
def docker_image_verbs(script: Script) -> Iterable[list[Inner]]:
    """`docker image build` instead of `docker build`; the same of push, tag, pull, save and load."""
    for command in _commands(script):
        if command.name == "docker" and command.args and command.args[0].text in _IMAGE_VERBS:
            start = command.args[0].span.start
            yield [(Span(start, start), "image ")]


@everywhere(fixes=False)
def empty_variable_before_the_verb(script: Script) -> Iterable[list[Inner]]:
    """`docker ${DOCKER_FLAGS} build`. Nobody knows that it is empty, so a fix may be refused."""
    for command in _commands(script):
        if command.name == "docker" and command.args and command.args[0].text in _IMAGE_VERBS:
            start = command.args[0].span.start
            yield [(Span(start, start), "${DOCKER_FLAGS} ")]


def _wrapped(script: Script, wrapper: str) -> Iterable[list[Inner]]:
    for command in _outer(script):
        if command.name in _PROGRAMS and not command.prefix and not command.assignments and command.words[0].text == command.name:
            yield [(Span(command.span.start, command.span.start), f"{wrapper} ")]


@everywhere()
def sudo(script: Script) -> Iterable[list[Inner]]:
    """`sudo X`."""
    return _wrapped(script, "sudo")


@everywhere()
def sudo_with_environment(script: Script) -> Iterable[list[Inner]]:
    """`sudo -E X`."""
    return _wrapped(script, "sudo -E")


@everywhere()
def time(script: Script) -> Iterable[list[Inner]]:
    """`time X`."""
    return _wrapped(script, "time")


@everywhere()
def env(script: Script) -> Iterable[list[Inner]]:
    """`env LC_ALL=C X`."""
    return _wrapped(script, "env LC_ALL=C")


@everywhere()
def assignment_in_front(script: Script) -> Iterable[list[Inner]]:
    """`LC_ALL=C X`."""
    return _wrapped(script, "LC_ALL=C")


@everywhere(fixes=False)
def timeout(script: Script) -> Iterable[list[Inner]]:
    """`timeout 600 X`. A limit that holds for one platform may be short for two, so a fix may be less trusted."""
    return _wrapped(script, "timeout 600")


@everywhere()
def nice(script: Script) -> Iterable[list[Inner]]:
    """`nice -n 10 X`."""
    return _wrapped(script, "nice -n 10")


@everywhere()
def command_builtin(script: Script) -> Iterable[list[Inner]]:
    """`command X`."""
    return _wrapped(script, "command")


@everywhere(fixes=False)
def scripts_of_bash(script: Script) -> Iterable[list[Inner]]:
    """`bash -c 'X'`. Nothing is edited inside of text that another command reads, so there is no fix."""
    for command in _outer(script):
        text = script.text[command.span.start : command.span.end]
        if command.name in _PROGRAMS and not command.prefix and not {"'", "\n", "\\"} & set(text) and not command.redirects:
            if "$" in text:
                continue
            yield [(Span(command.span.start, command.span.start), "bash -c '"), (Span(command.span.end, command.span.end), "'")]


@everywhere()
def lines_instead_of_lists(script: Script) -> Iterable[list[Inner]]:
    """`set -e; a; b` instead of `a && b`, where a script is one list."""
    if any(frame.kind not in ("and", "pipeline", "substitution") for each in script.commands for frame in each.context):
        return
    joints = list(re.finditer(r"[ \t]*&&(?=[ \t])", script.text))
    if joints and "\n" not in script.text and not re.search(r"['\"#;]", script.text) and script.commands:
        start = script.commands[0].span.start
        yield [(Span(start, start), "set -e; "), *((Span(*each.span()), ";") for each in joints)]


def _body(script: Script) -> Span | None:
    """The lines of a script behind its first comments; None where wrapping could change them."""
    if not script.commands or "<<" in script.text or not script.text.strip():
        return None
    start = script.text.rfind("\n", 0, script.commands[0].span.start) + 1
    return Span(start, len(script.text.rstrip("\n")))


@everywhere(Kind.SHELL)
def in_a_function(script: Script) -> Iterable[list[Inner]]:
    """The whole script as the function `main`."""
    body = _body(script)
    if body is not None and not script.functions:
        yield [(Span(body.start, body.start), "main() {\n"), (Span(body.end, body.end), '\n}\nmain "$@"')]


@everywhere(Kind.SHELL)
def in_a_group(script: Script) -> Iterable[list[Inner]]:
    """The whole script as a group."""
    body = _body(script)
    if body is not None:
        yield [(Span(body.start, body.start), "{\n"), (Span(body.end, body.end), "\n}")]


@everywhere(Kind.SHELL)
def in_a_subshell(script: Script) -> Iterable[list[Inner]]:
    """The whole script in a subshell."""
    body = _body(script)
    if body is not None:
        yield [(Span(body.start, body.start), "(\n"), (Span(body.end, body.end), "\n)")]


@everywhere(Kind.SHELL)
def strict_mode(script: Script) -> Iterable[list[Inner]]:
    """`set -euo pipefail` in front."""
    body = _body(script)
    if body is not None and "$?" not in script.text:
        yield [(Span(body.start, body.start), "set -euo pipefail\n")]
