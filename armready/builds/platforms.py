"""Values of `--platform` and `platforms:`: which architectures they name, and whether that is known."""

from __future__ import annotations

import re
from collections.abc import Iterable

from armready.builds.variables import Environment, expand, has_expansion
from armready.core.startup import dataclass, regex

_ARCHITECTURES = {
    "amd64": "amd64",
    "x86_64": "amd64",
    "x86-64": "amd64",
    "x64": "amd64",
    "arm64": "arm64",
    "aarch64": "arm64",
    "arm64/v8": "arm64",
    "arm64v8": "arm64",
    "i386": "386",
    "armhf": "arm/v7",
    "armv7": "arm/v7",
    "armel": "arm/v6",
}
_TEMPLATE = regex(r"\$?\{\{[^{}]*\}\}|<<[^<>]*>>|\(\([^()]*\)\)")
_SUBSTITUTION = regex(r"\$\([^)\s]{0,500}\s|`")
_SEPARATOR = regex(r"[\s,;]+")
_NAMED = regex(
    r"(?:^|[^a-z0-9])(amd64|x86[_-]64|x64|arm64v8|arm64|aarch64|aarch_64|armv[678]\w?|armhf|arm32v[67]|s390x|ppc64le|ppc64el|i386|riscv64)(?=$|[^a-z0-9])",
    re.IGNORECASE,
)
_ARCH_VARIABLE = regex(
    r"(?i)(?<![a-z])(?:target|go|build|os|cpu|host|docker|image|qemu|dist|deb|pkg)?arch(?:s|es|itectures?)?(?![a-z])"
    r"|(?<![a-z])(?:target|build)?platform(?:s|_tag)?(?![a-z])|uname\s+-m|dpkg\s+--print-arch"
)


@dataclass(frozen=True, slots=True)
class Platforms:
    """The platforms of one build.

    Attributes:
        values: `linux/amd64` and so on, normalised, in the order they are named.
        given: the build names platforms at all.
        resolved: every part of the value is known.
        at_once: how many of them one run builds, where a matrix or a parameter chooses among them; 0: all.
    """

    values: tuple[str, ...] = ()
    given: bool = False
    resolved: bool = True
    at_once: int = 0

    @property
    def arm64(self) -> bool:
        """Whether one of them is arm64."""
        return any(each.endswith("/arm64") for each in self.values)

    @property
    def windows(self) -> bool:
        """Whether they are Windows platforms, of which none is arm64."""
        return bool(self.values) and all(each.startswith("windows/") for each in self.values)

    @property
    def amd64_only(self) -> bool:
        """Whether it is known that amd64 is built and arm64 is not."""
        return self.given and self.resolved and not self.arm64 and not self.windows and "linux/amd64" in self.values

    @property
    def several(self) -> bool:
        """Whether one run builds more than one platform."""
        return (self.at_once or len(self.values)) > 1


NOT_GIVEN = Platforms()


def normalise(platform: str) -> str:
    """`linux/amd64` for `x86_64`, `Linux/AMD64` and the like."""
    lowered = platform.strip().strip("\"'").lower()
    system, slash, architecture = lowered.partition("/")
    if not slash:
        system, architecture = "linux", system
    if architecture in _ARCHITECTURES:
        return f"{system}/{_ARCHITECTURES[architecture]}"
    return f"{system}/{architecture}"


def parse(values: Iterable[str], environment: Environment) -> Platforms:
    """The platforms that the values of an option or a key name.

    Args:
        values: each may be a list of several, separated by commas or white space.
        environment: the variables in scope. Alternatives of one variable count together: a matrix builds them all.
    """
    found: list[str] = []
    resolved = given = True
    seen = False
    at_once = 0
    for value in values:
        seen = True
        widest = 0
        for text in expand(value, environment):
            before = len(found)
            if _SUBSTITUTION.search(text):
                resolved = False
                continue
            text, unknown = _TEMPLATE.subn("", text)
            resolved = resolved and not unknown
            for part in _SEPARATOR.split(text.strip().strip("[]")):
                part = part.strip("\"'")
                if part in ("", "linux"):  # `linux` alone means the architecture of the machine
                    continue
                if has_expansion(part) or part in ("local", "all"):
                    resolved = False
                else:
                    found.append(normalise(part))
            widest = max(widest, len(found) - before)
        at_once += widest
    given = seen and (bool(found) or not resolved)
    distinct = tuple(dict.fromkeys(found))
    return Platforms(distinct, given, resolved, at_once if at_once < len(distinct) else 0)


def architecture_in(text: str) -> str | None:
    """The architecture that a name spells (`app:1.0-amd64`, `Dockerfile.arm64`), normalised, or None."""
    match = _NAMED.search(text)
    if match is None:
        return None
    word = match[1].lower().replace("aarch_64", "aarch64")
    return _ARCHITECTURES.get(word, word)


def names_architecture(text: str) -> bool:
    """Whether a name spells an architecture or has a variable for one: the build is one of several."""
    if architecture_in(text) is not None:
        return True
    return any(_ARCH_VARIABLE.search(part) for part in _expansions(text))


def _expansions(text: str) -> list[str]:
    return re.findall(r"\$\{\{[^}]{0,500}\}\}|\$\{[^}]{0,500}\}|\$\([^)]{0,500}\)|\$\w+|<<[^>]{0,500}>>|\{\{[^}]{0,500}\}\}", text)
