"""The instructions of a Dockerfile: flags, words, pairs, and the shell in them, each with its exact place."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import NamedTuple

from armready.core.embedded import Embedded, Segment, on_one_line, with_breaks
from armready.core.shells import SHELLS
from armready.core.source import Source, Span
from armready.core.startup import dataclass, lazy, regex
from armready.languages.dockerfile.expansion import unquote
from armready.languages.dockerfile.lines import BLANKS, Heredoc, cut, shell_words

_PAIRED = frozenset({"ARG", "ENV", "LABEL"})
_JSON_FORMS = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_SHELL_FORMS = frozenset({"RUN", "CMD", "ENTRYPOINT"})
_KEYWORD = regex(r"[ \t\v\f\r]*([^ \t\v\f\r]*)[ \t\v\f\r]*")
_WORD = regex(r"(?:\{\{[^{}]{0,200}\}\}|[^\t\v\f\r ])+")
_FLAG = regex(r"""--([A-Za-z][\w-]*+)(?:=((?>(?:[^\s"'\\]|\\.|"[^"]*"|'[^']*')*)))?(?=[ \t]|\Z)""")
_FLAGS_END = regex(r"--(?=[ \t]|\Z)")
_JSON_STRING = regex(r'"((?:[^"\\]|\\.)*)"')
_JSON_ESCAPE = regex(r"\\(?:u[0-9a-fA-F]{4}|.)")
_HEALTH_COMMAND = regex(r"(?i)CMD[ \t]+(?!\[)")
_SHEBANG = regex(r"#!\s*(\S+)(?:\s+(\S+))?")


class Word(NamedTuple):
    """A word of an instruction: as written, and where. A place that a JSON escape blurs is only good to point at."""

    text: str
    span: Span


class Flag(NamedTuple):
    """`--name=value`, the value without quotes; `value` is None and `value_span` empty when there is none."""

    name: str
    value: str | None
    span: Span
    value_span: Span


class Pair(NamedTuple):
    """`NAME=value` of an ARG, ENV or LABEL.

    Attributes:
        name: the name, without quotes.
        value: as written, quotes included; None for an ARG without a default.
        span: the whole.
        name_span: the name.
        value_span: the value; for an ARG without a default the place behind the name.
    """

    name: str
    value: str | None
    span: Span
    name_span: Span
    value_span: Span


@dataclass(frozen=True, eq=False)
class Instruction:
    """One instruction. Of most of them little is asked, so only what is asked for is worked out.

    Attributes:
        keyword: in upper case.
        line: the keyword and what stands behind it, joined, mapped to the file.
        head: the keyword in `line`.
        start: where the text behind the keyword begins in `line`.
        heredocs: what follows it.
        escape: the escape character of the file.
        interpreter: the command of the SHELL instruction in force; empty for the default.
        source: the file.
    """

    keyword: str
    line: Embedded
    head: Span
    start: int
    heredocs: tuple[Heredoc, ...]
    escape: str
    interpreter: tuple[str, ...]
    source: Source

    @lazy
    def keyword_span(self) -> Span:
        """Where the keyword stands."""
        return self.line.nearest_host_span(self.head)

    @lazy
    def span(self) -> Span:
        """From the keyword to the end of its last line, heredocs not included."""
        return self.line.nearest_host_span(Span(self.head.start, max(len(self.line.text.rstrip(BLANKS)), self.head.end)))

    @lazy
    def code(self) -> Embedded:
        """The text behind the keyword, joined, mapped to the file."""
        return cut(self.line, self.start, max(self.start, len(self.line.text.rstrip(BLANKS))))

    @property
    def trigger(self) -> Instruction | None:
        """The instruction that an ONBUILD holds."""
        return self._trigger if self.keyword == "ONBUILD" else None

    @lazy
    def _trigger(self) -> Instruction | None:
        if not self.code.text or self.code.text[:7].upper() == "ONBUILD":
            return None
        return read_instruction(self.source, self.escape, self.heredocs, self.code, self.interpreter)

    @property
    def full_span(self) -> Span:
        """The instruction with its heredocs."""
        return Span(self.span.start, self.heredocs[-1].end.end) if self.heredocs else self.span

    @lazy
    def text(self) -> str:
        """Everything behind the keyword, heredocs included: what an instruction says, wherever in it."""
        return "\n".join([self.code.text, *(self.source.slice(each.body) for each in self.heredocs)])

    @lazy
    def flags(self) -> tuple[Flag, ...]:
        """The `--name=value` in front of the words."""
        found: list[Flag] = []
        for match in self._flag_matches:
            raw = match[2]
            value_span = Span(*match.span(2)) if raw is not None else Span(match.end(), match.end())
            value = None if raw is None else unquote(raw, self.escape)
            found.append(Flag(match[1], value, self._host(Span(*match.span())), self._host(value_span)))
        return tuple(found)

    @lazy
    def _flag_matches(self) -> tuple[re.Match[str], ...]:
        if not self.line.text.startswith("--", self.start):
            return ()
        found, at = [], 0
        while (match := _FLAG.match(self.code.text, at)) is not None:
            found.append(match)
            at = self._behind_blanks(match.end())
        return tuple(found)

    def _behind_blanks(self, at: int) -> int:
        text = self.code.text
        while at < len(text) and text[at] in BLANKS:
            at += 1
        return at

    def flag(self, name: str) -> Flag | None:
        """The first flag of that name."""
        return next((each for each in self.flags if each.name == name), None) if self.flags else None

    @lazy
    def body(self) -> Embedded:
        """The text behind the flags, and behind a `--` that ends them, mapped to the file."""
        at = self._behind_blanks(self._flag_matches[-1].end()) if self._flag_matches else 0
        if _FLAGS_END.match(self.code.text, at):
            at = self._behind_blanks(at + 2)
        return cut(self.code, at) if at else self.code

    @lazy
    def exec_form(self) -> bool:
        """Whether the arguments are a JSON list."""
        return self._json is not None

    @lazy
    def words(self) -> tuple[Word, ...]:
        """The words behind the flags: items of a JSON list, else split at white space (in ARG, ENV and LABEL outside of quotes)."""
        if self._json is not None:
            return tuple(Word(text, self.body.nearest_host_span(span)) for text, span in self._json)
        text = self.body.text
        spans = shell_words(text) if self.keyword in _PAIRED else (Span(*match.span()) for match in _WORD.finditer(text))
        return tuple(Word(text[span.start : span.end], self.body.nearest_host_span(span)) for span in spans)

    @lazy
    def pairs(self) -> tuple[Pair, ...]:
        """The `NAME=value` pairs of an ARG, ENV or LABEL; the old form `ENV NAME value` is one pair."""
        if self.keyword not in _PAIRED or not self.words:
            return ()
        if self.keyword != "ARG" and "=" not in self.words[0].text:
            name, last = self.words[0], self.words[-1]
            start = self.words[1].span.start if len(self.words) > 1 else name.span.end
            text = self.body.text
            value = text[text.index(name.text) + len(name.text) :].strip(BLANKS)
            return (
                Pair(
                    name=unquote(name.text, self.escape),
                    value=value,
                    span=Span(name.span.start, last.span.end),
                    name_span=name.span,
                    value_span=Span(start, last.span.end),
                ),
            )
        return tuple(self._pair(word) for word in self.words if self.keyword == "ARG" or "=" in word.text)

    def _pair(self, word: Word) -> Pair:
        raw, equals, value = word.text.partition("=")
        start, end = word.span
        if not equals:
            return Pair(name=unquote(raw, self.escape), value=None, span=word.span, name_span=word.span, value_span=Span(end, end))
        sign = self.source.text.find("=", start, end)
        return Pair(
            name=unquote(raw, self.escape), value=value, span=word.span, name_span=Span(start, sign), value_span=Span(sign + 1, end)
        )

    @lazy
    def _json(self) -> tuple[tuple[str, Span], ...] | None:
        """The items of a JSON list with the places of their quoted texts in `body`."""
        if self.keyword not in _JSON_FORMS:
            return None
        text = self.body.text
        if not text.lstrip(BLANKS).startswith("["):
            return None
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            return None
        return tuple((value, Span(*match.span(1))) for value, match in zip(values, _JSON_STRING.finditer(text), strict=False))

    @lazy
    def shell(self) -> Embedded | None:
        """The script that a shell runs: RUN, CMD and ENTRYPOINT in shell form, as a heredoc, or as `["sh", "-c", "..."]`.

        None where another program reads it, or nothing at all.
        """
        if self.keyword == "HEALTHCHECK":
            command = _HEALTH_COMMAND.match(self.body.text)
            return None if command is None else cut(self.body, command.end())
        if self.keyword not in _SHELL_FORMS:
            return None
        if self._json is not None:
            return self._shell_of_json(self._json)
        if self.interpreter and not _is_shell(self.interpreter[0]):
            return None
        return self._with_heredocs() if self.heredocs else self.body

    def _shell_of_json(self, items: tuple[tuple[str, Span], ...]) -> Embedded | None:
        values = [value for value, _ in items]
        if len(values) < 3 or not _is_shell(values[0]):
            return None
        option = next((index for index, value in enumerate(values[1:], 1) if not value.startswith("-") or value.endswith("c")), 0)
        if not values[option].startswith("-") or option + 1 >= len(values):
            return None
        value, span = items[option + 1]
        return _json_text(self.body.text[span.start : span.end], span.start, value).through(self.body)

    def _with_heredocs(self) -> Embedded | None:
        """The heredocs alone are the script; behind a command they are its heredocs still."""
        alone = len(self.heredocs) == 1 and len(self.words) == 1
        newline = self.source.newline
        if alone:
            script = _heredoc_text(self.source, self.heredocs[0], newline)
            shebang = _SHEBANG.match(script.text)
            if shebang is not None and not _is_shell(shebang[2] if shebang[1].endswith("/env") and shebang[2] else shebang[1]):
                return None
            return script
        return _joined([self.body, *(_heredoc_text(self.source, each, newline, closing=True) for each in self.heredocs)])

    def _host(self, inner: Span) -> Span:
        return self.code.nearest_host_span(inner) if inner.end > inner.start else self._point(inner.start)

    def _point(self, inner: int) -> Span:
        offset = self.code.host_offset(inner, after=True)
        return Span(offset, offset) if offset is not None else self.span


def read_instruction(
    source: Source, escape: str, heredocs: tuple[Heredoc, ...], line: Embedded, interpreter: tuple[str, ...]
) -> Instruction:
    """Read one logical line as an instruction."""
    found = _KEYWORD.match(line.text)
    assert found is not None
    return Instruction(
        keyword=found[1].upper(),
        line=line,
        head=Span(*found.span(1)),
        start=found.end(),
        heredocs=heredocs,
        escape=escape,
        interpreter=interpreter,
        source=source,
    )


def _is_shell(program: str) -> bool:
    return program.replace("\\", "/").rpartition("/")[2].lower() in SHELLS


def _heredoc_text(source: Source, heredoc: Heredoc, newline: str, *, closing: bool = False) -> Embedded:
    """The body as the shell gets it: without the tabs that `<<-` drops; `closing` adds the delimiter."""
    start, end = heredoc.body.start, heredoc.end.end if closing else heredoc.body.end
    parts, segments, inner, at = [], [], 0, start
    while at < end:
        stop = source.text.find("\n", at, end)
        stop = end if stop < 0 else stop + 1
        if heredoc.strips_tabs:
            while at < stop and source.text[at] == "\t":
                at += 1
        line = source.text[at:stop]
        kept = line.replace("\r\n", "\n") if newline == "\r\n" else line
        length = len(line) - 2 if kept != line else len(line)
        segments.append(Segment(inner, at, length))
        if kept != line:
            segments.append(Segment(inner + length, at + length + 1, 1))
        parts.append(kept)
        inner += len(kept)
        at = stop
    return Embedded("".join(parts), tuple(each for each in segments if each.length), partial(with_breaks, newline))


def _joined(parts: list[Embedded]) -> Embedded:
    texts: list[str] = []
    segments: list[Segment] = []
    inner = 0
    for part in parts:
        if texts:
            texts.append("\n")
            inner += 1
        texts.append(part.text)
        segments += [Segment(each.inner + inner, each.host, each.length) for each in part.segments]
        inner += len(part.text)
    return Embedded("".join(texts), tuple(segments), on_one_line)


def _json_fragment(fragment: str) -> str:
    return json.dumps(fragment, ensure_ascii=False)[1:-1]


def _json_text(raw: str, start: int, value: str) -> Embedded:
    """The decoded text of a JSON string whose raw text stands at `start`."""
    segments, inner, at = [], 0, 0
    for match in _JSON_ESCAPE.finditer(raw):
        if match.start() > at:
            segments.append(Segment(inner, start + at, match.start() - at))
            inner += match.start() - at
        inner += 1
        at = match.end()
    if at < len(raw):
        segments.append(Segment(inner, start + at, len(raw) - at))
        inner += len(raw) - at
    if inner != len(value):
        segments = []
    return Embedded(value, tuple(segments), _json_fragment)
