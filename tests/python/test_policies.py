import pytest

from armready.python.manifest import Policy
from armready.python.policies import of_commands, of_pdm, of_poetry, of_uv
from tests.python.test_locks import surveyed


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (of_uv({"no-build": True}), Policy(frozenset({":all:"}))),
        (
            of_uv({"no-binary-package": ["Ruamel.yaml"], "pip": {"only-binary": ["a"]}}),
            Policy(frozenset({"a"}), frozenset({"ruamel-yaml"})),
        ),
        (of_poetry({"installer": {"no-binary": ["psutil"]}}), Policy(frozenset(), frozenset({"psutil"}))),
        (of_poetry({"installer": {"no-binary": True}}), Policy(frozenset(), frozenset({":all:"}))),
        (of_poetry({"installer": 1}), Policy()),
        (of_pdm({"resolution": {"only-binary": ":all:"}}), Policy(frozenset({":all:"}))),
        (of_commands("pip install --no-binary=a,B_c --only-binary :all: x"), Policy(frozenset({":all:"}), frozenset({"a", "b-c"}))),
        (of_commands("ENV PIP_NO_BINARY=:all:"), Policy(frozenset(), frozenset({":all:"}))),
        (of_commands("pip install --no-binary $X y"), Policy()),
        (of_commands("PIP_NO_BINARY=:none: pip install y"), Policy()),
    ],
)
def test_policies(policy: Policy, expected: Policy) -> None:
    assert policy == expected


REQUIREMENT = '[project]\nname = "app"\nrequires-python = ">=3.11"\ndependencies = ["psutil==5.9.8"]\n'


@pytest.mark.parametrize(
    ("files", "outcomes"),
    [
        ({"pyproject.toml": REQUIREMENT}, ["sdist"]),
        ({"pyproject.toml": REQUIREMENT, "poetry.toml": '[installer]\nonly-binary = ["psutil"]\n'}, ["none"]),
        ({"pyproject.toml": REQUIREMENT, "poetry.toml": '[installer]\nno-binary = ["psutil"]\n'}, []),
        ({"pyproject.toml": REQUIREMENT, "poetry.toml": "[installer\n"}, ["sdist"]),
        ({"pyproject.toml": REQUIREMENT + '[tool.pdm.resolution]\nno-binary = "psutil"\n'}, []),
        ({"pyproject.toml": REQUIREMENT, "uv.toml": "no-build = true\n"}, ["none"]),
        ({"Dockerfile": "FROM python:3.11\nRUN pip install psutil==5.9.8\n"}, ["sdist"]),
        ({"Dockerfile": "FROM python:3.11\nRUN pip install --no-binary psutil psutil==5.9.8\n"}, []),
        ({"Dockerfile": "FROM python:3.11\nENV A=b\nRUN pip install psutil==5.9.8 --no-binary psutil"}, []),
        ({"Dockerfile": "FROM python:3.11\nENV PIP_NO_BINARY=:all:\nRUN pip install psutil==5.9.8\n"}, []),
    ],
)
def test_what_is_compiled_on_both_is_no_difference(files: dict[str, str], outcomes: list[str]) -> None:
    assert [each.outcome.value for each in surveyed(files).judged] == outcomes


def test_libc_counts_where_the_image_does_not_tell_its_python() -> None:
    files = {
        "requirements.txt": "psutil==5.9.8\n",
        "Dockerfile": "FROM alpine:3.18\nRUN apk add py3-pip && pip install -r requirements.txt\n",
    }
    assert surveyed(files).judged == ()
    assert surveyed(files, pythons=["3.11"]).judged == ()
    on_debian = {**files, "Dockerfile": files["Dockerfile"].replace("alpine:3.18", "example.org/python")}
    assert [each.dependency.name for each in surveyed(on_debian).judged] == ["psutil"]
