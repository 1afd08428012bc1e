"""Answers that are kept: whose they are, how old, and that a damaged one is none."""

import json
import time

import pytest

from armready.core.reference import Reference
from armready.online.addresses import Hosts
from armready.online.auth import Credentials
from armready.online.cache import AnswerCache
from armready.online.lookup import look_up_images
from armready.online.registry import OCI_INDEX, RegistryClient
from armready.online.web import Web

TOOL = Reference.parse("tool:1")


def index(*arches):
    document = {"manifests": [{"digest": "sha256:1", "platform": {"os": "linux", "architecture": each}} for each in arches]}
    return 200, {"Content-Type": OCI_INDEX}, json.dumps(document).encode()


def client(*mirrors, insecure=()):
    return RegistryClient(Web(Hosts.of(mirrors)), Credentials({"HOME": "/nowhere"}), mirrors=mirrors, insecure=insecure)


def platforms(asked, cache):
    found, tally = look_up_images([TOOL], asked, cache)
    return found["docker.io/library/tool:1"].names, tally.cached


def test_an_answer_of_a_mirror_counts_for_those_who_ask_that_mirror(servers, tmp_path):
    cache, one, other = AnswerCache(tmp_path), servers(), servers()
    one.answers["/v2/library/tool/manifests/1"] = index("arm64", "amd64")
    other.answers["/v2/library/tool/manifests/1"] = index("amd64")
    assert platforms(client(one.host), cache) == ("linux/amd64, linux/arm64", 0)
    assert platforms(client(other.host), cache) == ("linux/amd64", 0)
    assert platforms(client(one.host), cache) == ("linux/amd64, linux/arm64", 1)
    assert platforms(client(other.host, one.host), cache) == ("linux/amd64", 0)


def test_a_digest_is_kept_by_its_source_too(servers, tmp_path):
    cache, one = AnswerCache(tmp_path), servers()
    reference = Reference.parse(f"tool@sha256:{'0' * 64}")
    cache.write("images", f"{reference.digest} from {client(one.host).sources(reference)}", {})
    assert cache.read("images", f"{reference.digest} from {client(one.host).sources(reference)}")
    assert client(one.host).sources(reference) != client().sources(reference)


def test_the_source_says_whom_and_how():
    assert client().sources(TOOL) == "https://registry-1.docker.io/library/tool"
    assert client("mirror.example/hub").sources(TOOL) == "https://mirror.example/hub/library/tool https://registry-1.docker.io/library/tool"
    assert client().sources(Reference.parse("r.example:5000/a:1")) == "https://r.example:5000/a"
    assert client(insecure=["r.example:5000"]).sources(Reference.parse("r.example:5000/a:1")) == "http://r.example:5000/a"


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: b"",
        lambda entry: b"[" * 100_000,
        lambda entry: b"[]",
        lambda entry: b"\xff",
        lambda entry: json.dumps({**entry, "at": time.time() + 1e6}).encode(),
        lambda entry: json.dumps({**entry, "at": float("nan")}).encode(),
        lambda entry: json.dumps({**entry, "at": float("-inf")}).encode(),
        lambda entry: json.dumps({**entry, "at": "9" * 5000}).encode(),
        lambda entry: json.dumps({**entry, "at": [1]}).encode(),
        lambda entry: json.dumps({**entry, "value": []}).encode(),
        lambda entry: json.dumps({**entry, "key": "other"}).encode(),
        lambda entry: b'{"at": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_damaged_answer_is_none(tmp_path, damage):
    cache = AnswerCache(tmp_path)
    cache.write("images", "a", {"b": 1})
    assert cache.read("images", "a").fresh
    (path,) = tmp_path.rglob("*.json")
    path.write_bytes(damage(json.loads(path.read_bytes())))
    assert cache.read("images", "a") is None


def test_an_answer_that_others_could_have_written_is_none(tmp_path):
    cache = AnswerCache(tmp_path)
    cache.write("images", "a", {"b": 1})
    (path,) = tmp_path.rglob("*.json")
    path.chmod(0o666)
    assert cache.read("images", "a") is None
