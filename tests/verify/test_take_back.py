"""Which files are taken back, and which stay."""

import pytest

from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Edit, Fix
from armready.core.source import Source, Span
from armready.verify.images import Image
from armready.verify.take_back import affected, take_back

IMAGE = Image(dockerfile="svc/Dockerfile", context="svc", source=".gitlab-ci.yml")
CHANGES = dict.fromkeys(("svc/Dockerfile", "svc/build.sh", ".gitlab-ci.yml", "other/Dockerfile"), (b"old", b"new"))


def finding(*paths: str) -> Finding:
    places = [Source(path, "text").location(Span(0, 1)) for path in paths]
    return Finding(
        code="DF101",
        name="x",
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        message="m",
        location=places[0],
        fix=Fix("t", tuple(Edit(place, "") for place in places)),
    )


def taken(good, *applied, changes=CHANGES, images=(IMAGE,)):
    """What is taken back, in order, where an image builds when `good` says so of the files that are still new."""
    new = set(changes)
    order = []

    def restore(paths):
        new.difference_update(paths)
        order.append(tuple(paths))

    found = take_back(changes, applied, images, lambda image: "" if good(new) else f"{image.title} fails", restore)
    assert set(found) == {path for paths in order for path in paths}
    return order


def test_what_builds_stays():
    assert taken(lambda new: True) == []


def test_the_dockerfile_goes_first_and_alone_where_that_helps():
    assert taken(lambda new: "svc/Dockerfile" not in new) == [("svc/Dockerfile",)]


def test_file_by_file_until_it_builds():
    assert taken(lambda new: "svc/build.sh" not in new) == [("svc/Dockerfile",), ("svc/build.sh",)]


def test_the_pipeline_goes_last_and_other_images_are_left_alone():
    assert taken(lambda new: False) == [("svc/Dockerfile",), ("svc/build.sh",), (".gitlab-ci.yml",)]


def test_what_one_fix_changed_together_goes_together():
    joined = (finding("svc/Dockerfile", "svc/build.sh"), finding("svc/build.sh", "other/Dockerfile"))
    assert taken(lambda new: "svc/Dockerfile" not in new, *joined) == [("other/Dockerfile", "svc/Dockerfile", "svc/build.sh")]


@pytest.mark.parametrize(
    ("path", "concerns"), [("svc/Dockerfile", True), ("svc/a/requirements.txt", True), (".gitlab-ci.yml", True), ("web/Dockerfile", False)]
)
def test_the_images_that_a_change_affects(path, concerns):
    assert bool(affected([IMAGE], [path])) is concerns


def test_a_pipeline_in_the_context_of_the_root_is_no_part_of_an_image():
    image = Image(dockerfile="Dockerfile", context=".")
    assert affected([image], [".github/workflows/ci.yml"]) == []
    assert affected([image], ["setup.py"]) == [image]
