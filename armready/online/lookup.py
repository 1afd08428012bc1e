"""Look-ups in parallel, from the cache where it is young enough, with a count of how it went.

Nothing here raises: what gets no answer stays unknown and is named in the summary, and where armready itself fails the run has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TypeVar

from armready.core.known import ImageAnswer, canonical, image_from_json, image_to_json
from armready.core.reference import Reference
from armready.core.results import Failure
from armready.online.cache import AnswerCache
from armready.online.errors import UnansweredError
from armready.online.registry import RegistryClient

THREADS = 8
_IMAGES = "images"
Question = TypeVar("Question")
Given = TypeVar("Given")


@dataclass
class Tally:
    """What happened, for the summary line.

    Attributes:
        asked: different questions.
        answered: those that have an answer, from wherever.
        cached: those answered without a download.
        oldest: seconds since the oldest of the cached answers was known to be true.
        open: question -> why it has none.
        failures: where armready itself failed.
    """

    asked: int = 0
    answered: int = 0
    cached: int = 0
    oldest: float = 0.0
    open: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another tally in."""
        self.asked += other.asked
        self.answered += other.answered
        self.cached += other.cached
        self.oldest = max(self.oldest, other.oldest)
        self.open.update(other.open)
        self.failures += other.failures

    @property
    def summary(self) -> str:
        """One line."""
        if not self.asked:
            return "online: nothing had to be looked up"
        parts = [f"online: {self.asked} looked up, {self.answered} answered"]
        if self.cached:
            age = f", up to {timedelta(seconds=int(self.oldest))} old" if self.oldest >= 60 else ""
            parts.append(f"{self.cached} from the cache{age}")
        if self.open:
            reasons = dict.fromkeys(self.open.values())
            some = "; ".join(list(reasons)[:3]) + ("; ..." if len(reasons) > 3 else "")
            parts.append(f"{len(self.open)} without an answer ({some})")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer and the age of what it rests on; None when it was downloaded."""

    answer: ImageAnswer
    age: float | None


def look_up_images(
    references: Iterable[Reference], client: RegistryClient, cache: AnswerCache | None, *, sizes: bool = False
) -> tuple[dict[str, ImageAnswer], Tally]:
    """Ask for every reference that names something without variables, each once. What a tag stands for is answered under its digest too.

    Args:
        references: in any order.
        client: how to ask registries.
        cache: where answers are kept; None: always ask.
        sizes: the sizes of all platforms too; answers are then not taken from the cache.
    """
    wanted = {key: reference for reference in references if (key := canonical(reference)) is not None}
    found, tally = in_parallel(wanted, lambda reference: _one(reference, client, cache, sizes))
    tally.cached = sum(kept.age is not None for kept in found.values())
    tally.oldest = max((kept.age for kept in found.values() if kept.age is not None), default=0.0)
    answers = {key: kept.answer for key, kept in found.items()}
    by_digest = {f"{key.rpartition(':')[0]}@{answer.digest}": answer for key, answer in answers.items() if "@" not in key}
    return {key: replace(answer, reference=key) for key, answer in (by_digest | answers).items()}, tally


def in_parallel(questions: Mapping[str, Question], ask: Callable[[Question], Given]) -> tuple[dict[str, Given], Tally]:
    """Ask all questions at once, as far as there are threads; those without an answer are tallied."""
    tally = Tally(asked=len(questions))
    answers: dict[str, Given] = {}
    if not questions:
        return answers, tally

    def one(key: str) -> tuple[str, Given | UnansweredError]:
        try:
            return key, ask(questions[key])
        except UnansweredError as problem:
            return key, problem
        except Exception as error:
            failure = Failure.of("", f"the look-up of {key}", error)
            tally.failures.append(failure)
            return key, UnansweredError(f"internal error: {type(error).__name__}")

    with ThreadPoolExecutor(min(THREADS, len(questions))) as pool:
        for key, given in pool.map(one, questions):
            if isinstance(given, UnansweredError):
                tally.open[key] = str(given)
            else:
                answers[key] = given
    tally.answered = len(answers)
    return answers, tally


def _one(reference: Reference, client: RegistryClient, cache: AnswerCache | None, sizes: bool) -> Kept:
    key = f"{reference.digest or reference.known_tag} from {client.sources(reference)}"
    entry = cache.read(_IMAGES, key) if cache and not sizes else None
    kept = _kept(entry.value) if entry else None
    if kept is not None and entry is not None and (entry.fresh or reference.digest):
        return Kept(kept, entry.age)
    age: float | None
    try:
        if kept is not None and client.digest(reference) == kept.digest:
            kept, age = replace(kept, as_of=date.today().isoformat()), 0.0
        else:
            kept, age = client.look_up(reference, sizes=sizes), None
    except UnansweredError:
        if kept is not None and entry is not None:
            return Kept(kept, entry.age)
        raise
    if cache:
        cache.write(_IMAGES, key, image_to_json(kept))
    return Kept(kept, age)


def _kept(value: Mapping[str, object]) -> ImageAnswer | None:
    try:
        return image_from_json(value)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
