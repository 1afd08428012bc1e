"""What is known of a pod's images, put together."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from armready.core.finding import Confidence
from armready.core.startup import dataclass
from armready.knowledge.images import Reference, verdict
from armready.knowledge.verdicts import Basis, Has, Verdict
from armready.kubernetes.model import Image, Pod, Role

if TYPE_CHECKING:
    from armready.core.config import Settings


@dataclass(frozen=True, slots=True)
class Judged:
    """An image with its verdict."""

    image: Image
    verdict: Verdict

    @property
    def only(self) -> str:
        """The one architecture of the two that it exists for, as far as anything is known; else empty."""
        if self.verdict.confidence is Confidence.LOW or self.verdict.basis is Basis.WINDOWS:
            return ""
        if (self.verdict.arm64, self.verdict.amd64) == (Has.NO, Has.YES):
            return "amd64"
        return "arm64" if (self.verdict.arm64, self.verdict.amd64) == (Has.YES, Has.NO) else ""

    @property
    def is_unknown(self) -> bool:
        """Nothing is known of it."""
        return self.verdict.arm64 is Has.UNKNOWN or self.verdict.confidence is Confidence.LOW

    @property
    def from_name(self) -> bool:
        """What is known is deduced from its name."""
        return self.verdict.basis is Basis.NAME

    @property
    def has_plain_name(self) -> bool:
        """Its name or its digest alone ties it to one architecture, and the name without it or the tag is known for both."""
        by_digest = self.verdict.basis is Basis.REGISTRY and "@" in "".join(self.verdict.alternatives[:1])
        return by_digest or (self.verdict.basis is Basis.NAME and bool(self.verdict.alternatives))


@dataclass(frozen=True, slots=True)
class Images:
    """The images of a pod."""

    judged: tuple[Judged, ...]

    def blocking(self) -> tuple[Judged, ...]:
        """Those that keep the pod off arm64, and would under the name without the architecture in it too."""
        return tuple(each for each in self.only("amd64") if not each.has_plain_name)

    def only(self, arch: str) -> tuple[Judged, ...]:
        """Those that exist for `arch` and not for the other one."""
        return tuple(each for each in self.judged if each.only == arch)

    @property
    def all_multi_arch(self) -> bool:
        """There are images, and each is a fact to exist for both architectures."""
        return bool(self.judged) and all(each.verdict.multi_arch for each in self.judged)

    @property
    def unknown(self) -> tuple[Judged, ...]:
        """Those of which nothing is known."""
        return tuple(each for each in self.judged if each.is_unknown)


def judge(image: Image, settings: Settings) -> Judged:
    """The verdict on one image."""
    return Judged(image, verdict(reference(image.text, settings), settings))


def reference(text: str, settings: Settings) -> Reference:
    """A reference as the image rules want it."""
    return _reference(text, settings.mirrors)


@lru_cache(4096)
def _reference(text: str, mirrors: tuple[str, ...]) -> Reference:
    return Reference.parse(text, mirrors)


def images_of(pod: Pod, settings: Settings) -> Images:
    """The verdicts on the images of a pod; ephemeral containers are no part of a stored manifest and do not count."""
    return Images(tuple(judge(image, settings) for image in pod.images if image.role is not Role.EPHEMERAL))
