"""Build images for several platforms, look at what came of it, and say why what failed did."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from armready.core.errors import ParseProblem, UsageError
from armready.core.startup import dataclass
from armready.verify.contents import Contents, look
from armready.verify.engine import Engine, Order, Outcome
from armready.verify.explain import explain, failing_steps
from armready.verify.images import Image
from armready.verify.layout import read_image
from armready.verify.model import Explanation, LogFacts, Recipe

_TAIL = 40
# What fails for it as well is not about arm64.
_FIRST = "linux/amd64"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of one image for one platform.

    Attributes:
        image: the image.
        platform: what it was built for.
        built: the build came to its end.
        timed_out: the build took too long.
        seconds: how long it took.
        explanations: why it failed, or the command in it.
        contents: what is in it; None where it was not built, or cannot be read.
        ran: how the command in it ended; None without one.
        problem: why it was not built or read, where that is no matter of the log.
        tail: the last lines of the log of what failed.
        failing: the steps that failed.
    """

    image: Image
    platform: str
    built: bool = False
    timed_out: bool = False
    seconds: float = 0.0
    explanations: tuple[Explanation, ...] = ()
    contents: Contents | None = None
    ran: Outcome | None = None
    problem: str = ""
    tail: tuple[str, ...] = ()
    failing: frozenset[str] = frozenset()

    @property
    def good(self) -> bool:
        """Whether it is built, holds programs of its own architecture alone, and the command in it succeeds."""
        clean = self.contents is not None and not self.contents.foreign and not self.contents.base
        return self.built and clean and (self.ran is None or self.ran.good) and not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user wants of each image.

    Attributes:
        platforms: what each is built for.
        command: what is run in each; empty for nothing.
        options: more options for the builder.
        seconds: how long each build may take.
    """

    platforms: tuple[str, ...]
    command: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    seconds: float = 3600.0


def try_images(
    images: Sequence[Image], wish: Wish, engine: Engine, facts: LogFacts, root: Path, say: Callable[[str], None] = lambda _: None
) -> list[Tried]:
    """Build each image for each platform, one after the other; `say` is told what begins."""
    tried: list[Tried] = []
    for image in images:
        failing: frozenset[str] = frozenset()
        for platform in sorted(wish.platforms, key=lambda each: each != _FIRST):
            say(f"building {image.title} for {platform}")
            tried.append(_try(image, platform, wish, engine, replace(facts, failing_elsewhere=failing), root))
            failing = tried[-1].failing if platform == _FIRST else failing
    return tried


def _try(image: Image, platform: str, wish: Wish, engine: Engine, facts: LogFacts, root: Path) -> Tried:
    with TemporaryDirectory(prefix="armready-verify-") as work:
        order = Order(image=image, platform=platform, root=root, work=Path(work), options=wish.options, seconds=wish.seconds)
        result = Tried(image=image, platform=platform)
        try:
            outcome = engine.build(order)
        except UsageError as error:
            return replace(result, problem=str(error))
        own = replace(facts, platform=platform, recipes=_own(facts, image))
        result = replace(result, built=outcome.good, timed_out=outcome.timed_out, seconds=outcome.seconds)
        if not outcome.good:
            return replace(
                result, explanations=tuple(explain(outcome.log, own)), tail=_tail(outcome.log), failing=failing_steps(outcome.log)
            )
        return _looked_at(result, order, wish, engine, own)


def _looked_at(result: Tried, order: Order, wish: Wish, engine: Engine, facts: LogFacts) -> Tried:
    architecture = result.platform.split("/")[1]
    try:
        digest = read_image(order.layout, architecture).digest
        result = replace(result, contents=look(order.layout, architecture, _recipe(facts, result.image), result.image.target))
    except ParseProblem as problem:
        return replace(result, problem=f"the result cannot be read: {problem}")
    if not wish.command:
        return result
    ran = engine.run(order, digest, wish.command)
    shutil.rmtree(order.layout, ignore_errors=True)
    if ran.good:
        return replace(result, ran=ran)
    return replace(result, ran=ran, explanations=tuple(explain(ran.log, replace(facts, recipes=()))), tail=_tail(ran.log))


def _own(facts: LogFacts, image: Image) -> tuple[Recipe, ...]:
    return tuple(each for each in facts.recipes if each.path == image.dockerfile)


def _recipe(facts: LogFacts, image: Image) -> Recipe | None:
    return next(iter(_own(facts, image)), None)


def _tail(log: str) -> tuple[str, ...]:
    return tuple(line for line in log.splitlines() if line.strip())[-_TAIL:]
