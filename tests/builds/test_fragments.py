"""Recipes of a makefile fragment run in the folder of the Makefile that includes it."""

import pytest

from armready.core.config import Settings
from armready.testing import analyse_files

RECIPE = "push:\n\tdocker build -t example/app:1 .\n\tdocker push example/app:1\n"
AMD64_PROGRAM = "FROM golang:1.24\nRUN GOARCH=amd64 go build -o /app .\n"


def notes(files):
    _, _, analysis = analyse_files({**files, "Dockerfile": AMD64_PROGRAM}, Settings())
    return " ".join(note for each in analysis.findings if each.code == "CI101" and each.fix for note in each.fix.notes)


@pytest.mark.parametrize("path", ["make/docker.mk", "hack/make/docker.mk"])
def test_the_dockerfile_is_that_beside_the_makefile(path):
    assert "Mend DF130 at Dockerfile:2 first" in notes({"Makefile": f"include {path}\n", path: RECIPE})


def test_a_fragment_with_a_makefile_beside_it_runs_there():
    assert "make/Dockerfile is not in the repository" in notes({"make/Makefile": "include docker.mk\n", "make/docker.mk": RECIPE})
