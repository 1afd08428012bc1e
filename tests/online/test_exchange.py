"""Facts go from one repository to another; without `--online` no connection is opened."""

import json
import re

CI = """build:
  image: docker:24
  services: [docker:dind]
  script:
    - docker buildx build --platform linux/amd64,linux/arm64 -t registry.example.com/team/app:1 --push .
    - docker buildx build --platform linux/amd64 -t registry.example.com/team/old:1 --push .
    - docker build -t registry.example.com/team/$NAME:1 --push .
"""
POD = """apiVersion: v1
kind: Pod
metadata:
  name: old
spec:
  containers:
    - name: old
      image: registry.example.com/team/old:1
"""


def test_a_repository_tells_what_it_builds(run, tmp_path) -> None:
    app = tmp_path / "app"
    (app / ".git").mkdir(parents=True)
    (app / ".gitlab-ci.yml").write_text(CI)
    code, out, err = run("facts", cwd=app)
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["version"] == 1
    assert {each["name"]: each["platforms"] for each in document["built"]} == {
        "registry.example.com/team/app": ["linux/amd64", "linux/arm64"],
        "registry.example.com/team/old": ["linux/amd64"],
    }
    assert document["runs"] == ["docker:24"]

    manifests = tmp_path / "manifests"
    (manifests / ".git").mkdir(parents=True)
    (manifests / "pod.yaml").write_text(POD)
    (manifests / "Dockerfile").write_text("FROM registry.example.com/team/old:1\n")
    (manifests / "app.json").write_text(out)
    assert run("scan", cwd=manifests)[1] == ""
    (manifests / "armready.toml").write_text('facts = ["app.json"]\n')
    code, found, _ = run("scan", cwd=manifests)
    assert code == 1
    assert "Dockerfile:1:6: error: registry.example.com/team/old:1 is built for linux/amd64 (.gitlab-ci.yml). [DF114]" in found
    assert re.search(r"pod\.yaml:8:14: .*\[KUB110\]", found)


def test_a_broken_facts_file_is_wrong_usage(run, tmp_path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "armready.toml").write_text('facts = ["gone.json"]\n')
    code, _, err = run("scan", cwd=tmp_path)
    assert (code, err) == (2, "armready: gone.json: no such file\n")


def test_a_scanned_repository_cannot_open_connections(run, tmp_path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "armready.toml").write_text("online = true\n")
    code, _, err = run("scan", cwd=tmp_path)
    assert code == 2
    assert "online counts in your own configuration only" in err


def test_offline_is_the_default(run, tmp_path, server) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/app:1\n")
    (tmp_path / "requirements.txt").write_text(f"--index-url {server.url}/simple\nx==1\n")
    code, out, _ = run("scan", cwd=tmp_path)
    assert (code, out, server.asked) == (0, "", [])


def test_an_outage_finds_nothing(run, tmp_path, home, server) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/app:1\nFROM localhost:9/other:1\n")
    (tmp_path / "requirements.txt").write_text(f"--index-url {server.url}/simple\nsome-package==1\n")
    own = _with(tmp_path, "private-hosts = ['localhost:*']\n")
    code, out, err = run("scan", "--online", "--config", "own.toml", cwd=own, env={"HOME": str(home)})
    assert (code, out) == (0, "")
    assert "online: 3 looked up, 0 answered, 3 without an answer" in err
    assert any("/v2/app/manifests/1" in path for _, path, _ in server.asked)
    assert any("/simple/some-package/" in path for _, path, _ in server.asked)


def test_a_package_is_judged_by_its_index(run, tmp_path, home, server) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "requirements.txt").write_text(f"--index-url {server.url}/simple\nsome-package==1.0\n")
    names = ["some_package-1.0-cp312-cp312-manylinux_2_17_x86_64.whl", "some_package-1.1-cp312-cp312-manylinux_2_17_aarch64.whl"]
    body = json.dumps({"files": [{"filename": name, "url": name, "hashes": {}} for name in names]}).encode()
    server.answers["/simple/some-package/"] = (200, {"Content-Type": "application/vnd.pypi.simple.v1+json"}, body)
    own = _with(tmp_path, f'pythons = ["3.12"]\nprivate-hosts = ["{server.host}"]\n')
    code, out, err = run("scan", "--online", "--config", "own.toml", cwd=own, env={"HOME": str(home)})
    assert code == 1
    assert "error: `some-package==1.0` has no file for Linux arm64" in out
    assert "1.1 has one (index of " in out
    assert "1 looked up, 1 answered" in err


def _with(folder, text: str):
    (folder / "own.toml").write_text(text)
    return folder
