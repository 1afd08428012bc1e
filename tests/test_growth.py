"""Work grows in proportion to a file: calls are counted, so that no clock is needed."""

import sys

import pytest

from armready.config import Settings
from armready.testing import analyse_files

FILES = {
    "build.sh": ("#!/bin/bash\n", "docker build -t app .\ndocker tag app acme/a{n}:1\ndocker push acme/a{n}:1\n"),
    "push.sh": ("#!/bin/bash\n", "if [ $A = {n} ]; then\n  docker build -t acme/a{n} . && docker push acme/a{n}\nfi\n"),
    "azure-pipelines.yml": (
        "pool:\n  vmImage: ubuntu-latest\nsteps:\n",
        "- script: docker build -t acme/a{n} . && docker push acme/a{n}\n",
    ),
    ".gitlab-ci.yml": (
        "",
        "b{n}:\n  image: docker:24\n  script: [docker build -t acme/a{n} .]\np{n}:\n  image: docker:24\n  script: [docker push acme/a{n}]\n",
    ),
    "Makefile": ("", "b{n}:\n\tdocker build -t acme/a{n} .\n\tdocker push acme/a{n}\n"),
    "requirements.txt": ("", "package{n}=={n}.0\nmkl==2024.0\n"),
}


def calls(path: str, blocks: int) -> int:
    before, block = FILES[path]
    files = {path: before + "".join(block.format(n=number) for number in range(blocks))}
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        analyse_files(files, Settings())
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("path", FILES)
def test_four_times_the_file_is_four_times_the_work(path):
    calls(path, 2)
    small, large = calls(path, 40), calls(path, 160)
    assert large <= 4.4 * small
