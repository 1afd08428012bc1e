"""The words of one command as an invocation of a container tool: verb, options, arguments.

The option tables stand in `options`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import field

from armready.builds.options import (
    BAKE_VALUES,
    BUILD_LIKE,
    BUILDCTL_VALUES,
    BUILDX_VALUES,
    COMPOSE_BUILD_VALUES,
    COMPOSE_VALUES,
    CRANE_VALUES,
    CREATE_VALUES,
    DOCKER_BUILD_VALUES,
    EARTHLY_VALUES,
    GLOBAL_VALUES,
    GROUPS,
    KANIKO,
    KANIKO_VALUES,
    KO_VALUES,
    MANIFEST_VALUES,
    PACK_VALUES,
    PODMAN_BUILD_VALUES,
    PUSH_VALUES,
    RUN_SHORT,
    RUN_VALUES,
    SHORT,
    SKAFFOLD_VALUES,
    SKOPEO_VALUES,
    TOOL_VARIABLE,
    TOOLS,
    VERBLESS,
)
from armready.builds.variables import Environment, expand
from armready.core.source import Span
from armready.core.startup import dataclass
from armready.languages.shell.script import Command, Word

# Words that only a verb is, so that what stands in front of them is none.
_VERBS = GROUPS | {"build", "bud", "bake", "push", "pull", "tag", "save", "load", "login", "run"}


@dataclass(frozen=True, slots=True)
class Option:
    """One option as it is written.

    Attributes:
        name: its long name without dashes.
        words: the word or the two words that it stands in.
        value: the template of its value; None for a bare boolean.
        value_word: the word with the value.
        value_at: the offset of the value within the text of `value_word`, 0 when the word holds nothing else.
    """

    name: str
    words: tuple[Word, ...]
    value: str | None
    value_word: Word
    value_at: int = 0

    @property
    def span(self) -> Span:
        """From its first character to its last."""
        return Span(self.words[0].span.start, self.words[-1].span.end)

    @property
    def value_span(self) -> Span:
        """Where the value stands, quotes included."""
        return Span(self.value_word.span.start + self.value_at, self.value_word.span.end)


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command that calls a container tool.

    Attributes:
        tool: docker, podman, buildah, nerdctl, compose, buildctl, kaniko and others.
        verb: the words that say what to do, options between them left out: "buildx build", "push".
        verb_words: the words of the verb.
        options: in order.
        arguments: the words that are no options.
        command: the command.
        certain: the tool is named; False when it stands in a variable that could also name another one.
    """

    tool: str
    verb: str
    verb_words: tuple[Word, ...]
    options: tuple[Option, ...]
    arguments: tuple[Word, ...]
    command: Command
    certain: bool = True
    words: tuple[Word, ...] = field(default=())

    def last(self, *names: str) -> str | None:
        """The template of the last value of an option."""
        values = self.all(*names)
        return values[-1] if values else None

    def all(self, *names: str) -> list[str]:
        """The templates of all values of an option, in order."""
        return [option.value for option in self.options if option.name in names and option.value is not None]

    def flag(self, name: str) -> bool:
        """Whether a boolean option is on."""
        given = [option for option in self.options if option.name == name]
        return bool(given) and (given[-1].value or "true").lower() not in ("false", "0")

    def option(self, name: str) -> Option | None:
        """The last of the options of a name."""
        return next((option for option in reversed(self.options) if option.name == name), None)

    @property
    def is_build(self) -> bool:
        """Whether it builds an image from a Dockerfile with the options of `docker build`."""
        return self.verb in BUILD_LIKE and self.tool in ("docker", "podman", "nerdctl", "buildah", "buildx", "img", "depot")


def tool_of(word: Word, environment: Environment) -> tuple[str, bool] | None:
    """The container tool that a command name stands for, and whether it is sure to be this one."""
    name = posixpath.basename(word.template.replace("\\", "/"))
    if name in TOOLS:
        return TOOLS[name], True
    if word.template in KANIKO:
        return "kaniko", True
    if "$" not in word.template:
        return None
    texts = [each for each in expand(word.template, environment) if "$" not in each]
    known = {found for each in texts if (found := TOOLS.get(posixpath.basename(each.split(" ")[0])))}
    if known:
        return ("docker" if "docker" in known else min(known)), len(known) == 1
    match = TOOL_VARIABLE.match(word.template)
    if match is None:
        return None
    hint = match[1].lower()
    return next((tool for tool in ("podman", "buildah", "nerdctl") if tool in hint), "docker"), False


def read(command: Command, environment: Environment, words: Sequence[Word] | None = None) -> Invocation | None:
    """The command as an invocation of a container tool, or None when it is another command.

    Args:
        command: the command.
        environment: the variables in scope; tells what `$(CONTAINER_TOOL)` is.
        words: the words to read instead of the command's own (a wrapper's arguments).
    """
    own = tuple(words if words is not None else command.words)
    if not own:
        return None
    found = tool_of(own[0], environment)
    if found is None:
        return None
    tool, certain = found
    verb_words, early, rest = _verb(tool, own[1:])
    if tool == "buildx":
        tool, verb = "docker", " ".join(["buildx", *(word.template for word in verb_words)])
    elif tool == "compose":
        tool, verb = "docker", " ".join(["compose", *(word.template for word in verb_words)])
    else:
        verb = " ".join(word.template for word in verb_words)
    values, short = _grammar(tool, verb)
    options, arguments = _options(rest, values, short)
    return Invocation(
        tool=tool,
        verb=verb,
        verb_words=tuple(verb_words),
        options=(*early, *options),
        arguments=tuple(arguments),
        command=command,
        certain=certain,
        words=own,
    )


def _verb(tool: str, words: Sequence[Word]) -> tuple[list[Word], list[Option], list[Word]]:
    """Split into the words of the verb, the options between them, and the rest."""
    verb: list[Word] = []
    early: list[Option] = []
    index = 0
    if tool in VERBLESS:
        return verb, early, list(words)
    while index < len(words):
        text = words[index].template
        if text.startswith("-"):
            in_compose = tool == "compose" or (verb and verb[0].template == "compose")
            takes = COMPOSE_VALUES if in_compose else GLOBAL_VALUES | BUILDX_VALUES
            separate = "=" not in text and text in takes and index + 1 < len(words)
            name = text.partition("=")[0].lstrip("-")
            name = {"f": "file", "p": "project-name"}.get(name, name) if in_compose else name
            if separate:
                early.append(Option(name, (words[index], words[index + 1]), words[index + 1].template, words[index + 1]))
            elif "=" in text:
                early.append(
                    Option(
                        name=name,
                        words=(words[index],),
                        value=text.partition("=")[2],
                        value_word=words[index],
                        value_at=words[index].text.find("=") + 1,
                    )
                )
            else:
                early.append(Option(name, (words[index],), None, words[index]))
            index += 2 if separate else 1
            continue
        if not verb and _may_be_empty(words[index]) and _verb_follows(words[index + 1 :]):
            index += 1
            continue
        verb.append(words[index])
        index += 1
        if text not in GROUPS or len(verb) >= 3:
            break
    return verb, early, list(words[index:])


def _verb_follows(words: Sequence[Word]) -> bool:
    """Whether a verb comes next, behind options and variables with options."""
    index = 0
    while index < len(words):
        text = words[index].template
        if text.startswith("-"):
            index += 2 if text in GLOBAL_VALUES else 1
        elif _may_be_empty(words[index]):
            index += 1
        else:
            return text in _VERBS
    return False


def _may_be_empty(word: Word) -> bool:
    """Whether a word is a variable that may hold global options, or nothing: `docker $FLAGS build`."""
    return word.text.startswith("$") and word.template in (f"${{{word.text[1:]}}}", word.text)


def _grammar(tool: str, verb: str) -> tuple[frozenset[str], dict[str, str]]:
    """The options that take a value, and the short names, of one verb."""
    last = verb.rpartition(" ")[2]
    if tool in ("docker", "nerdctl", "img", "depot") and verb in BUILD_LIKE:
        return DOCKER_BUILD_VALUES, SHORT
    if tool in ("podman", "buildah") and verb in BUILD_LIKE:
        return PODMAN_BUILD_VALUES, SHORT
    if verb.startswith("compose "):
        return COMPOSE_BUILD_VALUES, {"m": "memory", "q": "quiet"}
    if last == "bake":
        return BAKE_VALUES, {"f": "file"}
    if (
        last in ("run", "create")
        and tool in ("docker", "podman", "nerdctl")
        and "buildx" not in verb
        and "manifest" not in verb
        and "context" not in verb
    ):
        return RUN_VALUES, RUN_SHORT
    if verb == "buildx create":
        return CREATE_VALUES, {}
    if "manifest" in verb or "imagetools" in verb:
        return MANIFEST_VALUES, {"t": "tag", "f": "file"}
    if last == "push":
        return PUSH_VALUES, {"a": "all-tags", "q": "quiet"}
    if last == "pull":
        return frozenset({"platform", "arch", "os", "authfile", "creds"}), {"q": "quiet", "a": "all-tags"}
    if last == "save":
        return frozenset({"output", "platform", "format"}), {"o": "output", "q": "quiet"}
    if last == "load":
        return frozenset({"input", "platform"}), {"i": "input", "q": "quiet"}
    if last == "login":
        return frozenset({"username", "password", "authfile"}), {"u": "username", "p": "password"}
    other: dict[str, tuple[frozenset[str], dict[str, str]]] = {
        "buildctl": (BUILDCTL_VALUES, {"o": "output"}),
        "kaniko": (KANIKO_VALUES, {"c": "context", "f": "dockerfile", "d": "destination", "v": "verbosity"}),
        "pack": (PACK_VALUES, {"B": "builder", "b": "buildpack", "e": "env", "p": "path", "t": "tag"}),
        "ko": (
            KO_VALUES,
            {
                "t": "tags",
                "f": "filename",
                "L": "local",
                "B": "base-import-paths",
                "P": "preserve-import-paths",
                "R": "recursive",
                "j": "jobs",
            },
        ),
        "skopeo": (SKOPEO_VALUES, {"a": "all", "f": "format", "q": "quiet"}),
        "crane": (CRANE_VALUES, {"t": "new_tag", "f": "new_layer", "b": "base", "v": "verbose"}),
        "skaffold": (
            SKAFFOLD_VALUES,
            {"f": "filename", "d": "default-repo", "t": "tag", "p": "profile", "m": "module", "n": "namespace", "b": "build-image"},
        ),
        "earthly": (EARTHLY_VALUES, {"P": "allow-privileged", "s": "secret", "V": "verbose", "i": "interactive"}),
    }
    return other.get(
        tool,
        (
            frozenset({"tag", "file", "platform", "registry", "image", "name", "config"}),
            {"t": "tag", "f": "file", "r": "registry", "p": "profile"},
        ),
    )


def _options(words: Sequence[Word], values: frozenset[str], short: dict[str, str]) -> tuple[list[Option], list[Word]]:
    options: list[Option] = []
    arguments: list[Word] = []
    index = 0
    while index < len(words):
        word = words[index]
        text = word.template
        following = words[index + 1] if index + 1 < len(words) else None
        if text == "--":
            arguments.extend(words[index + 1 :])
            break
        if text.startswith("--"):
            option = _long(word, following, values)
        elif text.startswith("-") and len(text) > 1 and (text[1].isalpha()):
            option = _short_option(word, following, values, short)
        else:
            arguments.append(word)
            index += 1
            continue
        options.append(option)
        index += len(option.words)
    return options, arguments


def _long(word: Word, following: Word | None, values: frozenset[str]) -> Option:
    name, equals, value = word.template[2:].partition("=")
    if equals:
        return Option(name=name, words=(word,), value=value, value_word=word, value_at=word.text.find("=") + 1)
    if name in values and following is not None:
        return Option(name, (word, following), following.template, following)
    return Option(name, (word,), None, word)


def _short_option(word: Word, following: Word | None, values: frozenset[str], short: dict[str, str]) -> Option:
    """A short option; in a cluster (`-qt name`) the last letter decides."""
    letters = word.template[1:]
    for position, letter in enumerate(letters):
        name = short.get(letter, letter)
        if name not in values and letter not in values:
            continue
        rest = letters[position + 1 :]
        if rest:
            at = word.text.find(letter) + 1
            return Option(
                name=name, words=(word,), value=rest.removeprefix("="), value_word=word, value_at=at + (1 if rest.startswith("=") else 0)
            )
        if following is not None:
            return Option(name, (word, following), following.template, following)
    return Option(short.get(letters[0], letters[0]), (word,), None, word)
