"""Downloads: what is fetched for amd64, where that is written, and which tool it is."""

from __future__ import annotations

import pytest

from armready.builds.arch_switches import arch_switches, in_arch_switch, problem
from armready.builds.installs import installed
from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.embedded import Embedded
from armready.core.file import File
from armready.core.finding import Severity
from armready.core.fix import Applicability
from armready.core.source import Source
from armready.downloads import Download, downloads, misnamed
from armready.fixing.fixer import fix
from armready.languages.shell.script import parse_shell
from armready.testing import analyse_files


def found(text: str, path: str = "Dockerfile", kind: Kind = Kind.DOCKERFILE) -> tuple[Download, ...]:
    return downloads(File(Source(path, text), kind, Settings()))


def in_shell(text: str, path: str = "get.sh") -> tuple[Download, ...]:
    return found(text, path, Kind.SHELL)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("curl -LO https://x.io/a-linux-amd64", "https://x.io/a-linux-amd64"),
        ("wget x.io/a-linux-amd64.tgz", "x.io/a-linux-amd64.tgz"),
        ("V=1.2\nurl=https://x.io/a-$V-amd64\ncurl -LO $url", "https://x.io/a-1.2-amd64"),
        ("P=linux-amd64\ncurl -LO https://x.io/a-$P.tgz", "https://x.io/a-linux-amd64.tgz"),
        ("if [ $(uname) = Darwin ]; then P=darwin-amd64; else P=linux-amd64; fi\ncurl -LO https://x.io/a-$P", "https://x.io/a-linux-amd64"),
        ("gh release download -R a/b -p '*linux_amd64*'", "*linux_amd64*"),
        ("install_tool https://x.io/a-amd64", "https://x.io/a-amd64"),
        ("curl https://x.io/v/$(curl -s https://x.io/stable.txt)/amd64/a", "https://x.io/v/$(curl -s https://x.io/stable.txt)/amd64/a"),
        ("sh -c 'curl -LO https://x.io/a-amd64'", "https://x.io/a-amd64"),
        ("curl -LO https://x.io/b-$(uname -m) && curl -LO https://x.io/a-amd64", "https://x.io/a-amd64"),
    ],
)
def test_found(text: str, url: str) -> None:
    assert [each.url for each in in_shell(text)] == [url]


@pytest.mark.parametrize(
    "text",
    [
        "echo https://x.io/a-linux-amd64",
        "# curl https://x.io/a-linux-amd64",
        "curl -o a-linux-amd64 https://x.io/a",
        "curl https://x.io/a-$(uname -m | sed s/x86_64/amd64/)",
        "ARCH=$(dpkg --print-architecture)\ncurl https://x.io/a-$ARCH",
        "case $(uname -m) in x86_64) A=amd64 ;; *) A=arm64 ;; esac\ncurl https://x.io/a-$A",
        "[ $(uname -m) = x86_64 ] && curl https://x.io/a-amd64",
        "uname -m | grep -q x86_64 && curl https://x.io/a-amd64",
        "curl -s https://x.io/amd64/versions | grep -o x",
        "pip install https://x.io/a-1-cp311-cp311-linux_x86_64.whl",
        "curl https://x.io/a-amd64\ncurl https://x.io/a-arm64",
        "curl https://x.io/a-windows-amd64.zip",
        "docker pull x.io/a-amd64",
        "git clone https://x.io/a-amd64",
    ],
)
def test_left_alone(text: str) -> None:
    assert in_shell(text) == ()


def test_the_place_is_where_the_architecture_is_written() -> None:
    text = "FROM alpine\nENV URL=https://x.io/a-amd64\nRUN curl -LO $URL\n"
    (download,) = found(text)
    assert text[slice(*download.span)] == "amd64"
    assert download.span.start < text.index("RUN")


def test_severity_follows_the_place() -> None:
    line = "RUN curl -LO https://x.io/a-amd64\n"
    assert [each.severity for each in found(f"FROM alpine\n{line}")] == [Severity.ERROR]
    build = f"FROM --platform=$BUILDPLATFORM alpine AS b\n{line}FROM alpine\nCOPY --from=b /a /a\n"
    assert [each.severity for each in found(build)] == [Severity.WARNING]
    assert [each.severity for each in in_shell("curl -LO https://x.io/a-amd64\n")] == [Severity.WARNING]
    assert [each.severity for each in in_shell("curl -LO https://x.io/a-amd64\n", ".circleci/get.sh")] == [Severity.INFO]
    assert in_shell("curl -LO https://x.io/a-amd64\n", "build/amd64/get.sh") == ()


def test_checksums() -> None:
    digest = "0123456789abcdef" * 4
    assert in_shell(f"curl -o a https://x.io/a-amd64\necho '{digest}  a' | sha256sum -c\n")[0].checksum is not None
    assert in_shell("curl -o a https://x.io/a-amd64\ncurl https://x.io/sums | sha256sum -c\n")[0].checksum is None


def test_the_version_that_is_looked_up_is_the_newest() -> None:
    (download,) = in_shell("curl -LO https://dl.k8s.io/release/$(curl -L -s https://dl.k8s.io/release/stable.txt)/bin/linux/amd64/kubectl")
    assert download.match is not None
    assert download.has_arm64 is True


def test_misnamed() -> None:
    text = "FROM scratch\nARG TARGETARCH\nADD https://github.com/home-assistant/tempio/releases/download/1/tempio_${TARGETARCH} /t\n"
    (found_,) = misnamed(File(Source("Dockerfile", text), Kind.DOCKERFILE, Settings()))
    assert found_.expected == ("aarch64",)


def test_installed_packages() -> None:
    script = parse_shell(Embedded.whole("P='a b'\napt-get install -y -t x c=1.0 $P; apk add --virtual v d; yum update e"))
    assert [(each.manager, each.name) for each in installed(script)] == [("apt", "c"), ("apt", "a"), ("apt", "b"), ("apk", "d")]


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("case $(uname -m) in x86_64) a ;; *) exit 1 ;; esac", True),
        ("case $(uname -m) in x86_64) a ;; aarch64) b ;; *) exit 1 ;; esac", False),
        ("case $(uname -m) in x86_64) a ;; a*64) b ;; esac", False),
        ("case $(uname -m) in x86_64) A=1 ;; esac; echo $A", True),
        ("A=0; case $(uname -m) in x86_64) A=1 ;; esac; echo $A", False),
        ('if [ "$(uname -m)" = i686 ]; then curl x/386; else curl x/amd64; fi', True),
        ('if [ "$(uname -m)" != x86_64 ]; then b; else curl x/amd64; fi', False),
        ('m=$(uname -m); if [ "$m" = x86_64 ]; then m=amd64; fi; if [ "$m" = amd64 ]; then a; else exit 1; fi', False),
        ('test "$(uname -m)" = x86_64 || { echo no; exit 1; }', True),
        ('test "$(uname -m)" = x86_64 || exit 1', True),
    ],
)
def test_switches(text: str, fails: bool) -> None:
    script = parse_shell(Embedded.whole(text))
    assert any(problem(script, each) for each in arch_switches(script)) is fails


def test_branches_of_a_switch() -> None:
    script = parse_shell(Embedded.whole('a; if [ "$ARCH" = amd64 ]; then b; fi; [ -n "$X" ] && c; [ "$TARGETARCH" = arm64 ] || d'))
    assert [each.name for each in script.commands if in_arch_switch(script, each)] == ["b", "d"]


def rewritten(text: str) -> str:
    """A script after the fixes of all its downloads."""
    tree, registry, analysis = analyse_files({"get.sh": text}, Settings())
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=lambda each: each.code == "DF140", today=None)
    return outcome.tree.read("get.sh").decode()


HELM = "curl -LO https://get.helm.sh/helm-v3.12.2-linux-{}.tar.gz\n"
KIND = "curl -LO https://kind.sigs.k8s.io/dl/v0.31.0/kind-linux-{}\n"
BLOCK = """case "$(uname -m)" in
  x86_64) {0}=amd64 ;;
  aarch64 | arm64) {0}=arm64 ;;
  *) echo "unsupported architecture: $(uname -m)" >&2; exit 1 ;;
esac
"""


def quoted(line: str, variable: str) -> str:
    command, _, url = line.rstrip("\n").rpartition(" ")
    return f'{command} "{url.format("${" + variable + "}")}"\n'


def test_the_downloads_of_a_script_share_the_block_that_names_the_architecture() -> None:
    both = rewritten(HELM.format("amd64") + KIND.format("amd64"))
    assert both == BLOCK.format("ARCH") + quoted(HELM, "ARCH") + quoted(KIND, "ARCH")


def test_a_switch_that_the_script_has_is_used() -> None:
    switch = "case $(uname -m) in x86_64) A=amd64 ;; aarch64) A=arm64 ;; esac\n"
    assert rewritten(switch + HELM.format("amd64")) == switch + quoted(HELM, "A")


@pytest.mark.parametrize(
    "switch",
    [
        "if true; then\n  case $(uname -m) in x86_64) A=amd64 ;; aarch64) A=arm64 ;; esac\nfi\n",
        "case $(uname -m) in x86_64) A=amd64 ;; aarch64) A=arm64 ;; esac\nA=other\n",
        "case $(uname -m) in x86_64) A=x86_64 ;; aarch64) A=aarch64 ;; esac\n",
    ],
)
def test_a_switch_that_may_not_count_is_not_used(switch: str) -> None:
    assert rewritten(switch + HELM.format("amd64")) == switch + BLOCK.format("HELM_ARCH") + quoted(HELM, "HELM_ARCH")


def test_functions_have_blocks_of_their_own() -> None:
    one, other = (f"{name}() {{\n  {line.format('amd64')}}}\n" for name, line in (("helm", HELM), ("kind", KIND)))
    text = rewritten(one + other)
    assert "HELM_ARCH=arm64" in text
    assert "KIND_ARCH=arm64" in text


@pytest.mark.parametrize(
    ("url", "applicability"),
    [("https://x.io/a-linux-amd64", Applicability.DISPLAY), (HELM.format("amd64").split()[-1], Applicability.UNSAFE)],
)
def test_in_a_job_on_amd64_a_file_that_is_not_known_is_only_shown(url: str, applicability: Applicability) -> None:
    path = ".github/workflows/ci.yml"
    text = f"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          apt-get update\n          curl -LO {url}\n"
    _, _, analysis = analyse_files({path: text}, Settings())
    assert [each.fix and each.fix.applicability for each in analysis.findings if each.code == "DF140"] == [applicability]


@pytest.mark.parametrize(
    "guard",
    [
        'if [ "$(uname -m)" != "x86_64" ]; then\n  mkdir -p /rootfs\n  exit 0\nfi\n',
        "case $(uname -m) in x86_64) ;; *) exit 0 ;; esac\n",
        "[ $(uname -m) = x86_64 ] || exit 0\n",
    ],
)
def test_what_arm64_does_not_reach_is_not_found(guard: str) -> None:
    assert in_shell(f"{guard}curl -LO https://x.io/a-linux-amd64\n") == ()
    assert in_shell(f"f() {{\n{guard.replace('exit', 'return')}}}\ncurl -LO https://x.io/a-linux-amd64\n")
    assert in_shell(f"{guard.replace('exit 0', 'exit 1')}curl -LO https://x.io/a-linux-amd64\n")


@pytest.mark.parametrize(
    ("fetch", "use"),
    [
        ("verify_file https://b.io/b-linux-amd64.tgz", "mv linux-amd64/b /bin/"),
        ("echo https://b.io/b-linux-amd64.tgz | xargs wget", "mv linux-amd64/b /bin/"),
        ("cp /cache/b-linux-amd64.tgz .", "tar xzf b-linux-amd64.tgz"),
    ],
)
def test_a_name_of_another_file_is_left_alone(fetch: str, use: str) -> None:
    text = f"FROM alpine:3.20\nRUN wget https://get.helm.sh/helm-v3.14.0-linux-amd64.tar.gz && {fetch} && {use}\n"
    _, _, analysis = analyse_files({"Dockerfile": text}, Settings())
    spans = [edit.span for finding in analysis.findings if finding.code == "DF140" and finding.fix for edit in finding.fix.edits]
    assert spans
    assert not any(span.start >= text.index(use) for span in spans)


def test_a_tool_of_which_nothing_is_known_is_said_to_be_so():
    url = "https://releases.hashicorp.com/boundary/0.15.0/boundary_0.15.0_linux_amd64.zip"
    _, _, analysis = analyse_files({"Dockerfile": f"FROM ubi9\nRUN curl -sL {url} | tar -xz\n"}, Settings())
    notes = next(each.fix.notes for each in analysis.findings if each.code == "DF140" and each.fix)
    assert "Whether a HashiCorp tool has a file for arm64 is not known offline." in notes


def test_nothing_comes_between_a_command_and_the_question_how_it_ended():
    text = "kubeseal --version\nif [ $? != 0 ]; then\n  wget https://example.com/kubeseal-1-linux-amd64.tgz\n  tar xf kubeseal-1-linux-amd64.tgz\nfi\n"
    _, _, analysis = analyse_files({"get.sh": f"#!/bin/sh\n{text}"}, Settings())
    (finding,) = [each for each in analysis.findings if each.code == "DF140"]
    assert finding.fix is None


def test_a_program_of_sed_names_no_file():
    url = "https://download.docker.com/linux/static/stable/x86_64/docker-27.0.1.tgz"
    text = f"#!/bin/sh\ncurl -fsSLO {url}\nsha256sum compose | sed 's/compose$/compose-linux-x86_64/' > sums\n"
    _, _, analysis = analyse_files({"get.sh": text}, Settings())
    (finding,) = [each for each in analysis.findings if each.code == "DF140"]
    assert {edit.span.start for edit in finding.fix.edits if edit.span.start > text.index("sha256sum")} == set()


def test_two_questions_in_one_condition_are_one_finding():
    text = (
        '#!/bin/sh\nA=$(arch)\nif [ "$A" = arm64 ] || [ "$(uname -m)" = arm64 ]; then b=1; elif [ "$A" = x86_64 ]; then b=2; fi\necho $b\n'
    )
    _, _, analysis = analyse_files({"get.sh": text}, Settings())
    assert [each.code for each in analysis.findings].count("DF163") == 1


def test_the_argument_is_declared_where_it_is_needed():
    text = 'FROM debian:12\nRUN ln -s /usr/lib/x86_64-linux-gnu/a /b\nRUN true\nRUN curl -LO "https://dl.k8s.io/v1.30.1/bin/linux/amd64/kubectl"\n'
    tree, registry, analysis = analyse_files({"Dockerfile": text}, Settings())
    outcome = fix(tree, analysis, registry, allowed=Applicability.UNSAFE, wanted=lambda each: True, today=None)
    assert "RUN true\nARG TARGETARCH\nRUN curl" in outcome.tree.read("Dockerfile").decode()


@pytest.mark.parametrize("name", ["3bf863cc.pub", "repo.gpg", "release.key"])
def test_a_key_has_no_architecture(name):
    assert found(f"FROM debian:12\nRUN curl -fsSL https://packages.example.com/ubuntu2204/x86_64/{name} | apt-key add -\n") == ()


@pytest.mark.parametrize("written", ["$V", "${V}", "1.2"])
@pytest.mark.parametrize(
    "use", ["./t-{}-linux-amd64.sh", "sh t-{}-linux-amd64.sh", "./t-{}-linux-amd64.sh -p /opt && rm t-{}-linux-amd64.sh"]
)
def test_what_was_fetched_is_run_by_its_new_name(written, use):
    fetch = f"curl -LO https://github.com/a/t/releases/download/1.2/t-{written}-linux-amd64.sh"
    text = rewritten(f"V=1.2\n{fetch}\nchmod +x t-*.sh\n{use.replace('{}', written)}\n")
    assert "amd64.sh" not in text
    assert text.count("_ARCH}.sh") + text.count('_ARCH"}.sh') >= 2


@pytest.mark.parametrize("header", ['-H "User-Agent: Mozilla (X11; Linux x86_64) Firefox/1.0"', "-A 'Mozilla/5.0 (X11; Linux x86_64)'"])
def test_the_browser_that_a_header_names_is_no_file(header):
    fetch = "curl -LO https://repo.anaconda.com/miniconda/Miniconda3-py312_24.9.2-0-Linux-x86_64.sh"
    text = rewritten(f"{fetch}\ncurl {header} -o LICENSE https://example.com/LICENSE\nbash Miniconda3-py312_24.9.2-0-Linux-x86_64.sh\n")
    assert header in text
    assert "x86_64.sh" not in text


@pytest.mark.parametrize(
    "url",
    [
        "https://releases.hashicorp.com/vagrant/2.4.1/vagrant_2.4.1-1_amd64.deb",
        "https://github.com/bazelbuild/bazel/releases/download/7.4.1/bazel-7.4.1-installer-linux-x86_64.sh",
        "https://binaries.sonarsource.com/Distribution/sonar-scanner-cli/sonar-scanner-cli-4.8.0.2856-linux.zip",
        "https://mirror.openshift.com/pub/openshift-v4/clients/ocp/4.10.9/openshift-client-linux-4.10.9.tar.gz",
    ],
)
def test_no_name_is_made_up_for_arm64(url):
    assert [each.url for each in in_shell(f"curl -LO {url}")] == [url]
    assert url in rewritten(f"curl -LO {url}\n")


@pytest.mark.parametrize(
    "url",
    [
        "https://binaries.sonarsource.com/Distribution/sonar-scanner-cli/sonar-scanner-cli-4.8.0.2856.zip",
        "https://mirror.openshift.com/pub/openshift-v4/aarch64/clients/ocp/4.10.9/openshift-client-linux-4.10.9.tar.gz",
        "https://mirror.openshift.com/pub/openshift-v4/clients/ocp/4.16.1/openshift-client-linux-arm64-4.16.1.tar.gz",
    ],
)
def test_files_for_all_or_for_arm64_are_left_alone(url):
    assert not in_shell(f"curl -LO {url}")
