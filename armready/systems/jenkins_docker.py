"""The `docker` object of Jenkins: `docker.build(name)`, `image.push(tag)`, `docker.image(name).push()`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from armready.builds import references
from armready.builds.model import Declared, Step, Verb
from armready.builds.setup import BUILDER
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.source import Span
from armready.core.startup import dataclass, regex
from armready.languages.groovy import Groovy, Token, TokenKind
from armready.systems.jenkins_edit import Statement

_VALUE_OPTIONS = regex(
    r"^(?:-f|--file|--build-arg|-t|--tag|--target|--network|--label|--cache-from|--add-host|--secret|--ssh|--progress|--platform|-m|--memory)$"
)
_MOST_TOKENS = 200
_NO_LIST = "docker.build makes one platform: run docker buildx build --platform --push by sh within withRegistry"


class DockerCalls:
    """The calls of the docker object among the tokens of a file."""

    def __init__(self, file: File, groovy: Groovy) -> None:
        self.file = file
        self.groovy = groovy
        self.tokens = tokens = groovy.tokens
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
        end, arguments = self._arguments(index + 3)
        name = arguments[0] if arguments else ""
        given = _options(arguments[1]) if len(arguments) > 1 else {}
        push = self._chained(end)
        variable = self.tokens[index - 2].text if index >= 2 and self._text(index - 1) == "=" else ""
        pushes = [(push, self._argument(push))] if push is not None else self.pushes.get(variable, [])
        again = next((at for at in self.words.get(variable, []) if at > index and self._text(at + 1) == "="), len(self.tokens))
        pushes = [each for each in pushes if index < each[0] < again]
        places = [self._push_statement(at, index, chained=push is not None) for at, _ in pushes]
        hosts = [self._host(place) for place in places]
        names = (
            tuple(dict.fromkeys(_named(name, tag, host or "") for (_, tag), host in zip(pushes, hosts, strict=True))) if pushes else (name,)
        )
        statement = Statement(self.file, self.groovy, self._start(index), end)
        rewrite = _Rewrite(statement, places, names, arguments[1] if len(arguments) > 1 else ".", self.file.settings.platforms)
        possible = pushes and None not in hosts and name and self._is_plain(index + 3, end) and self._only_pushed(variable, index, push)
        possible = possible and all(self._is_plain(at + 1, place.last) for (at, _), place in zip(pushes, places, strict=True))
        platform = given.get("--platform")
        declared = Declared(
            Verb.BUILD,
            self._span(index, end),
            "docker.build",
            tuple(each for each in names if each),
            platforms=None if platform is None else (platform,),
            pushes=bool(pushes),
            push_span=self.tokens[pushes[0][0]].span if pushes else None,
            loads=not pushes,
            dockerfile=given.get("-f") or given.get("--file") or "",
            context=given.get("", ""),
            widen=rewrite.edits if possible and platform is None else None,
            reasons=(_NO_LIST,) if not possible else () if push is not None else ("The build moves to the place of its first push",),
        )
        step = self._step(declared)
        return (push if push is not None else end), replace(step, place=places[0] if places else statement)

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


@dataclass(frozen=True, eq=False)
class _Rewrite:
    """`docker.build` with its pushes as one `docker buildx build`, in the place of the first push."""

    build: Statement
    pushes: Sequence[Statement]
    names: tuple[str, ...]
    arguments: str
    platforms: tuple[str, ...]

    def edits(self, platforms: tuple[str, ...]) -> list[Edit] | None:
        """The edits; None when a statement cannot be replaced or taken out, or when a push has a condition that the build does not have."""
        chained = self.pushes[0].first == self.build.first
        if any(push.guards - self.build.guards for push in self.pushes):
            return None
        tags = " ".join(f"-t {name}" for name in self.names)
        command = (
            f"docker buildx build --builder {BUILDER} --platform {','.join(platforms)} --provenance=false --push {tags} {self.arguments}"
        )
        edits = self.pushes[0].replace([f'sh "{command}"'])
        for each in (*self.pushes[1:], *(() if chained else (self.build,))):
            removed = each.remove()
            if removed is None or edits is None:
                return None
            edits.extend(removed)
        return edits


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
