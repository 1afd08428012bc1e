"""Image references as words: which of them name the same image, and what their names say."""

from __future__ import annotations

import re

from armready.builds.variables import Environment, canonical, expand, has_expansion
from armready.core.startup import regex

_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
_UNSTABLE = regex(r"\bdate\b|RANDOM|uuidgen|mktemp")
_LOCAL_HOST = regex(
    r"^(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|kind-registry|registry(?=:)|local-registry|k3d-[\w.-]+|host\.docker\.internal|registry\.local(?:host)?|172\.17\.\d+\.\d+)(?::[\w${}().-]+)?/"
)
_MINIKUBE = regex(r"^(?:[\w.-]+\.(?:local|localhost|localdomain|test))(?::[\w${}().-]+)?/")
_REJECTS_INDEX = regex(r"(?:^|/)registry\.heroku\.com(?:/|$)")


def normalise(reference: str) -> str:
    """The reference in one spelling: Docker Hub's host added, the default tag added where the name is known to have none.

    Expansions are compared as text, `$X` equal to `${X}`.
    """
    text = canonical(reference.strip())
    for prefix in ("docker://", "https://", "http://"):
        text = text.removeprefix(prefix)
    host, slash, rest = text.partition("/")
    if not slash:
        head, path = "docker.io", f"library/{text}" if not text.startswith("$") else text
        if text.startswith("$"):
            head = ""
    elif host in _HUB:
        head, path = "docker.io", rest if "/" in rest or rest.startswith("$") else f"library/{rest}"
    elif has_expansion(host) or "." in host or ":" in host or host == "localhost":
        head, path = host, rest
    else:
        head, path = "docker.io", text
    last = path.rpartition("/")[2]
    if "@" not in last and not _tag_of(last) and not last.endswith(("}", ")")):
        path += ":latest"
    return f"{head}/{path}" if head else path


def _tag_of(last: str) -> str:
    plain = re.sub(r"\$\{[^}]{0,500}\}|\$\([^)]{0,500}\)|\{\{[^}]{0,500}\}\}", lambda match: "x" * len(match[0]), last)
    at = plain.rfind(":")
    return last[at + 1 :] if at >= 0 else ""


def same(one: str, other: str, environment: Environment) -> bool:
    """Whether two words name the same image, as far as can be known without running anything.

    Command substitutions are the same only if they are written the same way and do not depend on time.
    """
    if _UNSTABLE.search(one) or _UNSTABLE.search(other):
        return False
    if normalise(one) == normalise(other):
        return True
    first = {normalise(each) for each in expand(one, environment)}
    second = {normalise(each) for each in expand(other, environment)}
    return not first.isdisjoint(second)


def repository(reference: str) -> str:
    """The normalised reference without tag and digest."""
    text = normalise(reference).partition("@")[0]
    head, slash, last = text.rpartition("/")
    tag = _tag_of(last)
    return head + slash + (last[: -len(tag) - 1] if tag else last)


def tag(reference: str) -> str:
    """The tag as it is written; empty when there is none."""
    return _tag_of(reference.partition("@")[0].rpartition("/")[2])


def is_bare(reference: str) -> bool:
    """Whether the reference is a repository alone, with neither tag, digest nor a variable at its end that may hold one."""
    last = reference.partition("@")[0].rpartition("/")[2]
    return "@" not in reference and not _tag_of(last) and not last.endswith(("}", ")")) and "$" not in last


def is_test_registry(reference: str) -> bool:
    """Whether the registry is one that lives only as long as a test: localhost, kind, a service container."""
    text = reference.removeprefix("docker://").removeprefix("http://")
    return bool(_LOCAL_HOST.match(text) or _MINIKUBE.match(text))


def is_cache(reference: str) -> bool:
    """Whether the tag says that the image is only a build cache."""
    return bool(re.search(r"(?:^|[-_.:/])(?:build)?-?cache$", reference))


def rejects_index(reference: str) -> bool:
    """Whether the registry takes single-platform images only."""
    return bool(_REJECTS_INDEX.search(reference))
