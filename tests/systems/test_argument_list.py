"""Edits of a command that is a list of arguments."""

import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source, Span
from armready.languages.yaml.nodes import get, parse_yaml
from armready.systems.argument_list import command_line

FLOW = "args: ['build', '-t', 'app', '.']\n"
PLAIN = "args: [build, -t, app, .]\n"
BLOCK = "args:\n- build\n- -t\n- app\n- .\n"
LINES = "args: [\n  'build',\n  '-t', 'app',\n  '.',\n]\n"
MARKER = "docker build -t app ."


def edited(text, what, fragment):
    file = File(Source("x.yaml", text), Kind.CLOUDBUILD, Settings())
    line = command_line(file, get(parse_yaml(file)[0], "args"), "docker")
    assert line.text == MARKER
    span = Span(MARKER.index(what), MARKER.index(what) + len(what)) if isinstance(what, str) else Span(what, what)
    found = line.edit(span, fragment)
    if found is None:
        return None
    host, new = found
    return text[: host.start] + new + text[host.end :]


@pytest.mark.parametrize(
    ("text", "what", "fragment", "expected"),
    [
        (FLOW, 7, "buildx ", "args: ['buildx', 'build', '-t', 'app', '.']\n"),
        (PLAIN, 7, "buildx ", "args: [buildx, build, -t, app, .]\n"),
        (BLOCK, 7, "buildx ", "args:\n- buildx\n- build\n- -t\n- app\n- .\n"),
        (LINES, 7, "buildx ", "args: [\n  'buildx',\n  'build',\n  '-t', 'app',\n  '.',\n]\n"),
        (PLAIN, 12, " --platform a,b", "args: [build, --platform, 'a,b', -t, app, .]\n"),
        (BLOCK, 12, " --platform a,b", "args:\n- build\n- --platform\n- a,b\n- -t\n- app\n- .\n"),
        (PLAIN, 21, " x", "args: [build, -t, app, ., x]\n"),
        (BLOCK, "app", "other", "args:\n- build\n- -t\n- other\n- .\n"),
        (FLOW, " -t app", "", "args: ['build', '.']\n"),
        (BLOCK, " -t app", "", "args:\n- build\n- .\n"),
        (PLAIN, "app", "a -t b", "args: [build, -t, a, -t, b, .]\n"),
        (PLAIN, "build", "", None),
        (PLAIN, 9, "x ", None),
        (PLAIN, "docker", "podman", None),
        (PLAIN, 12, " 'open", None),
        (PLAIN, 12, " > file", None),
    ],
)
def test_edits_become_items(text, what, fragment, expected):
    assert edited(text, what, fragment) == expected


@pytest.mark.parametrize("text", ["args: x\n", "args: [a, [b]]\n", "args: []\n"])
def test_other_nodes_are_no_command(text):
    file = File(Source("x.yaml", text), Kind.CLOUDBUILD, Settings())
    assert command_line(file, get(parse_yaml(file)[0], "args"), "docker") is None


def test_an_argument_with_blanks_is_one_word():
    file = File(Source("x.yaml", 'args: [build, \'--build-arg=A=b c\', "say \\"x\\"", .]\n'), Kind.CLOUDBUILD, Settings())
    line = command_line(file, get(parse_yaml(file)[0], "args"), "docker")
    assert line.text == 'docker build "--build-arg=A=b c" "say \\"x\\"" .'
