"""Tools that are fetched as files: which one a URL names, and what its file for arm64 is called.

The table (`data/tools.tsv`) has one tool a line. A key `owner/repo` stands for the releases of that GitHub repository, `owner/repo/x` for
its files that begin with `x`, a pattern; other places are named as patterns in which `*` is any text and `{v}` the version.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import NamedTuple

from armready.core.finding import Confidence
from armready.core.needles import needles_of
from armready.core.startup import regex
from armready.knowledge.arch import tokens
from armready.knowledge.tables import table

_TABLE = "tools"

# Repositories that moved: the old address still serves the old files.
_RENAMED = {
    "mozilla/sops": "getsops/sops",
    "google/protobuf": "protocolbuffers/protobuf",
    "aelsabbahy/goss": "goss-org/goss",
    "weaveworks/eksctl": "eksctl-io/eksctl",
    "google/ko": "ko-build/ko",
    "k14s/kapp": "carvel-dev/kapp",
    "k14s/ytt": "carvel-dev/ytt",
    "vmware-tanzu/carvel-kapp": "carvel-dev/kapp",
    "vmware-tanzu/carvel-ytt": "carvel-dev/ytt",
    "timberio/vector": "vectordotdev/vector",
    "cosmtrek/air": "air-verse/air",
    "stedolan/jq": "jqlang/jq",
    "jaimergp/miniforge": "conda-forge/miniforge",
    "cdr/code-server": "coder/code-server",
    "instrumenta/conftest": "open-policy-agent/conftest",
    "medium/phantomjs": "ariya/phantomjs",
    "heptio/velero": "velero-io/velero",
    "vmware-tanzu/velero": "velero-io/velero",
    "heptio/authenticator": "kubernetes-sigs/aws-iam-authenticator",
    "roboll/helmfile": "helmfile/helmfile",
    "wercker/stern": "stern/stern",
    "charliermarsh/ruff": "astral-sh/ruff",
    "argoproj/argo": "argoproj/argo-workflows",
}

_GITHUB = regex(r"github\.com/([\w.-]+/[\w.-]+)/releases/(?:download/((?:[^/]+/)?[^/]+)|latest/download)/([^/?#]+)", re.IGNORECASE)
_VERSION = regex(r"\d+(?:\.\d+)+|\d+")
_LATEST = regex(r"(?:^|[/_\-.])(?:latest|current|stable)(?=$|[/_\-.?])", re.IGNORECASE)


class Tool(NamedTuple):
    """A row of the table.

    Attributes:
        key: GitHub `owner/repo` in lower case, or a name of our own in that shape.
        name: as people call it.
        pairs: what in the name of the amd64 file becomes what in that of the arm64 file.
        since: `always`, `never`, `>1.2` or `>=1.2`; empty when it is not known.
        urls: patterns of other places than GitHub's releases.
        replacement: what to use where there is no arm64 file.
        note: what else to know.
        read: the row was read in a source; else it is general knowledge.
    """

    key: str
    name: str
    pairs: tuple[tuple[str, str], ...]
    since: str
    urls: tuple[str, ...]
    replacement: str
    note: str
    read: bool

    @property
    def hidden(self) -> tuple[str, ...]:
        """Of its names for amd64, those that do not say so."""
        return tuple(amd64 for amd64, _ in self.pairs if not tokens(amd64))

    @property
    def changes_libc(self) -> bool:
        """Whether the arm64 file is linked against another C library than the amd64 file."""
        return any(("musl" in amd64) != ("musl" in arm64) for amd64, arm64 in self.pairs if "gnu" in arm64 or "musl" in arm64)

    def has_arm64(self, version: str | None) -> bool | None:
        """Whether that version has a Linux file for arm64; None when that is not known. `latest` is the newest version."""
        if self.since == "always":
            return True
        if self.since == "never":
            return False
        if not self.since or version is None:
            return None
        if version == "latest":
            return True
        strict = not self.since.startswith(">=")
        bound = _numbers(self.since.lstrip(">="))
        found = _numbers(version)
        width = max(len(bound), len(found))
        padded = [numbers + (0,) * (width - len(numbers)) for numbers in (found, bound)]
        return padded[0] > padded[1] if strict else padded[0] >= padded[1]

    @property
    def first_version(self) -> str:
        """The bound in words: `newer than 1.6`, `from 2.3.0 on`."""
        bound = self.since.lstrip(">=")
        return f"from {bound} on" if self.since.startswith(">=") else f"newer than {bound}"


class Match(NamedTuple):
    """A tool found in a URL, with the version where it is literal."""

    tool: Tool
    version: str | None

    @property
    def has_arm64(self) -> bool | None:
        """See `Tool.has_arm64`."""
        return self.tool.has_arm64(self.version)

    @property
    def confidence(self) -> Confidence:
        """High for a row that was read."""
        return Confidence.HIGH if self.tool.read else Confidence.MEDIUM


def as_of() -> str:
    """ISO date of the table."""
    return table(_TABLE).as_of


@lru_cache(maxsize=2048)
def identify(url: str) -> Match | None:
    """The tool that a URL fetches; parts of the URL may be unresolved variables."""
    lowered = url.lower()
    release = _GITHUB.search(lowered)
    if release is not None:
        tool = _of_repository(_RENAMED.get(release[1], release[1]), release[3])
        if tool is not None:
            return Match(tool, "latest" if release[2] is None else _literal(release[2]))
    for pattern, tool in _patterns():
        found = pattern.search(lowered)
        if found is not None:
            return Match(tool, _version_in(found, lowered))
    return None


@cache
def tools() -> dict[str, Tool]:
    """The table by its keys."""
    found = {}
    for row in table(_TABLE).rows():
        pairs = tuple((amd64, arm64) for pair in row["pairs"].split() for amd64, _, arm64 in [pair.partition(">")])
        found[row["key"]] = Tool(
            key=row["key"],
            name=row["name"],
            pairs=pairs,
            since=row["since"],
            urls=tuple(row["urls"].split()),
            replacement=row["replacement"],
            note=row["note"],
            read=row["evidence"] == "read",
        )
    return found


@cache
def hidden_names() -> frozenset[str]:
    """What the names of files for amd64 hold that do not say so."""
    return frozenset(name for tool in tools().values() for name in tool.hidden)


def hidden_needles() -> tuple[bytes, ...]:
    """Needles of such files."""
    return needles_of(hidden_names())


@cache
def _by_repository() -> dict[str, tuple[Tool, ...]]:
    found: dict[str, tuple[Tool, ...]] = {}
    for key, tool in tools().items():
        repository = "/".join(key.split("/")[:2])
        found[repository] = (*found.get(repository, ()), tool)
    return found


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Tool], ...]:
    rows = [(url, tool) for tool in tools().values() for url in tool.urls]
    return tuple((_pattern(url), tool) for url, tool in sorted(rows, key=lambda row: (row[0].count("*"), -len(row[0]))))


def _pattern(url: str) -> re.Pattern[str]:
    parts = [re.escape(part).replace(r"\*", r"[^\s]{0,200}?") for part in url.replace("v{v}", "{v}").split("{v}")]
    return re.compile(r"(?:^|[/.@])" + r"v?(?P<version>[^/\s]{1,80}?)".join(parts[:2]))


def _of_repository(repository: str, asset: str) -> Tool | None:
    tools = _by_repository().get(repository, ())
    whole = next((tool for tool in tools if tool.key == repository), None)
    for tool in tools:
        part = tool.key.removeprefix(repository).lstrip("/")
        if part and fnmatchcase(asset.replace("_", "-"), f"{part}*"):
            return tool
    return whole


def _version_in(found: re.Match[str], url: str) -> str | None:
    if found.re.groups:
        return _literal(found["version"])
    literal = _VERSION.search(url, found.end())
    if _LATEST.search(url):
        return "latest"
    return literal[0] if literal and "." in literal[0] else None


def _literal(tag: str) -> str | None:
    if "$" in tag or "{" in tag or "%" in tag.replace("%2f", ""):
        return None
    if tag in ("latest", "stable", "current"):
        return "latest"
    numbers = [found[0] for found in _VERSION.finditer(tag)]
    dotted = [each for each in numbers if "." in each]
    return next(iter(dotted or numbers), None)


def _numbers(version: str) -> tuple[int, ...]:
    found = _VERSION.search(version)
    return tuple(int(part[:9]) for part in found[0].split(".")) if found else ()
