"""The `docker` object of Jenkins: `docker.build(name)`, `image.push(tag)`, `docker.image(name).push()`."""

from __future__ import annotations

import re
import shlex
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace

from armready.builds import references
from armready.builds.model import Declared, Step, Verb
from armready.builds.setup import BUILDER
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.languages.groovy import Token, TokenKind, parse_groovy
from armready.systems.jenkins_edit import Statement

_VALUE_OPTIONS = regex(
    r"^(?:-f|--file|--build-arg|-t|--tag|--target|--network|--label|--cache-from|--add-host|--secret|--ssh|--progress|--platform|-m|--memory)$"
)
_MOST_TOKENS = 200
_NO_LIST = "docker.build makes one platform: run docker buildx build --platform --push by sh within withRegistry"


@dataclass(frozen=True, eq=False, kw_only=True)
class _Call:
    """A call of `docker.build`, with the pushes of its image.

    Attributes:
        statement: the statement that it is in.
        end: its last token.
        chained: the `push` that is called on its result.
        pushes: each push as its token and its statement.
        names: what is pushed, or the name that is built.
        options: its second argument.
        possible: one command can do the same.
    """

    statement: Statement
    end: int
    chained: int | None
    pushes: tuple[tuple[int, Statement], ...]
    names: tuple[str, ...]
    options: str
    possible: bool

    def edits(self, platforms: tuple[str, ...]) -> list[Edit] | None:
        """The edits; None when a statement cannot be replaced or taken out, or when a push has a condition that the build does not have."""
        first, *others = [place for _, place in self.pushes]
        if any(push.guards - self.statement.guards for push in (first, *others)):
            return None
        tags = " ".join(f"-t {name}" for name in self.names)
        options = f"--builder {BUILDER} --platform {','.join(platforms)} --provenance=false --push"
        edits = first.replace([f'sh "docker buildx build {options} {tags} {self.options or "."}"'])
        for each in (*others, *(() if first.first == self.statement.first else (self.statement,))):
            removed = each.remove()
            if removed is None or edits is None:
                return None
            edits.extend(removed)
        return edits


class DockerCalls:
    """The calls of the docker object among the tokens of a file."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.groovy = file.parse(parse_groovy)
        self.tokens = tokens = self.groovy.tokens
        self.pushes: dict[str, list[tuple[int, str]]] = {}
        self.assigned: dict[str, set[str]] = {}
        self.words: dict[str, list[int]] = {}
        for index, token in enumerate(tokens):
            if token.kind is TokenKind.WORD:
                self.words.setdefault(token.text, []).append(index)
                self._note_value(index)
            if token.text == "push" and index > 1 and tokens[index - 1].text == "." and tokens[index - 2].kind is TokenKind.WORD:
                self.pushes.setdefault(tokens[index - 2].text, []).append((index, self._argument(index)))

    def at(self, index: int, before: str, registry: Token | None) -> Iterator[tuple[int, Step]]:
        """The step that begins at a token, with the index of its last token."""
        token = self.tokens[index]
        if token.text != "docker" or before == "." or self._text(index + 1) != ".":
            return
        method = self._text(index + 2)
        if method == "build":
            yield self._build(index)
        elif method == "image":
            end, arguments = self._arguments(index + 3)
            push = self._chained(end)
            if push is not None and arguments:
                names = self._names(arguments[0], [self._argument(push)], registry)
                yield push, self._step(Declared(Verb.PUSH, self._span(index, push), "docker.image", names))
            elif arguments:
                yield end, self._step(Declared(Verb.USE, self._span(index, end), "docker.image", tuple(arguments[:1])))

    def _build(self, index: int) -> tuple[int, Step]:
        call = self._call(index)
        given = _options(call.options)
        platform = given.get("--platform")
        declared = Declared(
            Verb.BUILD,
            self._span(index, call.end),
            "docker.build",
            tuple(each for each in call.names if each),
            platforms=None if platform is None else (platform,),
            pushes=bool(call.pushes),
            push_span=self.tokens[call.pushes[0][0]].span if call.pushes else None,
            loads=not call.pushes,
            dockerfile=given.get("-f") or given.get("--file") or "",
            context=given.get("", ""),
            takes_platforms=call.possible and platform is None,
            reasons=(_NO_LIST,)
            if not call.possible
            else ()
            if call.chained is not None
            else ("The build moves to the place of its first push",),
        )
        place = call.pushes[0][1] if call.pushes else call.statement
        return (call.end if call.chained is None else call.chained), replace(self._step(declared), place=(place.first, place.last))

    def _call(self, index: int) -> _Call:
        """The call of `docker.build` that begins at a token."""
        end, arguments = self._arguments(index + 3)
        name = arguments[0] if arguments else ""
        push = self._chained(end)
        variable = self.tokens[index - 2].text if index >= 2 and self._text(index - 1) == "=" else ""
        found = [(push, self._argument(push))] if push is not None else self.pushes.get(variable, [])
        again = next((at for at in self.words.get(variable, []) if at > index and self._text(at + 1) == "="), len(self.tokens))
        found = [each for each in found if index < each[0] < again]
        pushes = tuple((at, self._push_statement(at, index, chained=push is not None)) for at, _ in found)
        hosts = [self._host(place) for _, place in pushes]
        names = [_named(name, tag, host or "") for (_, tag), host in zip(found, hosts, strict=True)] or [name]
        return _Call(
            statement=Statement(self.file, self.groovy, self._start(index), end),
            end=end,
            chained=push,
            pushes=pushes,
            names=tuple(dict.fromkeys(names)),
            options=arguments[1] if len(arguments) > 1 else "",
            possible=bool(found and name)
            and None not in hosts
            and self._is_plain(index + 3, end)
            and self._only_pushed(variable, index, push)
            and all(self._is_plain(at + 1, place.last) for at, place in pushes),
        )

    def rewritten(self, start: int, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Edits that make one `docker buildx build` of the call at an offset and of its pushes, in the place of the first push."""
        return self._call(bisect_left(self.tokens, start, key=lambda token: token.span.start)).edits(platforms)

    def _start(self, index: int) -> int:
        """The first token of the statement that a call of the docker object is in: with `def name =`."""
        start = index
        if self._text(index - 1) == "=" and index >= 2:
            start = index - 2
            if start >= 1 and self.tokens[start - 1].kind is TokenKind.WORD:
                start -= 1
        return start

    def _push_statement(self, at: int, build: int, *, chained: bool) -> Statement:
        last, _ = self._arguments(at + 1)
        return Statement(self.file, self.groovy, build if chained else at - 2, last)

    def _host(self, place: Statement) -> str | None:
        """The host that the registry around a push adds to names: empty for Docker Hub, None when it is not known."""
        token = place.registry
        if token is None:
            return ""
        if token.kind is TokenKind.STRING:
            return _registry_host(token.text)
        values = self.assigned.get(token.text, set())
        return _registry_host(next(iter(values))) if len(values) == 1 else None

    def _note_value(self, index: int) -> None:
        """Remember `name = 'text'`."""
        if self._text(index + 1) == "=" and index + 2 < len(self.tokens) and self._text(index + 3) != "+":
            value = self.tokens[index + 2]
            if value.kind is TokenKind.STRING:
                self.assigned.setdefault(self.tokens[index].text, set()).add(value.text)

    def _is_plain(self, first: int, last: int) -> bool:
        """Whether arguments are strings and variables alone, which can be written into one string of shell."""
        for token in self.tokens[first : last + 1]:
            if token.kind is TokenKind.MARK and token.text not in "()+,.":
                return False
            if token.kind is TokenKind.STRING and not _fits(token):
                return False
        return not any(token.text == "(" for token in self.tokens[first + 1 : last + 1])

    def _only_pushed(self, variable: str, index: int, chained: int | None) -> bool:
        """Whether nothing is done with the image but to push it."""
        if chained is not None:
            return True
        pushed = {at - 2 for at, _ in self.pushes.get(variable, [])}
        for at in self.words.get(variable, []):
            named = at not in pushed and at != index - 2
            if named and (self._text(at - 1) != "def" or self._text(at + 1) in (".", "=")):
                return False
        return bool(variable)

    def _step(self, declared: Declared) -> Step:
        return Step(declared.span, declared=(declared,), name=declared.tool)

    def _text(self, index: int) -> str:
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def _span(self, first: int, last: int) -> Span:
        """From one token to another, or to the end of the first line."""
        whole = Span(self.tokens[first].span.start, self.tokens[min(last, len(self.tokens) - 1)].span.end)
        line = self.file.text.find("\n", whole.start)
        return whole if line < 0 or whole.end <= line else Span(whole.start, line)

    def _arguments(self, index: int) -> tuple[int, list[str]]:
        """The arguments of a call that begin at a token, as text; `name + ":1"` becomes `${name}:1`."""
        in_parentheses = self._text(index) == "("
        position = index + in_parentheses
        depth, arguments, current = 0, [], ""
        last = position
        while position < min(len(self.tokens), index + _MOST_TOKENS):
            token = self.tokens[position]
            if token.kind is TokenKind.MARK and token.text in "([{":
                depth += 1
            elif token.kind is TokenKind.MARK and token.text in ")]}":
                depth -= 1
                if depth < 0:
                    last = position
                    break
            if token.kind is TokenKind.NEWLINE and not in_parentheses and depth == 0 and self._text(position - 1) not in ("+", ","):
                break
            if token.text == "," and depth == 0 and token.kind is TokenKind.MARK:
                arguments.append(current)
                current = ""
            elif token.kind is TokenKind.STRING:
                current += token.text
            elif token.kind is TokenKind.WORD:
                current = (
                    f"{current[:-1]}.{token.text}}}"
                    if self._text(position - 1) == "." and current.endswith("}")
                    else f"{current}${{{token.text}}}"
                )
            last = position
            position += 1
        return last, [*arguments, current] if current else arguments

    def _chained(self, end: int) -> int | None:
        """The index of a `push` that is called on the result of a call."""
        return end + 2 if self._text(end + 1) == "." and self._text(end + 2) == "push" else None

    def _argument(self, index: int) -> str:
        _, arguments = self._arguments(index + 1)
        return arguments[0] if arguments else ""

    def _names(self, name: str, tags: Sequence[str], registry: Token | None) -> tuple[str, ...]:
        """What `push(tag)` pushes: the name with another tag, below the registry's host."""
        host = _registry_host(registry.text) if registry is not None else ""
        return tuple(dict.fromkeys(found for tag in tags if (found := _named(name, tag, host))))


def _fits(token: Token) -> bool:
    """Whether a string can be written into one of `sh "…"` as it is."""
    quote = token.string.quote if token.string is not None else ""
    return not re.search(r"[\"\\\n`']", token.text) and ("$" not in token.text or quote in ('"', '"""'))


def _registry_host(address: str) -> str:
    """The host of a registry's address; empty for Docker Hub."""
    host = re.sub(r"^https?://", "", address).rstrip("/")
    return "" if host in ("registry.hub.docker.com", "index.docker.io/v1", "registry-1.docker.io", "docker.io", "hub.docker.com") else host


def _named(name: str, tag: str, host: str) -> str:
    """The reference that a push with a tag sends."""
    own = references.tag(name)
    plain = name[: -len(own) - 1] if own else name
    reference = f"{plain}:{tag}" if tag else name
    return f"{host}/{reference}" if host and reference and not reference.startswith(host) else reference


def _options(text: str) -> dict[str, str]:
    """The options of `docker build` in the second argument; the key of the context is empty."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    found: dict[str, str] = {}
    index = 0
    while index < len(words):
        word = words[index]
        if word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            found[name] = value
        elif _VALUE_OPTIONS.match(word) and index + 1 < len(words):
            found[word], index = words[index + 1], index + 1
        elif not word.startswith("-"):
            found[""] = word
        index += 1
    return found
