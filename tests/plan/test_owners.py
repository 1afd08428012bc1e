"""CODEOWNERS as GitHub, GitLab and Bitbucket read them."""

from __future__ import annotations

import pytest

from armready.core.tree import MemoryTree
from armready.plan.owners import matches, owners


def of(path: str, **files: str) -> tuple[str, ...]:
    return owners(MemoryTree({name: text.encode() for name, text in files.items()})).of(path)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*", "a/b/c", True),
        ("*.js", "a/b.js", True),
        ("*.js", "a/b.jsx", False),
        ("/build/", "build/x/y", True),
        ("/build/", "a/build/x", False),
        ("apps/", "a/apps/x", True),
        ("apps/", "apps", False),
        ("docs/*", "docs/a", True),
        ("docs/*", "docs/a/b", False),
        ("docs/a", "x/docs/a", False),
        ("/apps/github", "apps/github/deep/file", True),
        ("**/logs", "a/b/logs/x", True),
        ("/a/**/z", "a/b/c/z", True),
        ("/a/**", "a/b/c", True),
        ("/a/**", "b/a", False),
        ("Dockerfile", "svc/Dockerfile", True),
        ("", "a", False),
    ],
)
def test_patterns(pattern: str, path: str, expected: bool) -> None:
    assert matches(path, pattern) is expected


def test_of_gitlab_a_pattern_with_a_slash_matches_at_any_depth() -> None:
    assert matches("x/docs/a", "docs/a", anywhere=True)
    assert not matches("x/docs/a", "/docs/a", anywhere=True)


def test_github_the_last_line_counts_and_may_name_nobody() -> None:
    text = "# all\n* @all\n/svc/ @org/svc dev@example.com # who else\n/svc/free\n"
    assert of("a", **{".github/CODEOWNERS": text}) == ("@all",)
    assert of("svc/a", **{".github/CODEOWNERS": text}) == ("@org/svc", "dev@example.com")
    assert of("svc/free", **{".github/CODEOWNERS": text}) == ()


def test_github_looks_in_its_folder_first_and_knows_no_sections() -> None:
    files = {".github/CODEOWNERS": "* @one\n", "CODEOWNERS": "* @two\n", "docs/CODEOWNERS": "* @three\n"}
    assert of("a", **files) == ("@one",)
    del files[".github/CODEOWNERS"]
    assert of("a", **files) == ("@two",)


def test_gitlab_sections_add_up_have_defaults_and_exclusions() -> None:
    text = "* @all\n[Docs][2] @docs\n*.md\n/guide/ @guide\n^[Optional] @opt\nDockerfile\n!/old/\n[DOCS]\n/api/ @api\n"
    files = {"CODEOWNERS": text, ".gitlab-ci.yml": ""}
    assert of("README.md", **files) == ("@all", "@docs")
    assert of("guide/a", **files) == ("@all", "@guide")
    assert of("x/Dockerfile", **files) == ("@all", "@opt")
    assert of("old/Dockerfile", **files) == ("@all",)
    assert of("api/README.md", **files) == ("@all", "@api")


def test_bitbucket_groups_are_their_members() -> None:
    text = "CODEOWNERS.toplevel.subreviewers 2\n@@@ops @ann @bob\n* @@ops\n/web/ web@example.com\n"
    assert of("a", **{".bitbucket/CODEOWNERS": text}) == ("@ann", "@bob")
    assert of("web/a", **{".bitbucket/CODEOWNERS": text}) == ("web@example.com",)


def test_spaces_in_a_pattern_are_escaped() -> None:
    assert of("a b/c", CODEOWNERS="a\\ b/ @space\n") == ("@space",)


def test_a_repository_without_the_file_has_no_owners() -> None:
    assert of("a") == ()


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert not matches("/".join(["a" * 200] * 30), "/".join(["**", "*a*a*a*a*a*a*a*a*b"] * 15))


def test_steps_name_their_owners(armready, repository) -> None:
    root = repository({"svc/Dockerfile": "FROM --platform=linux/amd64 debian:12\n", "CODEOWNERS": "/svc/ @team-svc\n"})
    assert "1. svc/Dockerfile:1: one command  (@team-svc)" in armready(root, "plan")
