"""`armready image` and `armready package`."""

import json

from armready.commands.lookups import _size

JSON = {"Content-Type": "application/vnd.pypi.simple.v1+json"}


def test_an_image_without_asking(run, tmp_path) -> None:
    code, out, err = run("image", "--offline", "mysql:5.7", "python:3.12", cwd=tmp_path)
    assert (code, err) == (1, "")
    assert "arm64: no, amd64: yes (high confidence, from official)" in out
    assert "with arm64: mysql:8.0" in out
    assert "in a dockerfile: error: DF114 mysql:5.7 was never built for arm64" in out
    assert out.count("nothing to report") >= 2


def test_json(run, tmp_path) -> None:
    code, out, _ = run("image", "--offline", "--format", "json", "python:3.12", cwd=tmp_path)
    image = json.loads(out)["images"][0]
    assert (code, image["reference"], image["registry"]) == (0, "python:3.12", None)
    assert image["verdict"]["arm64"] == "yes"
    assert image["findings"] == {"dockerfile": [], "manifest": []}


def test_wrong_usage(run, tmp_path) -> None:
    assert run("image", "--compare", "a", cwd=tmp_path)[0::2] == (2, "armready: --compare needs two references\n")
    assert run("image", "--offline", "--format", "xml", "a", cwd=tmp_path)[0] == 2
    assert run("package", "a", "--python", "2.7", cwd=tmp_path)[0] == 2
    assert run("package", "not a package!", cwd=tmp_path)[0] == 2


def test_control_characters_are_escaped(run, tmp_path) -> None:
    _, out, _ = run("image", "--offline", "a\x1b[31m/b", cwd=tmp_path)
    assert "\x1b" not in out


def test_packages(run, tmp_path, home, server) -> None:
    names = ["x-1.0-cp312-cp312-manylinux_2_17_x86_64.whl", "x-1.0.tar.gz", "x-2.0-cp312-cp312-manylinux_2_17_aarch64.whl"]
    body = json.dumps({"files": [{"filename": name, "url": name, "hashes": {}} for name in names]}).encode()
    server.answers["/simple/x/"] = (200, JSON, body)
    env = {
        "HOME": str(home),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": f"http://me:hidden@{server.host}/simple",
        "PIP_FIND_LINKS": "",
    }
    code, out, err = run("package", "x==1.0", "--python", "3.12", cwd=tmp_path, env=env)
    assert code == 1
    assert "3.12    glibc  1.0 wheel  1.0 sdist  2.0 above" in out
    assert f"http://{server.host}/simple (looked up " in out
    assert "hidden" not in out + err
    code, out, _ = run("package", "gone", "--python", "3.12", cwd=tmp_path, env=env)
    assert (code, out) == (0, "gone\n  no answer: no index holds gone\n")


def test_sizes() -> None:
    assert [_size(count) for count in (0, 21, 4_100, 52_000_000, 3_000_000_000)] == ["-", "21 B", "4 kB", "52 MB", "3 GB"]
