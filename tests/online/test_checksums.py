import time

from armready.online.checksums import Wanted, look_up_checksums, parse_sums
from armready.online.web import Answer

FOLDER = "https://files.example/v1.2/"
AMD, ARM, OTHER = "a" * 64, "b" * 64, "c" * 64


class FakeWeb:
    """Some addresses that hold something."""

    deadline = time.monotonic() + 60

    def __init__(self, **pages: str) -> None:
        self.pages = {FOLDER + name: text for name, text in pages.items()}
        self.asked: list[str] = []

    def get(self, url, headers=None, *, method="GET", data=None):
        self.asked.append(url)
        text = self.pages.get(url)
        return Answer(404 if text is None else 200, {}, (text or "").encode(), url)


def ask(web: FakeWeb, name: str = "tool_1.2.3_linux_{}.tar.gz"):
    wanted = Wanted(FOLDER + name.format("amd64"), FOLDER + name.format("arm64"), AMD)
    found, tally = look_up_checksums([wanted], web)
    return found.get(wanted.amd64_url), tally


def test_a_list() -> None:
    text = f"{AMD}  tool_1.2.3_linux_amd64.tar.gz\n{ARM} *./tool_1.2.3_linux_arm64.tar.gz\n"
    for name in ("SHA256SUMS", "tool_1.2.3_checksums.txt", "tool_1.2.3_SHA256SUMS"):
        found, _ = ask(FakeWeb(**{name: text}))
        assert (found.amd64, found.arm64, found.source) == (AMD, ARM, FOLDER + name)


def test_files_beside_the_files() -> None:
    pages = {
        "tool_1.2.3_linux_amd64.tar.gz.sha256": f"{AMD}\n",
        "tool_1.2.3_linux_arm64.tar.gz.sha256": f"{ARM}  tool_1.2.3_linux_arm64.tar.gz\n",
    }
    found, _ = ask(FakeWeb(**pages))
    assert (found.amd64, found.arm64) == (AMD, ARM)


def test_nothing_is_taken_from_a_list_that_does_not_confirm_amd64() -> None:
    text = f"{OTHER}  tool_1.2.3_linux_amd64.tar.gz\n{ARM}  tool_1.2.3_linux_arm64.tar.gz\n"
    found, tally = ask(FakeWeb(SHA256SUMS=text))
    assert found is None
    assert "confirms" in next(iter(tally.open.values()))
    assert ask(FakeWeb(SHA256SUMS=f"{AMD}  tool_1.2.3_linux_amd64.tar.gz\n"))[0] is None
    assert ask(FakeWeb())[0] is None


def test_addresses_that_are_not_public_are_not_asked() -> None:
    web = FakeWeb()
    look_up_checksums([Wanted("http://files.example/a-amd64", "http://files.example/a-arm64", AMD)], web)
    assert web.asked == []


def test_notations() -> None:
    assert parse_sums(f"SHA256 (x.tgz) = {AMD.upper()}\n# comment\n{ARM}\n<html>\n", "lone") == {"x.tgz": AMD, "lone": ARM}
    assert parse_sums(f"{AMD}  x\n{ARM}  x\n{ARM}  y\n", "") == {"y": ARM}
