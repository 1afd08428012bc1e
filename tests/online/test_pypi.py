import json
import time

import pytest

from armready.knowledge.targets import MUSL, Target
from armready.knowledge.wheels import Outcome
from armready.online.addresses import Hosts
from armready.online.cache import AnswerCache
from armready.online.indexes import Index, Indexes
from armready.online.pypi import look_up_packages
from armready.online.web import Web
from armready.python.resolution import releases, resolve

JSON = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
HTML = {"Content-Type": "text/html"}
TARGET = Target((3, 12))
HERE = Hosts.of(["localhost:*"])


def listing(*names: str, **more: object) -> tuple[int, dict, bytes]:
    files = [{"filename": name, "url": f"https://files.example/{name}", "hashes": {}, **more} for name in names]
    return 200, JSON, json.dumps({"meta": {"api-version": "1.1"}, "name": "x", "files": files}).encode()


def ask(server, *names: str, cache=None, **more: object):
    return look_up_packages(names, Indexes((Index(f"{server.url}/simple", of_user=True, **more),)), Web(HERE, HERE), cache)


def test_json(server) -> None:
    server.answers["/simple/x/"] = listing("x-1.0.tar.gz", "x-1.0-cp312-cp312-manylinux_2_17_x86_64.whl", "x-1.0-cp312-cp312-win_amd64.whl")
    found, tally = ask(server, "x")
    assert [each.name for each in found["x"].files] == ["x-1.0-cp312-cp312-manylinux_2_17_x86_64.whl", "x-1.0.tar.gz"]
    assert found["x"].indexes == (f"{server.url}/simple",)
    assert (tally.asked, tally.answered, tally.open) == (1, 1, {})
    assert "vnd.pypi.simple.v1+json" in server.asked[0][2]["accept"]


def test_html(server) -> None:
    page = b"""<!DOCTYPE html><html><body>
    <a href="../../f/x-1.0-cp312-cp312-manylinux_2_17_aarch64.whl#sha256=ab" data-requires-python="&gt;=3.8">x</a>
    <a href="https://f.example/x-1.1.tar.gz#sha256=ab" data-yanked="broken">x</a><a>no link</a></body></html>"""
    server.answers["/simple/x/"] = (200, HTML, page)
    found, _ = ask(server, "x")
    assert [(each.name, each.requires_python, each.yanked) for each in found["x"].files] == [
        ("x-1.0-cp312-cp312-manylinux_2_17_aarch64.whl", ">=3.8", False),
        ("x-1.1.tar.gz", "", True),
    ]


def test_credentials_are_sent_and_not_shown(server) -> None:
    server.answers["/simple/x/"] = listing("x-1.0.tar.gz")
    found, _ = ask(server, "x", user="me", secret="hidden")
    assert server.asked[0][2]["authorization"].startswith("Basic ")
    assert "hidden" not in repr(found)


@pytest.mark.parametrize("answer", [(401, {}, b""), (500, {}, b""), (200, JSON, b"{"), (200, JSON, b"[]"), (404, {}, b"")])
def test_no_answer_is_unknown(server, answer) -> None:
    server.answers["/simple/x/"] = answer
    found, tally = ask(server, "x")
    assert found == {}
    assert list(tally.open) == ["x"]


def test_one_silent_index_leaves_the_package_unknown(servers) -> None:
    good, bad = servers(), servers()
    good.answers["/simple/x/"] = listing("x-1.0.tar.gz")
    bad.answers["/simple/x/"] = (403, {}, b"")
    both = Indexes((Index(f"{good.url}/simple"), Index(f"{bad.url}/simple")))
    assert look_up_packages(["x"], both, Web(HERE, HERE), None)[0] == {}
    first = Indexes(both.places, first_only=True)
    assert list(look_up_packages(["x"], first, Web(HERE, HERE), None)[0]) == ["x"]
    assert len(bad.asked) == 1


def test_addresses_with_variables_and_folders_of_the_tree_are_left_alone() -> None:
    for index in (Index("https://${TOKEN}.example/simple"), Index("file:///etc"), Index("wheels")):
        found, tally = look_up_packages(["x"], Indexes((index,)), Web(HERE, HERE), None)
        assert found == {}
        assert tally.open


def test_folders_of_the_user(tmp_path) -> None:
    (tmp_path / "x_y-1.0-py3-none-any.whl").write_bytes(b"")
    (tmp_path / "other-1.0.tar.gz").write_bytes(b"")
    found, _ = look_up_packages(["x-y"], Indexes((Index(tmp_path.as_uri(), of_user=True, flat=True),)), Web(HERE, HERE), None)
    assert [each.name for each in found["x-y"].files] == ["x_y-1.0-py3-none-any.whl"]


def test_the_cache_asks_again_with_the_etag(server, tmp_path) -> None:
    cache = AnswerCache(tmp_path)
    status, headers, body = listing("x-1.0.tar.gz")
    server.answers["/simple/x/"] = (status, {**headers, "ETag": '"1"'}, body)
    ask(server, "x", cache=cache)
    _, tally = ask(server, "x", cache=cache)
    assert (tally.cached, len(server.asked)) == (1, 1)
    for path in tmp_path.rglob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"at": time.time() - 100_000}))
    server.answers["/simple/x/"] = (304, {}, b"")
    found, tally = ask(server, "x", cache=cache)
    assert server.asked[-1][2]["if-none-match"] == '"1"'
    assert (len(found["x"].files), tally.cached) == (1, 1)


def known(*names: str, **more: object):
    from armready.core.known import PackageAnswer, PackageFile

    return releases(PackageAnswer("x", tuple(PackageFile(name, **more) for name in names), (), "2026-11-24"))


X86, ARM = "cp312-cp312-manylinux_2_17_x86_64.whl", "cp312-cp312-manylinux_2_17_aarch64.whl"


def test_the_same_on_both() -> None:
    found = resolve(known(f"x-1.0-{X86}", f"x-1.0-{ARM}"), "", TARGET)
    assert (found.blocks, found.compiles, found.older) == (False, False, False)
    assert (str(found.aarch64.release), found.aarch64.outcome) == ("1.0", Outcome.WHEEL)


def test_compiled_on_arm64_alone() -> None:
    releases_ = known(f"x-1.0-{X86}", "x-1.0.tar.gz", f"x-1.1-{X86}", f"x-1.1-{ARM}", f"x-0.9-{ARM}")
    found = resolve(releases_, "==1.0", TARGET)
    assert (found.compiles, found.above, found.below) == (True, "1.1", "0.9")
    assert resolve(releases_, "==1.0", TARGET, builds=False).blocks
    assert not resolve(releases_, ">=1.0", TARGET).compiles


def test_an_older_release_on_arm64() -> None:
    found = resolve(known(f"x-2.4-{X86}", f"x-2.1-{X86}", f"x-2.1-{ARM}"), ">=2", TARGET)
    assert found.older
    assert (str(found.x86_64.release), str(found.aarch64.release)) == ("2.4", "2.1")


def test_yanked_releases_count_only_when_pinned() -> None:
    yanked = known(f"x-2.0-{X86}", yanked=True) | known(f"x-1.0-{X86}", f"x-1.0-{ARM}")
    assert str(resolve(yanked, ">=1", TARGET).x86_64.release) == "1.0"
    assert resolve(yanked, "==2.0", TARGET).blocks


def test_pre_releases_and_pythons() -> None:
    releases_ = known(f"x-2.0rc1-{X86}", f"x-1.0-{X86}", f"x-1.0-{ARM}")
    assert not resolve(releases_, "", TARGET).older
    assert resolve(releases_, ">=2.0rc1", TARGET).blocks
    assert resolve(known(f"x-1.0-{X86}", requires_python=">=3.13"), "", TARGET).x86_64.release is None


def test_musl_and_unreadable_specifiers() -> None:
    found = resolve(known(f"x-1.0-{X86}", f"x-1.0-{ARM}"), "", Target((3, 12), libc=MUSL))
    assert found.x86_64.release is None
    assert not found.blocks
    assert resolve(known(f"x-1.0-{X86}"), "not a specifier", TARGET) is None
