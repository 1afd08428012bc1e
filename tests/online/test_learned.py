import json
import pickle

import pytest

from armready.core.config import Settings
from armready.core.errors import ConfigError, ParseProblem
from armready.core.finding import Confidence, Severity
from armready.core.fix import Applicability
from armready.core.known import BuiltImage, ImageAnswer, Known, PackageAnswer, PackageFile, PlatformImage, canonical, from_json
from armready.core.reference import Reference
from armready.knowledge.image_verdicts import arch_tag, digest_pin, no_arm64
from armready.knowledge.images import verdict
from armready.knowledge.verdicts import Basis, Has
from armready.run.facts_files import parse_facts, read_facts

AMD, ARM, BOTH = "sha256:" + "a" * 64, "sha256:" + "b" * 64, "sha256:" + "c" * 64
INDEX = "application/vnd.oci.image.index.v1+json"


def answer(reference: str, *, index: bool = True, digest: str = BOTH, **platforms: str) -> ImageAnswer:
    listed = tuple(PlatformImage(f"linux/{arch}", each) for arch, each in platforms.items())
    return ImageAnswer(canonical(Reference.parse(reference)), digest, INDEX, index, listed, "2026-11-24")


def knowing(*answers: ImageAnswer) -> Settings:
    return Settings(known=Known({each.reference: each for each in answers}))


def test_json_and_back() -> None:
    known = Known(
        {"docker.io/a/b:1": answer("a/b:1", amd64=AMD, arm64=ARM)},
        {"x": PackageAnswer("x", (PackageFile("x-1.tar.gz", ">=3.8", True), PackageFile("x-2.tar.gz")), ("https://i",), "2026-11-24")},
        {"reg.example/app": BuiltImage("reg.example/app", ("linux/amd64", "linux/arm64"), "ci")},
    )
    assert from_json(json.loads(json.dumps(known.to_json()))) == known
    assert pickle.loads(pickle.dumps(known)) == known


@pytest.mark.parametrize("text", ["[]", "{}", '{"version": 2}', '{"version": 1, "images": [1]}', '{"version": 1, "images": [{}]}', "{"])
def test_what_is_no_facts_file(text: str, tmp_path) -> None:
    with pytest.raises((ValueError, ParseProblem)):
        parse_facts(text)
    (tmp_path / "facts.json").write_text(text)
    with pytest.raises(ConfigError, match=r"facts\.json"):
        read_facts(["facts.json"], tmp_path, inside=True)


def test_a_missing_facts_file(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"facts\.json: no such file"):
        read_facts(["facts.json"], tmp_path, inside=True)


def test_what_a_registry_says_beats_name_and_table() -> None:
    both = verdict("mysql:5.7", knowing(answer("mysql:5.7", amd64=AMD, arm64=ARM)))
    assert (both.multi_arch, both.basis, both.as_of) == (True, Basis.REGISTRY, "2026-11-24")
    single = verdict("reg.example/app:1", knowing(answer("reg.example/app:1", amd64=AMD)))
    assert (single.arm64, single.amd64, single.confidence) == (Has.NO, Has.YES, Confidence.HIGH)
    assert verdict("docker.io/library/mysql:5.7", knowing(answer("mysql:5.7", amd64=AMD, arm64=ARM))).multi_arch


def test_what_a_repository_builds() -> None:
    settings = Settings(known=Known(built={"reg.example/app": BuiltImage("reg.example/app", ("linux/amd64",), "the app's pipeline")}))
    found = verdict("reg.example/app:1.2", settings)
    assert (found.arm64, found.basis) == (Has.NO, Basis.BUILDS)
    assert verdict(f"reg.example/app@{AMD}", settings).arm64 is Has.UNKNOWN


def test_digest_of_one_architecture() -> None:
    pinned = Reference.parse(f"reg.example/app:1@{AMD}")
    single = answer(pinned.text, index=False, digest=AMD, amd64=AMD)
    assert digest_pin(pinned, Settings()).severity is Severity.INFO
    alone = digest_pin(pinned, knowing(single))
    assert (alone.severity, alone.replacement) == (Severity.ERROR, None)
    same = digest_pin(pinned, knowing(single, answer("reg.example/app:1", amd64=AMD, arm64=ARM)))
    assert (same.replacement, same.applicability) == (f"reg.example/app:1@{BOTH}", Applicability.SAFE)
    moved = digest_pin(pinned, knowing(single, answer("reg.example/app:1", amd64="sha256:" + "d" * 64, arm64=ARM)))
    assert (moved.replacement, moved.applicability) == (f"reg.example/app:1@{BOTH}", Applicability.UNSAFE)
    assert no_arm64(pinned, knowing(single)) is None


def test_digest_of_an_index() -> None:
    pinned = Reference.parse(f"reg.example/app:1@{BOTH}")
    assert digest_pin(pinned, knowing(answer(pinned.text, amd64=AMD, arm64=ARM))) is None
    settings = knowing(answer(pinned.text, amd64=AMD))
    assert digest_pin(pinned, settings) is None
    assert no_arm64(pinned, settings).severity is Severity.ERROR


def test_a_name_without_the_architecture_is_safe_when_amd64_gets_the_same_image() -> None:
    reference = Reference.parse("reg.example/app:1-amd64")
    single = answer(reference.text, index=False, digest=AMD, amd64=AMD)
    same = arch_tag(reference, knowing(single, answer("reg.example/app:1", amd64=AMD, arm64=ARM)))
    assert (same.applicability, same.confidence) == (Applicability.SAFE, Confidence.HIGH)
    other = arch_tag(reference, knowing(single, answer("reg.example/app:1", amd64=BOTH, arm64=ARM)))
    assert other.applicability is Applicability.UNSAFE
    assert arch_tag(reference, knowing(answer(reference.text, amd64=AMD, arm64=ARM))) is None


def test_an_outage_is_no_finding() -> None:
    reference = Reference.parse("reg.example/app:1")
    assert no_arm64(reference, Settings()) is None


@pytest.mark.parametrize(
    "text, expected",
    [
        ("mysql", "docker.io/library/mysql:latest"),
        ("docker.io/mysql:5", "docker.io/library/mysql:5"),
        (f"a/b:1@{AMD}", f"docker.io/a/b@{AMD}"),
        ("$REG/app:1", None),
        ("reg.example/app:${TAG}", None),
        ("${IMAGE}", None),
    ],
)
def test_canonical(text: str, expected: str | None) -> None:
    assert canonical(Reference.parse(text)) == expected
