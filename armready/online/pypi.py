"""The files of a package in its indexes: the simple API as JSON (PEP 691), as HTML where an index knows no other, and folders."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from packaging.utils import canonicalize_name

from armready.core.known import PackageAnswer, PackageFile
from armready.core.startup import dataclass, regex
from armready.knowledge.wheels import file_name, is_sdist, wheel_tag
from armready.online.cache import AnswerCache
from armready.online.errors import UnansweredError
from armready.online.indexes import Index, Indexes, shown
from armready.online.lookup import Tally, in_parallel
from armready.online.web import Web

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

_KIND = "simple"
_VARIABLE = regex(r"\$\{|%\(|\$[A-Za-z_]")
_MATTERS = regex(r"-(?:any$|(?:[\w.]*\.)?(?:manylinux|musllinux|linux)\w{0,60}_(?:x86_64|aarch64))")


@dataclass(frozen=True, slots=True)
class Listed:
    """What one index holds of one package, and how old that is."""

    files: tuple[PackageFile, ...]
    age: float | None


def look_up_packages(names: Iterable[str], places: Indexes, web: Web, cache: AnswerCache | None) -> tuple[dict[str, PackageAnswer], Tally]:
    """The files of every package, in all indexes that count. A package of which one index gives no answer stays unknown as a whole.

    Args:
        names: normalised.
        places: where to look.
        web: how to ask.
        cache: where answers are kept; None: always ask.
    """
    ages: list[float] = []

    def one(name: str) -> PackageAnswer:
        files: list[PackageFile] = []
        asked: list[str] = []
        today = date.today()
        for index in places.places:
            listed = _listed(index, name, web, cache)
            asked.append(shown(index))
            files += listed.files
            if listed.age is not None:
                ages.append(listed.age)
                today = min(today, date.today() - timedelta(seconds=listed.age))
            if places.first_only and listed.files:
                break
        if not files:
            raise UnansweredError(f"no index holds {name}")
        return PackageAnswer(name, tuple(sorted(set(files), key=lambda each: each.name)), tuple(asked), today.isoformat())

    found, tally = in_parallel({name: name for name in names}, one)
    tally.cached = min(len(ages), len(found))
    tally.oldest = max(ages, default=0.0)
    return found, tally


def _listed(index: Index, name: str, web: Web, cache: AnswerCache | None) -> Listed:
    if _VARIABLE.search(index.url):
        raise UnansweredError("the address of an index holds a variable")
    scheme = urlsplit(index.url).scheme
    if scheme == "file" and index.of_user:
        return Listed(tuple(_in_folder(index, name)), None)
    if scheme not in ("http", "https"):
        raise UnansweredError("an index is no address that is asked")
    url = index.url if index.flat else f"{index.url.rstrip('/')}/{name}/"
    key = f"{shown(index)} {'flat' if index.flat else name}"
    entry = cache.read(_KIND, key) if cache else None
    if entry is not None and entry.fresh:
        return Listed(_from_cache(entry.value, name), entry.age)
    try:
        headers = {"Accept": ACCEPT} | _authorization(index)
        if entry is not None and entry.value.get("etag"):
            headers["If-None-Match"] = str(entry.value["etag"])
        answer = web.get(url, headers)
    except UnansweredError:
        if entry is not None:
            return Listed(_from_cache(entry.value, name), entry.age)
        raise
    if answer.status == 304 and entry is not None:
        if cache:
            cache.write(_KIND, key, entry.value)
        return Listed(_from_cache(entry.value, name), 0.0)
    if answer.status == 404:
        files: list[PackageFile] = []
    elif answer.status == 200:
        files = _parsed(answer.body, answer.headers.get("content-type", ""), shown(index))
    elif answer.status in (401, 403):
        raise UnansweredError(f"{shown(index)} needs other credentials")
    else:
        raise UnansweredError(f"{shown(index)} answers {answer.status}")
    if cache:
        kept = [[each.name, each.requires_python, each.yanked] for each in files]
        cache.write(_KIND, key, {"etag": answer.headers.get("etag", ""), "files": kept})
    return Listed(_of(files, name), None)


def _authorization(index: Index) -> dict[str, str]:
    if not index.user:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(f"{index.user}:{index.secret}".encode()).decode()}


def _from_cache(value: Mapping[str, Any], name: str) -> tuple[PackageFile, ...]:
    try:
        return _of([PackageFile(str(each[0]), str(each[1]), bool(each[2])) for each in value["files"]], name)
    except (KeyError, TypeError, IndexError):
        return ()


def _of(files: Iterable[PackageFile], name: str) -> tuple[PackageFile, ...]:
    """Those files that belong to a package: a flat list holds others too."""
    return tuple(each for each in files if _belongs(each.name, name))


def _belongs(file: str, name: str) -> bool:
    if file.endswith(".whl"):
        return canonicalize_name(file.partition("-")[0]) == name
    normal = canonicalize_name(file)
    return normal.startswith(f"{name}-") and normal[len(name) + 1 :][:1].isdigit()


def _matters(file: str) -> bool:
    """Whether Linux on x86-64 or arm64 could install it; the others are not kept."""
    tag = wheel_tag(file)
    return is_sdist(file) if tag is None else _MATTERS.search(f"-{tag.rpartition('-')[2]}") is not None


def _parsed(body: bytes, content_type: str, where: str) -> list[PackageFile]:
    try:
        if "json" in content_type:
            listed = json.loads(body)["files"]
            found = [
                PackageFile(str(each["filename"]), str(each.get("requires-python") or ""), bool(each.get("yanked"))) for each in listed
            ]
        else:
            parser = _Links()
            parser.feed(body.decode("utf-8", "replace"))
            found = parser.files
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnansweredError(f"{where} answers with something unexpected") from error
    return [each for each in found if _matters(each.name)]


class _Links(HTMLParser):
    """The anchors of an HTML index (PEP 503, PEP 592)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.files: list[PackageFile] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "a" and named.get("href"):
            name = file_name(named["href"] or "")
            self.files.append(PackageFile(name, named.get("data-requires-python") or "", "data-yanked" in named))


def _in_folder(index: Index, name: str) -> Iterable[PackageFile]:
    folder = Path(url2pathname(unquote(urlsplit(index.url).path)))
    place = folder if index.flat else folder / name
    page = place / "index.html"
    try:
        if page.is_file():
            return _of(_parsed(page.read_bytes(), "text/html", shown(index)), name)
        return _of((PackageFile(each.name) for each in place.iterdir() if _matters(each.name)), name)
    except OSError:
        return ()
