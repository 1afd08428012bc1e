"""The `docker` object of Jenkins: `docker.build(name)`, `image.push(tag)`, `docker.image(name).push()`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from armready.builds import references
from armready.file import File
from armready.parsers.groovy import Token, TokenKind
from armready.pipelines.model import Declared, Step, Verb
from armready.source import Span

_VALUE_OPTIONS = re.compile(
    r"^(?:-f|--file|--build-arg|-t|--tag|--target|--network|--label|--cache-from|--add-host|--secret|--ssh|--progress|--platform|-m|--memory)$"
)
_NO_LIST = "docker.build makes one platform: run docker buildx build --platform --push by sh within withRegistry"


class DockerCalls:
    """The calls of the docker object among the tokens of a file."""

    def __init__(self, file: File, tokens: Sequence[Token]) -> None:
        self.file = file
        self.tokens = tokens
        self.pushes: dict[str, list[tuple[int, str]]] = {}
        for index, token in enumerate(tokens):
            if token.text == "push" and index > 1 and tokens[index - 1].text == "." and tokens[index - 2].kind is TokenKind.WORD:
                self.pushes.setdefault(tokens[index - 2].text, []).append((index, self._argument(index)))

    def at(self, index: int, before: str, registry: Token | None) -> Iterator[tuple[int, Step]]:
        """The step that begins at a token, with the index of its last token."""
        token = self.tokens[index]
        if token.text != "docker" or before == "." or self._text(index + 1) != ".":
            return
        method = self._text(index + 2)
        if method == "build":
            yield self._build(index, registry)
        elif method == "image":
            end, arguments = self._arguments(index + 3)
            push = self._chained(end)
            if push is not None and arguments:
                names = self._names(arguments[0], [self._argument(push)], registry)
                yield push, self._step(Declared(Verb.PUSH, self._span(index, push), "docker.image", names))
        elif method in ("withRegistry", "withServer"):
            yield index + 2, self._step(Declared(Verb.LOGIN, self._span(index, index + 2), f"docker.{method}"))

    def _build(self, index: int, registry: Token | None) -> tuple[int, Step]:
        end, arguments = self._arguments(index + 3)
        name = arguments[0] if arguments else ""
        given = _options(arguments[1]) if len(arguments) > 1 else {}
        push = self._chained(end)
        variable = self.tokens[index - 2].text if index >= 2 and self._text(index - 1) == "=" else ""
        pushes = [(push, self._argument(push))] if push is not None else self.pushes.get(variable, [])
        pushes = [each for each in pushes if each[0] > index]
        names = self._names(name, [tag for _, tag in pushes], registry) if pushes else ((name,) if name else ())
        platform = given.get("--platform")
        declared = Declared(
            Verb.BUILD,
            self._span(index, end),
            "docker.build",
            names,
            platforms=None if platform is None else (platform,),
            pushes=bool(pushes),
            push_span=self.tokens[pushes[0][0]].span if pushes else None,
            loads=not pushes,
            dockerfile=given.get("-f") or given.get("--file") or "",
            context=given.get("", ""),
            reasons=(_NO_LIST,),
        )
        return (push if push is not None else end), self._step(declared)

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
        while position < len(self.tokens):
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
        host = re.sub(r"^https?://", "", registry.text).rstrip("/") if registry is not None else ""
        host = "" if host in ("registry.hub.docker.com", "index.docker.io/v1", "docker.io") else host
        plain = name if not references.tag(name) else name[: -len(references.tag(name)) - 1]
        found = [f"{plain}:{tag}" if tag else name for tag in tags]
        return tuple(dict.fromkeys(f"{host}/{each}" if host and not each.startswith(host) else each for each in found if each))


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
