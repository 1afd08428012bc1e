"""Whether files can be downloaded: the ones for arm64 that fixes would put in the place of those for amd64."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from ipaddress import ip_address
from urllib.parse import urlsplit

from armready.core.known import AssetAnswer
from armready.online.cache import AnswerCache
from armready.online.errors import UnansweredError
from armready.online.lookup import Tally, in_parallel
from armready.online.web import Web

_KIND = "assets"


def look_up_assets(urls: Iterable[str], web: Web, cache: AnswerCache | None) -> tuple[dict[str, AssetAnswer], Tally]:
    """Ask for every address with HEAD, without credentials. A page in the place of the file is no file."""
    ages: list[float] = []

    def one(url: str) -> AssetAnswer:
        entry = cache.read(_KIND, url) if cache else None
        if entry is not None and entry.fresh and isinstance(entry.value.get("exists"), bool):
            ages.append(entry.age)
            return AssetAnswer(url, entry.value["exists"], str(entry.value.get("as_of", "")))
        if not is_public(url):
            raise UnansweredError(f"{urlsplit(url).netloc} is no public address")
        answer = web.get(url, method="HEAD")
        if answer.status not in (200, 404, 410):
            raise UnansweredError(f"{urlsplit(url).netloc} answers {answer.status}")
        exists = answer.status == 200 and "html" not in answer.headers.get("content-type", "")
        found = AssetAnswer(url, exists, date.today().isoformat())
        if cache:
            cache.write(_KIND, url, {"exists": exists, "as_of": found.as_of})
        return found

    answers, tally = in_parallel({url: url for url in urls}, one)
    tally.cached, tally.oldest = len(ages), max(ages, default=0.0)
    return answers, tally


def is_public(url: str) -> bool:
    """A scanned file may name any address; only names of the public kind behind TLS are asked."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or parts.username or "." not in host:
        return False
    try:
        ip_address(host)
    except ValueError:
        return True
    return False
