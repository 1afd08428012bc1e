"""Recipes of make: which build a push takes, and which fixes they must not get."""

import pytest

from armready.core.config import Settings
from armready.core.fix import Applicability
from armready.fixing.fixer import fix
from armready.testing import analyse_files

DOCKERFILE = {"Dockerfile": "FROM alpine:3.20\n"}
BRANCHES = """\
upload:
ifeq ($(VERSION),)
\tdocker build --platform linux/amd64 -t example/app --push .
else
\tdocker tag upstream/app example/app:latest
\tdocker push example/app:latest
endif
"""
EVALUATED = """\
image:
\t$(eval SHA := $(shell git rev-parse HEAD))
\tdocker build -t example/app:$(SHA) .
push: image
\tdocker push example/app:$(SHA)
"""
VARIANTS = """\
image:
\tdocker build -t example/app:1 .
image-debug:
\tdocker build -f Dockerfile.debug -t example/app:1 .
push:{needs}
\tdocker push example/app:1
"""


def findings(makefile: str):
    _, _, analysis = analyse_files({"Makefile": makefile, **DOCKERFILE}, Settings())
    return [each for each in analysis.findings if each.code in ("CI101", "CI102")]


@pytest.mark.parametrize(
    ("makefile", "why"), [(BRANCHES, "make chooses by a condition"), (EVALUATED, "the command cannot be written in it")]
)
def test_there_is_no_fix_and_the_message_says_why(makefile, why):
    (finding,) = findings(makefile)
    assert finding.fix is None
    assert why in finding.message


@pytest.mark.parametrize(("needs", "line"), [("", 2), (" image-debug", 4)])
def test_of_several_builds_of_one_name_a_push_takes_the_one_it_depends_on_else_the_first(needs, line):
    assert [each.location.region.line for each in findings(VARIANTS.format(needs=needs))] == [line]


def test_a_build_that_pushes_keeps_doing_so_when_a_second_push_goes():
    text = "push:\n\tdocker buildx build -t example/app:1 --push .\n\tdocker login\n\tdocker push example/app:1\n"
    tree, registry, analysis = analyse_files({"Makefile": text, **DOCKERFILE}, Settings())
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=lambda each: True, today=None)
    assert outcome.tree.read("Makefile").decode() == (
        "push:\n\t@docker buildx inspect armready >/dev/null 2>&1 || docker buildx create --name armready --driver docker-container\n"
        "\tdocker buildx build --builder armready --platform linux/amd64,linux/arm64 -t example/app:1 --push .\n\tdocker login\n"
    )
