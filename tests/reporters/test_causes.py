"""One cause is told once, with its places; the fixer and the baseline keep the single ones."""

import json

import pytest

_POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n  - name: x\n    image: {image}\n"
_COMPOSE = "services:\n  one:\n    image: redis:7.2\n    platform: linux/amd64\n  two:\n    image: redis:7.2\n    platform: linux/amd64\n"


@pytest.fixture
def findings(tmp_path, run):
    def scan(files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        _, out, _ = run("scan", "--format", "json", cwd=tmp_path)
        return json.loads(out)["findings"]

    return scan


def _pods(*images):
    return {f"pod{number}.yaml": _POD.format(name=f"p{number}", image=image) for number, image in enumerate(images)}


def test_the_same_image_in_several_manifests(findings):
    (only,) = findings(_pods(*["registry.example.com/app-amd64:1"] * 3))
    assert only["path"] == "pod0.yaml"
    assert [each["path"] for each in only["related"]] == ["pod1.yaml", "pod2.yaml"]


def test_another_image_is_another_cause(findings):
    found = findings(_pods("registry.example.com/app-amd64:1", "registry.example.com/other-amd64:1"))
    assert [each["path"] for each in found] == ["pod0.yaml", "pod1.yaml"]


def test_services_of_one_file_with_the_same_pin(findings):
    (only,) = findings({"compose.yaml": _COMPOSE})
    assert len(only["fix"]["edits"]) == 2
    assert [each["line"] for each in only["related"]] == [7]


def test_an_image_without_arm64_in_several_compose_files(findings):
    text = "services:\n  {}:\n    image: mysql:5.7\n"
    (only,) = findings({"a/compose.yaml": text.format("db"), "b/compose.yaml": text.format("store")})
    assert only["path"] == "a/compose.yaml"
    assert [each["path"] for each in only["related"]] == ["b/compose.yaml"]


def test_an_ignored_place_leaves_the_others(findings):
    ignored = _COMPOSE.replace("    platform", "    # armready: ignore[CI118] needed here\n    platform", 1)
    (only,) = findings({"compose.yaml": ignored})
    assert (only["line"], only["related"]) == (8, [])


def test_two_files_are_two_findings(findings):
    found = findings({"a/compose.yaml": _COMPOSE, "b/compose.yaml": _COMPOSE})
    assert [each["path"] for each in found] == ["a/compose.yaml", "b/compose.yaml"]


def test_what_a_file_says_twice(findings):
    (only,) = findings(
        {
            "Dockerfile": "FROM debian:12\nRUN apt-get install -y gcc\nRUN ln -s /usr/lib/x86_64-linux-gnu/a.so /a && ln -s /usr/lib/x86_64-linux-gnu/b.so /b\n"
        }
    )
    assert len(only["related"]) == 1


def test_what_is_announced_is_what_is_applied(findings, tmp_path, run):
    findings({"compose.yaml": _COMPOSE})
    _, out, _ = run("scan", "--format", "json", cwd=tmp_path)
    announced = json.loads(out)["summary"]["fixable_safe"]
    _, out, _ = run("fix", "--format", "json", cwd=tmp_path)
    assert announced == len(json.loads(out)["applied"]) == 2
    assert "platform" not in (tmp_path / "compose.yaml").read_text()


def test_a_baseline_knows_every_place(findings, tmp_path, run):
    findings(_pods(*["registry.example.com/app-amd64:1"] * 3))
    run("baseline", cwd=tmp_path)
    _, out, _ = run("scan", "--format", "json", cwd=tmp_path)
    assert json.loads(out)["findings"] == []


def test_places_without_a_fix_are_told_with_those_that_have_one(findings, tmp_path, run):
    compose = _COMPOSE.replace("redis:7.2", "a/b:1", 1)
    findings({"compose.yaml": compose})
    _, out, _ = run("scan", "--format", "json", cwd=tmp_path)
    assert json.loads(out)["summary"]["fixable_safe"] == 1


def test_packages_of_one_release(findings):
    debs = " && ".join(f"curl -LO https://example.com/r/1/lib{name}_1_amd64.deb" for name in "abc")
    (only,) = findings({"Dockerfile": f"FROM debian:12\nRUN {debs} && dpkg -i *.deb\n"})
    assert len(only["related"]) == 2
    found = findings(
        {"Dockerfile": "FROM debian:12\nRUN curl -LO https://a.example/a_amd64.deb && curl -LO https://b.example/b_amd64.deb\n"}
    )
    assert len(found) == 2


def test_the_name_under_which_a_package_is_saved(findings):
    run = "RUN curl -o /tmp/t-amd64.deb https://example.com/t_1_x86_64.deb && dpkg -i /tmp/t-amd64.deb"
    assert len(findings({"Dockerfile": f"FROM debian:12\n{run}\n"})) == 1


def test_the_same_image_in_several_dockerfiles(findings):
    (only,) = findings({f"{name}/Dockerfile": "FROM mysql:5.7\n" for name in "ab"})
    assert [each["path"] for each in only["related"]] == ["b/Dockerfile"]
