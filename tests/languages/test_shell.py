"""The shell reader: words, structure, masks, repairs, and shfmt as a second opinion."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.embedded import Embedded, Segment
from armready.core.file import File
from armready.core.source import Source, Span
from armready.languages.shell.script import Command, Script, parse_shell, unquote

SHFMT = Path(sys.executable).with_name("shfmt")


def read(text: str) -> Script:
    return parse_shell(Embedded.whole(text))


def command(text: str, name: str = "docker") -> Command:
    return next(each for each in read(text).commands if each.name == name)


def arguments(text: str, name: str = "docker") -> list[str]:
    return [word.template for word in command(text, name).words]


def frames(each: Command) -> list[tuple[str, int]]:
    return [(frame.kind, frame.branch) for frame in each.context]


@pytest.mark.parametrize(
    ("text", "value", "template"),
    [
        ("plain", "plain", "plain"),
        ("'a b'", "a b", "a b"),
        ('"a b"c', "a bc", "a bc"),
        ('"$REG"/app:"$SHA"', None, "${REG}/app:${SHA}"),
        ('"${REG}/app:${SHA}"', None, "${REG}/app:${SHA}"),
        ("$REG/app:$SHA", None, "${REG}/app:${SHA}"),
        ("a\\ b", "a b", "a b"),
        ('"a\\$b\\c"', "a$b\\c", "a$b\\c"),
        ('"$(f "x)" \'y)\')"z', None, "$(f \"x)\" 'y)')z"),
        ("${A:-b}", None, "${A:-b}"),
        ("`date`", None, "`date`"),
        ("$'a\\'b'c", None, "a\\'bc"),
        ("a\\\nb", "ab", "ab"),
        ("100$", "100$", "100$"),
    ],
)
def test_unquote(text: str, value: str | None, template: str) -> None:
    assert unquote(text) == (value, template)


@pytest.mark.parametrize(
    "text",
    [
        "sudo -E -u root docker push x",
        "env -u Z A=1 B=$c docker push x",
        "time docker push x",
        "retry 3 docker push x",
        "timeout -k 5 30s docker push x",
        "A=1 nice -n 5 command docker push x",
        "travis_wait 30 travis_retry docker push x",
        "/usr/bin/docker push x",
        "if a; then ! docker push x; fi",
    ],
)
def test_prefixes_are_stripped(text: str) -> None:
    assert [word.template for word in command(text).args] == ["push", "x"]


def test_a_question_is_not_a_prefix() -> None:
    assert read("command -v docker").commands[0].name == "command"


def test_assignments_before_a_command_and_in_env() -> None:
    found = command("A=1 sudo env B=$c docker ps")
    assert [(each.name, each.value and each.value.template) for each in found.assignments] == [("A", "1"), ("B", "${c}")]


def test_redirects_and_words_around_them() -> None:
    found = command("docker build -t x > log 2>&1 - <<EOF . && b\nFROM a\nEOF\n")
    assert [word.text for word in found.args] == ["build", "-t", "x", "-", "."]
    assert [each.operator for each in found.redirects] == [">", ">&", "<<"]
    assert [word.text for word in command('echo >&2 "no"', "echo").args] == ['"no"']


def test_dash_before_a_heredoc_is_kept() -> None:
    script = read("docker build -t x - <<EOF\nFROM a\nRUN docker push z\nEOF\ndocker push x\n")
    assert [[word.text for word in each.args] for each in script.commands] == [["build", "-t", "x", "-"], ["push", "x"]]
    body = script.commands[0].redirects[0].body
    assert body is not None
    assert script.text[body.start : body.end] == "FROM a\nRUN docker push z\n"


def test_context_of_lists_and_pipelines() -> None:
    script = read("a && b || c; d | e &\n")
    assert [(each.name, frames(each)) for each in script.commands] == [
        ("a", []),
        ("b", [("and", 1)]),
        ("c", [("or", 2)]),
        ("d", [("background", 0), ("pipeline", 0)]),
        ("e", [("background", 0), ("pipeline", 1)]),
    ]
    assert script.commands[1].guards == ()
    assert script.commands[2].guards != ()


def test_equal_conditions() -> None:
    script = read("if x; then a; b; else c; fi\nif x; then d; fi\n")
    by_name = {each.name: each for each in script.commands if each.name in "abcd"}
    assert by_name["a"].condition == by_name["b"].condition
    assert len({by_name[name].condition for name in "acd"}) == 3


def test_loops_functions_substitutions() -> None:
    script = read('for t in $TAGS; do f() { g "$(h)"; }; done; (i); { j; }')
    kinds = {each.name: [frame.kind for frame in each.context] for each in script.commands}
    assert kinds["g"] == ["for", "function", "group"]
    assert kinds["h"] == ["for", "function", "group", "substitution"]
    assert kinds["i"] == ["subshell"]
    assert kinds["j"] == ["group"]
    assert script.functions[0][0] == "f"
    assert next(each for each in script.commands if each.name == "g").context[0].label == "t"


def test_case_branches() -> None:
    script = read('case "$(uname -m)" in x86_64|"amd64") A=1 ;; aarch64) ;; *) exit 1 ;; esac')
    (conditional,) = script.conditionals
    assert conditional.subject is not None
    assert conditional.subject.template == "$(uname -m)"
    assert [[word.value for word in branch.patterns] for branch in conditional.branches] == [["x86_64", "amd64"], ["aarch64"], ["*"]]
    assert [each.name for each in script.commands_in(conditional.branches[2].body)] == ["exit"]


def test_if_branches() -> None:
    script = read('if [ "$A" = amd64 ]; then a\nelif [[ $A == arm64 ]]; then b\nelse c\nfi')
    (conditional,) = script.conditionals
    conditions = [None if branch.condition is None else script.text[slice(*branch.condition)] for branch in conditional.branches]
    assert conditions == ['[ "$A" = amd64 ]', "[[ $A == arm64 ]]", None]
    assert [script.text[slice(*branch.body)] for branch in conditional.branches] == ["a", "b", "c"]
    assert [word.template for word in script.commands[0].words] == ["[", "${A}", "=", "amd64", "]"]


@pytest.mark.parametrize(
    "template",
    [
        "${{ matrix.image }}",
        "<< parameters.image >>",
        "{{ .IMAGE }}",
        "((image))",
        "$[ variables.image ]",
        "@IMAGE@",
        "${{ format('a{0}', b) }}",
    ],
)
def test_templates_are_opaque_parts_of_words(template: str) -> None:
    found = command(f"docker push reg/{template}:1 && b")
    assert found.args[1].value is None
    assert found.args[1].template == f"reg/{template}:1"
    assert read(f"docker push {template}\ndocker pull x").commands[-1].args[0].text == "pull"


def test_opaque_spans() -> None:
    text = "docker push $(REGISTRY)/x"
    found = parse_shell(Embedded.whole(text), opaque=(Span(12, 23),)).commands
    assert [each.name for each in found] == ["docker"]
    assert found[0].args[1].template == "$(REGISTRY)/x"


def test_nested_scripts_are_seen_and_marked() -> None:
    text = 'sh -ec \'docker push a\'; bash -c "docker push \\"b\\""; ssh h <<E\ndocker push c\nE\n'
    script = read(text)
    found = [each for each in script.commands if each.name == "docker"]
    assert [each.args[1].template for each in found] == ["a", "b", "c"]
    assert all(each.nested for each in found)
    assert text[slice(*found[0].span)] == "docker push a"


def test_text_that_is_not_run() -> None:
    script = read("echo 'docker push x' # docker push y\ncat <<E\ndocker push z\nE\n")
    assert [each.name for each in script.commands] == ["echo", "cat"]


def test_errors_mark_their_statement_only() -> None:
    script = read("a; b ) c; docker push x\nif a; then b\n")
    assert [each.broken for each in script.commands if each.name in ("b", "docker")][:2] == [True, False]
    assert script.errors
    assert not script.intact(Span(0, len(script.text)))


def test_offsets_are_characters() -> None:
    text = 'echo "é日本😀"; docker push "ü"\n'
    found = command(text)
    assert text[slice(*found.span)] == 'docker push "ü"'


def test_crlf() -> None:
    assert [word.value for word in command("docker build \\\r\n  -t x\r\ndocker push x\r\n").args] == ["build", "-t", "x"]


def test_edit_goes_through_the_host() -> None:
    host = 'x: "docker push \\"a\\""\n'
    file = File(Source("a.yml", host), Kind.YAML, Settings())
    inner = Embedded('docker push "a"', (Segment(0, 4, 12), Segment(13, 18, 1)), lambda text: text.replace('"', '\\"'))
    script = parse_shell(inner)
    edit = script.edit(file, Span(7, 11), '"p"')
    assert edit is not None
    assert (edit.text, host[slice(*edit.span)]) == ('\\"p\\"', "push")


DEEP = [
    "(" * 30_000,
    "$(" * 30_000,
    "if a; then " * 10_000,
    "{ " * 20_000,
    '"$(' * 10_000,
    ")))" * 300,
    "a && " * 20_000 + "b",
    "a | " * 20_000 + "b",
    "cat <<A\n" * 3_000,
]


@pytest.mark.parametrize("text", DEEP, ids=range(len(DEEP)))
def test_hostile_text_is_read(text: str) -> None:
    read(text)


SCRIPTS = [
    "set -eux; apt-get update && apt-get install -y --no-install-recommends curl \\\n  jq; rm -rf /var/lib/apt/lists/*",
    'curl -fsSL "https://x/$(uname -s)-$(uname -m).tgz" | tar -xz -C /usr/local/bin --strip-components=1',
    'for i in 1 2 3; do docker push "$R/$i" && break || sleep $((i * 2)); done',
    'f() { local a="$1"; [ -n "$a" ] || return 1; docker tag "$a" b; }\nf x >&2 2>/dev/null',
    "case $1 in a|b) x ;; *) y 'z' ;; esac; while read -r l; do w \"$l\"; done < <(cat f)",
    "cat > f <<'EOF' && docker build -t x . | tee log\nbody $x\nEOF\ndocker push x",
    "a 'b'\"c\"$d\\ e f{1,2} $'x\\n' ~/z ; ! g; (h; i) & j",
    "echo >&2 'x' y; x=1 y=2 z a=b; if ! k; then l; elif m; then n; else o; fi",
]


@pytest.mark.parametrize("text", SCRIPTS, ids=range(len(SCRIPTS)))
def test_agrees_with_shfmt(text: str) -> None:
    result = subprocess.run([SHFMT, "--to-json"], input=text, capture_output=True, text=True, check=True)
    expected: set[tuple[tuple[int, int], ...]] = set()
    pending = [json.loads(result.stdout)]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if node.get("Type") == "CallExpr" and node.get("Args"):
                expected.add(tuple((word["Pos"]["Offset"], word["End"]["Offset"]) for word in node["Args"]))
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    ours = {
        tuple(tuple(word.span) for word in (*each.prefix, *each.words))
        for each in read(text).commands
        if each.name not in ("", "for", "local", "!")
    }
    stripped = {words[1:] if text[slice(*words[0])] == "!" else words for words in ours}
    assert stripped == expected


def test_a_redirect_without_a_target():
    assert [word.text for word in read("docker push a >\n").commands[0].words] == ["docker", "push", "a"]


def test_substitutions_of_one_string_that_the_grammar_runs_together_are_never_edited():
    commands = read('x "`docker push a` `docker push b`"; y "`docker push \\`z\\``" `docker push c`\n').commands
    assert [each.broken for each in commands if each.name == "docker"] == [True, False, False]


@pytest.mark.parametrize("value", ["a$V/b$V.c", "$V-$W", "v$V/${W}b-v$V.tar", "$V/$V/c", '$V/"$W"/x$V.y', "$(x)/$V-$V.z", "a$V"])
@pytest.mark.parametrize("before", ["", "A=1 ", "B=$V/$W.x ", "export ", "local C=$V-$V.d ", "if x; then "])
def test_an_unquoted_value_is_one_assignment(before: str, value: str) -> None:
    text = f"{before}U={value}"
    holder = next(each for each in read(text).commands if any(one.name == "U" for one in each.assignments))
    assert [(one.name, text[one.span.start : one.span.end]) for one in holder.assignments][-1] == ("U", f"U={value}")
    assert holder.assignments[-1].value is not None
    assert holder.assignments[-1].value.text == value
    assert holder.name in ("", "export", "local")


def test_the_command_behind_unquoted_values_is_found() -> None:
    curl = command("U=a$V/b$V.c W=$V-$V.d curl -f $U", "curl")
    assert [(one.name, one.value.text if one.value else None) for one in curl.assignments] == [("U", "a$V/b$V.c"), ("W", "$V-$V.d")]
    assert [word.text for word in curl.words] == ["curl", "-f", "$U"]
    assert [word.text for word in command("A=1 make B=$V/$V.c", "make").words] == ["make", "B=$V/$V.c"]
