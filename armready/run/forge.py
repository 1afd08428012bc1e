"""Where the files of a repository can be read on the web: GitHub, GitLab or Bitbucket, by what `.git` says of its remote."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from armready.core.startup import dataclass, regex
from armready.run.git import GitFolder, git_folder, read

_MOST_BYTES = 16 << 20
_SECTION = regex(rb'^[ \t]*\[[ \t]*remote[ \t]+"origin"[ \t]*\][ \t]*$(?P<body>(?:\n(?![ \t]*\[).*)*)', 8)
_URL = regex(rb"^[ \t]*url[ \t]*=[ \t]*(?P<url>[^\s#;\"\\]+)[ \t\r]*$", 8)
_ADDRESS = regex(
    r"(?:(?:https|ssh|git)://(?:[^@/\s]*@)?(?P<host>[a-z0-9.-]+)(?::\d+)?/|(?:[\w.-]+@)?(?P<short>[a-z0-9.-]+):(?!//))"
    r"(?P<name>[\w.~-]+(?:/[\w.~-]+)+?)/?"
)
_COMMIT = regex(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REFERENCE = regex(r"refs/[\w./-]+")

# The first name of a host -> how it addresses a line of a file in a commit.
_FORMS = {
    "github": "{repository}/blob/{commit}/{path}#L{line}",
    "gitlab": "{repository}/-/blob/{commit}/{path}#L{line}",
    "bitbucket": "{repository}/src/{commit}/{path}#lines-{line}",
}


@dataclass(frozen=True, slots=True)
class Forge:
    """A repository on the web.

    Attributes:
        repository: its address.
        form: how a line of a file is addressed.
        commit: the one that is checked out.
        prefix: the scanned folder, as seen from the top of the repository.
    """

    repository: str
    form: str
    commit: str
    prefix: str

    def link(self, path: str, line: int) -> str:
        """The address of a line of a file."""
        full = f"{self.prefix}/{path}" if self.prefix else path
        return self.form.format(repository=self.repository, commit=self.commit, path=quote(os.fsencode(full)), line=line)


def forge_of(root: Path) -> Forge | None:
    """The web address of the repository that `root` is in; None when its remote is none of a known kind, or nothing is committed."""
    folder = git_folder(root)
    if folder is None:
        return None
    section = _SECTION.search(read(folder.common / "config", _MOST_BYTES) or b"")
    url = _URL.search(section["body"]) if section else None
    address = _ADDRESS.fullmatch(url["url"].decode("ascii", "replace")) if url else None
    if address is None or {".", ".."} & set(address["name"].split("/")):
        return None
    host = address["host"] or address["short"]
    form = _FORMS.get(host.split(".")[0])
    commit = _commit(folder)
    if form is None or "." not in host or not commit:
        return None
    prefix = root.relative_to(folder.top).as_posix()
    return Forge(
        repository=f"https://{host}/{address['name'].removesuffix('.git')}",
        form=form,
        commit=commit,
        prefix="" if prefix == "." else prefix,
    )


def _commit(folder: GitFolder) -> str:
    """The commit that is checked out; empty when there is none."""
    head = _text(folder.own / "HEAD")
    name = head.removeprefix("ref:").strip()
    if name == head:
        return head if _COMMIT.fullmatch(head) else ""
    if not _REFERENCE.fullmatch(name) or ".." in name:
        return ""
    found = _text(folder.common / name)
    if not found:
        packed = (line.split(" ") for line in _text(folder.common / "packed-refs").splitlines())
        found = next((words[0] for words in packed if words[1:] == [name]), "")
    return found if _COMMIT.fullmatch(found) else ""


def _text(path: Path) -> str:
    return (read(path, _MOST_BYTES) or b"").decode("utf-8", "replace").strip()
