"""The plan of a repository: its waves, what they say, and that following them leads where they promise."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.conftest import PROJECTS
from tests.plan.conftest import CHAIN

FOLLOWED = sorted(path.name for path in PROJECTS.iterdir() if (path / "input").is_dir())


def plan_of(armready, root: Path) -> dict:
    return json.loads(armready(root, "plan", "--format", "json"))


def steps(plan: dict) -> list[tuple[int, str, str]]:
    return [(wave["wave"], step["how"], step["where"]) for wave in plan["waves"] for step in wave["steps"]]


def follow(armready, root: Path) -> dict:
    """Run the commands in order; after each wave the state must be the promised one."""
    plan = plan_of(armready, root)
    for wave in plan["waves"]:
        for step in wave["steps"]:
            if step["how"] in ("command", "look"):
                name, *arguments = shlex.split(step["command"])
                assert name == "armready"
                armready(root, *arguments)
        assert plan_of(armready, root)["now"] == wave["after"], wave["wave"]
    assert {how for _, how, _ in steps(plan_of(armready, root))} <= {"hand", "decide", "ask"}
    return plan


@pytest.mark.parametrize("name", FOLLOWED)
def test_following_the_plan_of_a_project_leads_to_what_it_promises(name, armready, project_copy) -> None:
    plan = follow(armready, project_copy(name))
    ready = [plan["now"]["workloads"]["ready"], *(wave["after"]["workloads"]["ready"] for wave in plan["waves"])]
    assert ready == sorted(ready)
    assert ready[-1] > ready[0]


def test_base_images_come_before_what_is_built_on_them_and_that_before_what_runs_it(armready, repository) -> None:
    root = repository(CHAIN)
    plan = follow(armready, root)
    places = steps(plan)
    assert places[0] == (1, "command", "base/Dockerfile:1")
    (base, *_) = [wave for wave, _, where in places if where.startswith(".gitlab-ci.yml")]
    (workload, *_) = [wave for wave, how, where in places if where.startswith("k8s/app.yaml") and how in ("command", "look")]
    assert 1 < base < workload


def test_a_step_says_what_it_unblocks(armready, repository) -> None:
    first = plan_of(armready, repository(CHAIN))["waves"][0]["steps"][0]
    assert first["unblocks"] == ["Deployment/app"]
    assert first["codes"] == ["DF101"]
    assert first["command"] == "armready fix --only base/Dockerfile"


def test_an_image_without_arm64_is_a_decision_and_an_unknown_one_is_asked_for(armready, repository) -> None:
    plan = plan_of(armready, repository(CHAIN))
    found = {step["where"]: step for wave in plan["waves"] for step in wave["steps"]}
    options = [each.partition(":")[0] for each in found["mysql:5.7"]["options"]]
    assert found["mysql:5.7"]["how"] == "decide"
    assert options == ["upgrade", "leave on amd64", "wait for upstream"]
    assert found["registry.example.com/other:1"]["how"] == "ask"
    assert found["registry.example.com/other:1"]["command"] == "armready image registry.example.com/other:1"


def test_a_decision_for_amd64_is_no_step_any_more(armready, repository) -> None:
    files = {"armready.toml": '[images]\n"mysql:5.7" = ["amd64"]\n"registry.example.com/other" = ["amd64", "arm64"]\n'}
    root = repository({**CHAIN, **files})
    plan = follow(armready, root)
    assert not {"decide", "ask"} & {how for _, how, _ in steps(plan)}
    assert plan["waves"][-1]["after"]["workloads"]["stays"] == 1


def test_a_ready_repository_has_nothing_to_do(armready, repository) -> None:
    root = repository({"Dockerfile": 'FROM debian:12\nCMD ["true"]\n'})
    assert plan_of(armready, root)["waves"] == []
    assert armready(root, "plan").endswith("There is nothing to do.\n")


def test_what_waits_for_each_other_is_shown_as_a_cycle(armready, repository) -> None:
    build = "{0}:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n    - docker build -t r.example.com/{0}:1 {0}\n    - docker push r.example.com/{0}:1\n"
    root = repository(
        {
            "one/Dockerfile": "FROM r.example.com/two:1\nRUN curl -LO https://example.com/tool-linux-amd64\n",
            "two/Dockerfile": "FROM --platform=linux/amd64 r.example.com/one:1\nRUN true\n",
            ".gitlab-ci.yml": build.format("one") + build.format("two"),
        }
    )
    plan = plan_of(armready, root)
    circles = [cycle for wave in plan["waves"] for cycle in wave["cycles"]]
    assert {"one/Dockerfile", "two/Dockerfile"} <= set(circles[0])
    assert "These wait for each other" in armready(root, "plan")


def test_another_tag_of_the_same_image_is_no_cycle(armready, repository) -> None:
    root = repository(
        {
            "Dockerfile": "FROM --platform=linux/amd64 r.example.com/app:build\n",
            ".gitlab-ci.yml": "app:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n    - docker build -t r.example.com/app:1 .\n"
            "    - docker push r.example.com/app:1\n",
        }
    )
    assert [wave["cycles"] for wave in plan_of(armready, root)["waves"]] == [[]] * len(plan_of(armready, root)["waves"])


def test_a_package_without_arm64_holds_the_image_that_copies_its_file(armready, repository) -> None:
    root = repository(
        {
            "requirements.txt": "tensorflow==2.9.1\n",
            "Dockerfile": "FROM python:3.10-slim\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
            "other/Dockerfile": "FROM python:3.10-slim\nCOPY app.py .\n",
        }
    )
    plan = plan_of(armready, root)
    status = {node["key"]: node["status"] for node in plan["nodes"]}
    assert status["dockerfile:Dockerfile"] == "blocked"
    assert status["dockerfile:other/Dockerfile"] == "ready"


def test_only_changes_the_files_that_it_names(armready, repository) -> None:
    pinned = "FROM --platform=linux/amd64 debian:12\n"
    root = repository({"a/Dockerfile": pinned, "b/Dockerfile": pinned})
    armready(root, "fix", "--only", "a/Dockerfile")
    assert ((root / "a/Dockerfile").read_text(), (root / "b/Dockerfile").read_text()) == ("FROM debian:12\n", pinned)


def test_only_refuses_a_file_that_is_not_scanned(run, repository) -> None:
    root = repository({"Dockerfile": "FROM --platform=linux/amd64 debian:12\n"})
    code, _, error = run("fix", "--only", "other/Dockerfile", cwd=root)
    assert (code, error) == (2, "armready: --only other/Dockerfile: not one of the files of this run\n")
    assert "amd64" in (root / "Dockerfile").read_text()
