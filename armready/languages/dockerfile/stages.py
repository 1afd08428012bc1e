"""The stages of a Dockerfile: what each is built from and for, which of them ship, and what a variable is worth where.

The rules are BuildKit's: automatic arguments are global and a stage sees them only after `ARG NAME`, in itself or in the stage it is built
from; a default in a stage beats the automatic value; a default in front of the first FROM replaces it; ENV beats ARG.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from armready.core.source import Span
from armready.core.startup import lazy, regex
from armready.languages.dockerfile.expansion import expand, resolve, unquote, uses
from armready.languages.dockerfile.platforms import AMD64, ARM64, AUTOMATIC, NATIVE_ARM64, Automatic, Platform, PlatformKind, normalize

if TYPE_CHECKING:
    from armready.languages.dockerfile.instructions import Flag, Instruction, Pair, Word

_VARIANT_NAME = regex(r"(?<![a-z0-9])(?:(amd64|x86_64|x86-64|x64|386|i386)|(arm64|aarch64|arm))(?:v[5-8])?(?![a-z0-9])", re.IGNORECASE)
_TARGET_SELECTS = regex(r"\$\{?TARGET(?:ARCH|PLATFORM|VARIANT)\b")
_WINDOWS_BASE = regex(r"mcr\.microsoft\.com/windows|nanoserver|windowsservercore|(?<![a-z])ltsc20\d\d|/windows/", re.IGNORECASE)
_WINDOWS_SHELL = regex(r"(?i)powershell|pwsh\.exe|cmd\.exe|^cmd$")
_VARIABLE = regex(r"(?:\$\{[^{}]*\}|\$\w+)+")
_MOST_VARIABLES = 3
_MOST_STAGES = 500
_MOUNT_FROM = regex(r"(?:^|,)from=([^,]*)")

# Chains that are longer than this are followed no further.
_LONGEST_CHAIN = 64

Derived = TypeVar("Derived")


class Definition(NamedTuple):
    """Where a variable gets its value.

    Attributes:
        pair: the `NAME=value` of the ARG or ENV.
        instruction: that ARG or ENV.
        position: its index in the file.
    """

    pair: Pair
    instruction: Instruction
    position: int

    @property
    def is_env(self) -> bool:
        """Whether an ENV sets it."""
        return self.instruction.keyword == "ENV"


@dataclass(eq=False)
class Stage:
    """One stage.

    Attributes:
        index: its number.
        origin: the FROM.
        name: its name as written; empty without one.
        name_span: where the name stands; None without one.
        base: the image or stage as written; None when the FROM is empty.
        instructions: what follows the FROM.
        position: the index of the FROM in the file.
        parent: the stage it is built from.
        children: the stages that are built from it.
        sources: the stages it copies or mounts from.
        choices: the stages among which its FROM, COPY or mount selects by a variable: `FROM build-${TARGETARCH}`.
        is_final: the last stage, or one that no other stage uses: it can be the target of a build.
        is_shipped: it is final or a final stage is built from it: its files are in an image.
        ships: it is shipped, or a stage that ships copies from it.
        variant: `amd64` or `arm64` for a stage that is one architecture's choice among several and may be pinned.
        is_windows: it is built for Windows, or only Windows images need it.
    """

    index: int
    origin: Instruction
    name: str
    name_span: Span | None
    base: Word | None
    position: int
    graph: Stages = field(repr=False)
    instructions: tuple[Instruction, ...] = ()
    parent: Stage | None = None
    children: list[Stage] = field(default_factory=list)
    sources: tuple[Stage, ...] = ()
    choices: tuple[Stage, ...] = ()
    is_final: bool = False
    is_shipped: bool = False
    ships: bool = False
    variant: str = ""
    is_windows: bool = False

    @property
    def label(self) -> str:
        """How a message calls it."""
        return f"stage '{self.name}'" if self.name else f"stage {self.index}"

    @property
    def title(self) -> str:
        """Its label at the beginning of a sentence."""
        return self.label.replace("s", "S", 1)

    @property
    def platform_flag(self) -> Flag | None:
        """The --platform of its FROM."""
        return self.origin.flag("platform")

    def chain(self) -> Iterator[Stage]:
        """The stage, the stage it is built from, and so on."""
        stage: Stage | None = self
        for _ in range(_LONGEST_CHAIN):
            if stage is None:
                return
            yield stage
            stage = stage.parent

    @lazy
    def _derived(self) -> dict[Callable[[Stage], Any], Any]:
        return {}

    def derive(self, make: Callable[[Stage], Derived]) -> Derived:
        """`make(stage)`, computed at most once, however many rules and instructions ask for it."""
        if make not in self._derived:
            self._derived[make] = make(self)
        return self._derived[make]  # type: ignore[no-any-return]

    @lazy
    def image(self) -> str | None:
        """The base image after expansion; None when it is a stage, or not known."""
        return None if self.base is None or self.parent is not None else self.graph.expand_global(self.base.text, self.position)

    @lazy
    def own_platform(self) -> Platform:
        """What its own --platform says; the target without one."""
        return self.graph.platform_of(self.platform_flag, self.position)

    @lazy
    def platform(self) -> Platform:
        """What it is built for: a stage built from another one gets that one's, whatever its own flag says."""
        for stage in self.chain():
            if stage.parent is None:
                return stage.own_platform
        return self.own_platform

    @property
    def on_build_platform(self) -> bool:
        """Whether its steps run on the build machine's architecture."""
        return self.platform.kind is PlatformKind.BUILD

    def definition(self, name: str, before: Instruction | None = None) -> Definition | None:
        """The ARG or ENV that gives `name` its value in this stage, as seen by `before` (its end without it); ENV beats ARG."""
        position = self.graph.position(before) if before is not None else self._end
        argument: Definition | None = None
        for stage in self.chain():
            found = self.graph.definitions_in(stage, name)
            if stage is self:
                found = found[: bisect_left(found, position, key=lambda each: each.position)]
            env = next((each for each in reversed(found) if each.is_env), None)
            if env is not None:
                return env
            argument = argument or (found[-1] if found else None)
        return argument

    def declares(self, name: str, before: Instruction | None = None) -> bool:
        """Whether `name` is visible to `before`: an ARG or ENV of that name stands above it, in this stage or in those it is built from."""
        return self.definition(name, before) is not None

    def expand(self, text: str, before: Instruction | None = None, automatic: Automatic = AMD64) -> str | None:
        """The text as BuildKit expands it for an instruction of this stage; None when a value is not known."""
        return self.graph.expand_in(self, text, self.graph.position(before) if before is not None else self._end, automatic)

    def resolve(self, text: str, before: Instruction | None = None, automatic: Automatic = AMD64) -> str:
        """As `expand`; a variable whose value is not known stays as it is written."""
        return self.graph.resolve_in(self, text, self.graph.position(before) if before is not None else self._end, automatic)

    @property
    def _end(self) -> int:
        return self.position + len(self.instructions) + 1


class Stages(Sequence[Stage]):
    """The stages of a file in order, and the scopes of its variables."""

    def __init__(self, instructions: tuple[Instruction, ...], escape: str) -> None:
        self._instructions = instructions
        self._escape = escape
        self._positions = {id(each): index for index, each in enumerate(instructions)}
        for index, each in enumerate(instructions):
            if each.trigger is not None:
                self._positions[id(each.trigger)] = index
        froms = [index for index, each in enumerate(instructions) if each.keyword == "FROM"]
        self.prologue = instructions[: froms[0]] if froms else instructions
        self._starts = froms
        self._stages = tuple(self._make(number, start) for number, start in enumerate(froms))
        self._memo: dict[tuple[int, str, Automatic], str | None] = {}
        self._definitions: dict[int, dict[str, list[Definition]]] = {}
        for stage in self._stages:
            end = froms[stage.index + 1] if stage.index + 1 < len(froms) else len(instructions)
            stage.instructions = instructions[stage.position + 1 : end]
        self._link()

    def __len__(self) -> int:
        return len(self._stages)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._stages[index]

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._stages)

    def of(self, instruction: Instruction) -> Stage | None:
        """See `Dockerfile.stage_of`."""
        number = bisect_left(self._starts, self.position(instruction) + 1) - 1
        return self._stages[number] if number >= 0 else None

    def position(self, instruction: Instruction) -> int:
        """The index of an instruction in the file; that of an ONBUILD for its trigger."""
        return self._positions[id(instruction)]

    def named(self, reference: str, before: int) -> Stage | None:
        """The stage that `FROM` or `--from` means: by name (the last one of that name above) or by number."""
        found = self._by_name.get(reference.lower(), ())
        at = bisect_left(found, before)
        if at:
            return self._stages[found[at - 1]]
        if reference.isascii() and reference.isdigit() and len(reference) < 6 and int(reference) < before:
            return self._stages[int(reference)]
        return None

    @lazy
    def copies(self) -> Mapping[int, list[tuple[int, str]]]:
        """What COPY takes out of each stage: by its index, the index of the stage that copies and the path."""
        copies: dict[int, list[tuple[int, str]]] = {}
        for stage in self._stages:
            for each in stage.instructions:
                flag = each.flag("from") if each.keyword == "COPY" else None
                source = self.named(flag.value, stage.index) if flag is not None and flag.value else None
                if source is not None:
                    copies.setdefault(source.index, []).extend((stage.index, word.text) for word in each.words[:-1])
        return copies

    @lazy
    def _by_name(self) -> Mapping[str, list[int]]:
        names: dict[str, list[int]] = {}
        for stage in self._stages:
            if stage.name:
                names.setdefault(stage.name.lower(), []).append(stage.index)
        return names

    def _make(self, number: int, position: int) -> Stage:
        origin = self._instructions[position]
        words = origin.words
        named = len(words) >= 3 and words[1].text.upper() == "AS"
        name, span = (words[2].text, words[2].span) if named else ("", None)
        return Stage(
            index=number, origin=origin, name=name, name_span=span, base=words[0] if words else None, position=position, graph=self
        )

    def _link(self) -> None:
        used: set[int] = set()
        for stage in self._stages:
            stage.parent = self._parent(stage) if stage.base is not None else None
            if stage.parent is not None:
                stage.parent.children.append(stage)
            stage.sources = tuple(dict.fromkeys(self._sources(stage)))
            used.update(each.index for each in (*stage.sources, *([stage.parent] if stage.parent else [])))
            stage.choices = self._choices(stage)
        used.update(each.index for stage in self._stages for each in stage.choices)
        chosen = {index for stage in self._stages for index in self._chosen_by_target(stage)}
        for stage in self._stages:
            stage.variant = self._variant(stage, chosen)
            stage.is_final = stage.index not in used or stage.index == len(self._stages) - 1
            stage.is_windows = self._windows(stage)
        self._serve_windows()
        for stage in reversed(self._stages):
            stage.is_shipped |= stage.is_final
            stage.ships |= stage.is_shipped
            if stage.parent is not None:
                stage.parent.is_shipped |= stage.is_shipped
                stage.parent.ships |= stage.ships
            for source in (*stage.sources, *stage.choices):
                source.ships |= stage.ships

    def _serve_windows(self) -> None:
        """Mark the stages that only Windows images need."""
        linux = [stage for stage in self._stages if stage.is_final and not stage.is_windows]
        if len(linux) == sum(stage.is_final for stage in self._stages):
            return
        needed: set[int] = set()
        while linux:
            stage = linux.pop()
            if stage.index not in needed:
                needed.add(stage.index)
                linux += [*stage.sources, *stage.choices, *([stage.parent] if stage.parent else [])]
        for stage in self._stages:
            stage.is_windows |= stage.index not in needed

    def _parent(self, stage: Stage) -> Stage | None:
        assert stage.base is not None
        text = stage.base.text
        if text.isdigit() or not stage.index:
            return None
        return self.named((self.expand_global(text, stage.position) or "") if "$" in text else text, stage.index)

    def _sources(self, stage: Stage) -> Iterator[Stage]:
        for reference in self._references(stage):
            source = self.named(reference, stage.index)
            if source is not None:
                yield source

    def _references(self, stage: Stage) -> Iterator[str]:
        """What the stage copies or mounts from, if that can be a stage: nothing stands above the first one."""
        for instruction in stage.instructions if stage.index else ():
            actual = instruction.trigger or instruction
            if actual.keyword in ("COPY", "ADD"):
                flag = actual.flag("from")
                if flag is not None and flag.value:
                    yield flag.value
            elif actual.keyword == "RUN":
                for flag in actual.flags:
                    found = _MOUNT_FROM.search(flag.value or "") if flag.name == "mount" else None
                    if found is not None:
                        yield found[1]

    def _choices(self, stage: Stage) -> tuple[Stage, ...]:
        """The stages among which an expression of `stage` selects: `FROM build-${TARGETARCH}`, `FROM source-${KIND}`."""
        found: list[Stage] = []
        for reference in self._expressions(stage):
            shape = _VARIABLE.sub("\0", reference)
            named = shape.strip("\0") and not set(shape) & set("/:@")
            if named and shape.count("\0") <= _MOST_VARIABLES and len(self._stages) <= _MOST_STAGES:
                names = re.compile(re.escape(shape.lower()).replace("\0", ".*"))
                found += [each for each in self._stages[: stage.index] if each.name and names.fullmatch(each.name.lower())]
        return tuple(dict.fromkeys(found))

    def _expressions(self, stage: Stage) -> Iterator[str]:
        base = [stage.base.text] if stage.base is not None and stage.index else []
        yield from (each for each in (*base, *self._references(stage)) if "$" in each)

    def _chosen_by_target(self, stage: Stage) -> Iterator[int]:
        for reference in self._expressions(stage):
            if self._by_target(reference, stage.position):
                names = [self.expand_global(reference, stage.position, each) for each in (AMD64, ARM64)]
                yield from (each.index for name in names if name and (each := self.named(name, stage.index)) is not None)

    def _by_target(self, text: str, position: int) -> bool:
        return bool(_TARGET_SELECTS.search(text)) or self.expand_global(text, position, AMD64) != self.expand_global(text, position, ARM64)

    def _variant(self, stage: Stage, chosen: set[int]) -> str:
        match = _VARIANT_NAME.search(stage.name)
        if match is None:
            return ""
        arch = "amd64" if match[1] else "arm64"
        if stage.index in chosen:
            return arch
        other = "arm64" if arch == "amd64" else "amd64"
        return arch if self._shapes.get(self._shape(stage.name), frozenset()) >= {other} else ""

    @lazy
    def _shapes(self) -> Mapping[str, frozenset[str]]:
        """Stage names with the architecture taken out -> the architectures that occur there."""
        shapes: dict[str, set[str]] = {}
        for stage in self._stages:
            match = _VARIANT_NAME.search(stage.name)
            if match is not None:
                shapes.setdefault(self._shape(stage.name), set()).add("amd64" if match[1] else "arm64")
        return {shape: frozenset(found) for shape, found in shapes.items()}

    @staticmethod
    def _shape(name: str) -> str:
        return _VARIANT_NAME.sub("*", name.lower())

    def _windows(self, stage: Stage) -> bool:
        if stage.parent is not None:
            return stage.parent.is_windows
        flag = stage.platform_flag
        if flag is not None and re.match(r"(?i)(?:\$\{\w+:?-)?windows", flag.value or ""):
            return True
        if stage.base is not None and _WINDOWS_BASE.search(stage.image or stage.base.text):
            return True
        return any(
            each.keyword == "SHELL" and any(_WINDOWS_SHELL.search(word.text) for word in each.words[:1]) for each in stage.instructions
        )

    def definitions_in(self, stage: Stage | None, name: str) -> list[Definition]:
        """The ARGs and ENVs of `name` in one stage, or in front of the first FROM, in order."""
        number = -1 if stage is None else stage.index
        if number not in self._definitions:
            self._definitions[number] = self._defined(stage)
        return self._definitions[number].get(name, [])

    def _defined(self, stage: Stage | None) -> dict[str, list[Definition]]:
        keywords, instructions, start = frozenset({"ARG"}), self.prologue, 0
        if stage is not None:
            keywords, instructions, start = frozenset({"ARG", "ENV"}), stage.instructions, stage.position + 1
        found: dict[str, list[Definition]] = {}
        for position, instruction in enumerate(instructions, start):
            for pair in instruction.pairs if instruction.keyword in keywords else ():
                found.setdefault(pair.name, []).append(Definition(pair, instruction, position))
        return found

    def global_definition(self, name: str, position: int | None = None) -> Definition | None:
        """The last ARG of `name` in front of the first FROM and of `position`."""
        found = self.definitions_in(None, name)
        if position is not None:
            found = found[: bisect_left(found, position, key=lambda each: each.position)]
        return found[-1] if found else None

    def expand_global(self, text: str, position: int, automatic: Automatic = AMD64) -> str | None:
        """The text as a FROM at `position` expands it; None when a value is not known."""
        return expand(text, lambda name: self._global_value(name, position, automatic, 0), self._escape)

    def resolve_global(self, text: str, position: int, automatic: Automatic = AMD64) -> str:
        """As `expand_global`; a variable whose value is not known stays as it is written."""
        return resolve(text, lambda name: self._global_value(name, position, automatic, 0), self._escape)

    def resolve_in(self, stage: Stage, text: str, position: int, automatic: Automatic = AMD64) -> str:
        """As `expand_in`; a variable whose value is not known stays as it is written."""
        return resolve(text, lambda name: self._stage_value(stage, name, position, automatic, 0), self._escape)

    def expand_in(self, stage: Stage, text: str, position: int, automatic: Automatic) -> str | None:
        """See `Stage.expand`."""
        return expand(text, lambda name: self._stage_value(stage, name, position, automatic, 0), self._escape)

    def _global_value(self, name: str, position: int, automatic: Automatic, depth: int) -> str | None:
        definition = self.global_definition(name, position)
        if definition is not None and definition.pair.value is not None:
            return self._value(definition, None, automatic, depth)
        return automatic.value(name) if name in AUTOMATIC else None

    def _stage_value(self, stage: Stage, name: str, position: int, automatic: Automatic, depth: int) -> str | None:
        before = (
            self._instructions[position]
            if position < len(self._instructions) and position <= stage.position + len(stage.instructions)
            else None
        )
        definition = stage.definition(name, before)
        if definition is None:
            return None
        if definition.pair.value is None:
            return self._global_value(name, self._starts[0], automatic, depth)
        return self._value(definition, self.of(definition.instruction), automatic, depth)

    def _value(self, definition: Definition, stage: Stage | None, automatic: Automatic, depth: int) -> str | None:
        """The value of a definition, whose own variables are looked up where it stands."""
        if depth > _LONGEST_CHAIN:
            return None
        key = (definition.position, definition.pair.name, automatic)
        if key not in self._memo:
            position = definition.position

            def lookup(name: str) -> str | None:
                if stage is None:
                    return self._global_value(name, position, automatic, depth + 1)
                return self._stage_value(stage, name, position, automatic, depth + 1)

            self._memo[key] = expand(definition.pair.value or "", lookup, self._escape)
        return self._memo[key]

    def platform_of(self, flag: Flag | None, position: int) -> Platform:
        """What a --platform at `position` comes to, judged by what it is worth on different machines; `linux` alone is the builder's."""
        if flag is None or not flag.value:
            return Platform(PlatformKind.TARGET)
        raw = flag.value
        used = {use.name for use in uses(raw, self._escape)}
        if not used:
            value = unquote(raw, self._escape)
            arch, system = normalize(value)
            return Platform(PlatformKind.CONSTANT if arch or system != "linux" else PlatformKind.BUILD, value, arch, system)
        amd64, cross, native = (self.expand_global(raw, position, each) for each in (AMD64, ARM64, NATIVE_ARM64))
        if amd64 is None or cross is None or native is None:
            return Platform(PlatformKind.UNKNOWN)
        if amd64 != cross:
            return Platform(PlatformKind.TARGET)
        if cross != native:
            return Platform(PlatformKind.BUILD)
        return Platform(PlatformKind.CONSTANT, amd64, *normalize(amd64))
