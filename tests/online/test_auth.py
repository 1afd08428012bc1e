import base64
import json

import pytest

from armready.online.auth import Credential, Credentials

STORED = base64.b64encode(b"me:secret").decode()


def of(host: str, home, **config: object) -> Credential | None:
    (home / ".docker").mkdir(exist_ok=True)
    (home / ".docker/config.json").write_text(json.dumps(config))
    return Credentials({"HOME": str(home)}).of(host)


@pytest.mark.parametrize("name", ["reg.example", "https://reg.example", "https://reg.example/v1/"])
def test_stored(name: str, tmp_path) -> None:
    assert of("reg.example", tmp_path, auths={name: {"auth": STORED}}) == Credential("me", "secret")
    assert of("other.example", tmp_path, auths={name: {"auth": STORED}}) is None


def test_a_host_with_a_port_is_another_host(tmp_path) -> None:
    assert of("reg.example", tmp_path, auths={"reg.example:5000": {"auth": STORED}}) is None
    assert of("reg.example.evil.example", tmp_path, auths={"reg.example": {"auth": STORED}}) is None


def test_docker_hub(tmp_path) -> None:
    assert of("docker.io", tmp_path, auths={"https://index.docker.io/v1/": {"auth": STORED}}) == Credential("me", "secret")


def test_identity_tokens(tmp_path) -> None:
    found = of("reg.example", tmp_path, auths={"reg.example": {"auth": base64.b64encode(b"x:").decode(), "identitytoken": "t"}})
    assert found.identity_token == "t"


@pytest.mark.parametrize(
    "config", [{"auths": []}, {"auths": {"reg.example": 1}}, {"auths": {"reg.example": {"auth": "%%"}}}, {"credHelpers": 1}]
)
def test_broken_configurations_hold_nothing(config: dict, tmp_path) -> None:
    assert of("reg.example", tmp_path, **config) is None


@pytest.mark.parametrize("name", ["../evil", "a b", "", "x;y"])
def test_helper_names_that_are_no_names(name: str, tmp_path) -> None:
    assert of("reg.example", tmp_path, credHelpers={"reg.example": name}) is None


def test_the_environment_comes_first(tmp_path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {"reg.example": {"auth": STORED}}}))
    given = json.dumps({"auths": {"reg.example": {"username": "ci", "password": "pw"}}})
    assert Credentials({"HOME": str(tmp_path), "DOCKER_AUTH_CONFIG": given}).of("reg.example") == Credential("ci", "pw")
    assert Credentials({"HOME": str(tmp_path), "DOCKER_AUTH_CONFIG": "{"}).of("reg.example") == Credential("me", "secret")


def test_secrets_are_not_in_a_repr() -> None:
    assert "secret" not in repr(Credential("me", "secret", "token-secret"))
