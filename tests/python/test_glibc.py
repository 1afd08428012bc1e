import pytest

from armready.python.images import base_of
from armready.python.locks import floors


@pytest.mark.parametrize(
    ("image", "glibc"),
    [
        ("python:3.11-slim-bullseye", (2, 31)),
        ("python:3.11-slim", None),
        ("python:3.11-alpine", None),
        ("ubuntu:20.04", (2, 31)),
        ("debian:bookworm-slim", (2, 36)),
        ("public.ecr.aws/lambda/python:3.11", (2, 26)),
        ("public.ecr.aws/lambda/python:3.12-arm64", (2, 34)),
        ("amazonlinux:2", (2, 26)),
        ("amazonlinux:2.0.20230320.0", (2, 26)),
        ("amazonlinux:2023", (2, 34)),
        ("amazonlinux:2022", None),
        ("registry.access.redhat.com/ubi8/python-311", None),
        ("registry.access.redhat.com/ubi9:9.4", (2, 34)),
        ("registry.access.redhat.com/ubi8-minimal", (2, 28)),
        ("quay.io/centos/centos:stream9", (2, 34)),
        ("centos:centos7.9.2009", (2, 17)),
        ("example.org/app:11", None),
    ],
)
def test_glibc_of_a_base_image(image: str, glibc: tuple[int, int] | None) -> None:
    assert base_of(image).glibc == glibc


def test_floors_are_kept_where_arm64_needs_more() -> None:
    x86, arm = "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "a-1-cp311-cp311-manylinux_2_28_aarch64.whl"
    assert floors([x86, arm]) == (("cp311-cp311", 17, 28),)
    assert floors([x86, "a-1-cp311-cp311-manylinux2014_aarch64.whl"]) == ()
    assert floors([x86, arm, "a-1-py3-none-any.whl"]) == ()
    assert floors([x86]) == ()
    assert floors(["a-1-cp311-cp311-manylinux_2_28_x86_64.whl", arm, "a-1-cp311-cp311-musllinux_1_2_x86_64.whl"]) == ()
