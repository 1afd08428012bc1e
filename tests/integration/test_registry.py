"""Look-ups against real registries on this machine."""

import base64
import json
import os
import re
import ssl
import stat
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from armready.core.reference import Reference
from armready.online.addresses import Hosts
from armready.online.auth import Credentials
from armready.online.cache import AnswerCache
from armready.online.errors import NotFoundError, UnansweredError
from armready.online.lookup import look_up_images
from armready.online.registry import RegistryClient
from armready.online.web import Web
from tests.integration.registries import (
    DOCKER,
    OCI,
    PASSWORD,
    USER,
    basic,
    certificate,
    docker_says,
    free_port,
    password_file,
    registry,
    token_server,
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    with registry(tmp_path_factory.mktemp("plain")) as running:
        running.index("team/both", "1", ["linux/amd64", "linux/arm64/v8"], OCI, attested=True)
        running.index("team/both-docker", "1", ["linux/amd64", "linux/arm64", "linux/arm/v7"], DOCKER)
        running.index("team/amd64-index", "1", ["linux/amd64"], OCI, attested=True)
        running.image("team/amd64", "1", "linux/amd64", OCI)
        running.image("team/amd64-docker", "1", "linux/amd64", DOCKER)
        running.image("team/arm64", "1", "linux/arm64", OCI)
        chart = running.blob("team/chart", b"{}", "application/vnd.cncf.helm.config.v1+json")
        running.manifest(
            "team/chart", {"schemaVersion": 2, "mediaType": OCI["manifest"], "config": chart, "layers": []}, OCI["manifest"], "1"
        )
        yield running


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty Docker configuration."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.delenv("DOCKER_AUTH_CONFIG", raising=False)
    (tmp_path / ".docker").mkdir()
    return tmp_path


def logged_in(home: Path, host: str, password: str = PASSWORD) -> None:
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    (home / ".docker/config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))


def client(**more) -> RegistryClient:
    return RegistryClient(Web(Hosts.of(["localhost:*", "127.0.0.1:*"])), Credentials(), **more)


def platforms(answer) -> list[str]:
    return sorted(each.platform for each in answer.platforms)


@pytest.mark.parametrize(
    "name, expected, index",
    [
        ("both", ["linux/amd64", "linux/arm64"], True),
        ("both-docker", ["linux/amd64", "linux/arm/v7", "linux/arm64"], True),
        ("amd64-index", ["linux/amd64"], True),
        ("amd64", ["linux/amd64"], False),
        ("amd64-docker", ["linux/amd64"], False),
        ("arm64", ["linux/arm64"], False),
    ],
)
def test_platforms_agree_with_the_docker_client(plain, home, name, expected, index) -> None:
    reference = f"{plain.host}/team/{name}:1"
    answer = client().look_up(Reference.parse(reference))
    assert platforms(answer) == expected
    assert answer.index is index
    said = docker_says(reference, home)
    if said is not None and index:
        listed = {each["digest"] for each in said["manifests"] if each["platform"]["os"] != "unknown"}
        assert listed == {each.digest for each in answer.platforms}


def test_a_digest(plain, home) -> None:
    by_tag = client().look_up(Reference.parse(f"{plain.host}/team/both:1"))
    single = by_tag.of("amd64").digest
    by_digest = client().look_up(Reference.parse(f"{plain.host}/team/both:1@{single}"))
    assert (by_digest.index, platforms(by_digest), by_digest.digest) == (False, ["linux/amd64"], single)
    assert client().look_up(Reference.parse(f"{plain.host}/team/both@{by_tag.digest}")).index
    assert client().digest(Reference.parse(f"{plain.host}/team/both:1")) == by_tag.digest


def test_sizes(plain, home) -> None:
    answer = client().look_up(Reference.parse(f"{plain.host}/team/both:1"), sizes=True)
    assert all(each.size == len(f"layer for {each.platform}") + (3 if each.platform == "linux/arm64" else 0) for each in answer.platforms)


def test_what_is_no_image(plain, home) -> None:
    with pytest.raises(NotFoundError):
        client().look_up(Reference.parse(f"{plain.host}/team/none:1"))
    with pytest.raises(UnansweredError, match="no container image"):
        client().look_up(Reference.parse(f"{plain.host}/team/chart:1"))
    with pytest.raises(UnansweredError, match="variable"):
        client().look_up(Reference.parse(f"{plain.host}/team/$APP:1"))


def test_basic_authentication(tmp_path, home) -> None:
    auth = {"htpasswd": {"realm": "tests", "path": str(password_file(tmp_path / "auth"))}}
    with registry(tmp_path / "registry", auth=auth) as running:
        running.authorization = basic()
        running.index("app", "1", ["linux/amd64", "linux/arm64"])
        reference = Reference.parse(f"{running.host}/app:1")
        with pytest.raises(UnansweredError, match="needs credentials"):
            client().look_up(reference)
        logged_in(home, running.host, "wrong")
        with pytest.raises(UnansweredError, match="other credentials") as raised:
            client().look_up(reference)
        assert "wrong" not in str(raised.value)
        logged_in(home, running.host)
        assert platforms(client().look_up(reference)) == ["linux/amd64", "linux/arm64"]


def test_docker_auth_config_and_helpers(tmp_path, home, monkeypatch) -> None:
    auth = {"htpasswd": {"realm": "tests", "path": str(password_file(tmp_path / "auth"))}}
    with registry(tmp_path / "registry", auth=auth) as running:
        running.authorization = basic()
        running.image("app", "1", "linux/amd64")
        reference = Reference.parse(f"{running.host}/app:1")
        secret = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {f"https://{running.host}": {"auth": secret}}}))
        assert platforms(client().look_up(reference)) == ["linux/amd64"]
        monkeypatch.delenv("DOCKER_AUTH_CONFIG")

        programs = tmp_path / "bin"
        programs.mkdir()
        helper = programs / "docker-credential-tests"
        helper.write_text(f"""#!/bin/sh
read host
[ "$1 $host" = "get {running.host}" ] && printf '{{"Username":"{USER}","Secret":"{PASSWORD}"}}'
""")
        helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
        for config in ({"credHelpers": {running.host: "tests"}}, {"credsStore": "tests"}):
            (home / ".docker/config.json").write_text(json.dumps(config))
            assert platforms(client().look_up(reference)) == ["linux/amd64"]
        (home / ".docker/config.json").write_text(json.dumps({"credHelpers": {"other.example": "tests"}}))
        with pytest.raises(UnansweredError):
            client().look_up(reference)


def test_bearer_tokens(tmp_path, home) -> None:
    with token_server(tmp_path / "tokens") as (realm, bundle, asked):
        auth = {"token": {"realm": realm, "service": "tests", "issuer": "tests", "rootcertbundle": str(bundle)}}
        with registry(tmp_path / "registry", auth=auth) as running:
            for name in ("public/app", "private/app"):
                _push_with_token(running, realm, name)
            asked.clear()
            named = {running.host: (urlsplit(realm).netloc,)}
            anonymous = client(token_hosts=named)
            assert platforms(anonymous.look_up(Reference.parse(f"{running.host}/public/app:1"))) == ["linux/amd64", "linux/arm64"]
            assert [each["scope"] for each in asked] == [["repository:public/app:pull"]]
            with pytest.raises(UnansweredError, match="other credentials"):
                anonymous.look_up(Reference.parse(f"{running.host}/private/app:1"))
            assert not any(each["authorization"] for each in asked)
            logged_in(home, running.host)
            mine = client(token_hosts=named).look_up(Reference.parse(f"{running.host}/private/app:1"))
            assert platforms(mine) == ["linux/amd64", "linux/arm64"]
            assert asked[-1]["known"]
            asked.clear()
            with pytest.raises(UnansweredError, match="private-hosts"):
                client().look_up(Reference.parse(f"{running.host}/private/app:1"))
            assert not asked


def _push_with_token(running, realm: str, name: str) -> None:
    import urllib.request

    url = f"{realm}?service=tests&scope=repository:{name}:pull,push"
    token = json.load(urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": basic()})))["token"]
    running.authorization = f"Bearer {token}"
    running.index(name, "1", ["linux/amd64", "linux/arm64"])
    running.authorization = ""


def test_credentials_stay_on_this_machine_or_behind_tls(tmp_path, home) -> None:
    """A registry that sends its clients to an unprotected address elsewhere gets nothing."""
    auth = {
        "token": {"realm": "http://tokens.example/token", "service": "s", "issuer": "i", "rootcertbundle": str(certificate(tmp_path)[0])}
    }
    with registry(tmp_path / "registry", auth=auth) as running:
        logged_in(home, running.host)
        with pytest.raises(UnansweredError, match="unprotected"):
            client().look_up(Reference.parse(f"{running.host}/app:1"))


def test_tls_with_an_authority_of_ones_own(tmp_path, home, monkeypatch) -> None:
    cert, key = certificate(tmp_path / "tls")
    auth = {"htpasswd": {"realm": "tests", "path": str(password_file(tmp_path / "auth"))}}
    with registry(tmp_path / "registry", tls=(cert, key), auth=auth) as running:
        running.authorization = basic()
        running.context = ssl.create_default_context(cafile=str(cert))
        running.index("app", "1", ["linux/amd64", "linux/arm64"])
        logged_in(home, running.host)
        reference = Reference.parse(f"{running.host}/app:1")
        monkeypatch.delenv("SSL_CERT_DIR", raising=False)
        with pytest.raises(UnansweredError):
            client().look_up(reference)
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        assert platforms(client().look_up(reference)) == ["linux/amd64", "linux/arm64"]


def test_mirrors_come_before_docker_hub(tmp_path, plain, home) -> None:
    plain.index("library/tool", "1", ["linux/amd64", "linux/arm64"])
    with registry(tmp_path / "mirror", upstream=plain.url) as mirror:
        answer = client(mirrors=[mirror.host]).look_up(Reference.parse("tool:1"))
        assert platforms(answer) == ["linux/amd64", "linux/arm64"]
        assert answer.reference == "docker.io/library/tool:1"


def test_many_look_ups_and_the_cache(plain, home, tmp_path) -> None:
    for number in range(20):
        plain.index(f"many/{number}", "1", ["linux/amd64", "linux/arm64"])
    references = [Reference.parse(f"{plain.host}/many/{number % 20}:1") for number in range(40)]
    cache = AnswerCache(tmp_path / "cache")
    found, tally = look_up_images(references, client(), cache)
    assert (sum(key.endswith(":1") for key in found), tally.asked, tally.answered, tally.cached) == (20, 20, 20, 0)
    start = time.perf_counter()
    again, tally = look_up_images(references, client(), cache)
    assert again == found
    assert tally.cached == 20
    assert time.perf_counter() - start < 1
    assert PASSWORD not in "".join(path.read_text() for path in (tmp_path / "cache").rglob("*.json"))


def test_an_old_answer_is_checked_with_a_digest_alone(plain, home, tmp_path) -> None:
    plain.index("team/moving", "1", ["linux/amd64"])
    cache, reference = AnswerCache(tmp_path / "cache"), Reference.parse(f"{plain.host}/team/moving:1")
    look_up_images([reference], client(), cache)
    for path in (tmp_path / "cache").rglob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"at": time.time() - 100_000}))
    found, tally = look_up_images([reference], client(), cache)
    assert tally.cached == 1
    plain.index("team/moving", "1", ["linux/amd64", "linux/arm64"])
    for path in (tmp_path / "cache").rglob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"at": time.time() - 100_000}))
    found, tally = look_up_images([reference], client(), cache)
    assert tally.cached == 0
    assert platforms(next(iter(found.values()))) == ["linux/amd64", "linux/arm64"]


def test_an_outage_is_noticed_quickly_and_an_old_answer_serves(plain, home, tmp_path) -> None:
    gone = f"localhost:{free_port()}"
    start = time.perf_counter()
    found, tally = look_up_images([Reference.parse(f"{gone}/app{number}:1") for number in range(100)], client(), None)
    assert (found, tally.answered, len(tally.open)) == ({}, 0, 100)
    assert time.perf_counter() - start < 5
    assert "no connection" in tally.summary


def test_a_scan_and_its_fixes(plain, home, tmp_path, run) -> None:
    """Digests, names and manifests are judged by what the registry holds; a fix that leaves amd64 as it is is safe."""
    index = plain.index("shop/web", "1", ["linux/amd64", "linux/arm64"], OCI, attested=True)
    plain.image("shop/single", "1", "linux/amd64", DOCKER)
    answer = client().look_up(Reference.parse(f"{plain.host}/shop/web:1"))
    amd64 = answer.of("amd64").digest
    content = plain.request("GET", f"/v2/shop/web/manifests/{amd64}", Accept=OCI["manifest"]).read()
    plain.request("PUT", "/v2/shop/web/manifests/1-amd64", content, Content_Type=OCI["manifest"])
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    dockerfile = f"FROM {plain.host}/shop/web:1@{amd64}\nFROM {plain.host}/shop/web:1-amd64\nFROM {plain.host}/shop/single:1\n"
    (project / "Dockerfile").write_text(dockerfile + f"FROM {plain.host}/shop/gone:1\n")
    pod = f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n  containers:\n    - name: x\n      image: {plain.host}/shop/single:1\n"
    (project / "pod.yaml").write_text(pod)
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "armready" / "armready.toml"
    own.parent.mkdir()
    own.write_text(f"private-hosts = ['{plain.host}']\n")
    code, out, err = run("scan", "--online", cwd=project)
    assert code == 1
    assert re.findall(r"(?m)^\S+:\d+:\d+: .*\[(\w+)\]", out) == ["DF113", "DF111", "DF114", "KUB110"]
    assert "1 without an answer" in err
    code, _, _ = run("fix", "--online", "--unsafe-fixes", cwd=project)
    fixed = (project / "Dockerfile").read_text()
    assert fixed.splitlines()[:2] == [f"FROM {plain.host}/shop/web:1@{index['digest']}", f"FROM {plain.host}/shop/web:1"]
    assert "kubernetes.io/arch: amd64" in (project / "pod.yaml").read_text()


def test_the_image_command(plain, home, tmp_path, run) -> None:
    plain.image("shop/single", "1", "linux/amd64", DOCKER)
    code, out, _ = run("image", f"{plain.host}/team/both:1", f"{plain.host}/shop/single:1", "--compare", cwd=tmp_path)
    assert code == 1
    assert "linux/arm64" in out
    assert "in a dockerfile: error: DF114" in out
    assert "only in one" in out
    code, out, _ = run("image", "--format", "json", f"{plain.host}/team/both:1", cwd=tmp_path)
    image = json.loads(out)["images"][0]
    assert (code, image["verdict"]["arm64"], image["registry"]["index"]) == (0, "yes", True)
