import time

import pytest

from armready.online.addresses import Hosts
from armready.online.errors import UnansweredError
from armready.online.web import Web, without_credentials

HERE = Hosts.of(["localhost:*"])


def test_busy_servers_are_asked_again_when_they_say_so(server) -> None:
    server.answers["/a"] = [(429, {"Retry-After": "1"}, b""), (200, {}, b"now")]
    start = time.monotonic()
    assert Web(HERE).get(f"{server.url}/a").body == b"now"
    assert time.monotonic() - start >= 1


def test_patience_ends(server) -> None:
    server.answers["/a"] = (429, {"Retry-After": "3600"}, b"")
    with pytest.raises(UnansweredError, match="come back later"):
        Web(HERE).get(f"{server.url}/a")
    assert len(server.asked) == 1
    server.answers["/b"] = (503, {}, b"")
    with pytest.raises(UnansweredError, match="503"):
        Web(HERE, deadline=time.monotonic() + 1).get(f"{server.url}/b")


def test_authorization_stays_with_the_first_host(servers) -> None:
    one, other = servers(), servers()
    one.answers["/a"] = (307, {"Location": f"{other.url}/b"}, b"")
    other.answers["/b"] = (200, {}, b"moved")
    assert Web(HERE).get(f"{one.url}/a", {"Authorization": "secret"}).body == b"moved"
    assert "authorization" in one.asked[0][2]
    assert "authorization" not in other.asked[0][2]


def test_endless_redirects(server) -> None:
    server.answers["/a"] = (302, {"Location": "/a"}, b"")
    with pytest.raises(UnansweredError, match="too often"):
        Web(HERE).get(f"{server.url}/a")


def test_an_unreachable_host_is_given_up_at_once() -> None:
    web, start = Web(HERE), time.monotonic()
    for _ in range(50):
        with pytest.raises(UnansweredError, match="cannot be reached"):
            web.get("http://localhost:9/x")
    with pytest.raises(UnansweredError, match="unknown host"):
        web.get("https://no-such-host.invalid/x")
    assert time.monotonic() - start < 5


def test_the_time_is_limited() -> None:
    with pytest.raises(UnansweredError, match="time"):
        Web(deadline=time.monotonic() - 1).get("http://localhost:9/x")


def test_nonsense_is_not_asked() -> None:
    for url in ("http://", "http://[/x", "http://a b/"):
        with pytest.raises(UnansweredError):
            Web().get(url)


def test_credentials_are_not_shown() -> None:
    assert without_credentials("https://me:secret@index.example/simple?token=x") == "https://index.example/simple"
