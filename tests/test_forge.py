"""The address of a file on the web, from what `.git` says; nothing of it is trusted but names of known forges."""

import pytest

from armready.run.forge import forge_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _repository(folder, url, head="ref: refs/heads/main", **files):
    git = folder / ".git"
    (git / "objects").mkdir(parents=True)
    (git / "HEAD").write_text(head + "\n")
    (git / "config").write_text(f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {url}\n\tfetch = +refs/*:refs/*\n[branch "main"]\n')
    if head.startswith("ref:"):
        (git / "refs" / "heads").mkdir(parents=True)
        (git / "refs" / "heads" / "main").write_text(files.get("loose", COMMIT) + "\n")
    return folder


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://github.com/acme/shop.git", f"https://github.com/acme/shop/blob/{COMMIT}/a%20b/Dockerfile#L3"),
        ("https://user:token@github.com/acme/shop", f"https://github.com/acme/shop/blob/{COMMIT}/a%20b/Dockerfile#L3"),
        ("git@github.com:acme/shop.git", f"https://github.com/acme/shop/blob/{COMMIT}/a%20b/Dockerfile#L3"),
        (
            "ssh://git@gitlab.example.com:2222/group/sub/shop.git",
            f"https://gitlab.example.com/group/sub/shop/-/blob/{COMMIT}/a%20b/Dockerfile#L3",
        ),
        ("git@bitbucket.org:acme/shop.git", f"https://bitbucket.org/acme/shop/src/{COMMIT}/a%20b/Dockerfile#lines-3"),
    ],
)
def test_a_line_has_an_address(tmp_path, url, link):
    forge = forge_of(_repository(tmp_path, url))
    assert forge is not None
    assert forge.link("a b/Dockerfile", 3) == link


@pytest.mark.parametrize(
    "url",
    [
        "/srv/git/shop.git",
        "../shop.git",
        "https://code.example.com/acme/shop.git",
        "https://github/acme/shop",
        "javascript://github.com/acme/shop",
        'https://github.com/acme/"><script>',
        "https://github.com/acme/..",
        "https://github.com/acme/shop?x=y",
        "ext::sh -c true",
    ],
)
def test_an_address_that_is_not_plainly_one_of_a_forge_is_none(tmp_path, url):
    assert forge_of(_repository(tmp_path, url)) is None


def test_a_folder_of_a_repository_keeps_its_path(tmp_path):
    _repository(tmp_path, "https://github.com/acme/shop", head=COMMIT)
    (tmp_path / "svc").mkdir()
    forge = forge_of(tmp_path / "svc")
    assert forge is not None
    assert forge.link("Dockerfile", 1) == f"https://github.com/acme/shop/blob/{COMMIT}/svc/Dockerfile#L1"


@pytest.mark.parametrize("head", ["ref: refs/heads/../../../secret", "ref: /etc/hostname", "not a commit", "ref: refs/heads/gone"])
def test_a_head_that_names_no_commit_gives_no_address(tmp_path, head):
    assert forge_of(_repository(tmp_path, "https://github.com/acme/shop", head=head)) is None


def test_packed_references_are_read(tmp_path):
    _repository(tmp_path, "https://github.com/acme/shop", loose="")
    (tmp_path / ".git" / "packed-refs").write_text(f"# pack-refs with: peeled\n{'f' * 40} refs/heads/main-2\n{COMMIT} refs/heads/main\n")
    forge = forge_of(tmp_path)
    assert forge is not None
    assert forge.commit == COMMIT


def test_without_a_repository_there_is_no_address(tmp_path):
    assert forge_of(tmp_path) is None
