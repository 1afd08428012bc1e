"""Steps that are items of a list and hold their script under a key: `- run: …`, `- script: …`."""

from __future__ import annotations

from collections.abc import Mapping

from armready.builds.model import Declared, Step, Verb
from armready.core.file import File
from armready.core.fix import Edit
from armready.core.startup import dataclass, regex
from armready.languages.yaml.nodes import Node, ScalarNode, embedded, in_flow_style, span
from armready.systems.yaml_steps import ListEditor

_NOT_PLAIN = regex(r": | #|^[-?:,\[\]{}#&*!|>'\"%@`]")


class KeyedEditor(ListEditor):
    """Edit steps that are mappings with a script under a key.

    Attributes:
        key: the key of a script.
        block: new lines become one step with a block of lines instead of a step each.
        extra: more keys of a new step, as lines.
    """

    key = "run"
    block = False
    extra: tuple[str, ...] = ()

    def insert_scripts(self, step: Step, lines: tuple[str, ...]) -> list[Edit] | None:
        """Put steps with the lines before this one; those of a script with lines of its own belong into it."""
        item = self.item(step)
        if item is None or in_flow_style(item.sequence) or self.file.text.startswith("|", step.span.start):
            return None
        if self.block and len(lines) > 1:
            return item.insert_items(((f"{self.key}: |", *(f"  {line}" for line in lines), *self.extra),))
        if any(_NOT_PLAIN.search(line) for line in lines):
            return None
        return item.insert_items(tuple((f"{self.key}: {line}", *self.extra) for line in lines))


class Budget:
    """How many more nodes a reader visits: aliases of aliases can make a short file endless."""

    left = 3_000

    def spend(self) -> bool:
        """Whether one more node may be visited."""
        self.left -= 1
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Context:
    """What the steps of a part of a job have in common."""

    environment: Mapping[str, tuple[str, ...]]
    folder: str | None = ""
    condition: str = ""
    detect_only: str = ""


def script_step(file: File, node: Node | None, place: tuple[int, int] | None, shell: int, context: Context, name: str = "") -> Step | None:
    """A step that runs the shell in a scalar; None when the node is no scalar."""
    if not isinstance(node, ScalarNode) or not node.value.strip():
        return None
    return Step(
        span(node),
        embedded(file, node),
        name=name,
        shell=shell,
        environment=context.environment,
        folder=context.folder,
        condition=context.condition,
        place=place,
        detect_only=context.detect_only,
    )


def declared_step(declared: Declared, place: tuple[int, int] | None, shell: int, context: Context, name: str = "") -> Step:
    """A step that is no script."""
    return Step(
        declared.span,
        declared=(declared,) if declared.verb is not Verb.OTHER else (),
        name=name,
        shell=shell,
        environment=context.environment,
        folder=context.folder,
        condition=context.condition,
        place=place,
        detect_only=context.detect_only,
    )
