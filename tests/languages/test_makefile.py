"""Makefiles and justfiles: recipes as shell, and the way back."""

from __future__ import annotations

from armready.builds.scripts import scripts
from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.embedded import Embedded
from armready.core.file import File
from armready.core.source import Source, Span
from armready.languages.just import parse_justfile
from armready.languages.make import Makefile, parse_makefile
from armready.languages.shell.script import parse_shell

TEXT = """\
# a comment
REGISTRY ?= reg.io/x
IMG := $(REGISTRY)/app # trailing
ARCHS = amd64 \\
  arm64
export DOCKER_DEFAULT_PLATFORM=linux/amd64

ifeq ($(CI),true)
TAG = ci
endif

.PHONY: push
push: build test | dir
\t@docker tag $(IMG) $(IMG):$$(git rev-parse HEAD)
\t-docker push $(IMG) \\
\t  --quiet; for i in a b; do echo $$i; done
ifdef X
\tdocker push ${IMG}:$@
endif

build: GOARCH = amd64
build: ; go build

define canned
docker build -t $(1) .
endef
$(TARGETS): %.o: %.c
\tcc -c $<
"""


def make_file(text: str, path: str = "Makefile", kind: Kind = Kind.MAKEFILE) -> File:
    return File(Source(path, text), kind, Settings())


def read(text: str = TEXT) -> Makefile:
    return parse_makefile(make_file(text))


def recipe(makefile: Makefile, target: str) -> Embedded:
    rule = next(rule for rule in makefile.rules if target in rule.targets and rule.recipe)
    assert rule.recipe is not None
    return rule.recipe


def test_variables() -> None:
    found = {each.name: each for each in read().variables}
    assert {name: each.value for name, each in found.items()} == {
        "REGISTRY": "reg.io/x",
        "IMG": "$(REGISTRY)/app",
        "ARCHS": "amd64 arm64",
        "DOCKER_DEFAULT_PLATFORM": "linux/amd64",
        "TAG": "ci",
        "GOARCH": "amd64",
    }
    assert found["TAG"].conditional
    assert found["DOCKER_DEFAULT_PLATFORM"].exported
    assert found["GOARCH"].target == "build"
    assert TEXT[slice(*found["IMG"].value_span)] == "$(REGISTRY)/app"
    assert read().expand("$(IMG):${TAG}-$(NOT)") == "reg.io/x/app:ci-$(NOT)"


def test_recipe_is_decoded() -> None:
    text = recipe(read(), "push").text
    assert text.splitlines() == [
        "docker tag $(IMG) $(IMG):$(git rev-parse HEAD)",
        "docker push $(IMG) \\",
        "  --quiet; for i in a b; do echo $i; done",
        "docker push ${IMG}:$@",
    ]


def test_spans_and_edits_go_back() -> None:
    makefile = read()
    embedded = recipe(makefile, "push")
    at = embedded.text.index("git rev-parse")
    host = embedded.host_span(Span(at, at + 3))
    assert host is not None
    assert TEXT[slice(*host)] == "git"
    assert embedded.encode("docker push $(IMG):$(date) $X") == "docker push $(IMG):$$(date) $$X"
    assert embedded.encode("a\nb") == "a\n\tb"


def test_ambiguous_references_are_not_written() -> None:
    embedded = recipe(read("a:\n\techo $(X) $$(X)\n"), "a")
    assert embedded.encode("$(X)") is None
    assert embedded.encode("$Y") == "$$Y"


def test_rules() -> None:
    makefile = read()
    push = makefile.rule("push")
    assert push is not None
    assert push.prerequisites == ("build", "test", "dir")
    assert push.prefixes == ("@", "-", "")
    assert recipe(makefile, "build").text == "go build"
    assert recipe(makefile, "canned").text == "docker build -t $(1) ."
    assert recipe(makefile, "$(TARGETS)").text == "cc -c $<"


def test_shell_of_a_recipe() -> None:
    makefile = read()
    rule = makefile.rule("push")
    assert rule is not None
    assert rule.recipe is not None
    commands = parse_shell(rule.recipe, opaque=rule.opaque).commands
    assert [each.name for each in commands] == ["docker", "git", "docker", "for", "echo", "docker"]
    assert commands[0].args[2].template == "$(IMG):$(git rev-parse HEAD)"
    assert commands[-1].args[1].template == "${IMG}:$@"


def test_crlf_and_recipe_prefix() -> None:
    assert recipe(read("a:\r\n\tdocker build \\\r\n\t  .\r\n\tb\r\n"), "a").text == "docker build \\\n  .\nb"
    assert recipe(read(".RECIPEPREFIX = >\na:\n>b\n"), "a").text == "b"


JUST = """\
img := "reg/app"
set dotenv-load

build tag='x' *args: test
    @docker build -t {{img}}:{{tag}} \\
      .
    docker push {{img}}:{{tag}}

py:
    #!/usr/bin/env python3
    print(1)

sh:
  #!/usr/bin/env bash
  set -e
  docker push x
"""


def test_justfile() -> None:
    just = parse_justfile(make_file(JUST, "justfile", Kind.JUSTFILE))
    assert just.variables == {"img": '"reg/app"'}
    texts = {each.name: each.script and each.script.text for each in just.recipes}
    assert texts["build"] == "docker build -t {{img}}:{{tag}} \\\n  .\ndocker push {{img}}:{{tag}}"
    assert texts["py"] is None
    assert texts["sh"] == "#!/usr/bin/env bash\nset -e\ndocker push x"


def test_scripts_of_every_host() -> None:
    assert [each.name for each in scripts(make_file(TEXT))] == ["push", "build", "canned", "$(TARGETS) %.o"]
    assert [each.name for each in scripts(make_file(JUST, "justfile", Kind.JUSTFILE))] == ["build", "sh"]
    docker = 'FROM a\nRUN curl x \\\n  && b\nRUN ["c", "d"]\nCMD e\nHEALTHCHECK CMD f\nRUN <<E\ng\nh\nE\n'
    assert [[command.name for command in each.script.commands] for each in scripts(make_file(docker, "Dockerfile", Kind.DOCKERFILE))] == [
        ["curl", "b"],
        ["e"],
        ["f"],
        ["g", "h"],
    ]
    package = '{"name": "a", "scripts": {"build": "docker build -t \\"x\\" . && docker push x"}}'
    (hosted,) = scripts(make_file(package, "package.json", Kind.PACKAGE_JSON))
    assert [command.name for command in hosted.script.commands] == ["docker", "docker"]
    span = hosted.span(hosted.script.commands[1].span)
    assert package[slice(*span)] == "docker push x"
    earth = 'VERSION 0.8\nFROM alpine\nbuild:\n  RUN --mount=type=cache,target=/x a \\\n    # why\n    && b\n  RUN ["c"]\n'
    (hosted,) = scripts(make_file(earth, "Earthfile", Kind.EARTHFILE))
    assert (hosted.name, [command.name for command in hosted.script.commands]) == ("build", ["a", "b"])
    task = "version: '3'\ntasks:\n  push:\n    cmds:\n      - docker push {{.IMG}}\n"
    assert [command.name for each in scripts(make_file(task, "Taskfile.yml", Kind.TASKFILE)) for command in each.script.commands] == [
        "docker"
    ]
    assert scripts(make_file("#!/usr/bin/python\nx", "a.sh", Kind.SHELL)) == ()
