"""Who owns a file, by the CODEOWNERS of GitHub, GitLab and Bitbucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from armready.core.errors import ParseProblem
from armready.core.startup import dataclass, regex

if TYPE_CHECKING:
    from armready.core.tree import Tree

# Where each forge looks, the first that exists counts.
_GITLAB = (".gitlab/CODEOWNERS",)
_BITBUCKET = (".bitbucket/CODEOWNERS",)
_GITHUB = (".github/CODEOWNERS",)
_SHARED = ("CODEOWNERS", "docs/CODEOWNERS")
_MOST_BYTES = 3 << 20
_MOST_LINES = 20_000
_MOST_PARTS = 40
_SECTION = regex(r"^\^?\[([^\]]{1,200})\](?:\[\d{1,4}\])?(.*)$")
_GROUP = regex(r"^@@@?[\w.-]+$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of CODEOWNERS.

    Attributes:
        pattern: which files.
        owners: of them; none: nobody.
        section: of GitLab; empty outside of one.
        excludes: the files are taken out of the section.
    """

    pattern: str
    owners: tuple[str, ...]
    section: str = ""
    excludes: bool = False


@dataclass(frozen=True)
class Owners:
    """The lines of the CODEOWNERS that counts.

    Attributes:
        lines: none where there is no such file.
        anywhere: a pattern that does not begin with a slash matches at any depth, as GitLab has it.
    """

    lines: tuple[Line, ...] = ()
    anywhere: bool = False

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a file: of each section the last line that names it."""
        last: dict[str, tuple[str, ...]] = {}
        excluded: set[str] = set()
        for line in self.lines:
            if not matches(path, line.pattern, anywhere=self.anywhere):
                continue
            if line.excludes:
                excluded.add(line.section)
            else:
                last[line.section] = line.owners
        return tuple(dict.fromkeys(owner for section, owners in last.items() if section not in excluded for owner in owners))


def owners(tree: Tree) -> Owners:
    """Read the CODEOWNERS of a repository."""
    if any(map(tree.exists, _BITBUCKET)):
        in_gitlab, places = False, _BITBUCKET + _SHARED
    else:
        in_gitlab = not any(map(tree.exists, _GITHUB)) and (tree.exists(".gitlab-ci.yml") or tree.exists(_GITLAB[0]))
        places = _SHARED + _GITLAB if in_gitlab else _GITHUB + _SHARED
    for path in places:
        if tree.exists(path):
            try:
                text = tree.read(path, _MOST_BYTES).decode("utf-8", "replace")
            except ParseProblem:
                continue
            return Owners(tuple(_lines(text, sections=in_gitlab)), anywhere=in_gitlab)
    return Owners()


def _lines(text: str, *, sections: bool) -> Iterator[Line]:
    section = ""
    default: tuple[str, ...] = ()
    groups: dict[str, tuple[str, ...]] = {}
    for raw in text.splitlines()[:_MOST_LINES]:
        line = raw.strip()
        head = _SECTION.match(line) if sections else None
        if not line or line.startswith(("#", "CODEOWNERS.")):
            continue
        if head is not None and not head[1].startswith("!"):
            section, default = head[1].strip().lower(), _names(head[2].split(), groups)
            continue
        pattern, words = _split(line)
        if _GROUP.match(pattern):
            groups[pattern.lstrip("@")] = _names(words, groups)
            continue
        excludes = pattern.startswith("!")
        yield Line(pattern.removeprefix("!"), _names(words, groups) or default, section, excludes)


def _split(line: str) -> tuple[str, list[str]]:
    """The pattern, in which a space is written `\\ `, and the other words."""
    pattern, rest = "", line
    while True:
        head, space, rest = rest.partition(" ")
        pattern += head
        if not head.endswith("\\") or not space:
            break
        pattern = pattern[:-1] + " "
    pattern, _, tabbed = pattern.partition("\t")
    return pattern.removeprefix("\\"), f"{tabbed} {rest}".partition(" #")[0].split()


def _names(words: Sequence[str], groups: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The owners among the words: names and addresses, groups of the file with their members."""
    named = [word for word in words if "@" in word and not word.startswith("#")]
    return tuple(dict.fromkeys(each for word in named for each in groups.get(word.lstrip("@"), (word,))))


def matches(path: str, pattern: str, *, anywhere: bool = False) -> bool:
    """Whether a path lies under a pattern as gitignore reads them, except that `folder/*` does not reach below.

    Args:
        path: of a file.
        pattern: of CODEOWNERS.
        anywhere: a pattern with a slash, but not in front, matches at any depth.
    """
    parts = [part for part in pattern.split("/") if part][:_MOST_PARTS]
    names = path.split("/")
    if not parts:
        return pattern == "/"
    at_root = pattern.startswith("/") or (len(parts) > 1 and not anywhere)
    starts = range(1 if at_root else len(names))
    return any(_under(names[start:], parts, folder=pattern.endswith("/")) for start in starts)


def _under(names: Sequence[str], parts: Sequence[str], *, folder: bool) -> bool:
    """Whether the parts match the names from the first on, to the end or to a folder above."""
    reach = {0}
    for part in parts:
        if part == "**":
            reach = set(range(min(reach, default=len(names)), len(names) + 1)) if reach else set()
        else:
            reach = {at + 1 for at in reach if at < len(names) and fnmatchcase(names[at], part)}
    if parts[-1] == "**":
        return bool(reach)
    if folder:
        return any(at < len(names) for at in reach)
    deep = "*" not in parts[-1] or len(parts) == 1
    return len(names) in reach or (deep and any(at < len(names) for at in reach))
