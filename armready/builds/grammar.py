"""The words of one command as an invocation of a container tool: verb, options, arguments.

What the verbs do and which options take a value stands in `container_tools`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import field

from armready.builds.container_tools import KANIKO, PROGRAMS, Effect, Usage, groups, has_verb, usage_of
from armready.builds.options import BUILDX_VALUES, COMPOSE_VALUES, GLOBAL_VALUES, TOOL_VARIABLE, Syntax
from armready.builds.variables import Environment, expand
from armready.core.source import Span
from armready.core.startup import dataclass
from armready.languages.shell.script import Command, Word

# Words that only a verb is, so that what stands in front of them is none.
_VERBS = frozenset({"build", "bud", "bake", "push", "pull", "tag", "save", "load", "login", "run"})
# Programs of their own that are plugins of docker: the verb that they stand for.
_PLUGINS = ("buildx", "compose")


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
    def usage(self) -> Usage:
        """What its verb does."""
        return usage_of(self.tool, self.verb)

    @property
    def is_build(self) -> bool:
        """Whether it builds an image from a Dockerfile with the options of `docker build`."""
        return self.usage.effect is Effect.BUILD


def tool_of(word: Word, environment: Environment) -> tuple[str, bool] | None:
    """The container tool that a command name stands for, and whether it is sure to be this one."""
    name = posixpath.basename(word.template.replace("\\", "/"))
    if name in PROGRAMS:
        return PROGRAMS[name], True
    if word.template in KANIKO:
        return "kaniko", True
    if "$" not in word.template:
        return None
    texts = [each for each in expand(word.template, environment) if "$" not in each]
    known = {found for each in texts if (found := PROGRAMS.get(posixpath.basename(each.split(" ")[0])))}
    if known:
        return ("docker" if "docker" in known else min(known)), len(known) == 1
    match = TOOL_VARIABLE.match(word.template)
    if match is None:
        return None
    hint = match[1].lower()
    return next((tool for tool in ("podman", "buildah", "nerdctl") if tool in hint), "docker"), False


def _behind_tool(word: Word, tool: str, environment: Environment) -> tuple[Word, ...]:
    """The words that a variable holds behind the tool: `build` in `$BUILD_COMMAND`. They stand where the variable does."""
    if "$" not in word.template or word.text.startswith(('"', "'")):
        return ()
    texts = (each.split() for each in expand(word.template, environment))
    texts = (each for each in texts if len(each) > 1 and PROGRAMS.get(posixpath.basename(each[0])) == tool)
    return tuple(Word(word.span, part, part, part) for part in next(texts, [])[1:])


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
    behind = _behind_tool(own[0], tool, environment)
    if behind:
        own, certain = (own[0], *behind, *own[1:]), False
    group = (tool,) if tool in _PLUGINS else ()
    tool = "docker" if group else tool
    verb_words, early, rest = _verb(tool, group, own[1:])
    verb = " ".join((*group, *(word.template for word in verb_words)))
    usage = usage_of(tool, verb)
    options, arguments = _options(rest, usage.syntax)
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


def _verb(tool: str, group: tuple[str, ...], words: Sequence[Word]) -> tuple[list[Word], list[Option], list[Word]]:
    """Split into the words of the verb, the options between them, and the rest."""
    verb: list[Word] = []
    early: list[Option] = []
    if not has_verb(tool):
        return verb, early, list(words)
    index, in_compose = 0, group == ("compose",)
    while index < len(words):
        text = words[index].template
        if text.startswith("-"):
            option = _early(words[index], words[index + 1] if index + 1 < len(words) else None, in_compose=in_compose)
            early.append(option)
            index += len(option.words)
            continue
        if not verb and _may_be_empty(words[index]) and _verb_follows(tool, words[index + 1 :]):
            index += 1
            continue
        verb.append(words[index])
        group = (*group, text)
        in_compose = in_compose or group == ("compose",)
        index += 1
        if " ".join(group) not in groups(tool):
            break
    return verb, early, list(words[index:])


def _early(word: Word, following: Word | None, *, in_compose: bool) -> Option:
    """An option in front of a verb."""
    name, equals, value = word.template.partition("=")
    takes_next = not equals and following is not None and name in (COMPOSE_VALUES if in_compose else GLOBAL_VALUES | BUILDX_VALUES)
    name = name.lstrip("-")
    name = {"f": "file", "p": "project-name"}.get(name, name) if in_compose else name
    if equals:
        return Option(name=name, words=(word,), value=value, value_word=word, value_at=word.text.find("=") + 1)
    if takes_next:
        assert following is not None
        return Option(name, (word, following), following.template, following)
    return Option(name, (word,), None, word)


def _verb_follows(tool: str, words: Sequence[Word]) -> bool:
    """Whether a verb comes next, behind options and variables with options."""
    index = 0
    while index < len(words):
        text = words[index].template
        if text.startswith("-"):
            index += 2 if text in GLOBAL_VALUES else 1
        elif _may_be_empty(words[index]):
            index += 1
        else:
            return text in _VERBS or text in groups(tool)
    return False


def _may_be_empty(word: Word) -> bool:
    """Whether a word is a variable that may hold global options, or nothing: `docker $FLAGS build`."""
    return word.text.startswith("$") and word.template in (f"${{{word.text[1:]}}}", word.text)


def _options(words: Sequence[Word], syntax: Syntax) -> tuple[list[Option], list[Word]]:
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
            option = _long(word, following, syntax)
        elif text.startswith("-") and len(text) > 1 and (text[1].isalpha()):
            option = _short_option(word, following, syntax)
        else:
            arguments.append(word)
            index += 1
            continue
        options.append(option)
        index += len(option.words)
    return options, arguments


def _long(word: Word, following: Word | None, syntax: Syntax) -> Option:
    name, equals, value = word.template[2:].partition("=")
    if equals:
        return Option(name=name, words=(word,), value=value, value_word=word, value_at=word.text.find("=") + 1)
    if name in syntax.values and following is not None:
        return Option(name, (word, following), following.template, following)
    return Option(name, (word,), None, word)


def _short_option(word: Word, following: Word | None, syntax: Syntax) -> Option:
    """A short option; in a cluster (`-qt name`) the last letter decides."""
    letters = word.template[1:]
    for position, letter in enumerate(letters):
        name = syntax.short.get(letter, letter)
        if name not in syntax.values and letter not in syntax.values:
            continue
        rest = letters[position + 1 :]
        if rest:
            at = word.text.find(letter) + 1
            return Option(
                name=name, words=(word,), value=rest.removeprefix("="), value_word=word, value_at=at + (1 if rest.startswith("=") else 0)
            )
        if following is not None:
            return Option(name, (word, following), following.template, following)
    return Option(syntax.short.get(letters[0], letters[0]), (word,), None, word)
