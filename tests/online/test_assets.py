import pytest

from armready.online.assets import look_up_assets
from armready.online.cache import AnswerCache
from armready.online.web import Answer, Web

URL = "https://files.example/tool-arm64"


class FakeWeb(Web):
    def __init__(self, status: int, **headers: str) -> None:
        super().__init__()
        self.status, self.headers, self.asked = status, headers, []

    def get(self, url, headers=None, *, method="GET", data=None):
        self.asked.append((method, url, headers))
        return Answer(self.status, self.headers, b"", url)


@pytest.mark.parametrize(
    "status, kind, exists", [(200, "application/gzip", True), (404, "", False), (410, "", False), (200, "text/html", False)]
)
def test_a_file_or_none(status: int, kind: str, exists: bool) -> None:
    web = FakeWeb(status, **{"content-type": kind})
    found, _ = look_up_assets([URL], web, None)
    assert found[URL].exists is exists
    assert web.asked == [("HEAD", URL, None)]


@pytest.mark.parametrize("status", [401, 403, 405, 500])
def test_no_answer(status: int) -> None:
    found, tally = look_up_assets([URL], FakeWeb(status), None)
    assert (found, list(tally.open)) == ({}, [URL])


@pytest.mark.parametrize("url", ["http://files.example/x", "https://10.0.0.1/x", "https://intranet/x", "https://me:pw@files.example/x"])
def test_what_is_not_public_is_not_asked(url: str) -> None:
    web = FakeWeb(200)
    found, _ = look_up_assets([url], web, None)
    assert (found, web.asked) == ({}, [])


def test_the_cache(tmp_path) -> None:
    web, cache = FakeWeb(200), AnswerCache(tmp_path)
    look_up_assets([URL], web, cache)
    _, tally = look_up_assets([URL], web, cache)
    assert (len(web.asked), tally.cached) == (1, 1)
