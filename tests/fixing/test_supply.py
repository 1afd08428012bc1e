"""A rewriting that takes from a pipeline what its later steps or its users had is refused; one that does not is not."""

import pytest

from armready.core.config import Settings
from armready.core.file import File
from armready.core.kinds import Kind
from armready.core.source import Source
from armready.fixing.supply import lost

BOTH = "docker buildx build --platform linux/amd64,linux/arm64"
BUILDER = "docker buildx create --use"
LOGIN = "docker login -u u -p p r.example"


def gitlab(*lines: str) -> File:
    text = "build:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n" + "".join(f"    - {line}\n" for line in lines)
    return File(Source(".gitlab-ci.yml", text), Kind.GITLAB, Settings())


def makefile(text: str) -> File:
    return File(Source("Makefile", text), Kind.MAKEFILE, Settings())


PUSHED = ("docker build -t r.example/app:1 .", "docker push r.example/app:1")
FOLDED = (BUILDER, f"{BOTH} -t r.example/app:1 --push .")

REFUSED = {
    "saved afterwards": (
        (*PUSHED, "docker save r.example/app:1 -o app.tar"),
        (*FOLDED, "docker save r.example/app:1 -o app.tar"),
        "`save` in build needs",
    ),
    "tagged and pushed afterwards": (
        (*PUSHED, "docker tag r.example/app:1 other.example/app:1", "docker push other.example/app:1"),
        (*FOLDED, "docker tag r.example/app:1 other.example/app:1", "docker push other.example/app:1"),
        "`push` in build needs other.example/app:1",
    ),
    "run before the push": (
        ("docker build -t r.example/app:1 .", "docker run r.example/app:1 test", "docker push r.example/app:1"),
        (BUILDER, "docker run r.example/app:1 test", f"{BOTH} -t r.example/app:1 --push ."),
        "`run` in build needs r.example/app:1",
    ),
    "used under another spelling of its name": (
        ("docker build -t app .", "docker save docker.io/library/app:latest -o a.tar"),
        (BUILDER, f"{BOTH} -t app .", "docker save docker.io/library/app:latest -o a.tar"),
        "`save` in build needs",
    ),
    "a builder without load": (
        ("docker buildx build -t app .", "docker save app -o a.tar"),
        (BUILDER, "docker buildx build -t app .", "docker save app -o a.tar"),
        "`save` in build needs",
    ),
    "a name less": (
        ("docker build -t r.example/app:1 -t r.example/app:2 .", "docker push r.example/app:1", "docker push r.example/app:2"),
        FOLDED,
        "r.example/app:2 would no longer be pushed",
    ),
    "a platform less": (
        (BUILDER, "docker buildx build --platform linux/amd64,linux/arm/v7 -t r.example/app:1 --push ."),
        FOLDED,
        "r.example/app:1 would no longer be pushed for linux/arm/v7",
    ),
    "in front of the login": (
        ("docker build -t r.example/app:1 .", LOGIN, "docker push r.example/app:1"),
        (*FOLDED, LOGIN),
        "r.example/app:1 would be pushed before the login",
    ),
    "in front of the builder": (PUSHED, tuple(reversed(FOLDED)), "the builder would be created behind the build"),
}

KEPT = {
    "nothing uses it": (PUSHED, FOLDED),
    "run from the registry": ((*PUSHED, "docker run r.example/app:1"), (*FOLDED, "docker run r.example/app:1")),
    "kept beside": (
        (*PUSHED, "docker save r.example/app:1 -o a.tar"),
        (
            BUILDER,
            "docker buildx build -t r.example/app:1 --load .",
            f"{BOTH} -t r.example/app:1 --push .",
            "docker save r.example/app:1 -o a.tar",
        ),
    ),
    "removed, since it is not there": ((*PUSHED, "docker rmi r.example/app:1"), FOLDED),
    "plain build beside a builder": (
        ("docker build -t app .", "docker save app -o a.tar"),
        (BUILDER, "docker build -t app .", "docker save app -o a.tar"),
    ),
    "behind the login": (("docker build -t r.example/app:1 .", LOGIN, "docker push r.example/app:1"), (LOGIN, *FOLDED)),
    "an image that was never there": (("docker save other -o a.tar", *PUSHED), ("docker save other -o a.tar", *FOLDED)),
    "more platforms": (
        (BUILDER, "docker buildx build --platform linux/amd64 -t r.example/app:1 --push ."),
        FOLDED,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_rewriting_is_refused(name):
    before, after, reason = REFUSED[name]
    assert reason in lost(gitlab(*before), gitlab(*after))


@pytest.mark.parametrize("name", KEPT)
def test_a_right_rewriting_is_not(name):
    before, after = KEPT[name]
    assert lost(gitlab(*before), gitlab(*after)) == ""


def test_recipes_share_a_machine():
    before = makefile("image:\n\tdocker build -t app .\nscan: image\n\tdocker save app -o a.tar\n")
    after = makefile(f"image:\n\t{BOTH} -t app --push .\nscan: image\n\tdocker save app -o a.tar\n")
    assert "`save` in scan needs app" in lost(before, after).replace("docker.io/library/app:latest", "app")
    assert lost(before, before) == ""


def test_jobs_of_gitlab_do_not():
    text = "build:\n  script:\n    - {}\nscan:\n  script:\n    - docker save app -o a.tar\n"
    kind, settings = Kind.GITLAB, Settings()
    before = File(Source(".gitlab-ci.yml", text.format("docker build -t app .")), kind, settings)
    after = File(Source(".gitlab-ci.yml", text.format(f"{BOTH} -t app --push .")), kind, settings)
    assert lost(before, after) == ""


def test_a_fix_that_takes_an_image_away_is_dropped(monkeypatch):
    """The check stands in the way of every fix: the one of CI101, made to forget what uses the image, is not made."""
    from armready.multiplatform import rewrite
    from tests.systems.test_fixes import fixed

    lines = ("docker build -t r.example/app:1 .", "docker push r.example/app:1", "docker save r.example/app:1 -o a.tar")
    monkeypatch.setattr(rewrite, "check_uses", lambda _: None)
    monkeypatch.setattr("armready.multiplatform.preconditions.check_uses", lambda _: None)
    before = gitlab(*lines).text
    after, _, outcome = fixed(".gitlab-ci.yml", before)
    assert after == before
    assert [each.reason for each in outcome.not_applied] == [
        "`save` in build needs r.example/app:1 in the local daemon, where it would no longer be"
    ]
