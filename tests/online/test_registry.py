import hashlib
import json

import pytest

from armready.core.reference import Reference
from armready.online.addresses import Hosts
from armready.online.auth import Credentials
from armready.online.errors import UnansweredError
from armready.online.registry import DOCKER_SIGNED, OCI_INDEX, Place, RegistryClient
from armready.online.web import Web

LIST = {"manifests": [{"digest": "sha256:1", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}}]}


def answered(document: object, **headers: str) -> tuple[int, dict, bytes]:
    return 200, {"Content-Type": OCI_INDEX, **headers}, json.dumps(document).encode()


def look_up(server, name: str):
    return RegistryClient(Web(Hosts.of([server.host])), Credentials({"HOME": "/nowhere"})).look_up(Reference.parse(f"{server.host}/{name}"))


@pytest.mark.parametrize(
    "host, expected",
    [
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("127.1.2.3:5000", True),
        ("[::1]:5000", True),
        ("127.evil.example", False),
        ("localhost.evil.example", False),
        ("10.0.0.1:5000", False),
        ("registry.example", False),
    ],
)
def test_this_machine(host: str, expected: bool) -> None:
    assert Place(host, "x").loopback is expected


def test_all_media_types_are_asked_for_at_once(server) -> None:
    server.answers["/v2/app/manifests/1"] = answered(LIST)
    assert look_up(server, "app:1").names == "linux/arm64"
    accept = server.asked[-1][2]["accept"]
    assert all(
        kind in accept for kind in ("image.index.v1", "manifest.list.v2", "image.manifest.v1", "manifest.v2", "manifest.v1+prettyjws")
    )


def test_an_image_of_the_first_generation(server) -> None:
    document = {"schemaVersion": 1, "architecture": "amd64"}
    server.answers["/v2/app/manifests/1"] = answered(document, **{"Content-Type": DOCKER_SIGNED, "Docker-Content-Digest": "sha256:9"})
    found = look_up(server, "app:1")
    assert (found.names, found.index, found.digest) == ("linux/amd64", False, "sha256:9")


def test_other_content_than_the_digest_is_not_believed(server) -> None:
    wanted = "sha256:" + hashlib.sha256(b"other").hexdigest()
    server.answers[f"/v2/app/manifests/{wanted}"] = answered(LIST)
    with pytest.raises(UnansweredError, match="other content"):
        look_up(server, f"app@{wanted}")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"<html>", b'{"config": 1}', b'{"manifests": 1}', b'{"manifests": [1, {"platform": 1}]}']
)
def test_nonsense_is_no_answer_or_no_platform(server, body: bytes) -> None:
    server.answers["/v2/app/manifests/1"] = (200, {"Content-Type": OCI_INDEX}, body)
    try:
        assert look_up(server, "app:1").platforms == ()
    except UnansweredError:
        return


@pytest.mark.parametrize("challenge", ["", "Negotiate", "Bearer", 'Bearer realm="http://[/"', 'Bearer realm="ftp://x/"', 'Basic realm="x"'])
def test_challenges_that_cannot_be_met(server, challenge: str) -> None:
    server.answers["/v2/app/manifests/1"] = (401, {"WWW-Authenticate": challenge}, b"")
    with pytest.raises(UnansweredError):
        look_up(server, "app:1")
