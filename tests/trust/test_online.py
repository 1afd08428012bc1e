"""Look-ups that a scanned repository, a registry, a redirect or a resolver tries to lead elsewhere."""

import base64
import itertools
import json
import socket
import ssl
import subprocess
import threading
import time

import pytest

from armready.core.config import from_mapping
from armready.core.reference import Reference
from armready.core.tree import MemoryTree
from armready.online import web as web_module
from armready.online.addresses import Hosts
from armready.online.auth import Credentials
from armready.online.connect import Resolver
from armready.online.errors import UnansweredError
from armready.online.gather import Questions
from armready.online.indexes import indexes
from armready.online.registry import OCI_INDEX, RegistryClient
from armready.online.stage import look_up
from armready.online.web import Web
from tests.online.conftest import Server

LIST = (
    200,
    {"Content-Type": OCI_INDEX},
    json.dumps({"manifests": [{"digest": "sha256:1", "platform": {"os": "linux", "architecture": "arm64"}}]}).encode(),
)
HERE = Hosts.of(["localhost:*"])


@pytest.fixture
def servers():
    running = []

    def start() -> Server:
        running.append(Server().__enter__())
        return running[-1]

    yield start
    for each in running:
        each.__exit__()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    web_module._proxy.cache_clear()
    yield
    web_module._proxy.cache_clear()


def resolver(**hosts: str) -> Resolver:
    """A resolver that knows these hosts alone, `_` for `.`."""
    known = {name.replace("_", "."): addresses.split() for name, addresses in hosts.items()}
    return Resolver(lambda host: known.get(host, []))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "169.254.169.254",
        "fe80::1",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "0.0.0.0",
    ],
)
def test_a_name_that_leads_to_a_private_address_is_not_asked(address) -> None:
    for addresses in (address, f"1.1.1.1 {address}"):
        with pytest.raises(UnansweredError, match="no public address"):
            Web(resolver=resolver(evil_example=addresses)).get("https://evil.example/x")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "localhost", "intranet", "x.internal"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_addresses_and_local_names_are_not_asked(host, scheme) -> None:
    with pytest.raises(UnansweredError, match="private-hosts"):
        Web().get(f"{scheme}://{host}/x")


def test_plain_http_is_the_users_to_allow() -> None:
    with pytest.raises(UnansweredError, match="insecure-registries"):
        Web(resolver=resolver(index_example="1.1.1.1")).get("http://index.example/x")


def test_a_name_never_leads_to_what_hands_out_credentials() -> None:
    with pytest.raises(UnansweredError, match="no public address"):
        Web(Hosts.of(["registry.corp"]), resolver=resolver(registry_corp="169.254.169.254")).get("https://registry.corp/x")


def test_the_connection_goes_to_the_address_that_was_checked(servers) -> None:
    """A name whose second resolution would lead elsewhere is not resolved a second time."""
    server = servers()
    server.answers["/a"] = (200, {}, b"checked")
    answers = itertools.chain([["127.0.0.1"]], itertools.repeat(["127.0.0.99"]))
    name = server.host.replace("localhost", "rebound.example")
    named = Hosts.of([name])
    web = Web(named, named, resolver=Resolver(lambda _: next(answers)))
    for _ in range(3):
        assert web.get(f"http://{name}/a").body == b"checked"
    assert {headers["host"] for _, _, headers in server.asked} == {name}


def test_the_system_resolver_is_not_asked_again(servers, monkeypatch) -> None:
    server, asked = servers(), []
    server.answers["/a"] = (200, {}, b"")
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: asked.append(host) or real(host, *more, **named))
    Web(HERE).get(f"{server.url}/a")
    assert asked.count("localhost") == 1
    assert set(asked) <= {"localhost", "127.0.0.1", "::1"}


def test_a_connection_opened_for_another_request_is_no_way_around(servers) -> None:
    """The address of a host that the user names is asked by a redirect of a stranger only if the stranger is named too."""
    own, public = servers(), servers()
    own.answers["/a"] = own.answers["/admin"] = (200, {}, b"own")
    public.answers["/b"] = (302, {"Location": f"{own.url}/admin"}, b"")
    web = Web(Hosts.of([own.host]), resolver=Resolver(lambda _: ["127.0.0.1"]))
    assert web.get(f"{own.url}/a").body == b"own"
    with pytest.raises(UnansweredError, match="private-hosts"):
        web.get(f"{own.url}/a", public=True)
    with pytest.raises(UnansweredError):
        web.get(f"{public.url}/b")
    assert [path for _, path, _ in own.asked] == ["/a"]


def test_a_public_host_does_not_redirect_to_one_that_the_user_names(monkeypatch) -> None:
    web = Web(Hosts.of(["registry.corp"]), resolver=resolver(registry_corp="10.0.0.1"))
    sent = []

    class Client:
        def stream(self, method, url, **_):
            sent.append(str(url))
            raise web_module.httpcore.ReadError(str(url))

    monkeypatch.setattr(web, "_client", lambda _: Client())
    once = web._once
    moved = web_module.Answer(302, {"location": "https://registry.corp/admin"}, b"", "https://evil.example/x")
    monkeypatch.setattr(web, "_once", lambda request: moved if request.target.host == "evil.example" else once(request))
    with pytest.raises(UnansweredError, match="private-hosts"):
        web.get("https://evil.example/x")
    assert sent == []
    with pytest.raises(UnansweredError, match="does not answer"):
        web.get("https://registry.corp/admin")
    assert sent == ["https://registry.corp/admin"]


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:{port}/x", "http://[::1]:{port}/x", "//127.0.0.1:{port}/x", "http://2130706433:{port}/x"]
)
def test_a_redirect_to_another_service_of_this_machine(target, servers) -> None:
    one, other = servers(), servers()
    other.answers["/x"] = (200, {}, b"secret")
    one.answers["/a"] = (302, {"Location": target.format(port=other.host.rpartition(":")[2])}, b"")
    with pytest.raises(UnansweredError):
        Web(Hosts.of([one.host])).get(f"{one.url}/a")
    assert other.asked == []


@pytest.mark.parametrize("name", ["Authorization", "authorization", "Cookie"])
def test_secrets_do_not_follow_a_redirect(name, servers) -> None:
    one, other = servers(), servers()
    one.answers["/a"] = (307, {"Location": f"{other.url}/b"}, b"")
    other.answers["/b"] = (307, {"Location": f"{one.url}/c"}, b"")
    one.answers["/c"] = (200, {}, b"")
    Web(HERE).get(f"{one.url}/a", {name: "secret"})
    assert name.lower() in one.asked[0][2]
    assert name.lower() not in other.asked[0][2]
    assert name.lower() not in one.asked[1][2]


def test_what_was_sent_does_not_follow_a_redirect(servers) -> None:
    one, other = servers(), servers()
    one.answers["/a"] = (307, {"Location": f"{other.url}/b"}, b"")
    with pytest.raises(UnansweredError, match="redirects what was sent"):
        Web(HERE).get(f"{one.url}/a", method="POST", data={"refresh_token": "secret"})
    assert other.asked == []


def test_a_redirect_with_credentials_in_it(servers) -> None:
    one, other = servers(), servers()
    one.answers["/a"] = (302, {"Location": f"http://me:secret@{other.host}/b"}, b"")
    with pytest.raises(UnansweredError):
        Web(HERE).get(f"{one.url}/a")
    assert other.asked == []


def client(registry: Server, auth: str = "", **more) -> RegistryClient:
    config = {"auths": {registry.host: {"auth": base64.b64encode(b"me:secret").decode(), **({"identitytoken": auth} if auth else {})}}}
    credentials = Credentials({"HOME": "/nowhere", "DOCKER_AUTH_CONFIG": json.dumps(config)})
    return RegistryClient(Web(HERE), credentials, **more)


def challenged(registry: Server, realm: str) -> None:
    refused = (401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="x"'}, b"")
    registry.answers["/v2/app/manifests/1"] = [refused, LIST]


def test_a_realm_that_is_another_service_of_this_machine(servers) -> None:
    """Its answer's token is not fetched, so that it is not sent on."""
    registry, other = servers(), servers()
    other.answers["/latest?service=x&scope=repository%3Aapp%3Apull"] = (200, {}, b'{"token": "internal"}')
    challenged(registry, f"{other.url}/latest")
    with pytest.raises(UnansweredError, match="private-hosts"):
        client(registry).look_up(Reference.parse(f"{registry.host}/app:1"))
    assert other.asked == []
    assert len(registry.asked) == 1


@pytest.mark.parametrize("identity", ["", "refresh"])
def test_a_realm_that_the_user_names_gets_the_credentials(identity, servers) -> None:
    registry, realm = servers(), servers()
    path = "/token" if identity else "/token?service=x&scope=repository%3Aapp%3Apull"
    realm.answers[path] = (200, {}, b'{"token": "t"}')
    challenged(registry, f"{realm.url}/token")
    found = client(registry, identity, token_hosts={registry.host: (realm.host,)}).look_up(Reference.parse(f"{registry.host}/app:1"))
    assert found.names == "linux/arm64"
    assert realm.asked[0][0] == ("POST" if identity else "GET")
    assert identity or realm.asked[0][2]["authorization"].startswith("Basic ")
    assert registry.asked[-1][2]["authorization"] == "Bearer t"


class Recording(Web):
    """Answers as a registry with a realm elsewhere, and remembers what it was sent."""

    def get(self, url, headers=None, *, method="GET", data=None, limit=0, public=False):
        self.sent.append((url.partition("?")[0], dict(headers or {}), data, public))
        if "/token" in url:
            return web_module.Answer(200, {}, b'{"token": "t"}', url)
        if "Authorization" in (headers or {}):
            return web_module.Answer(*self.last, url)
        return web_module.Answer(401, {"www-authenticate": f'Bearer realm="{self.realm}"'}, b"", url)


def asked(registry: str, realm: str, last=(200, {"content-type": OCI_INDEX}, LIST[2]), identity: str = "", **more):
    web = Recording()
    web.sent, web.realm, web.last = [], realm, last
    name = "https://index.docker.io/v1/" if registry == "docker.io" else registry
    config = {"auths": {name: {"auth": base64.b64encode(b"me:secret").decode(), "identitytoken": identity}}}
    credentials = Credentials({"HOME": "/nowhere", "DOCKER_AUTH_CONFIG": json.dumps(config)})
    problem = ""
    try:
        RegistryClient(web, credentials, **more).look_up(Reference.parse(f"{registry}/team/app:1"))
    except UnansweredError as error:
        problem = str(error)
    return next((each for each in web.sent if "/token" in each[0]), None), problem


@pytest.mark.parametrize(
    "registry, realm, known",
    [
        ("registry.example", "https://registry.example/token", True),
        ("registry.example:5050", "https://registry.example/token", True),
        ("docker.io", "https://auth.docker.io/token", True),
        ("registry.gitlab.com", "https://gitlab.com/token", True),
        ("registry.example", "https://auth.docker.io/token", False),
        ("registry.example", "https://evil.example/token", False),
        ("registry.example", "https://registry.example.evil.example/token", False),
        ("registry.example", "https://auth.registry.example/token", False),
        ("docker.io", "https://auth.docker.io:8443/token", False),
        ("docker.io", "https://auth.docker.io.evil.example/token", False),
    ],
)
@pytest.mark.parametrize("identity", ["", "refresh"])
def test_who_gets_credentials(registry, realm, known, identity) -> None:
    (_, headers, data, public), _ = asked(registry, realm, identity=identity)
    assert bool(headers.get("Authorization") or data) is known
    assert public is not known


def test_a_pair_of_the_users_own() -> None:
    named = {"registry.corp": ("gitlab.corp",)}
    (_, headers, _, public), _ = asked("registry.corp", "https://gitlab.corp/token", token_hosts=named)
    assert "Authorization" in headers
    assert not public
    (_, headers, _, public), _ = asked("other.example", "https://gitlab.corp/token", token_hosts=named)
    assert (headers, public) == ({}, True)


def test_credentials_that_were_kept_back_are_named() -> None:
    _, problem = asked("registry.corp.example", "https://gitlab.corp.example/token", last=(403, {}, b""))
    assert "none are sent to gitlab.corp.example" in problem
    assert "token-hosts" in problem


@pytest.mark.parametrize("realm", ["http://registry.example/token", "http://evil.example/token", "https://me:pw@registry.example/token"])
def test_a_realm_without_protection_is_not_asked(realm) -> None:
    assert asked("registry.example", realm)[0] is None


def test_a_challenge_of_somebody_else(servers) -> None:
    """A registry that redirects to a host with a challenge gets nobody's token for it."""
    registry, other = servers(), servers()
    registry.answers["/v2/app/manifests/1"] = (307, {"Location": f"http://127.0.0.1:{other.host.rpartition(':')[2]}/x"}, b"")
    other.answers["/x"] = (401, {"WWW-Authenticate": "Basic"}, b"")
    credentials = Credentials({"HOME": "/nowhere", "DOCKER_AUTH_CONFIG": json.dumps({"auths": {registry.host: {"auth": "bWU6c2VjcmV0"}}})})
    web = Web(Hosts.of(["localhost:*", "127.0.0.1:*"]))
    with pytest.raises(UnansweredError, match="which needs credentials"):
        RegistryClient(web, credentials).look_up(Reference.parse(f"{registry.host}/app:1"))
    assert not any("authorization" in headers for _, _, headers in registry.asked + other.asked)


def test_the_name_is_kept_for_tls(tmp_path, monkeypatch) -> None:
    """The connection goes to an address; the certificate has to be that of the name."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*new, "-subj", "/CN=x", "-addext", "subjectAltName=DNS:registry.example"], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    server = Server()
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    server.answers["/a"] = (200, {}, b"safe")
    port = server.host.rpartition(":")[2]
    named = Hosts.of(["registry.example:*", "other.example:*"])
    with server:
        web = Web(named, resolver=resolver(registry_example="127.0.0.1", other_example="127.0.0.1"))
        assert web.get(f"https://registry.example:{port}/a").body == b"safe"
        assert server.asked[0][2]["host"] == f"registry.example:{port}"
        with pytest.raises(UnansweredError, match="certificate"):
            web.get(f"https://other.example:{port}/a")
    assert names == ["registry.example", "other.example"]


@pytest.fixture
def dripping():
    """A server that sends a header now and then, and never ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\n")
                    while not stop.wait(0.05):
                        connection.sendall(b"X: y\r\n")
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://localhost:{listener.getsockname()[1]}"
    stop.set()
    listener.close()


def test_an_answer_that_drips_ends_with_the_time(dripping, monkeypatch) -> None:
    monkeypatch.setattr(web_module, "REQUEST_SECONDS", 0.5)
    with pytest.raises(UnansweredError, match="does not answer"):
        Web(HERE).get(f"{dripping}/x")
    with pytest.raises(UnansweredError, match="does not answer"):
        Web(HERE, deadline=time.monotonic() + 0.5).get(f"{dripping}/x")


def test_the_size_is_limited(servers) -> None:
    server = servers()
    server.answers["/a"] = (200, {}, b"x" * 5000)
    with pytest.raises(UnansweredError, match="too great a length"):
        Web(HERE).get(f"{server.url}/a", limit=4999)
    assert len(Web(HERE).get(f"{server.url}/a", limit=5000).body) == 5000


def test_the_redirects_are_counted(servers) -> None:
    server = servers()
    for number in range(10):
        server.answers[f"/{number}"] = (302, {"Location": f"/{number + 1}"}, b"")
    with pytest.raises(UnansweredError, match="too often"):
        Web(HERE).get(f"{server.url}/0")
    assert len(server.asked) == 6


def test_a_proxy_of_the_environment_is_used(servers, monkeypatch) -> None:
    proxy = servers()
    proxy.answers["http://index.example/x"] = (200, {}, b"through")
    monkeypatch.setenv("http_proxy", proxy.host)
    named = Hosts.of(["http://index.example"])
    assert Web(named, named, resolver=resolver()).get("http://index.example/x").body == b"through"


def test_a_proxy_is_no_way_around(servers, monkeypatch) -> None:
    proxy = servers()
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("https_proxy", proxy.url)
    web = Web(resolver=resolver(evil_example="169.254.169.254"))
    for url in (
        "https://evil.example/",
        "https://127.0.0.1/",
        "https://metadata.google.internal/",
        "https://intranet/",
        "http://a.example/",
    ):
        with pytest.raises(UnansweredError, match="configuration names it"):
            web.get(url)
    assert proxy.asked == []


def test_a_scan_asks_no_service_of_this_machine(servers, run, tmp_path) -> None:
    """Whatever the scanned files name: images, indexes, realms."""
    server = servers()
    port = server.host.rpartition(":")[2]
    (tmp_path / ".git").mkdir()
    hosts = ["localhost", "127.0.0.1", "127.1", "0177.0.0.1", "2130706433", "0x7f000001", "0.0.0.0", "localhost."]
    (tmp_path / "Dockerfile").write_text("".join(f"FROM {host}:{port}/app:1\n" for host in hosts))
    (tmp_path / "requirements.txt").write_text(
        f"--index-url {server.url}/simple\n--extra-index-url http://[::ffff:127.0.0.1]:{port}/\nx==1\n"
    )
    code, _, err = run("scan", "--online", cwd=tmp_path, env={"HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path)})
    assert (code, server.asked) == (0, [])
    assert "0 answered" in err


def test_what_the_user_types_or_names_is_asked(servers, run, tmp_path) -> None:
    server = servers()
    server.answers["/v2/app/manifests/1"] = LIST
    server.answers["/v2/app/manifests/sha256:1"] = (200, {}, b"{}")
    code, out, _ = run("image", f"{server.host}/app:1", cwd=tmp_path)
    assert (code, "linux/arm64" in out) == (0, True)


def test_configurations_in_the_scanned_tree_are_not_the_users(tmp_path) -> None:
    """A virtual environment, a HOME or a Docker configuration inside of the tree is the repository's word."""
    venv, home = tmp_path / ".venv", tmp_path / "home"
    (home / ".docker").mkdir(parents=True)
    (home / ".config/uv").mkdir(parents=True)
    venv.mkdir()
    (venv / "pip.conf").write_text("[global]\nextra-index-url = http://localhost:1/simple\n")
    (home / ".config/uv/uv.toml").write_text("index-url = 'http://localhost:2/simple'\n")
    (home / ".netrc").write_text("machine pypi.org login evil password evil\n")
    (home / ".docker/config.json").write_text(json.dumps({"auths": {"localhost:3": {"auth": "bWU6c2VjcmV0"}}}))
    variables = {"VIRTUAL_ENV": str(venv), "HOME": str(home)}
    for tree in (MemoryTree({}), MemoryTree({"uv.lock": b""})):
        assert len(indexes(tree, (), variables).places) + (tree.exists("uv.lock")) == 2
        found = indexes(tree, (), variables, tmp_path).places
        assert [(each.url, each.user) for each in found] == [("https://pypi.org/simple", "")]
    assert list(Credentials(variables).hosts) == ["localhost:3"]
    assert list(Credentials(variables, tmp_path).hosts) == []


@pytest.mark.parametrize("key", ["private-hosts", "insecure-registries", "mirrors"])
def test_keys_that_name_a_host(key, servers, tmp_path, monkeypatch) -> None:
    server = servers()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    server.answers["/v2/app/manifests/1"] = server.answers["/v2/library/app/manifests/1"] = LIST
    asked = Questions()
    asked.add_image(Reference.parse("app:1" if key == "mirrors" else f"{server.host}/app:1"))
    learned, _ = look_up(asked, from_mapping({key: [server.host]}, "x"), MemoryTree({}), tmp_path / "repository")
    assert [answer.names for answer in learned.images.values()][:1] == ["linux/arm64"]


def test_an_answer_of_a_private_host_serves_those_alone_who_may_ask_it(servers, tmp_path, monkeypatch) -> None:
    server = servers()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    server.answers["/v2/app/manifests/1"] = LIST
    (tmp_path / "repository").mkdir()
    asked = Questions()
    asked.add_image(Reference.parse(f"{server.host}/app:1"))

    def ask(**settings):
        learned, tally = look_up(asked, from_mapping(settings, "x"), MemoryTree({}), tmp_path / "repository")
        return [answer.names for answer in learned.images.values()][:1], tally.cached, list(tally.open.values())

    allowed = {"private-hosts": [server.host], "insecure-registries": [server.host]}
    assert ask(**allowed) == (["linux/arm64"], 0, [])
    assert ask(**allowed) == (["linux/arm64"], 1, [])
    for narrower in ({}, {"private-hosts": ["other.example"]}, {"insecure-registries": ["other.example"]}):
        answers, cached, problems = ask(**narrower)
        assert (answers, cached, len(problems)) == ([], 0, 1)
