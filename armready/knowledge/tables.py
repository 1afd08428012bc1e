"""The embedded tables: tab-separated text, one fact a line, below comments that say where the facts are from and of what day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from armready.core.startup import dataclass

_DATA = Path(__file__).parent / "data"
_AS_OF = "# as-of:"
_HEAD = 4_096


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands in its file; rows are split only when they are asked for.

    Attributes:
        name: the name of the file without its suffix.
        as_of: ISO date of the newest fact, from the line `# as-of: DATE`.
        columns: the names of the columns, in order.
        body: the lines below the names of the columns, encoded.
    """

    name: str
    as_of: str
    columns: tuple[str, ...]
    body: bytes

    def rows(self) -> tuple[Mapping[str, str], ...]:
        """Every row as column -> text, in the order of the file."""
        return tuple(self._row(line) for line in self.body.splitlines())

    def find(self, key: str) -> Mapping[str, str] | None:
        """The row whose first column is `key`; no other row is decoded."""
        line = _lines(self).get(key.encode())
        return None if line is None else self._row(line)

    def _row(self, line: bytes) -> Mapping[str, str]:
        return dict(zip(self.columns, line.decode().split("\t"), strict=True))


@cache
def _lines(of: Table) -> dict[bytes, bytes]:
    """The first line of each key."""
    return {line.partition(b"\t")[0]: line for line in reversed(of.body.splitlines())}


@cache
def table(name: str) -> Table:
    """Read `data/<name>.tsv`.

    Raises:
        FileNotFoundError: armready has no such table.
    """
    content = (_DATA / f"{name}.tsv").read_bytes()
    as_of = ""
    while content.startswith(b"#"):
        line, _, content = content.partition(b"\n")
        if line.startswith(_AS_OF.encode()):
            as_of = _date(line)
    columns, _, body = content.partition(b"\n")
    return Table(name, as_of, tuple(columns.decode().split("\t")), body.rstrip(b"\n"))


@cache
def dates() -> dict[str, str]:
    """The name of each table, and the ISO date of its newest fact; of each file only the beginning is read."""
    found = {}
    for path in sorted(_DATA.glob("*.tsv")):
        with path.open("rb") as file:
            head = file.read(_HEAD)
        found[path.stem] = next((_date(line) for line in head.splitlines() if line.startswith(_AS_OF.encode())), "")
    return found


def newest() -> str:
    """ISO date of the newest fact in any table."""
    return max(dates().values(), default="")


def days_between(as_of: str, today: date) -> int:
    """How old a fact is; a date without day or month is taken at its beginning."""
    year, month, day = (*map(int, as_of.split("-")), 1, 1)[:3]
    return (today - date(year, month, day)).days


def _date(line: bytes) -> str:
    return line.decode().removeprefix(_AS_OF).split()[0]


def front_decoded(text: str) -> list[str]:
    """A front-coded list: words between spaces, each led by one base-36 digit that says how much it shares with the word before it."""
    words: list[str] = []
    previous = ""
    for coded in text.split():
        previous = previous[: int(coded[0], 36)] + coded[1:]
        words.append(previous)
    return words


def front_coded(words: list[str]) -> str:
    """The reverse of `front_decoded`; sorted words give the shortest text."""
    coded = []
    previous = ""
    for word in words:
        shared = 0
        while shared < min(len(word), len(previous), 35) and word[shared] == previous[shared]:
            shared += 1
        coded.append("0123456789abcdefghijklmnopqrstuvwxyz"[shared] + word[shared:])
        previous = word
    return " ".join(coded)


def filled(cell: str) -> str:
    """Read a cell in which a dash stands for nothing."""
    return "" if cell == "-" else cell
