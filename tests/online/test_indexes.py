import pytest

from armready.core.tree import MemoryTree
from armready.online.indexes import PUBLIC, Index, indexes


def tree(**files: str) -> MemoryTree:
    return MemoryTree({name.replace("__", "."): text.encode() for name, text in files.items()})


def urls(found) -> list[str]:
    return [each.url for each in found.places]


@pytest.fixture
def variables(tmp_path):
    return {"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null", "XDG_CONFIG_DIRS": str(tmp_path / "none")}


def test_the_public_index(variables) -> None:
    assert urls(indexes(tree(), (), variables)) == [PUBLIC]


def test_pip_files_and_variables(variables, tmp_path) -> None:
    del variables["PIP_CONFIG_FILE"]
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / ".config/pip/pip.conf").write_text(
        "[global]\nindex-url = https://me:secret@one.example/simple\nextra-index-url =\n  https://two.example/simple\n  https://three.example/s\n"
    )
    found = indexes(tree(), (), variables)
    named = [each for each in found.places if ".example" in each.url]
    assert [each.url for each in named] == ["https://one.example/simple", "https://two.example/simple", "https://three.example/s"]
    assert (named[0].user, named[0].secret, named[1].user) == ("me", "secret", "")
    assert "secret" not in repr(found)
    variables["PIP_INDEX_URL"] = "https://four.example/simple"
    assert urls(indexes(tree(), (), variables))[0] == "https://four.example/simple"
    variables["PIP_NO_INDEX"] = "1"
    assert urls(indexes(tree(), (), variables)) == []


def test_options_of_requirements_files(variables) -> None:
    named = [("--index-url", "https://a.example/simple"), ("--extra-index-url", "https://b.example/simple")]
    assert urls(indexes(tree(), named, variables)) == ["https://a.example/simple", "https://b.example/simple"]
    assert urls(indexes(tree(), [("--no-index", "")], variables)) == []


def test_the_tree_gets_no_credentials(variables, tmp_path) -> None:
    variables["PIP_EXTRA_INDEX_URL"] = "https://me:secret@mine.example/simple"
    (tmp_path / ".netrc").write_text("machine netrc.example login n password p\n")
    named = [
        ("--index-url", "https://evil.example/simple"),
        ("--extra-index-url", "https://user:theirs@evil2.example/simple"),
        ("--extra-index-url", "https://mine.example/other"),
        ("--extra-index-url", "http://mine.example/plain"),
        ("--extra-index-url", "https://mine.example.evil.example/simple"),
        ("--extra-index-url", "https://netrc.example/simple"),
    ]
    held = {each.url: (each.user, each.secret) for each in indexes(tree(), named, variables).places}
    assert held == {
        "https://evil.example/simple": ("", ""),
        "https://evil2.example/simple": ("", ""),
        "https://mine.example/other": ("me", "secret"),
        "http://mine.example/plain": ("", ""),
        "https://mine.example.evil.example/simple": ("", ""),
        "https://netrc.example/simple": ("n", "p"),
        "https://mine.example/simple": ("me", "secret"),
    }


def test_uv(variables, tmp_path) -> None:
    project = """
[[tool.uv.index]]
name = "internal"
url = "https://internal.example/simple"
[[tool.uv.index]]
name = "torch"
url = "https://torch.example/simple"
explicit = true
"""
    found = indexes(tree(pyproject__toml=project), (), variables)
    assert found.first_only
    assert urls(found) == ["https://internal.example/simple", PUBLIC]
    variables |= {
        "UV_DEFAULT_INDEX": "https://default.example/simple",
        "PIP_INDEX_URL": "https://pip.example",
        "UV_INDEX": "n=https://x.example/s",
    }
    assert urls(indexes(tree(pyproject__toml=project), (), variables)) == [
        "https://x.example/s",
        "https://internal.example/simple",
        "https://default.example/simple",
    ]


def test_poetry_pdm_and_pipenv(variables) -> None:
    source = '[[tool.{}.source]]\nname = "x"\nurl = "https://x.example/simple"\n'
    assert urls(indexes(tree(pyproject__toml=source.format("poetry")), (), variables)) == ["https://x.example/simple"]
    assert urls(indexes(tree(pyproject__toml=source.format("poetry") + 'priority = "supplemental"\n'), (), variables)) == [
        "https://x.example/simple",
        PUBLIC,
    ]
    assert urls(indexes(tree(pyproject__toml=source.format("poetry") + 'priority = "explicit"\n'), (), variables)) == [PUBLIC]
    assert urls(indexes(tree(pyproject__toml=source.format("pdm")), (), variables)) == ["https://x.example/simple"]
    assert urls(indexes(tree(Pipfile='[[source]]\nurl = "https://p.example/simple"\n'), (), variables)) == ["https://p.example/simple"]


def test_addresses_that_are_none(variables) -> None:
    assert urls(indexes(tree(), [("--index-url", "http://[/x"), ("--find-links", "./wheels")], variables)) == ["unreadable:", "./wheels"]


def test_broken_files_count_as_none(variables) -> None:
    assert urls(indexes(tree(pyproject__toml="[tool.uv\n"), (), variables)) == [PUBLIC]
    assert Index("https://a").user == ""
